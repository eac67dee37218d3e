"""Whether there is room for the sum of what is declared.

Owns quotas of namespaces, connections of the database, and nodes. Leaves sums that settings can tell to
`infra.settings.capacity`, which refuses them before there is a preview; here they are of everything in the graph.
"""

import configparser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.connections import RESERVED, RESERVED_DIRECT
from infra.gate.change import Resource, Value
from infra.gate.rules.properties import at, is_on, number, objects, text, texts, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View
from infra.gate.rules.workloads import (
    COMPONENT_LABEL,
    DEPLOYMENT,
    counts,
    mebibytes,
    millicores,
    namespace,
    pods,
    workloads,
)
from infra.settings import sizes

_QUOTA = "kubernetes:core/v1:ResourceQuota"
_LIMITS = "kubernetes:core/v1:LimitRange"
_PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
_ROLE = "postgresql:index/role:Role"
_DATABASE = "postgresql:index/database:Database"
_POOL = "aws:eks/nodeGroup:NodeGroup"

_CPU, _MEMORY = "thousandths of a processor", "MiB of memory"
_CONFIGURATION = "pgbouncer.ini"
_SURGE = 1  # the pod of the pooler more that there is while its Deployment rolls


@dataclass(slots=True)
class _Asked:
    """What the pods of a namespace ask for, added up.

    Args:
        pods: how many there are.
        cpu: in thousandths of a processor.
        memory: in MiB.
        hidden: whether the number of any of them cannot be seen.
    """

    pods: float = 0
    cpu: float = 0
    memory: float = 0
    hidden: bool = False


@rule("dangerous")
def quota_exceeded(view: View) -> Iterator[Found]:
    """Pods of a namespace ask for more than its quota has, so that some of them never start.

    Source: Kubernetes, Resource quotas; REQUIREMENTS, Tenants
    """
    quotas = list(view.resources(_QUOTA))
    everything = _asked(view) if quotas else {}
    for quota in quotas:
        name = namespace(quota.inputs)
        hard = at(quota.inputs, "spec", "hard")
        asked = everything.get(name, _Asked())
        if asked.hidden:
            yield Found(quota.urn, f"how many pods {name} has cannot be seen in this preview", "spec.hard")
            continue
        limits = (
            ("pods", asked.pods, number(at(hard, "pods"))),
            (_CPU, asked.cpu, millicores(at(hard, "requests.cpu"))),
            (_MEMORY, asked.memory, mebibytes(at(hard, "requests.memory"))),
        )
        for words, wanted, there in limits:
            if there is not None and wanted > there:
                reason = f"{words} that namespace {name} asks for: {told(wanted)} of {told(there)}"
                yield Found(quota.urn, reason, "spec.hard")


@rule("dangerous")
def connections_exceeded(view: View) -> Iterator[Found]:
    """Roles and the pooler may open more connections than the database takes.

    Behind a pooler its pods are counted, one more than declared as they roll, and not the roles; those have limits of
    their own, which the pooler's hold down.

    Source: REQUIREMENTS, Data (connections); PostgreSQL, max_connections
    """
    for group in view.resources(_PARAMETERS):
        listed = objects(group.inputs.get("parameters"))
        most = next((number(one.get("value")) for one in listed if one.get("name") == "max_connections"), None)
        if most is None:
            continue
        pooled = _pooled(view)
        if pooled is None:
            wanted = _limits(view) + RESERVED - RESERVED_DIRECT
            words = "roles may open"
        else:
            wanted, words = pooled + RESERVED, "the pooler's pods may open"
        if wanted > most:
            reason = f"connections that {words}, with those that are reserved: {told(wanted)} of {told(most)}"
            yield Found(group.urn, reason, "parameters")


