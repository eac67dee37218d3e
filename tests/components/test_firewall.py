"""The web firewall: whom it lets in, how often, and what it writes down."""

from typing import Any

import pytest

from components.firewall import Firewall, FirewallArgs
from tests.harness import Graph, graph_of

OFFICES = ["203.0.113.0/24", "198.51.100.0/24"]


def firewall(**changes: Any) -> Graph:
    def declare() -> dict[str, Any]:
        args = FirewallArgs(**{"scope": "REGIONAL", **changes})
        return {"arn": Firewall("edge", args).arn}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return firewall()


@pytest.fixture(scope="module")
def closed() -> Graph:
    return firewall(allow=OFFICES)


def rule(graph: Graph, name: str) -> dict[str, Any]:
    (found,) = [one for one in graph.named("edge-acl").plain("rules") if one["name"] == name]
    return dict(found)


def test_a_client_gets_100_requests_in_a_minute_unless_told_otherwise(graph: Graph) -> None:
    rate = rule(graph, "rate")
    assert rate["statement"]["rateBasedStatement"] == {
        "aggregateKeyType": "IP",
        "limit": 100,
        "evaluationWindowSec": 60,
    }
    assert rate["action"]["block"]["customResponse"] == {"responseCode": 429}
    wide = rule(firewall(requests=500, seconds=300), "rate")["statement"]["rateBasedStatement"]
    assert (wide["limit"], wide["evaluationWindowSec"]) == (500, 300)


def test_known_attacks_are_refused_and_large_bodies_are_not(graph: Graph) -> None:
    common = rule(graph, "AWSManagedRulesCommonRuleSet")
    assert common["overrideAction"] == {"none": {}}
    group = common["statement"]["managedRuleGroupStatement"]
    assert group["ruleActionOverrides"] == [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}]
    assert rule(graph, "AWSManagedRulesKnownBadInputsRuleSet")["overrideAction"] == {"none": {}}


def test_everybody_is_let_in_where_no_networks_are_named(graph: Graph) -> None:
    assert graph.named("edge-acl").plain("defaultAction") == {"allow": {}}
    assert graph.of_type(":IpSet") == []


def test_only_the_named_networks_are_let_in_and_they_too_are_judged_first(closed: Graph) -> None:
    assert closed.named("edge-acl").plain("defaultAction") == {"block": {}}
    assert closed.named("edge-networks").plain("addresses") == OFFICES
    networks = rule(closed, "networks")
    assert networks["action"] == {"allow": {}}
    priorities = [one["priority"] for one in closed.named("edge-acl").plain("rules")]
    assert priorities == sorted(set(priorities))
    assert networks["priority"] == max(priorities)


def test_each_request_is_on_record_without_what_proves_who_asks(graph: Graph) -> None:
    record = graph.named("edge-record")
    headers = [field["singleHeader"]["name"] for field in record.plain("redactedFields")]
    assert headers == ["authorization", "cookie", "x-api-key"]
    log = graph.named("edge-log")
    assert log.plain("namePrefix") == "aws-waf-logs-edge-"
    assert log.plain("kmsKeyId")
    assert graph.exports["arn"] == "arn:aws:wafv2:eu-central-1:123456789012:edge-acl"


def test_everything_before_a_distribution_is_in_the_region_of_cloudfront() -> None:
    graph = firewall(scope="CLOUDFRONT", allow=OFFICES)
    roles = ("acl", "networks", "log", "record", "encryption-key")
    assert {graph.named(f"edge-{role}").plain("region") for role in roles} == {"us-east-1"}
    assert "region" not in firewall(allow=OFFICES).named("edge-acl").inputs
