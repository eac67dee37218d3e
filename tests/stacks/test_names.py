"""Names and the edge of an environment: which certificate goes with which gateway, and what is where."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.examples import declared_graph
from tests.harness import Graph

ACME = {"email": "platform@example.com"}
CHECKS = [{"host": "api.shop.example.com", "path": "/api/health"}]


def names(**dns: object) -> Callable[[dict[str, Any]], None]:
    """Return a change of the example's settings: a zone, and an edge with a CDN."""

    def change(raw: dict[str, Any]) -> None:
        raw["dns"] = {"zone": "shop.example.com", "health_checks": CHECKS, **dns}
        raw["edge"] = {"cdn": {"host": "assets.shop.example.com"}}

    return change


@pytest.fixture(scope="module")
def aws() -> Graph:
    return declared_graph(names())


@pytest.fixture(scope="module")
def istio() -> Graph:
    return declared_graph(names(gateway_class="istio", acme=ACME))


def test_the_aws_gateway_takes_its_certificate_from_acm(aws: Graph) -> None:
    certificate = aws.named("certificate-certificate")
    assert certificate.type == "aws:acm/certificate:Certificate"
    assert certificate.plain("subjectAlternativeNames") == ["*.shop.example.com"]
    assert aws.of_type("v1:ClusterIssuer") == []
    assert aws.exports["dns"]["certificate"] == "arn:aws:acm:eu-central-1:123456789012:certificate-certificate"


def test_other_gateways_take_theirs_from_cert_manager_which_may_write_the_zone(istio: Graph) -> None:
    assert istio.named("certificate-issuer").type == "kubernetes:cert-manager.io/v1:ClusterIssuer"
    certificate = istio.named("certificate-certificate")
    assert certificate.type == "kubernetes:cert-manager.io/v1:Certificate"
    assert certificate.plain("metadata", "namespace") == "tenantry"
    policy = json.loads(istio.named("dns-cert-manager-writes-policy").plain("policy"))
    assert policy["Statement"][0]["Resource"] == ["arn:aws:route53:::hostedzone/id-of-dns-zone"]
    assert istio.reaches(certificate, istio.named("dns-cert-manager-writes-attachment"))
    assert istio.reaches(certificate, istio.named("cluster-cluster"))


def test_certificates_in_the_cluster_are_watched_and_acms_watch_themselves(aws: Graph, istio: Graph) -> None:
    collector = istio.named("certificate-watch-collector")
    assert len(collector.plain("source", "eks", "subnetIds")) == 3
    assert istio.reaches(istio.named("certificate-watch-alerts"), istio.named("alarms-publishers"))
    rules = istio.named("certificate-watch-rules").plain("data")
    assert f"{30 * 86400}" in rules
    assert 'namespace="tenantry", name="certificate-certificate"' in rules
    assert [node.name for node in aws.nodes.values() if node.type.startswith("aws:amp/")] == []


def test_a_brought_clusters_certificates_are_left_to_its_own_monitoring() -> None:
    def brought(raw: dict[str, Any]) -> None:
        names(gateway_class="istio", acme=ACME)(raw)
        raw["cluster"] = {"existing": {"context": "some-cluster", "security_group_id": "sg-0123456789abcdef0"}}

    graph = declared_graph(brought)
    assert graph.of_type("cert-manager.io/v1:Certificate") != []
    assert [node.name for node in graph.nodes.values() if node.type.startswith("aws:amp/")] == []


def test_the_cluster_writes_records_of_its_hosts_with_every_gateway(aws: Graph, istio: Graph) -> None:
    for graph in (aws, istio):
        role = graph.named("dns-external-dns-finds-attachment").plain("role")
        assert role.startswith("cluster-controllers-external-dns")
    assert "dns-cert-manager-writes-policy" not in {node.name for node in aws.nodes.values()}


def test_authorities_are_those_that_the_gateway_class_needs(aws: Graph, istio: Graph) -> None:
    def authorities(graph: Graph) -> set[str]:
        return {record.split('"')[1] for record in graph.named("dns-authorities").plain("records")}

    assert authorities(aws) == {"amazon.com"}
    assert authorities(istio) == {"amazon.com", "letsencrypt.org"}


def test_alarms_on_what_is_in_us_east_1_go_to_a_topic_there(aws: Graph) -> None:
    topic = aws.named("alarms-global-topic")
    assert topic.plain("region") == "us-east-1"
    for alarm in ("health-api.shop.example.com/api/health-alarm", "cdn-certificate-expiry"):
        assert aws.named(alarm).plain("region") == "us-east-1"
        assert aws.reaches(aws.named(alarm), topic)
    assert not aws.reaches(aws.named("certificate-expiry"), topic)


def test_an_environment_in_us_east_1_has_one_topic() -> None:
    def there(raw: dict[str, Any]) -> None:
        names()(raw)
        raw["aws"]["region"] = "us-east-1"
        raw["network"]["zones"] = ["us-east-1a", "us-east-1b", "us-east-1c"]

    graph = declared_graph(there)
    assert [node.name for node in graph.of_type("sns/topic:Topic")] == ["alarms-topic"]


def test_the_cdn_reads_the_bucket_of_assets_and_the_bucket_lets_it(aws: Graph) -> None:
    assert aws.exports["edge"]["cdn"]["domain"] == "d1.cloudfront.example.invalid"
    policies = [node for node in aws.of_type(":BucketPolicy") if "cloudfront.amazonaws.com" in node.plain("policy")]
    assert len(policies) == 1
    assert policies[0].name.startswith("assets-")
    assert aws.reaches(policies[0], aws.named("cdn-distribution"))


def test_the_gateway_and_the_cdn_have_a_firewall_each(aws: Graph) -> None:
    limits = {
        acl.name: acl.plain("rules", 0, "statement", "rateBasedStatement", "limit") for acl in aws.of_type(":WebAcl")
    }
    assert limits == {"edge-acl": 100, "cdn-edge-acl": 2000}
    assert aws.exports["edge"]["web_acl"] == "arn:aws:wafv2:eu-central-1:123456789012:edge-acl"


def test_without_a_word_there_is_a_firewall_and_no_zone() -> None:
    graph = declared_graph()
    assert [acl.name for acl in graph.of_type(":WebAcl")] == ["edge-acl"]
    assert graph.of_type(":Zone") == []