@rule("dangerous")
def nodes_exceeded(view: View) -> Iterator[Found]:
    """All pods together ask for more than all nodes have at most.

    Source: Kubernetes, Managing resources for containers
    """
    pools = list(view.resources(_POOL))
    room = _room(pools)
    if room is None:
        return
    asked = list(_asked(view).values())
    for words, wanted, there in (
        (_CPU, sum(one.cpu for one in asked), room[0]),
        (_MEMORY, sum(one.memory for one in asked), room[1]),
    ):
        if wanted > there:
            reason = f"{words} that all pods ask for: {told(wanted)}, and all nodes have {told(there)}"
            yield Found(pools[0].urn, reason, "scalingConfig.maxSize")


def _asked(view: View) -> Mapping[str, _Asked]:
    """Return what pods ask for: namespace -> the sum."""
    defaults = {
        namespace(one.inputs): next(
            (at(limit, "defaultRequest") for limit in objects(at(one.inputs, "spec", "limits"))), None
        )
        for one in view.resources(_LIMITS)
    }
    found: dict[str, _Asked] = {}
    known = counts(view)
    for resource in workloads(view):
        name = namespace(resource.inputs)
        total = found.setdefault(name, _Asked())
        many = known[resource.urn]
        if many is None:
            total.hidden = True
            continue
        total.pods += many
        for container in objects(at(pods(resource.type, resource.inputs), "containers")):
            asked = {**_object(defaults.get(name)), **_object(at(container, "resources", "requests"))}
            total.cpu += many * (millicores(asked.get("cpu")) or 0)
            total.memory += many * (mebibytes(asked.get("memory")) or 0)
    return found


def _object(value: Value) -> Mapping[str, Value]:
    return value if isinstance(value, Mapping) else {}


def _limits(view: View) -> float:
    """Return how many connections all roles may open; those without a limit, which nothing counts, are left out."""
    roles = [role.inputs for role in view.resources(_ROLE) if is_on(role.inputs.get("login"))]
    return sum(max(number(role.get("connectionLimit")) or 0, 0) for role in roles)


def _pooled(view: View) -> float | None:
    """Return how many connections the pooler's pods open at most; None without one, or where it cannot be seen."""
    found = next((one for one in view.resources("kubernetes:core/v1:ConfigMap") if _ini(one)), None)
    pooler = next((one for one in view.resources(DEPLOYMENT) if _is_pooler(one)), None)
    number_of = None if pooler is None else counts(view)[pooler.urn]
    if found is None or number_of is None:
        return None
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    try:
        parser.read_string(_ini(found))
    except configparser.Error:
        return None
    named = {name: line for name, line in parser["databases"].items() if name != "*"} if "databases" in parser else {}
    own = sum(text(one.inputs.get("name")) not in named for one in view.resources(_DATABASE))
    tenant = number(parser.get("pgbouncer", "max_db_connections", fallback=None)) or 0
    shared = sum(_of_database(line) or tenant for line in named.values())
    return (number_of + _SURGE) * (shared + tenant * own)


def _ini(config_map: Resource) -> str:
    return text(at(config_map.inputs, "data", _CONFIGURATION))


def _is_pooler(deployment: Resource) -> bool:
    return at(deployment.inputs, "metadata", "labels", COMPONENT_LABEL) == "pooler"


def _of_database(line: str) -> float | None:
    """Return the connections to one database, of its line in PgBouncer's configuration."""
    options = dict(part.partition("=")[::2] for part in line.split())
    return number(options.get("max_db_connections", options.get("pool_size")))


def _room(pools: list[Resource]) -> tuple[float, float] | None:
    """Return the processors, in thousandths, and the MiB that all nodes have at most; None where nobody can tell."""
    cpu = memory = 0.0
    for pool in pools:
        most = number(at(pool.inputs, "scalingConfig", "maxSize"))
        known = [sizes.find("nodes", name) for name in texts(pool.inputs.get("instanceTypes"))]
        if most is None or not known or None in known:
            return None
        cpu += most * max(1000 * size.processors for size in known if size is not None)
        memory += most * max(size.memory for size in known if size is not None)
    return (cpu, memory) if pools else None


RULES = (quota_exceeded, connections_exceeded, nodes_exceeded)
