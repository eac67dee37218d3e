"""What a tenant really has: its own settings, and those of its plan and its stack where it has none.

Pure; read from the settings, asks nothing that runs.
"""

from dataclasses import dataclass
from typing import Literal

from infra.flags import decide
from infra.naming import tenant_namespace, tenant_schema
from infra.settings.models import StackSettings
from infra.settings.secrets import MOMENT_FORMAT
from infra.settings.tenants import TenantSettings
from infra.tenancy.states import MEANINGS

_OF_NAMESPACE = ("cpu", "memory", "pods")
"""Limits of what only a tenant with a namespace of its own uses."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a tenant may use at most of one thing.

    Args:
        value: a count, seconds, or a quantity of Kubernetes.
        decided_by: its own quota, or its plan.
    """

    value: int | str
    decided_by: Literal["quota", "plan"]


@dataclass(frozen=True, kw_only=True)
class Effective:
    """All that holds for a tenant; times in UTC, in RFC 3339.

    Args:
        stack: the stack that has it: its environment's, or that of a cell.
        slug: its slug.
        name: what people call it.
        plan: what it pays for.
        isolation: how its data is kept apart.
        isolation_from: whether that is given, or its plan's.
        state: where in its life it is.
        meaning: of that state.
        trial_ends: when its trial is over; None without one.
        export: the SHA-256 of the archive made before its end, where there is one.
        hosts: where it is reached; all that it has.
        database: where its data is: the schema, or the database of its own; None where it shares tables.
        namespace: its own, or None.
        services: those of the environment that it has copies of there.
        limits: of what -> how much; none where it shares what it uses.
        ring: when it meets a candidate.
        pinned_to: the slot that answers it whatever happens, or None.
        maintenance: whether its hosts are closed for a while.
        maintenance_window: when its data may be worked on, or None.
        configuration: the version of its configuration; None where it has the services' own.
        flags: flag -> whether it has it.
        contacts: who is told of what concerns it.
    """

    stack: str
    slug: str
    name: str
    plan: str
    isolation: str
    isolation_from: Literal["tenant", "plan"]
    state: str
    meaning: str
    trial_ends: str | None
    export: str | None
    hosts: tuple[str, ...]
    database: str | None
    namespace: str | None
    services: tuple[str, ...]
    limits: dict[str, Limit]
    ring: str
    pinned_to: str | None
    maintenance: bool
    maintenance_window: str | None
    configuration: str | None
    flags: dict[str, bool]
    contacts: tuple[str, ...]


def effective(stack: str, settings: StackSettings, tenant: TenantSettings) -> Effective:
    """Return all that holds for a tenant.

    Args:
        stack: the one that has it.
        settings: of its environment.
        tenant: which.
    """
    lifecycle, isolation = tenant.lifecycle, tenant.effective_isolation
    return Effective(
        stack=stack,
        slug=tenant.slug,
        name=tenant.name or tenant.slug,
        plan=tenant.plan,
        isolation=isolation,
        isolation_from="plan" if tenant.isolation is None else "tenant",
        state=lifecycle.state,
        meaning=MEANINGS[lifecycle.state],
        trial_ends=None if lifecycle.ends is None else lifecycle.ends.strftime(MOMENT_FORMAT),
        export=lifecycle.export,
        hosts=hosts(settings, tenant),
        database=None if isolation == "pool" else tenant_schema(tenant.slug),
        namespace=tenant_namespace(tenant.slug) if isolation == "database" else None,
        services=tenant.services,
        limits=_limits(settings, tenant),
        ring=tenant.ring,
        pinned_to=tenant.release.pin,
        maintenance=tenant.maintenance,
        maintenance_window=tenant.maintenance_window,
        configuration=tenant.configuration or settings.tenancy.configuration,
        flags={name: decide(flag, tenant.plan, tenant.features.get(name)).on for name, flag in settings.flags.items()},
        contacts=tenant.contacts,
    )


def hosts(settings: StackSettings, tenant: TenantSettings) -> tuple[str, ...]:
    """Return where a tenant is reached: its slug below the zone, where a service answers there, and its domains.

    Args:
        settings: of its environment.
        tenant: which.
    """
    answered = any(service.tenant_hosts for service in settings.services.values())
    if settings.dns is None or not answered:
        return tenant.domains
    return (f"{tenant.slug}.{settings.dns.zone}", *tenant.domains)


def _limits(settings: StackSettings, tenant: TenantSettings) -> dict[str, Limit]:
    isolation = tenant.effective_isolation
    return {
        name: Limit(value=value, decided_by="plan" if getattr(tenant.quota, name) is None else "quota")
        for name, value in tenant.limits(settings.plans)
        if isolation == "database" or (isolation == "schema" and name not in _OF_NAMESPACE)
    }


def lines(tenant: Effective) -> list[tuple[str, str]]:
    """Return what people read of a tenant: what it is called, and its value; empty for what it does not have.

    Args:
        tenant: as `effective` gives it.
    """
    origin = "the plan's" if tenant.isolation_from == "plan" else "its own"
    limits = [
        (name.replace("_", " "), f"{limit.value} ({'its own' if limit.decided_by == 'quota' else 'the plan'})")
        for name, limit in tenant.limits.items()
    ]
    return [
        ("slug", tenant.slug),
        ("stack", tenant.stack),
        ("name", tenant.name),
        ("plan", tenant.plan),
        ("isolation", f"{tenant.isolation} ({origin})"),
        ("state", f"{tenant.state}: {tenant.meaning}"),
        ("trial ends", tenant.trial_ends or ""),
        ("export", tenant.export or ""),
        ("hosts", ", ".join(tenant.hosts)),
        ("its data", tenant.database or "shared tables, kept apart by row-level security"),
        ("namespace", tenant.namespace or ""),
        ("services of its own", ", ".join(tenant.services)),
        *limits,
        ("ring", tenant.ring),
        ("pinned to", tenant.pinned_to or ""),
        ("maintenance", "closed for a while" if tenant.maintenance else ""),
        ("maintenance window", tenant.maintenance_window or ""),
        ("configuration", tenant.configuration or "the services' own"),
        ("flags", ", ".join(f"{name} {'on' if on else 'off'}" for name, on in tenant.flags.items())),
        ("contacts", ", ".join(tenant.contacts)),
    ]
