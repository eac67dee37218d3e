"""Numbers that get less."""

from typing import Any

import pytest

from infra.gate.change import Hidden, Properties
from infra.gate.rules import scaling
from tests.gate.rules.cases import created, deleted, found, nested, there, updated

UNKNOWN = Hidden.UNKNOWN
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"
DATABASE = "aws:rds/instance:Instance"
POOL = "aws:eks/nodeGroup:NodeGroup"


def pods(replicas: Any, role: str = "active") -> Properties:
    meta = {"name": "api-blue", "namespace": "shop", "annotations": {"tenantry.dev/role": role}}
    return {"metadata": meta, "spec": {} if replicas is None else {"replicas": replicas}}


def scaler(minimum: int, maximum: int = 20) -> Properties:
    return {"spec": {"minReplicas": minimum, "maxReplicas": maximum, "scaleTargetRef": {"name": "api-blue"}}}


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [
        (3, 2, "dangerous"),
        (2, 1, "dangerous"),
        (3, None, "dangerous"),
        (3, UNKNOWN, "dangerous"),
        (5, 3, "notable"),
        (3, 5, None),
        (1, 1, None),
        (0, UNKNOWN, None),
    ],
)
def test_pods_do_not_fall_below_the_floor(before: Any, after: Any, level: str | None) -> None:
    change = updated(DEPLOYMENT, pods(before), pods(after))
    findings = found(scaling.replicas_below_floor, change) + found(scaling.replicas_lowered, change)
    assert [finding.level for finding in findings] == ([level] if level else [])


def test_a_slot_without_traffic_may_have_any_number() -> None:
    idle = updated(DEPLOYMENT, pods(3, "candidate"), pods(1, "candidate"))
    assert not found(scaling.replicas_below_floor, idle)
    assert found(scaling.replicas_below_floor, updated(DEPLOYMENT, pods(3, "candidate"), pods(1, "active")))
    fewer = updated(AUTOSCALER, scaler(3), scaler(1))
    assert not found(scaling.replicas_below_floor, fewer, there(DEPLOYMENT, pods(3, "candidate"), name="api-blue"))
    assert found(scaling.replicas_below_floor, fewer, there(DEPLOYMENT, pods(3), name="api-blue"))


def test_bounds_of_an_autoscaler_do_not_fall() -> None:
    (finding,) = found(scaling.replicas_below_floor, updated(AUTOSCALER, scaler(3), scaler(1)))
    assert finding.reason == "pods at least: 3 -> 1"
    assert found(scaling.replicas_lowered, updated(AUTOSCALER, scaler(3, 20), scaler(3, 10)))
    assert not found(scaling.replicas_lowered, updated(AUTOSCALER, scaler(3, 10), scaler(3, 20)))


def budget(**spec: Any) -> Properties:
    return {"metadata": {"name": "api-blue", "namespace": "shop"}, "spec": spec}


def test_no_more_pods_may_be_away() -> None:
    assert found(scaling.disruption_allowed, updated(BUDGET, budget(maxUnavailable=1), budget(maxUnavailable=3)))
    assert found(scaling.disruption_allowed, updated(BUDGET, budget(maxUnavailable=1), budget(maxUnavailable=UNKNOWN)))
    assert found(scaling.disruption_allowed, updated(BUDGET, budget(minAvailable=3), budget(minAvailable=1)))
    assert not found(scaling.disruption_allowed, updated(BUDGET, budget(maxUnavailable=3), budget(maxUnavailable=1)))
    gone = deleted(BUDGET, budget(maxUnavailable=1))
    assert found(scaling.disruption_allowed, gone, there(DEPLOYMENT, pods(3), name="api-blue"))
    assert not found(scaling.disruption_allowed, gone), "its pods go as well"


@pytest.mark.parametrize(
    ("token", "key", "before", "after"),
    [
        (DATABASE, "multiAz", True, False),
        (DATABASE, "multiAz", True, UNKNOWN),
        (REDIS, "automaticFailoverEnabled", True, None),
        (REDIS, "multiAzEnabled", True, False),
        (REDIS, "numCacheClusters", 2, 1),
    ],
)
def test_something_takes_over(token: str, key: str, before: Any, after: Any) -> None:
    assert found(scaling.redundancy_lowered, updated(token, {key: before}, {key: after} if after is not None else {}))
    if not isinstance(after, Hidden):
        assert not found(scaling.redundancy_lowered, updated(token, {key: after or False}, {key: before}))


def test_fewer_nodes_are_told() -> None:
    sizes: Any = [nested(("scalingConfig", "minSize"), count) for count in (3, 1)]
    (finding,) = found(scaling.nodes_lowered, updated(POOL, sizes[0], sizes[1]))
    assert finding.level == "notable"
    assert not found(scaling.nodes_lowered, updated(POOL, sizes[1], sizes[0]))
    assert found(scaling.nodes_lowered, deleted("aws:ec2/natGateway:NatGateway"))
    assert not found(scaling.nodes_lowered, created("aws:ec2/natGateway:NatGateway", {}))
