"""Rules of services that a tenant of isolation `database` has copies of, of its own.

Owns which of them a copy makes sense of, what room it needs in the tenant's namespace, and which slot it is a copy of.
Leaves what it consists of to `components.own_service`. No I/O, no secrets.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from infra.settings.kinds import Plan, Slot
from infra.settings.section import Contradiction
from infra.settings.services import ServiceSettings
from infra.settings.tenants import PlanLimits, TenantSettings
from infra.units import mebibytes, millicores

REPLICAS = 2
"""Pods of a copy: one is left while a node is drained. Ours; a tenant that needs more pays for another quota."""

MOST_PODS = 2 * REPLICAS
"""Pods of a copy at most: while an update replaces them, those that end count as well (Kubernetes, "Resource Quotas":
all that are not in a terminal state)."""

_UNKNOWN = "no such service; add it to services, or remove it here"
_NOT_ROUTED = "without tenant_hosts, so that no host of a tenant would lead to a copy of it; name another, or remove it"
_IN_A_CELL = "of no effect in a cell, as routes are its environment's; remove it"


def impossible(
    tenants: Sequence[TenantSettings],
    of_cells: Sequence[TenantSettings],
    services: Mapping[str, ServiceSettings],
    plans: Mapping[Plan, PlanLimits],
) -> Iterator[Contradiction]:
    """Return, below the settings' root, copies of what is not there or nobody would meet, and those without room.

    Args:
        tenants: those of the environment's own stack.
        of_cells: those of its cells, whose positions go on after them.
        services: service name -> its settings.
        plans: plan -> limits.
    """
    for position, tenant in enumerate(tenants):
        known = {name: services[name] for name in tenant.services if name in services}
        for number, name in enumerate(tenant.services):
            if name not in known:
                yield ("tenants", position, "services", number), _UNKNOWN
            elif not known[name].tenant_hosts:
                yield ("tenants", position, "services", number), _NOT_ROUTED
        if known and tenant.is_declared and tenant.plan in plans:
            yield from _roomless(position, known.values(), tenant.limits(plans))
    for position, tenant in enumerate(of_cells, len(tenants)):
        if tenant.services:
            yield ("tenants", position, "services"), _IN_A_CELL


def pods_of(tenants: Sequence[TenantSettings]) -> int:
    """Return how many pods copies of services have that belong to tenants.

    Args:
        tenants: all of the stack.
    """
    return REPLICAS * sum(len(served_alone(tenant)) for tenant in tenants)


def served_alone(tenant: TenantSettings) -> tuple[str, ...]:
    """Return the services that a tenant has running copies of; a closed one has none, as its host leads to a notice.

    Args:
        tenant: any.
    """
    return tenant.services if tenant.is_declared and not tenant.is_closed else ()


def copied_slot(tenant: TenantSettings, service: ServiceSettings) -> Slot:
    """Return which slot's image a tenant's copy has: the one that would answer the tenant if it had no copy.

    Args:
        tenant: any.
        service: valid settings.
    """
    if tenant.release.pin is not None:
        return tenant.release.pin
    return service.canary.slot if tenant.ring == "early" and service.canary is not None else service.active


def _roomless(position: int, services: Collection[ServiceSettings], limits: PlanLimits) -> Iterator[Contradiction]:
    """Return what copies need of a quota that is not in it, and a container that may be larger than all of it."""
    asked = [service.resources for service in services]
    needed = {
        "cpu": (MOST_PODS * sum(millicores(one.cpu) for one in asked), millicores(limits.cpu), "m"),
        "memory": (MOST_PODS * sum(mebibytes(one.memory) for one in asked), mebibytes(limits.memory), "Mi"),
        "pods": (MOST_PODS * len(asked), limits.pods, ""),
    }
    for field, (wanted, given, unit) in needed.items():
        if wanted > given:
            wrong = (
                f"need {wanted}{unit} of {field} while an update replaces their pods, {MOST_PODS} of each at most, and "
                f"the tenant has {given}{unit}; raise quota.{field}, or remove one"
            )
            yield ("tenants", position, "services"), wrong
    largest = max(mebibytes(one.memory_limit) for one in asked)
    if largest > mebibytes(limits.memory) >= needed["memory"][0]:
        wrong = f"have a memory_limit of {largest}Mi, more than all the tenant has; raise quota.memory, or lower it"
        yield ("tenants", position, "services"), wrong
