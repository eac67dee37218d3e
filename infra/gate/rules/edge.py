"""What stands between the internet and the platform, and what of buckets is seen from there.

Owns the firewall, the distribution's way to its bucket, and public buckets. Leaves TLS to `encryption`, and policies
that name everybody to `iam`.
"""

from collections.abc import Iterator, Mapping, Sequence

from infra.gate.change import Change, Hidden, Properties, Value
from infra.gate.rules.lowering import RAISED, REMOVED, SWITCHED_OFF, Guard, lowered, ranked
from infra.gate.rules.properties import at, differs, listed, objects, text, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View

_ACL = "aws:wafv2/webAcl:WebAcl"
_ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
_DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
_BUCKET = "aws:s3/bucket:Bucket"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
_ACCESS = "aws:s3/bucketAcl"

_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

_PRIVATE: Sequence[Guard] = (
    *(Guard(_BLOCK, (name,), f"what keeps the bucket from the public ({name})", SWITCHED_OFF) for name in _SWITCHES),
    Guard(
        _OWNERSHIP,
        ("rule", "objectOwnership"),
        "whose objects of the bucket are",
        ranked("ObjectWriter", "BucketOwnerPreferred", "BucketOwnerEnforced"),
    ),
)

_GUARDED: Sequence[Guard] = (
    Guard(_DISTRIBUTION, ("webAclId",), "the firewall in front of it", REMOVED),
    Guard(_ACL, ("defaultAction", "block"), "requests that no rule is about are blocked", REMOVED),
)


@rule("dangerous")
def firewall_lowered(view: View) -> Iterator[Found]:
    """The web application firewall goes, blocks less, or no longer stands before something.

    Source: REQUIREMENTS, Workloads (100 requests a minute and client), Security and compliance; AWS Security Hub WAF.10
    """
    for token, reason in ((_ACL, "requests are no longer looked at"), (_ASSOCIATION, "it no longer has a firewall")):
        for change in view.changes(token, "delete"):
            yield Found(change.urn, reason)
    yield from lowered(view, _GUARDED)
    for change in view.changes(_ACL, "update", "replace"):
        yield from _rules(change)


@rule("dangerous")
def bucket_public(view: View) -> Iterator[Found]:
    """A bucket may be read by everybody from now on, by its policy, its lists, or its objects'.

    Source: CIS AWS Foundations 3.0 2.1.4; AWS Security Hub S3.1, S3.8
    """
    yield from lowered(view, _PRIVATE)
    for token in (_BLOCK, _OWNERSHIP):
        for change in view.changes(token, "delete"):
            if not any(view.ends(urn) for urn in view.related(change.urn, _BUCKET)):
                yield Found(change.urn, "nothing keeps the bucket from the public any more")
    for change in view.changes(_ACCESS, "create", "update", "replace"):
        acl = change.after.get("acl")
        if change.before.get("acl") != acl and (text(acl).startswith("public") or isinstance(acl, Hidden)):
            yield Found(change.urn, f"who reads the bucket: {told(change.before.get('acl'))} -> {told(acl)}", "acl")


@rule("dangerous")
def origin_opened(view: View) -> Iterator[Found]:
    """A distribution no longer reads its bucket as itself alone, so that the bucket has to be public.

    Source: AWS Security Hub CloudFront.13
    """
    for change in view.changes(_DISTRIBUTION, "update", "replace"):
        if isinstance(change.after.get("origins"), Hidden):
            if differs(change, "origins"):
                yield Found(change.urn, "how it reads its origins cannot be seen in this preview", "origins")
            continue
        before, after = (_controls(inputs) for inputs in (change.before, change.after))
        for origin, control in before.items():
            if control is not None and origin in after and after[origin] is None:
                yield Found(change.urn, f"reads {told(origin)} as everybody does", "origins")


def _rules(change: Change) -> Iterator[Found]:
    """Return what a firewall no longer blocks."""
    place = "rules"
    if isinstance(change.after.get(place), Hidden):
        if differs(change, place):
            yield Found(change.urn, "what it blocks cannot be seen in this preview", place)
        return
    before, after = (_named(inputs) for inputs in (change.before, change.after))
    gone = sorted(before.keys() - after.keys())
    if gone:
        yield Found(change.urn, f"no longer blocks by {listed(gone)}", place)
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name], after[name]
        if _blocks(old) and not _blocks(new):
            yield Found(change.urn, f"only counts what {name} is about, and lets it through", place)
        limit = ("statement", "rateBasedStatement", "limit")
        if RAISED.weaker(at(old, *limit), at(new, *limit)) and at(old, *limit) is not None:
            yield Found(
                change.urn,
                f"requests that {name} lets through: {told(at(old, *limit))} -> {told(at(new, *limit))}",
                place,
            )
        excused = sorted(_excused(new) - _excused(old))
        if excused:
            yield Found(change.urn, f"only counts {listed(excused)} of {name}", place)


def _named(inputs: Properties) -> dict[str, Mapping[str, Value]]:
    return {text(one.get("name")): one for one in objects(inputs.get("rules"))}


def _blocks(entry: Mapping[str, Value]) -> bool:
    """Whether a rule stops what it is about: by its own action, or by those of the group that it names."""
    if entry.get("overrideAction") is not None:
        return at(entry, "overrideAction", "none") is not None
    action = entry.get("action")
    return not isinstance(action, Mapping) or not {"allow", "count"} & action.keys()


def _excused(entry: Mapping[str, Value]) -> set[str]:
    """Return which rules of a group only count."""
    overrides = objects(at(entry, "statement", "managedRuleGroupStatement", "ruleActionOverrides"))
    return {text(one.get("name")) for one in overrides if at(one, "actionToUse", "count") is not None}


def _controls(inputs: Properties) -> dict[str, Value]:
    return {text(one.get("originId")): one.get("originAccessControlId") for one in objects(inputs.get("origins"))}


RULES = (firewall_lowered, bucket_public, origin_opened)
