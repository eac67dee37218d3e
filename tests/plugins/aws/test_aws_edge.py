"""WAF and CloudFront: what is refused, and what cannot be taken from under another."""

from typing import Any

import pytest

from tests.plugins.aws.examples.acm import issued
from tests.plugins.aws.examples.cloudfront import behaviour, distribution
from tests.plugins.aws.examples.wafv2 import log_group, rules, visibility, web_acl
from tests.plugins.aws.world import ACCOUNT, World
from tests.plugins.client import Refused

SET = "aws:wafv2/ipSet:IpSet"
ACL = "aws:wafv2/webAcl:WebAcl"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
ACCESS = "aws:cloudfront/originAccessControl:OriginAccessControl"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
PLAIN: dict[str, Any] = {"scope": "REGIONAL", "defaultAction": {"allow": {}}, "visibilityConfig": visibility("edge")}
NETWORKS = {"scope": "REGIONAL", "ipAddressVersion": "IPV4", "addresses": ["192.0.2.0/24"]}


def rule(**changes: Any) -> dict[str, Any]:
    rate = {"limit": 100, "aggregateKeyType": "IP", **changes}
    return {**rules(100)[0], "statement": {"rateBasedStatement": rate}}


def naming(arn: str) -> list[dict[str, Any]]:
    return [{**rules(100)[0], "statement": {"ipSetReferenceStatement": {"arn": arn}}}]


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (ACL, {**PLAIN, "rules": [rule(limit=9)]}, "rules[0].statement.rateBasedStatement.limit", "10 or more"),
        (ACL, {**PLAIN, "rules": [rule(evaluationWindowSec=90)]}, "rules[0]", "60, 120, 300, 600"),
        (ACL, {**PLAIN, "rules": [rules(100)[0], rules(100)[0]]}, "rules", "two rules have the same priority"),
        (ACL, {**PLAIN, "rules": [{**rules(100)[0], "overrideAction": {"none": {}}}]}, "rules[0].action", "it alone"),
        (ACL, {**PLAIN, "ruleJson": "[]"}, "ruleJson", "use rules"),
        (ACL, {**PLAIN, "scope": "GLOBAL"}, "scope", "CLOUDFRONT"),
        (ACL, {**PLAIN, "scope": "CLOUDFRONT", "region": "eu-west-1"}, "region", "must be us-east-1"),
        (SET, {**NETWORKS, "ipAddressVersion": "IPV5"}, "ipAddressVersion", "IPV6"),
        (
            LOGGING,
            {"resourceArn": "arn:aws:wafv2:r:1:regional/webacl/a/b", "logDestinationConfigs": ["arn:aws:logs:r:1:x:y"]},
            "logDestinationConfigs[0]",
            "must begin with aws-waf-logs-",
        ),
        (HEADERS, {"securityHeadersConfig": {"frameOptions": {"frameOption": "NO", "override": True}}}, "", "DENY"),
        (
            DISTRIBUTION,
            {**distribution(), "viewerCertificate": {"minimumProtocolVersion": "TLSv2"}},
            "viewerCertificate.minimumProtocolVersion",
            "TLSv1.3_2025",
        ),
        (DISTRIBUTION, {**distribution(), "priceClass": "cheap"}, "priceClass", "PriceClass_100"),
        (
            ACCESS,
            {"signingBehavior": "always", "signingProtocol": "sigv4"},
            "originAccessControlOriginType",
            "required",
        ),
    ],
)
def test_wrong_input_fails_in_the_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    assert any(allowed in text for path, text in failures.items() if path.startswith(property_)), failures


def test_a_set_that_a_rule_names_must_exist_and_stays(world: World) -> None:
    nowhere = f"arn:aws:wafv2:{world.region}:{ACCOUNT}:regional/ipset/a/b"
    with pytest.raises(Refused, match="WAFNonexistentItemException"):
        world.object(ACL).create(**PLAIN, rules=naming(nowhere))
    offices = world.object(SET).create(**NETWORKS)
    acl = world.object(ACL).create(**PLAIN, rules=naming(str(offices.outputs["arn"])))
    with pytest.raises(Refused, match="WAFAssociatedItemException"):
        offices.delete()
    acl.update(**PLAIN)
    assert acl.refresh() == set(), "rules can be taken away"
    offices.delete()
    acl.delete()


