"""The watch over certificates in the cluster: what is collected, when somebody is told, and who reaches whom for it."""

from typing import Any

import pytest
import yaml

from components.certificate_watch import CertificateWatch, CertificateWatchArgs
from components.cluster import Cluster
from tests.cloud_examples import cluster_args
from tests.cloud_outputs import CLUSTER_GROUP
from tests.harness import Graph, graph_of

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
WORKSPACE = "arn:aws:aps:eu-central-1:123456789012:workspace/watch-workspace"
GROUP = "id-of-watch-group"
METRIC = "certmanager_certificate_expiration_timestamp_seconds"


@pytest.fixture(scope="module")
def graph() -> Graph:
    def declare() -> dict[str, Any]:
        args = CertificateWatchArgs(
            cluster=Cluster("cluster", cluster_args()),
            vpc_id="vpc-1",
            subnets=["subnet-a", "subnet-b"],
            namespace="gateway",
            certificate="zone-certificate",
            warning_days=14,
            alarm_topic_arn=TOPIC,
        )
        return {"workspace": CertificateWatch("watch", args).workspace_id}

    return graph_of(declare)


def rules(graph: Graph) -> dict[str, Any]:
    """Return the rules by what they alert of."""
    (group,) = yaml.safe_load(graph.named("watch-rules").plain("data"))["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def test_the_collector_asks_the_cluster_and_writes_into_the_workspace(graph: Graph) -> None:
    collector = graph.named("watch-collector")
    assert collector.plain("source", "eks") == {
        "clusterArn": "arn:aws:eks:eu-central-1:123456789012:cluster/cluster-cluster",
        "subnetIds": ["subnet-a", "subnet-b"],
        "securityGroupIds": [GROUP],
    }
    assert collector.plain("destination", "amp", "workspaceArn") == WORKSPACE


def test_only_the_end_of_certificates_is_collected_and_only_from_cert_manager(graph: Graph) -> None:
    said = yaml.safe_load(graph.named("watch-collector").plain("scrapeConfiguration"))
    (job,) = said["scrape_configs"]
    assert job["kubernetes_sd_configs"] == [{"role": "pod"}]
    (pods,) = job["relabel_configs"]
    assert (pods["action"], pods["regex"]) == ("keep", "cert-manager;9402")
    assert pods["source_labels"] == ["__meta_kubernetes_namespace", "__meta_kubernetes_pod_container_port_number"]
    assert job["metric_relabel_configs"] == [{"action": "keep", "source_labels": ["__name__"], "regex": METRIC}]
    assert said["global"] == {"scrape_interval": "5m"}


def test_somebody_is_told_when_a_renewal_has_failed_for_hours(graph: Graph) -> None:
    rule = rules(graph)["CertificateEndsSoon"]
    assert rule["expr"] == f"max by (namespace, name) (last_over_time({METRIC}[1h])) - time() < {14 * 86400}"
    assert (rule["for"], rule["labels"]) == ("6h", {"cluster": "shop"})
    assert "{{ $labels.namespace }}/{{ $labels.name }} ends in less than 14 days" in rule["annotations"]["summary"]


def test_somebody_is_told_when_nothing_is_known_of_the_zones_certificate(graph: Graph) -> None:
    rule = rules(graph)["CertificateUnknown"]
    assert rule["expr"] == f'absent_over_time({METRIC}{{namespace="gateway", name="zone-certificate"}}[1h])'
    assert rule["for"] == "6h"


def test_what_is_wrong_goes_to_the_environments_topic_and_is_told_again_each_day(graph: Graph) -> None:
    definition = yaml.safe_load(graph.named("watch-alerts").plain("definition"))
    assert list(definition) == ["alertmanager_config"]
    assert isinstance(definition["alertmanager_config"], str), "the service takes it as a text within the text"
    said = yaml.safe_load(definition["alertmanager_config"])
    ((receiver,),) = (one["sns_configs"] for one in said["receivers"] if one["name"] == said["route"]["receiver"])
    assert (receiver["topic_arn"], receiver["sigv4"]) == (TOPIC, {"region": "eu-central-1"})
    assert said["route"]["repeat_interval"] == "24h"


def test_rules_and_receiver_are_those_of_the_workspace_that_is_collected_into(graph: Graph) -> None:
    found = {graph.named(f"watch-{role}").plain("workspaceId") for role in ("rules", "alerts")}
    assert found == {graph.exports["workspace"]}


def test_the_workspace_has_the_tag_that_the_collector_would_put_there(graph: Graph) -> None:
    assert graph.named("watch-workspace").plain("tags")["AMPAgentlessScraper"] == ""
    assert "kmsKeyArn" not in graph.named("watch-workspace").inputs, "a collector cannot write under one"


@pytest.mark.parametrize(("port", "way_in"), [(443, "cluster-api-from-watch"), (9402, "cluster-9402-from-watch")])
def test_the_collector_reaches_the_api_and_the_port_of_metrics(graph: Graph, port: int, way_in: str) -> None:
    inward, outward = graph.named(way_in), graph.named(f"watch-to-{port}")
    for rule in (inward, outward):
        assert (rule.plain("ipProtocol"), rule.plain("fromPort"), rule.plain("toPort")) == ("tcp", port, port)
    assert (inward.plain("securityGroupId"), inward.plain("referencedSecurityGroupId")) == (CLUSTER_GROUP, GROUP)
    assert (outward.plain("securityGroupId"), outward.plain("referencedSecurityGroupId")) == (GROUP, CLUSTER_GROUP)


def test_nothing_else_leads_from_or_to_the_collector(graph: Graph) -> None:
    assert len(graph.of_type(":SecurityGroupIngressRule")) == 2
    assert len(graph.of_type(":SecurityGroupEgressRule")) == 2
    assert "egress" not in graph.named("watch-group").inputs
