"""What a stack would cost: added up from the price table, and nothing guessed."""

import json
from typing import Any

import pytest

from infra.gate import cost
from infra.gate.change import Change, Hidden, Preview, Properties, Resource
from infra.gate.verdict import Cost
from infra.sandbox.plugins.values import reveal
from infra.settings import sizes
from tests.examples import declared_graph

REGION = "us-east-1"
TABLE: dict[str, Any] = json.loads(cost.SOURCE.read_text(encoding="utf-8"))
DATABASE = {"instanceClass": "db.r7g.large", "engine": "postgres", "allocatedStorage": 100, "storageType": "gp3"}


def urn(kind: str, name: str = "x") -> str:
    return f"urn:pulumi:s::p::{kind}::{name}"


def of(kind: str, inputs: Properties, region: str = REGION) -> Cost | None:
    """Return the estimate of a stack of one resource that stays."""
    resource = Resource(urn(kind), kind, inputs)
    return cost.estimate(Preview("s", "p", [], {resource.urn: resource}), region=region, budget=None)


def monthly(kind: str, inputs: Properties, region: str = REGION) -> float:
    told = of(kind, inputs, region)
    assert told is not None
    assert told.before == told.after
    assert not told.unpriced
    return told.after


@pytest.mark.parametrize(
    ("kind", "inputs", "dollars"),
    [
        ("aws:rds/instance:Instance", DATABASE, 0.239 * 730 + 100 * 0.115),
        ("aws:rds/instance:Instance", DATABASE | {"multiAz": True}, 2 * (0.239 * 730 + 100 * 0.115)),
        ("aws:rds/instance:Instance", {"instanceClass": "db.t4g.small", "replicateSourceDb": "x"}, 0.032 * 730),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"nodeType": "cache.r7g.large", "numCacheClusters": 2, "engine": "valkey"},
            2 * 0.1752 * 730,
        ),
        (
            "aws:elasticache/replicationGroup:ReplicationGroup",
            {"nodeType": "cache.r7g.large", "numNodeGroups": 2, "replicasPerNodeGroup": 1, "engine": "redis"},
            4 * 0.219 * 730,
        ),
        ("aws:eks/cluster:Cluster", {}, 73),
        (
            "aws:eks/nodeGroup:NodeGroup",
            {"instanceTypes": ["m7i.xlarge", "m6i.xlarge"], "scalingConfig": {"desiredSize": 1, "minSize": 3}},
            3 * 0.2016 * 730,
        ),
        ("aws:ec2/natGateway:NatGateway", {}, 0.045 * 730),
        ("aws:ec2/eip:Eip", {}, 0.005 * 730),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]}, 0.02 * 730),
        ("aws:kms/key:Key", {}, 1),
        ("aws:secretsmanager/secret:Secret", {"replicas": [{"region": "eu-west-1"}]}, 0.8),
        ("aws:route53/healthCheck:HealthCheck", {"type": "HTTPS", "requestInterval": 10}, 2.5),
        ("aws:wafv2/webAcl:WebAcl", {"rules": [{}, {}]}, 7),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {"period": 300, "metricName": "x"}, 0.1),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            {"metricQueries": [{"metric": {"period": 10}}, {"expression": "e"}]},
            0.3,
        ),
        ("kubernetes:gateway.networking.k8s.io/v1:Gateway", {}, 0.0225 * 730),
        ("kubernetes:core/v1:Service", {"spec": {"type": "LoadBalancer"}}, 0.0225 * 730),
        (
            "kubernetes:core/v1:PersistentVolumeClaim",
            {"spec": {"resources": {"requests": {"storage": "20Gi"}}}},
            20 * 0.08,
        ),
    ],
)
def test_a_resource_costs_what_the_table_says(kind: str, inputs: Properties, dollars: float) -> None:
    assert monthly(kind, inputs) == pytest.approx(dollars, abs=0.006)


def test_a_resource_that_names_its_region_has_the_price_of_that() -> None:
    assert monthly("aws:ec2/natGateway:NatGateway", {"region": "eu-central-1"}) == pytest.approx(0.052 * 730)
    assert monthly("aws:ec2/natGateway:NatGateway", {}, "eu-west-1") == pytest.approx(0.048 * 730)