def test_a_log_goes_where_there_is_a_group(world: World) -> None:
    nowhere = f"arn:aws:logs:{world.region}:{ACCOUNT}:log-group:aws-waf-logs-nowhere"
    with pytest.raises(Refused, match="log destination"):
        world.object(LOGGING).create(resourceArn=web_acl(world), logDestinationConfigs=[nowhere])
    made = world.object(LOGGING).create(resourceArn=web_acl(world), logDestinationConfigs=[f"{log_group(world)}:*"])
    assert made.id


def served(world: World, **changes: Any) -> dict[str, Any]:
    """Return a distribution for a host of its own, with an issued certificate."""
    here = World(world.plugin, world.endpoint, "us-east-1")
    arn = issued(here)
    host = here.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]["DomainName"]
    viewers = {"acmCertificateArn": arn, "sslSupportMethod": "sni-only", "minimumProtocolVersion": "TLSv1.3_2025"}
    return {**distribution(), "aliases": [host], "viewerCertificate": viewers, **changes}


def test_a_host_has_one_distribution_and_its_certificate_stays(world: World) -> None:
    inputs = served(world)
    first = world.object(DISTRIBUTION).create(**inputs)
    with pytest.raises(Refused, match="CNAMEAlreadyExists"):
        world.object(DISTRIBUTION).create(**inputs)
    acm = World(world.plugin, world.endpoint, "us-east-1").client("acm")
    with pytest.raises(acm.exceptions.ResourceInUseException):
        acm.delete_certificate(CertificateArn=inputs["viewerCertificate"]["acmCertificateArn"])
    first.delete()
    assert first.refresh() == {"gone"}


def test_a_host_needs_an_issued_certificate_of_us_east_1(world: World) -> None:
    alone = {"aliases": ["assets.example.com"]}
    with pytest.raises(Refused, match="InvalidViewerCertificate"):
        world.object(DISTRIBUTION).create(**{**distribution(), **alone})
    elsewhere = {"acmCertificateArn": issued(world), "sslSupportMethod": "sni-only"}
    with pytest.raises(Refused, match=r"InvalidViewerCertificate.*us-east-1"):
        world.object(DISTRIBUTION).create(**{**distribution(), **alone, "viewerCertificate": elsewhere})


def test_what_a_distribution_names_must_exist_and_stays(world: World) -> None:
    origin = distribution()["origins"][0]
    missing: list[tuple[dict[str, Any], str]] = [
        ({"origins": [{**origin, "originAccessControlId": "E0"}]}, "NoSuchOriginAccessControl"),
        ({"defaultCacheBehavior": {**behaviour(), "responseHeadersPolicyId": "R0"}}, "NoSuchResponseHeadersPolicy"),
        ({"defaultCacheBehavior": {**behaviour(), "cachePolicyId": "C0"}}, "NoSuchCachePolicy"),
        ({"webAclId": f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/a/b"}, "InvalidWebACLId"),
    ]
    for changes, code in missing:
        with pytest.raises(Refused, match=code):
            world.object(DISTRIBUTION).create(**{**distribution(), **changes})
    access = world.object(ACCESS).create(
        originAccessControlOriginType="s3", signingBehavior="always", signingProtocol="sigv4"
    )
    origins = [{**origin, "originAccessControlId": access.id}]
    made = world.object(DISTRIBUTION).create(**{**distribution(), "origins": origins})
    assert made.refresh() == set()
    with pytest.raises(Refused, match="OriginAccessControlInUse"):
        access.delete()
    made.delete()
    access.delete()
    assert access.refresh() == {"gone"}
