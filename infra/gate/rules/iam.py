"""Rights in AWS that get more.

Owns policies, trust and their attachment. Leaves rights in the cluster and in the database to `rights`. A role that is
made in the same update may have any rights but those of everybody: nobody had it before.
"""

import re
from collections.abc import Callable, Iterator

from infra.gate.change import Change, Hidden, Value
from infra.gate.rules import statements
from infra.gate.rules.lowering import REMOVED, Guard, lowered
from infra.gate.rules.properties import differs, text, texts, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.statements import DOCUMENTS, Right
from infra.gate.rules.view import View

_ROLE = "aws:iam/role:Role"
_INLINE = "aws:iam/rolePolicy:RolePolicy"
_ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)
_HOLDERS = (
    "aws:s3/bucket:Bucket",
    "aws:sqs/queue:Queue",
    "aws:sns/topic:Topic",
    "aws:secretsmanager/secret:Secret",
    "aws:ecr/repository:Repository",
)
_OWN_POLICY = ("aws:kms/key:Key", "aws:sqs/queue:Queue", "aws:ec2/vpcEndpoint:VpcEndpoint")
_EVERYTHING = re.compile(r"^arn:[\w-]+:iam::aws:policy/(?:\S+/)?(AdministratorAccess|PowerUserAccess|IAMFullAccess)$")
_SERVICE_WIDE = re.compile(r"^(\*|[\w-]+:\*)$")


@rule("dangerous")
def iam_widened(view: View) -> Iterator[Found]:
    """Somebody who is there gets rights that they did not have: actions, resources, principals, or fewer conditions.

    Source: CIS AWS Foundations 3.0 section 1; REQUIREMENTS, Security and compliance (least privilege)
    """
    is_new = _new_roles(view)
    for token, (place, _) in DOCUMENTS.items():
        for change in view.changes(token, "update", "replace"):
            yield from _wider(change, place)
        for change in view.changes(token, "create"):
            if _is_about_old(view, change, is_new):
                yield from _wider(change, place)
    for token in _ATTACHMENTS:
        for change in view.changes(token, "create", "update", "replace"):
            who = change.after.get("role", change.after.get("user", change.after.get("group")))
            same = change.before.get("policyArn") == change.after.get("policyArn") and not differs(change, "policyArn")
            if not is_new(who) and not same:
                yield Found(change.urn, f"{told(who)} gets {_attached(view, change)}", "policyArn")
    for change in view.changes(_ROLE, "update", "replace"):
        before, after = (set(texts(inputs.get("managedPolicyArns"))) for inputs in (change.before, change.after))
        if after - before:
            yield Found(change.urn, f"gets {told(sorted(after - before))}", "managedPolicyArns")


@rule("dangerous")
def iam_refusal_removed(view: View) -> Iterator[Found]:
    """A policy no longer refuses what it refused, as connections without TLS, or a boundary of rights is gone.

    Source: AWS Security Hub S3.5; CIS AWS Foundations 3.0 2.1.1
    """
    for token, (place, _) in DOCUMENTS.items():
        for change in view.changes(token, "update", "replace", "delete"):
            if change.kind == "delete" and _ends_with_holder(view, change):
                continue
            before, after = (statements.of(token, inputs) for inputs in (change.before, change.after))
            gone = [] if after.hidden else statements.released(before, after)
            if gone:
                yield Found(change.urn, f"no longer refuses {statements.told(gone)}", place)
    yield from lowered(view, [Guard(_ROLE, ("permissionsBoundary",), "the boundary of its rights", REMOVED)])


@rule("dangerous")
def iam_trusts_outside(view: View) -> Iterator[Found]:
    """Another AWS account may do something here that it could not before.

    Source: AWS IAM Access Analyzer, external access
    """
    own = view.account
    for token, (place, _) in DOCUMENTS.items() if own is not None else ():
        for change in view.changes(token, "create", "update", "replace"):
            before, after = (statements.of(token, inputs) for inputs in (change.before, change.after))
            new = [right for right in statements.widened(before, after) if right.account not in (None, own)]
            if new:
                yield Found(change.urn, f"another account: {statements.told(new)}", place)


@rule("forbidden")
def iam_trusts_anyone(view: View) -> Iterator[Found]:
    """A role may be taken on by anybody.

    Source: AWS IAM, Security best practices; AWS Security Hub IAM.21
    """
    for resource in view.resources(_ROLE):
        trusted = statements.of(_ROLE, resource.inputs).allowed
        if any(right.principal in ("*", "AWS:*") for right in trusted):
            yield Found(resource.urn, "anybody may take on this role", "assumeRolePolicy")


@rule("dangerous")
def iam_federated_unbound(view: View) -> Iterator[Found]:
    """A role may be taken on by everybody whom an identity provider knows, as no condition names who of them.

    Source: AWS IAM, Creating a role for web identity (sub condition)
    """
    for resource in view.resources(_ROLE):
        trusted = statements.of(_ROLE, resource.inputs).allowed
        federated = [right for right in trusted if right.principal.startswith("Federated:")]
        if any(":sub" not in right.condition and "SAML" not in right.condition for right in federated):
            reason = "everybody whom the identity provider knows may take on this role"
            yield Found(resource.urn, reason, "assumeRolePolicy")


