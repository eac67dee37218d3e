"""The CDN: what it reads, how it answers, and for how long that is kept."""

from typing import Any

import pytest

from components.cdn import Cdn, CdnArgs
from tests.harness import Graph, graph_of

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
FIREWALL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/cdn/1"


@pytest.fixture(scope="module")
def graph() -> Graph:
    def declare() -> dict[str, Any]:
        args = CdnArgs(
            host="assets.shop.example.com",
            zone_id="Z1",
            bucket_domain="assets.s3.eu-central-1.amazonaws.com",
            certificate_arn=CERTIFICATE,
            web_acl_arn=FIREWALL,
        )
        cdn = Cdn("cdn", args)
        return {"arn": cdn.arn, "domain": cdn.domain}

    return graph_of(declare)


def test_it_reads_the_bucket_with_a_signature(graph: Graph) -> None:
    (origin,) = graph.named("cdn-distribution").plain("origins")
    assert origin["domainName"] == "assets.s3.eu-central-1.amazonaws.com"
    assert origin["originAccessControlId"] == "id-of-cdn-access"
    access = graph.named("cdn-access")
    assert (access.plain("signingBehavior"), access.plain("signingProtocol")) == ("always", "sigv4")


def test_browsers_ask_over_tls_1_3_behind_its_own_firewall(graph: Graph) -> None:
    distribution = graph.named("cdn-distribution")
    assert distribution.plain("viewerCertificate") == {
        "acmCertificateArn": CERTIFICATE,
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.3_2025",
    }
    assert distribution.plain("webAclId") == FIREWALL
    behaviours = [
        distribution.plain("defaultCacheBehavior"),
        *distribution.plain("orderedCacheBehaviors"),
    ]
    assert {behaviour["viewerProtocolPolicy"] for behaviour in behaviours} == {"redirect-to-https"}
    assert {tuple(behaviour["allowedMethods"]) for behaviour in behaviours} == {("GET", "HEAD")}


@pytest.mark.parametrize("what", ["static", "images"])
def test_every_answer_has_the_security_headers(graph: Graph, what: str) -> None:
    headers = graph.named(f"cdn-{what}-headers").plain("securityHeadersConfig")
    assert headers == {
        "contentTypeOptions": {"override": True},
        "frameOptions": {"frameOption": "DENY", "override": True},
        "referrerPolicy": {"referrerPolicy": "strict-origin-when-cross-origin", "override": True},
        "strictTransportSecurity": {
            "accessControlMaxAgeSec": 31536000,
            "includeSubdomains": True,
            "override": True,
        },
    }


def test_static_assets_are_kept_for_a_year_and_images_for_a_day(graph: Graph) -> None:
    def kept(what: str) -> tuple[int, str]:
        (header,) = graph.named(f"cdn-{what}-headers").plain("customHeadersConfig", "items")
        assert header["header"] == "Cache-Control"
        return graph.named(f"cdn-{what}-kept").plain("defaultTtl"), header["value"]

    assert kept("static") == (31536000, "public, max-age=31536000, immutable")
    assert kept("images") == (86400, "public, max-age=86400, stale-while-revalidate=604800")
    (images,) = graph.named("cdn-distribution").plain("orderedCacheBehaviors")
    assert images["pathPattern"] == "/images/*"
    assert images["cachePolicyId"] == "id-of-cdn-images-kept"
    assert images["responseHeadersPolicyId"] == "id-of-cdn-images-headers"


def test_what_a_browser_sends_beside_the_path_makes_no_other_copy(graph: Graph) -> None:
    for what in ("static", "images"):
        key = graph.named(f"cdn-{what}-kept").plain("parametersInCacheKeyAndForwardedToOrigin")
        assert key["cookiesConfig"] == {"cookieBehavior": "none"}
        assert key["headersConfig"] == {"headerBehavior": "none"}
        assert key["queryStringsConfig"] == {"queryStringBehavior": "none"}


def test_its_host_leads_to_it(graph: Graph) -> None:
    for kind in ("A", "AAAA"):
        record = graph.named(f"cdn-{kind.lower()}")
        assert (record.plain("name"), record.plain("type")) == ("assets.shop.example.com", kind)
        (target,) = record.plain("aliases")
        assert (target["name"], target["zoneId"]) == ("d1.cloudfront.example.invalid", "Z2FDTNDATAQYW2")
    assert graph.exports["domain"] == "d1.cloudfront.example.invalid"
    assert graph.named("cdn-distribution").plain("aliases") == ["assets.shop.example.com"]
