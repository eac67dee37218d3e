"""How connections are written as NetworkPolicies, and namespaces closed; who then reaches whom is in tests/effects."""

from typing import Any

import pulumi
import pytest

from components.namespace import TENANT_OF_LABEL, WorkloadNamespace, WorkloadNamespaceArgs
from components.network_policies import (
    DNS,
    EGRESS_ANNOTATION,
    Connections,
    NetworkPolicies,
    NetworkPoliciesArgs,
    Peers,
    Rule,
)
from tests.examples import environment_graph
from tests.harness import Graph, graph_of

API = {"app.kubernetes.io/name": "api"}


def policy(**connections: Any) -> Graph:
    args = NetworkPoliciesArgs(namespace="shop", connections={"service-api": Connections(pods=API, **connections)})

    def declare() -> None:
        NetworkPolicies("policies", args)

    return graph_of(declare)


def spec(**connections: Any) -> Any:
    return policy(**connections).named("policies-service-api").plain("spec")


def empty_parts(value: Any, place: str = "") -> list[str]:
    """Return where a value has something empty in it."""
    if not value and value != 0:
        return [place]
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [part for key, child in children for part in empty_parts(child, f"{place}/{key}")]


def test_pods_without_connections_are_closed_both_ways() -> None:
    assert spec() == {"podSelector": {"matchLabels": API}, "policyTypes": ["Ingress", "Egress"]}


def test_a_rule_has_pods_and_addresses_of_whom_each_may() -> None:
    rule = Rule(
        peers=[Peers(pods={"app": "web"}), Peers(namespaces={"team": "shop"})], blocks=["10.1.0.0/24"], ports=[80]
    )
    others = [
        {"podSelector": {"matchLabels": {"app": "web"}}},
        {"namespaceSelector": {"matchLabels": {"team": "shop"}}},
        {"ipBlock": {"cidr": "10.1.0.0/24"}},
    ]
    ports = [{"protocol": "TCP", "port": 80}]
    assert spec(ingress=[rule])["ingress"] == [{"from": others, "ports": ports}]
    assert spec(egress=[rule])["egress"] == [{"to": others, "ports": ports}]


def test_addresses_that_only_aws_knows_are_among_a_rules() -> None:
    def declare() -> None:
        known = pulumi.Output.from_input(["10.1.0.0/24", "10.2.0.0/24"])
        rule = Rule(peers=[Peers(pods=API)], blocks=known, ports=[443])
        args = NetworkPoliciesArgs(namespace="shop", connections={"service-api": Connections(pods=API, egress=[rule])})
        NetworkPolicies("policies", args)

    (said,) = graph_of(declare).named("policies-service-api").plain("spec", "egress")
    blocks = [{"ipBlock": {"cidr": "10.1.0.0/24"}}, {"ipBlock": {"cidr": "10.2.0.0/24"}}]
    assert said == {"to": [{"podSelector": {"matchLabels": API}}, *blocks], "ports": [{"protocol": "TCP", "port": 443}]}


def test_names_are_asked_for_by_both_protocols() -> None:
    (rule,) = spec(egress=[DNS])["egress"]
    assert rule["ports"] == [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def test_a_rule_without_ports_leaves_them_to_the_other_end() -> None:
    assert spec(egress=[Rule(peers=[Peers(pods=API)])])["egress"] == [{"to": [{"podSelector": {"matchLabels": API}}]}]


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_a_rule_that_would_be_about_everybody_is_refused(direction: str) -> None:
    with pytest.raises(AssertionError, match="about everybody"):
        policy(**{direction: [Rule(ports=[443])]})


def test_addresses_are_told_by_an_annotation_where_they_have_names() -> None:
    named = policy(named=["payment", "mail"]).named("policies-service-api")
    assert named.plain("metadata", "annotations") == {EGRESS_ANNOTATION: "payment,mail"}
    assert "annotations" not in policy().named("policies-service-api").plain("metadata")


def test_a_namespace_is_closed_both_ways_and_the_policy_was_called_otherwise() -> None:
    def declare() -> None:
        WorkloadNamespace("space", WorkloadNamespaceArgs(namespace="shop"))

    graph = graph_of(declare)
    deny = graph.named("space-deny")
    assert deny.plain("spec") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert "space-deny-ingress" in deny.aliases
    assert TENANT_OF_LABEL not in graph.named("space-namespace").plain("metadata", "labels")


def test_a_tenants_namespace_says_which_platform_serves_it() -> None:
    (namespace,) = [node for node in environment_graph().of_type(":Namespace") if "department" in node.name]
    assert namespace.plain("metadata", "labels", TENANT_OF_LABEL) == "tenantry"


def test_nothing_in_a_policy_is_empty_but_the_selector_of_all_pods() -> None:
    for node in environment_graph().of_type(":NetworkPolicy"):
        assert empty_parts(node.plain("spec")) == (["/podSelector"] if node.name.endswith("-deny") else []), node.name