@rule("dangerous")
def iam_wildcard(view: View) -> Iterator[Found]:
    """A policy allows everything, of AWS or of one of its services, on everything.

    Source: CIS AWS Foundations 3.0 1.16; AWS Security Hub IAM.1, IAM.21
    """
    for token, (place, kind) in DOCUMENTS.items():
        if kind != "rights":
            continue
        for resource in view.resources(token):
            wide = [right for right in statements.of(token, resource.inputs).allowed if _is_wild(right)]
            if wide:
                yield Found(resource.urn, f"allows {statements.told(wide)}", place)


@rule("dangerous")
def iam_administrator(view: View) -> Iterator[Found]:
    """A managed policy that allows nearly everything is attached.

    Source: CIS AWS Foundations 3.0 1.16; AWS Security Hub IAM.18
    """
    for token in (*_ATTACHMENTS, _ROLE):
        for resource in view.resources(token):
            named = [*texts(resource.inputs.get("policyArn")), *texts(resource.inputs.get("managedPolicyArns"))]
            for arn in named:
                if _EVERYTHING.match(arn):
                    yield Found(resource.urn, f"may do nearly everything: {arn.rpartition('/')[2]}", "policyArn")


@rule("dangerous")
def iam_resource_public(view: View) -> Iterator[Found]:
    """A bucket, key, queue, topic or secret may be used by anybody, under no condition.

    Source: AWS Security Hub S3.2, SQS.3, KMS.5; AWS IAM Access Analyzer, public access
    """
    for token, (place, kind) in DOCUMENTS.items():
        if kind != "resource" or token.startswith("aws:ec2/vpcEndpoint"):
            continue
        for resource in view.resources(token):
            allowed = statements.of(token, resource.inputs).allowed
            public = [right for right in allowed if right.principal in ("*", "AWS:*") and right.condition == "{}"]
            if public:
                yield Found(resource.urn, f"allows anybody {statements.told(public)}", place)


def _wider(change: Change, place: str) -> Iterator[Found]:
    before, after = (statements.of(change.type, inputs) for inputs in (change.before, change.after))
    if after.hidden:
        if differs(change, place):
            yield Found(change.urn, "what it allows cannot be seen in this preview", place)
        return
    new = statements.widened(before, after)
    if new:
        yield Found(change.urn, f"allows more: {statements.told(new)}", place)


def _is_about_old(view: View, change: Change, is_new: Callable[[Value], bool]) -> bool:
    """Whether a policy that is new says who may do what with something that is not.

    A policy of rights gives none before it is attached; a role's own part of it is.
    """
    kind = DOCUMENTS[change.type][1]
    if change.type == _INLINE:
        return not is_new(change.after.get("role"))
    if kind != "resource" or change.type in _OWN_POLICY:
        return False
    holders = [urn for token in _HOLDERS for urn in view.related(change.urn, token)]
    return not any(view.is_new(urn) for urn in holders)


def _ends_with_holder(view: View, change: Change) -> bool:
    """Whether what a policy is of ends as well, or the policy is part of that."""
    if change.type in (*_OWN_POLICY, _ROLE):
        return True
    return any(view.ends(urn) for token in (*_HOLDERS, _ROLE) for urn in view.related(change.urn, token))


def _new_roles(view: View) -> Callable[[Value], bool]:
    """Return what says whether a role, by its name or ARN, is made in this update.

    What is not known before it is applied is, by the way of a name that AWS has not given yet.
    """
    names: set[str] = set()
    logical: list[str] = []
    for change in view.changes(_ROLE, "create"):
        names.add(text(change.after.get("name")))
        logical.append(re.escape(change.name))
    automatic = re.compile(rf"(?:{'|'.join(logical)})-[0-9a-z]{{7}}") if logical else None

    def is_new(role: Value) -> bool:
        if isinstance(role, Hidden):
            return role is Hidden.UNKNOWN
        name = text(role).rpartition("/")[2]
        return name in names or (automatic is not None and automatic.fullmatch(name) is not None)

    return is_new


def _attached(view: View, change: Change) -> str:
    """Return what an attachment gives, from the policy of the same component where there is one."""
    for urn in view.related(change.urn, "aws:iam/policy:Policy"):
        policy = view.resource(urn)
        if policy is not None and view.parent(urn) == change.parent:
            found = statements.of(policy.type, policy.inputs)
            return statements.told(sorted(found.allowed, key=str)) if found.allowed else "rights that cannot be seen"
    return told(change.after.get("policyArn"))


def _is_wild(right: Right) -> bool:
    return right.resource == "*" and right.condition == "{}" and bool(_SERVICE_WIDE.match(right.action))


RULES = (
    iam_widened,
    iam_refusal_removed,
    iam_trusts_outside,
    iam_trusts_anyone,
    iam_federated_unbound,
    iam_wildcard,
    iam_administrator,
    iam_resource_public,
)
