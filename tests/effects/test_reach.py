"""Who reaches whom, computed from the routes and security groups of whole environments."""

import json
from typing import Any

import pytest

from tests.effects.reach import INTERNET, members, reachable, rules, way_out
from tests.examples import declared_graph
from tests.harness import Graph

ENDPOINTS = ("ecr-api", "ecr-dkr", "logs", "secretsmanager", "sts")

# Who opens connections to whom, and why; whatever is not here does not.
ALLOWED = {
    ("nodes and pods", "database-instance", 5432): "services keep their data there",
    ("nodes and pods", "cache-nodes", 6379): "and what need not last there",
    ("nodes and pods", "sessions-nodes", 6379): "and sessions there",
    **{("nodes and pods", f"network-endpoints-{name}", 443): "images, tokens and logs" for name in ENDPOINTS},
    **{("operators", f"network-endpoints-{name}", 443): "who applies calls AWS as well" for name in ENDPOINTS},
    ("operators", "nodes and pods", 443): "the Kubernetes API has addresses among them",
    ("operators", "database-instance", 5432): "who applies makes roles and schemas",
}

# And where cert-manager keeps the zone's certificate.
WATCHED = {
    ("certificate-watch-collector", "nodes and pods", 443): "what collects their ends asks the API for pods",
    ("certificate-watch-collector", "nodes and pods", 9402): "and cert-manager's pods for their metrics",
}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return declared_graph()


def test_whoever_is_named_reaches_what_he_needs_and_nothing_else(graph: Graph) -> None:
    assert reachable(graph) == set(ALLOWED)


def test_the_watch_over_certificates_reaches_the_cluster_and_nobody_reaches_it() -> None:
    def certified(raw: dict[str, Any]) -> None:
        raw["dns"] = {"zone": "a.example.com", "gateway_class": "istio", "acme": {"email": "ops@a.example.com"}}

    assert reachable(declared_graph(certified)) == {*ALLOWED, *WATCHED}


def test_services_reach_queues_by_an_endpoint_where_one_uses_a_queue() -> None:
    def queued(raw: dict[str, Any]) -> None:
        raw["services"]["storefront"]["queues"] = {"mail": "send"}

    ways = {(source, "network-endpoints-sqs", 443) for source in ("nodes and pods", "operators")}
    assert reachable(declared_graph(queued)) == {*ALLOWED, *ways}


def test_everything_with_an_address_is_in_a_group_that_is_judged(graph: Graph) -> None:
    assert len(members(graph)) == 2 + 3 + len(ENDPOINTS)  # cluster and operators, the stores


def test_the_internet_reaches_nothing(graph: Graph) -> None:
    assert [reach for reach in reachable(graph) if reach[0] == INTERNET] == []
    assert [rule for rule in rules(graph, "Ingress") if rule.is_public] == []


def test_nothing_that_is_let_in_is_an_address(graph: Graph) -> None:
    assert [rule for rule in rules(graph, "Ingress") if rule.block is not None] == []


def test_what_answers_only_opens_no_connections(graph: Graph) -> None:
    assert {rule.group for rule in rules(graph, "Egress")} == {"id-of-operators-group"}


def test_a_tier_leads_out_by_what_it_is_for_and_the_data_tier_by_nothing(graph: Graph) -> None:
    tiers = ("public", "private", "data")
    of_tier = {tier: [node for node in graph.of_type(":Subnet") if f"-{tier}-" in node.name] for tier in tiers}
    assert [len(subnets) for subnets in of_tier.values()] == [3, 3, 3]
    ways = {tier: {way for node in subnets for way in way_out(graph, node)} for tier, subnets in of_tier.items()}
    assert ways == {"public": {"gatewayId"}, "private": {"natGatewayId"}, "data": set()}


def test_stores_are_in_the_data_tier_and_nodes_in_the_private_one(graph: Graph) -> None:
    data = {f"id-of-{node.name}" for node in graph.of_type(":Subnet") if "-data-" in node.name}
    private = {f"id-of-{node.name}" for node in graph.of_type(":Subnet") if "-private-" in node.name}
    groups = graph.of_type(":SubnetGroup")
    assert len(groups) == 3
    assert all(set(node.plain("subnetIds")) == data for node in groups)
    assert {subnet for node in graph.of_type(":NodeGroup") for subnet in node.plain("subnetIds")} == private


def test_an_open_rule_would_be_seen(graph: Graph) -> None:
    rule = graph.named("database-port-from-operators")
    opened = {key: value for key, value in rule.inputs.items() if key != "referencedSecurityGroupId"}
    node = type(rule)(**{**vars(rule), "inputs": {**opened, "cidrIpv4": "0.0.0.0/0"}})
    found = reachable(Graph({**graph.nodes, rule.urn: node})) - set(ALLOWED)
    assert (INTERNET, "database-instance", 5432) in found, json.dumps(sorted(found))