@pytest.mark.parametrize(
    ("kind", "inputs", "told"),
    [
        (
            "aws:rds/instance:Instance",
            {"instanceClass": "db.z9.huge"},
            "aws:rds/instance:Instance (db.z9.huge in us-east-1)",
        ),
        (
            "aws:rds/instance:Instance",
            {"instanceClass": Hidden.UNKNOWN},
            "aws:rds/instance:Instance (not known yet in us-east-1)",
        ),
        (
            "aws:rds/instance:Instance",
            {"instanceClass": "db.r7g.large", "engine": "oracle-ee"},
            "aws:rds/instance:Instance (engine oracle-ee in us-east-1)",
        ),
        ("aws:kms/key:Key", {"region": "mars-1"}, "aws:kms/key:Key (key in mars-1)"),
        (
            "aws:eks/nodeGroup:NodeGroup",
            {
                "instanceTypes": ["m7i.large"],
                "capacityType": "SPOT",
                "scalingConfig": {"desiredSize": 1, "minSize": 1},
            },
            "aws:eks/nodeGroup:NodeGroup (m7i.large as spot in us-east-1)",
        ),
        (
            "aws:eks/nodeGroup:NodeGroup",
            {"instanceTypes": ["m7i.large"], "scalingConfig": {"desiredSize": Hidden.UNKNOWN, "minSize": 1}},
            "aws:eks/nodeGroup:NodeGroup (m7i.large in us-east-1)",
        ),
        ("aws:s3/bucket:Bucket", {}, "aws:s3/bucket:Bucket"),
        ("aws:new/thing:Thing", {}, "aws:new/thing:Thing"),
        ("elsewhere:index/thing:Thing", {}, "elsewhere:index/thing:Thing"),
    ],
)
def test_what_has_no_price_is_listed_and_not_guessed(kind: str, inputs: Properties, told: str) -> None:
    key = Resource(urn("aws:kms/key:Key", "y"), "aws:kms/key:Key", {})
    resource = Resource(urn(kind), kind, inputs)
    preview = Preview("s", "p", [], {resource.urn: resource, key.urn: key})
    estimated = cost.estimate(preview, region=REGION, budget=None)
    assert estimated is not None
    assert estimated.unpriced == [told]
    assert estimated.after == 1


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("aws:iam/role:Role", {}),
        ("tenantry:database:Database", {}),
        ("kubernetes:core/v1:Service", {"spec": {"type": "ClusterIP"}}),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "Gateway"}),
    ],
)
def test_a_stack_of_what_costs_nothing_has_no_estimate(kind: str, inputs: Properties) -> None:
    assert of(kind, inputs) is None


def test_what_begins_ends_and_differs_makes_the_difference() -> None:
    database, key, gateway = "aws:rds/instance:Instance", "aws:kms/key:Key", "aws:ec2/natGateway:NatGateway"
    larger = DATABASE | {"instanceClass": "db.r7g.xlarge"}
    stays = Resource(urn(key, "stays"), key, {})
    changes = [
        Change(urn(database), database, "update", before=DATABASE, after=larger),
        Change(urn(key, "new"), key, "create", after={"description": "x"}),
        Change(urn(gateway), gateway, "delete", before={"subnetId": "x"}),
        Change(urn(key, "kept"), key, "options", before={"a": 1}, after={"a": 1}),
    ]
    resources = {one.urn: Resource(one.urn, one.type, one.after) for one in changes if one.kind != "delete"} | {
        stays.urn: stays
    }
    told = cost.estimate(Preview("s", "p", changes, resources), region=REGION, budget=150.0)
    assert told is not None
    assert told.before == pytest.approx(0.239 * 730 + 11.5 + 0.045 * 730 + 2, abs=0.01)
    assert told.after == pytest.approx(0.478 * 730 + 11.5 + 3, abs=0.01)
    assert (told.priced, told.budget) == (TABLE["date"], 150.0)


def test_everything_that_the_program_declares_has_a_price_costs_nothing_or_is_billed_by_use() -> None:
    def larger(raw: dict[str, Any]) -> None:
        raw["database"]["instance_class"] = "db.r7g.large"

    graph = declared_graph(larger)
    resources = {one.urn: Resource(one.urn, one.type, reveal(one.inputs)) for one in graph.nodes.values()}
    told = cost.estimate(Preview("s", "p", [], resources), region="eu-central-1", budget=None)
    assert told is not None
    assert told.after > 500
    assert set(told.unpriced) <= set(TABLE["by_use"])


def test_the_table_is_dated_names_its_sources_and_knows_only_sizes_that_there_are() -> None:
    assert len(TABLE["date"].split("-")) == 3
    for name, family in TABLE["families"].items():
        assert family["source"].startswith("https://aws.amazon.com/"), name
        assert family["unit"] in {"hour", "month"}, name
        assert set(family["prices"]) == {"eu-central-1", "eu-west-1", "us-east-1"}, name
        keys = {frozenset(prices) for prices in family["prices"].values()}
        assert len(keys) == 1, name
    for family, table in (("node", "nodes"), ("database", "databases")):
        for name in TABLE["families"][family]["prices"][REGION]:
            assert sizes.find(table, name) is not None, name  # type: ignore[arg-type]  # both are names of tables
    assert not set(TABLE["by_use"]) & set(TABLE["free"])
