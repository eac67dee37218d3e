"""The firewall, the distribution and buckets towards the internet."""

from typing import Any

import pytest

from infra.gate.change import Hidden, Properties
from infra.gate.rules import edge
from tests.gate.rules.cases import created, deleted, found, there, updated, urn

UNKNOWN = Hidden.UNKNOWN
ACL = "aws:wafv2/webAcl:WebAcl"
EDGE = "aws:cloudfront/distribution:Distribution"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNER = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
BUCKET = "aws:s3/bucket:Bucket"
ACCESS = "aws:s3/bucketAcl:BucketAcl"


def rate(limit: int = 100, **action: Any) -> dict[str, Any]:
    statement = {"rateBasedStatement": {"limit": limit}}
    return {"name": "rate", "statement": statement, "action": action or {"block": {}}}


def group(*counted: str, override: str = "none") -> dict[str, Any]:
    overrides = [{"name": name, "actionToUse": {"count": {}}} for name in counted]
    statement = {"managedRuleGroupStatement": {"name": "Common", "ruleActionOverrides": overrides}}
    return {"name": "common", "statement": statement, "overrideAction": {override: {}}}


def acl(*rules: dict[str, Any], default: str = "allow") -> Properties:
    return {"defaultAction": {default: {"a": 1}}, "rules": list(rules)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (acl(rate(), group()), acl(group())),
        (acl(rate()), acl(rate(1000))),
        (acl(rate()), acl(rate(count={}))),
        (acl(group()), acl(group(override="count"))),
        (acl(group()), acl(group("SQLi_BODY"))),
        (acl(rate(), default="block"), acl(rate(), default="allow")),
        (acl(rate()), {"defaultAction": {"allow": {"a": 1}}, "rules": UNKNOWN}),
    ],
)
def test_the_firewall_blocks_no_less(before: Properties, after: Properties) -> None:
    (finding,) = found(edge.firewall_lowered, updated(ACL, before, after))
    assert finding.level == "dangerous"
    if not isinstance(after["rules"], Hidden):
        assert not found(edge.firewall_lowered, updated(ACL, after, before))


def test_the_firewall_stays() -> None:
    assert found(edge.firewall_lowered, deleted(ACL, acl(rate())))
    assert found(edge.firewall_lowered, deleted("aws:wafv2/webAclAssociation:WebAclAssociation"))
    assert found(edge.firewall_lowered, updated(EDGE, {"webAclId": "arn"}, {}))
    assert not found(edge.firewall_lowered, updated(EDGE, {}, {"webAclId": "arn"}), created(ACL, acl()))


@pytest.mark.parametrize("name", edge._SWITCHES)
def test_a_bucket_is_kept_from_the_public(name: str) -> None:
    closed = dict.fromkeys(edge._SWITCHES, True)
    for value in (False, None, UNKNOWN):
        opened = {key: part for key, part in {**closed, name: value}.items() if part is not None}
        assert len(found(edge.bucket_public, updated(BLOCK, closed, opened))) == 1
    assert not found(edge.bucket_public, updated(BLOCK, {**closed, name: False}, closed))


def test_what_keeps_it_so_goes_with_it_alone() -> None:
    parent = urn("tenantry:storage:ClosedBucket", "records")
    for token in (BLOCK, OWNER):
        change = deleted(token, {}, parent=parent)
        assert found(edge.bucket_public, change, there(BUCKET, {}, parent=parent))
        assert not found(edge.bucket_public, change, deleted(BUCKET, {}, parent=parent))


def test_no_list_makes_a_bucket_public() -> None:
    assert found(edge.bucket_public, created(ACCESS, {"acl": "public-read"}))
    assert found(edge.bucket_public, updated(ACCESS, {"acl": "private"}, {"acl": UNKNOWN}))
    assert not found(edge.bucket_public, created(ACCESS, {"acl": "private"}))


def origin(control: Any) -> Properties:
    return {"origins": [{"originId": "assets", **({"originAccessControlId": control} if control else {})}]}


def test_a_distribution_reads_its_bucket_as_itself() -> None:
    assert found(edge.origin_opened, updated(EDGE, origin("E1"), origin(None)))
    assert found(edge.origin_opened, updated(EDGE, origin("E1"), {"origins": UNKNOWN}))
    assert not found(edge.origin_opened, updated(EDGE, origin("E1"), origin(UNKNOWN)))
    assert not found(edge.origin_opened, updated(EDGE, origin(None), origin("E1")))
