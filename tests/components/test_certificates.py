"""Certificates: how each kind is proven, renewed and watched."""

from typing import Any

import pytest

from components.acm_certificate import AcmCertificate, AcmCertificateArgs
from components.cluster_certificate import ClusterCertificate, ClusterCertificateArgs
from tests.harness import Graph, graph_of

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
ARN = "arn:aws:acm:eu-central-1:123456789012:zone-certificate"
ACME = "https://acme-v02.api.letsencrypt.org/directory"


@pytest.fixture(scope="module")
def acm() -> Graph:
    def declare() -> dict[str, Any]:
        shared: dict[str, Any] = {"zone_id": "Z1", "alarm_topic_arn": TOPIC}
        zone = AcmCertificate("zone", AcmCertificateArgs(host="shop.example.com", wildcard=True, **shared))
        AcmCertificate("cdn", AcmCertificateArgs(host="assets.shop.example.com", region="us-east-1", **shared))
        return {"arn": zone.arn}

    return graph_of(declare)


@pytest.fixture(scope="module")
def cluster() -> Graph:
    def declare() -> dict[str, Any]:
        args = ClusterCertificateArgs(
            namespace="gateway",
            zone="shop.example.com",
            zone_id="Z1",
            region="eu-central-1",
            server=ACME,
            email="platform@example.com",
        )
        return {"secret": ClusterCertificate("certificate", args).secret}

    return graph_of(declare)


def test_one_certificate_is_for_the_zone_and_every_host_below(acm: Graph) -> None:
    certificate = acm.named("zone-certificate")
    assert certificate.plain("domainName") == "shop.example.com"
    assert certificate.plain("subjectAlternativeNames") == ["*.shop.example.com"]
    assert certificate.plain("validationMethod") == "DNS"


def test_the_zone_proves_that_it_is_ours(acm: Graph) -> None:
    proof = acm.named("zone-proof")
    assert (proof.plain("zoneId"), proof.plain("type")) == ("Z1", "CNAME")
    assert proof.plain("name") == "_proof.shop.example.com."
    assert proof.plain("records") == ["_value.acm-validations.aws."]


def test_it_is_given_out_once_it_is_issued(acm: Graph) -> None:
    assert acm.exports["arn"] == ARN
    assert acm.reaches(acm.named("zone-issued"), acm.named("zone-proof"))


def test_somebody_is_told_30_days_before_its_end(acm: Graph) -> None:
    alarm = acm.named("zone-expiry")
    assert (alarm.plain("namespace"), alarm.plain("metricName")) == ("AWS/CertificateManager", "DaysToExpiry")
    assert alarm.plain("dimensions") == {"CertificateArn": ARN}
    assert (alarm.plain("comparisonOperator"), alarm.plain("threshold")) == ("LessThanThreshold", 30)
    assert alarm.plain("alarmActions") == [TOPIC]


def test_everything_of_a_certificate_for_cloudfront_is_in_its_region(acm: Graph) -> None:
    assert {acm.named(f"cdn-{role}").plain("region") for role in ("certificate", "issued", "expiry")} == {"us-east-1"}
    assert "subjectAlternativeNames" not in acm.named("cdn-certificate").inputs


def test_cert_manager_proves_the_zone_by_its_records_and_looks_for_no_other(cluster: Graph) -> None:
    acme = cluster.named("certificate-issuer").plain("spec", "acme")
    assert (acme["server"], acme["email"]) == (ACME, "platform@example.com")
    (solver,) = acme["solvers"]
    assert solver["dns01"] == {"route53": {"region": "eu-central-1", "hostedZoneID": "Z1"}}
    assert solver["selector"] == {"dnsZones": ["shop.example.com"]}


def test_the_certificate_is_in_the_namespace_of_the_gateway_and_renewed_in_time(cluster: Graph) -> None:
    certificate = cluster.named("certificate-certificate")
    assert certificate.plain("metadata", "namespace") == "gateway"
    spec = certificate.plain("spec")
    assert spec["dnsNames"] == ["shop.example.com", "*.shop.example.com"]
    assert spec["issuerRef"]["name"] == "certificate-issuer"
    assert (spec["duration"], spec["renewBefore"]) == ("2160h", "720h")
    assert spec["secretName"] == cluster.exports["secret"] == "certificate-tls"
