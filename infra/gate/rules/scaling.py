"""How many there are of what must not be alone, and that gets less.

Owns pods, standbys and nodes by number. Leaves whether there is room for them to `capacity`.
"""

from collections.abc import Iterator, Sequence

from infra.gate.change import Change
from infra.gate.rules.lowering import LOWERED, RAISED, SWITCHED_OFF, Guard, lowered
from infra.gate.rules.properties import at, is_hidden, number, text
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View
from infra.gate.rules.workloads import AUTOSCALER, BUDGET, DEPLOYMENT, ROLE_ANNOTATION

_FLOOR = 3
"""Pods that a production service has at least (REQUIREMENTS, Workloads)."""

_POOL = "aws:eks/nodeGroup:NodeGroup"
_REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"

_PODS: Sequence[Guard] = (
    Guard(DEPLOYMENT, ("spec", "replicas"), "pods", LOWERED, 1),
    Guard(AUTOSCALER, ("spec", "minReplicas"), "pods at least", LOWERED, 1),
)

_BUDGET: Sequence[Guard] = (
    Guard(BUDGET, ("spec", "maxUnavailable"), "pods that may be away at once", RAISED),
    Guard(BUDGET, ("spec", "minAvailable"), "pods that stay while nodes are drained", LOWERED),
)

_STANDBYS: Sequence[Guard] = (
    Guard("aws:rds/instance:Instance", ("multiAz",), "a standby in another zone", SWITCHED_OFF),
    Guard(_REDIS, ("multiAzEnabled",), "replicas in other zones", SWITCHED_OFF),
    Guard(_REDIS, ("automaticFailoverEnabled",), "a replica that takes over", SWITCHED_OFF),
    Guard(_REDIS, ("numCacheClusters",), "nodes", LOWERED, 1),
    Guard(_REDIS, ("replicasPerNodeGroup",), "replicas", LOWERED, 0),
)


@rule("dangerous")
def replicas_below_floor(view: View) -> Iterator[Found]:
    """A workload that takes traffic gets fewer pods than production has at least, or nobody can see how many.

    Source: REQUIREMENTS, Workloads (production 3 at least)
    """
    for one, change, guard in _fewer(view):
        after = number(at(change.after, *guard.keys))
        if after is None or after < _FLOOR:
            yield one


@rule("notable")
def replicas_lowered(view: View) -> Iterator[Found]:
    """A workload gets fewer pods, and as many as production has at least; or fewer at most.

    Source: REQUIREMENTS, Workloads
    """
    for one, change, guard in _fewer(view):
        after = number(at(change.after, *guard.keys))
        if after is not None and after >= _FLOOR:
            yield one
    yield from lowered(view, [Guard(AUTOSCALER, ("spec", "maxReplicas"), "pods at most", LOWERED)])


@rule("dangerous")
def disruption_allowed(view: View) -> Iterator[Found]:
    """More pods of a workload may be away at once while nodes are drained, or all of them.

    Source: Kubernetes, Pod disruption budgets; REQUIREMENTS, Alerts (99.9 % uptime)
    """
    yield from lowered(view, _BUDGET)
    for change in view.changes(BUDGET, "delete"):
        # Its slot may go with it; then that is what there is to say.
        name = text(at(change.before, "metadata", "name"))
        namespace = at(change.before, "metadata", "namespace")
        for resource in view.resources(DEPLOYMENT):
            meta = at(resource.inputs, "metadata")
            if (at(meta, "name"), at(meta, "namespace")) == (name, namespace):
                yield Found(change.urn, "all its pods may be away at once while nodes are drained")


@rule("dangerous")
def redundancy_lowered(view: View) -> Iterator[Found]:
    """Nothing takes over any more when a database, a store or its zone fails, or less does.

    Source: AWS Security Hub RDS.5; REQUIREMENTS, Recovery
    """
    yield from lowered(view, _STANDBYS)


@rule("notable")
def nodes_lowered(view: View) -> Iterator[Found]:
    """A pool of nodes gets smaller, or a zone loses its own way out.

    Source: REQUIREMENTS, Alerts (99.9 % uptime)
    """
    sizes = [("scalingConfig", name) for name in ("minSize", "maxSize")]
    yield from lowered(view, [Guard(_POOL, keys, f"nodes, {keys[1]}", LOWERED) for keys in sizes])
    for change in view.changes("aws:ec2/natGateway:NatGateway", "delete"):
        yield Found(change.urn, "what is in its zone goes out by another zone, or not at all")


def _fewer(view: View) -> Iterator[tuple[Found, Change, Guard]]:
    """Return which workloads get fewer pods; a slot without traffic may have any number."""
    for guard in _PODS:
        for one in lowered(view, [guard]):
            change = view.change(one.urn)
            if change is not None and not _is_idle(view, change):
                yield one, change, guard


def _is_idle(view: View, change: Change) -> bool:
    """Whether a workload, or the one that an autoscaler is for, is a slot that takes no traffic before or after."""
    if change.type == DEPLOYMENT:
        roles = [text(at(part, "metadata", "annotations", ROLE_ANNOTATION)) for part in (change.before, change.after)]
        return roles == ["candidate", "candidate"]
    target = at(change.after, "spec", "scaleTargetRef", "name")
    for resource in view.resources(DEPLOYMENT):
        if at(resource.inputs, "metadata", "name") == target and not is_hidden(target):
            return text(at(resource.inputs, "metadata", "annotations", ROLE_ANNOTATION)) == "candidate"
    return False


RULES = (replicas_below_floor, replicas_lowered, disruption_allowed, redundancy_lowered, nodes_lowered)
