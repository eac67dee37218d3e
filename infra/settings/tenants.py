"""Settings of tenants and of their plans: who they are, how their data is kept apart, and where in life they are.

Rules between tenants are in `indistinct`, those between a tenant and the rest of the stack where that rest is. Where
they are written is `tenant_file`'s business.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from infra.settings.kinds import (
    Cpu,
    Email,
    FlagName,
    Fqdn,
    Isolation,
    Memory,
    Plan,
    ServiceName,
    Slug,
    UtcMoment,
    WeeklyWindow,
)
from infra.settings.route_kinds import Sentence
from infra.settings.routing import RoutedTenant
from infra.settings.section import Contradiction, Section, repeated
from infra.settings.tenant_kinds import ConfigurationName, Sha256

State = Literal["trial", "active", "suspended", "offboarding", "deleted"]

ISOLATION_OF_PLAN: dict[Plan, Isolation] = {"free": "pool", "pro": "schema", "enterprise": "database"}
"""How a plan's tenants are kept apart unless they say otherwise."""

ConnectionLimit = Annotated[int, Field(ge=1, le=1000)]
StatementTimeout = Annotated[int, Field(ge=1, le=3600)]
Pods = Annotated[int, Field(ge=1, le=1000)]
TrialEnd = Annotated[
    UtcMoment,
    # Stack files may have a day alone, of which the engine makes its midnight; tenant files are read as they are.
    WithJsonSchema({"type": "string", "pattern": r"^2[01][0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}),
]


class LifecycleSettings(Section):
    """Where in its life a tenant is; what each state means is told in README, Tenants."""

    state: State = "active"
    """`trial`: open until it ends; `active`: open; `suspended`: closed, and its data kept; `offboarding`: closed but
    for an export, and its data may go next; `deleted`: gone, the line says that it was meant."""

    ends: TrialEnd | None = None
    """When a trial is over."""

    export: Sha256 | None = None
    """Of the archive that was exported before the end: what `tenantry tenants export` prints."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return a trial without an end, an end without a trial, and data that would go without an export."""
        if self.state == "trial" and self.ends is None:
            yield ("ends",), "missing; a trial ends at a moment, as `2026-12-01T00:00:00Z`"
        if self.state != "trial" and self.ends is not None:
            yield ("ends",), "only of a trial; remove it"
        if self.state == "deleted" and self.export is None:
            wrong = "missing; its data is gone for good, so give the SHA-256 that `tenantry tenants export` printed"
            yield ("export",), wrong
        if self.state not in ("offboarding", "deleted") and self.export is not None:
            yield ("export",), "only of a tenant that leaves; remove it"


class QuotaSettings(Section):
    """What one tenant may use at most, where that is not what its plan says."""

    connection_limit: ConnectionLimit | None = None
    """Database connections of its application role."""

    statement_timeout_seconds: StatementTimeout | None = None
    """How long a statement of that role may take."""

    cpu: Cpu | None = None
    """CPU requests in its own namespace."""

    memory: Memory | None = None
    """Memory requests in its own namespace."""

    pods: Pods | None = None
    """Pods in its own namespace."""


class PlanLimits(Section):
    """What one tenant of a plan may use at most. The defaults are ours: no source document gives numbers."""

    connection_limit: ConnectionLimit = 20
    """Database connections of the tenant's application role."""

    statement_timeout_seconds: StatementTimeout = 30
    """How long a statement of that role may take. REQUIREMENTS (Alerts) calls an analytics query slow after 30 s."""

    cpu: Cpu = "4"
    """CPU requests in the tenant's own namespace (isolation `database`)."""

    memory: Memory = "8Gi"
    """Memory requests in the tenant's own namespace (isolation `database`)."""

    pods: Pods = 20
    """Pods in the tenant's own namespace (isolation `database`)."""


def default_plans() -> dict[Plan, PlanLimits]:
    """Return the limits of each plan where a stack gives none."""
    return {
        "free": PlanLimits(connection_limit=5),
        "pro": PlanLimits(connection_limit=20),
        "enterprise": PlanLimits(connection_limit=50),
    }


class TenantSettings(RoutedTenant):
    """A customer shop."""

    slug: Slug
    """Its name in hosts, schemas and namespaces; never changes."""

    name: Sentence | None = None
    """What people call it; its slug unless given."""

    plan: Plan
    """What it pays for."""

    isolation: Isolation | None = None
    """How its data is kept apart; from the plan unless given. It never changes: another one would begin empty."""

    domains: Annotated[tuple[Fqdn, ...], Field(max_length=10)] = ()
    """Hosts of its own, beside its slug below the zone: services are told of them by the registry, and answer for them.
    What leads there is not declared: a listener with a certificate, and the owner's DNS."""

    lifecycle: LifecycleSettings = LifecycleSettings()
    """Where in its life it is."""

    features: dict[FlagName, bool] = Field(default_factory=dict)
    """Flag -> whether it has it, whatever its plan says; without effect on a flag that is off for everybody."""

    configuration: ConfigurationName | None = None
    """The version of its configuration; the stack's unless given."""

    quota: QuotaSettings = QuotaSettings()
    """What it may use, where that is not what its plan says."""

    services: Annotated[tuple[ServiceName, ...], Field(max_length=10)] = ()
    """Services of the environment that it has copies of in its own namespace (isolation `database`): its host leads to
    them, and they have its database and their plain environment, but no Redis, secrets, buckets, queues or egress."""

    maintenance_window: WeeklyWindow | None = None
    """When its data may be worked on."""

    contacts: Annotated[tuple[Email, ...], Field(max_length=10)] = ()
    """Who is told of what concerns it."""

    @property
    def effective_isolation(self) -> Isolation:
        """The isolation given, or the plan's: free -> pool, pro -> schema, enterprise -> database."""
        return self.isolation or ISOLATION_OF_PLAN[self.plan]

    @property
    def is_declared(self) -> bool:
        """Whether anything of it is there; nothing is of one that was deleted."""
        return self.lifecycle.state != "deleted"

    @property
    def is_closed(self) -> bool:
        """Whether its hosts lead to a notice, because of where in its life it is."""
        return self.lifecycle.state in ("suspended", "offboarding")

    def limits(self, plans: Mapping[Plan, PlanLimits]) -> PlanLimits:
        """Return what it may use: its plan's limits, and its own where it has any.

        Args:
            plans: of the stack.
        """
        own = {name: value for name, value in self.quota if value is not None}
        return plans[self.plan].model_copy(update=own)

    def contradictions(self) -> Iterator[Contradiction]:
        """Return what is of no effect on a tenant of this isolation, and domains and services that are named twice."""
        isolation = self.effective_isolation
        for field in self.quota.model_fields_set:
            if isolation == "pool":
                yield ("quota", field), "of no effect with isolation pool, which shares all it uses; remove it"
            elif isolation == "schema" and field in ("cpu", "memory", "pods"):
                yield ("quota", field), "of no effect with isolation schema, which has no namespace; remove it"
        if self.services and isolation != "database":
            yield ("services",), f"of no effect with isolation {isolation}, which has no namespace; remove it"
        yield from repeated("domains", self.domains)
        yield from repeated("services", self.services)


def indistinct(tenants: Sequence[TenantSettings]) -> Iterator[Contradiction]:
    """Return, below the settings' root, what two tenants have and only one may.

    Args:
        tenants: all of the stack.
    """
    slugs: dict[str, int] = {}
    domains: dict[str, int] = {}
    for position, tenant in enumerate(tenants):
        taken = slugs.setdefault(tenant.slug, position)
        if taken != position:
            yield ("tenants", position, "slug"), f"tenants[{taken}] has it already; keep one of each"
        for number, domain in enumerate(tenant.domains):
            taken = domains.setdefault(domain, position)
            if taken != position:
                wrong = f"tenants[{taken}] has it already; a host leads to one tenant"
                yield ("tenants", position, "domains", number), wrong
