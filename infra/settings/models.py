"""The settings of one stack, as one frozen model.

Defaults are production-safe. Rules that span fields sit on the smallest section that owns both. No I/O, no secrets.
"""

from collections import Counter
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from infra.settings.kinds import (
    DatabaseName,
    HttpPath,
    ImageDigest,
    Isolation,
    Plan,
    Port,
    Slot,
    Slug,
    SslMode,
)

_ISOLATION_OF_PLAN: dict[Plan, Isolation] = {"free": "pool", "pro": "schema", "enterprise": "database"}


class Section(BaseModel):
    """Base of every section: frozen, no unknown keys, no value in an error message."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)


class ExistingCluster(Section):
    """A Kubernetes cluster that is there already; its kubeconfig is the caller's (`KUBECONFIG`)."""

    context: Annotated[str, Field(min_length=1, max_length=253)]
    """The kubeconfig's context. Required, so that a stack is never applied to whichever cluster is current."""


class ClusterSettings(Section):
    """The cluster that services run on."""

    existing: ExistingCluster
    """Bring your own cluster."""


class ExistingDatabase(Section):
    """A PostgreSQL server that is there already.

    What is left out comes from the caller's libpq environment (`PGHOST`, `PGPORT`, `PGUSER`), as for psql; the
    password always does (`PGPASSWORD`), and so does the certificate authority (`PGSSLROOTCERT`).
    """

    host: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """Host name or address, as the workloads reach it."""

    port: Port | None = None
    """TCP port."""

    username: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """The role that creates databases and roles."""

    ssl_mode: SslMode = "verify-full"
    """How far the server's certificate is checked; a connection without TLS is not offered."""

    superuser: bool = True
    """Whether that role is a superuser; managed services such as RDS give none."""


class DatabaseSettings(Section):
    """The PostgreSQL server of the environment."""

    existing: ExistingDatabase
    """Bring your own server."""

    name: DatabaseName = "tenantry"
    """The shared database: pool tenants' tables, schema tenants' schemas."""


class SlotSettings(Section):
    """One of the two slots of a service."""

    image: ImageDigest
    """What runs in the slot."""

    replicas: Annotated[int, Field(ge=1, le=200)] = 3
    """Pods; three at least in production (REQUIREMENTS, workloads)."""


class ServiceSettings(Section):
    """A workload behind the gateway, in two slots."""

    port: Port
    """The port that the container listens on, and the Service answers on."""

    health_path: HttpPath = "/"
    """Answers 200 when the pod can take traffic."""

    active: Slot
    """The slot that takes traffic."""

    ready_timeout: Annotated[int, Field(ge=10, le=3600)] = 600
    """Seconds that a slot's pods may take to become ready before an update fails; the default is the plugin's own."""

    slots: Annotated[dict[Slot, SlotSettings], Field(min_length=1)]
    """The active slot, and the candidate while there is one."""

    @model_validator(mode="after")
    def _active_slot_is_there(self) -> Self:
        if self.active not in self.slots:
            raise ValueError(f"active is {self.active}, but slots has no {self.active}; add it or switch active")
        return self


class TenantSettings(Section):
    """A customer shop."""

    slug: Slug
    """Its name in hosts, schemas and namespaces; never changes."""

    plan: Plan
    """What it pays for."""

    isolation: Isolation | None = None
    """How its data is kept apart; from the plan unless given."""

    @property
    def effective_isolation(self) -> Isolation:
        """The isolation given, or the plan's: free -> pool, pro -> schema, enterprise -> database."""
        return self.isolation or _ISOLATION_OF_PLAN[self.plan]


class PlanLimits(Section):
    """What one tenant of a plan may use at most. The defaults are ours: no source document gives numbers."""

    connection_limit: Annotated[int, Field(ge=1, le=1000)] = 20
    """Database connections of the tenant's application role."""

    cpu: Annotated[str, Field(pattern=r"^[0-9]+m?$")] = "4"
    """CPU requests in the tenant's own namespace (isolation `database`)."""

    memory: Annotated[str, Field(pattern=r"^[0-9]+[MG]i$")] = "8Gi"
    """Memory requests in the tenant's own namespace (isolation `database`)."""

    pods: Annotated[int, Field(ge=1, le=1000)] = 20
    """Pods in the tenant's own namespace (isolation `database`)."""


def _default_plans() -> dict[Plan, PlanLimits]:
    return {
        "free": PlanLimits(connection_limit=5),
        "pro": PlanLimits(connection_limit=20),
        "enterprise": PlanLimits(connection_limit=50),
    }


class StackSettings(Section):
    """Everything that one stack decides."""

    namespace: Slug = "tenantry"
    """The Kubernetes namespace of the platform's own services."""

    cluster: ClusterSettings
    """Where services run."""

    database: DatabaseSettings
    """Where tenants' data is."""

    services: dict[Slug, ServiceSettings] = Field(default_factory=dict)
    """Service name -> its slots."""

    plans: dict[Plan, PlanLimits] = Field(default_factory=_default_plans)
    """Limits of each plan."""

    tenants: tuple[TenantSettings, ...] = ()
    """Every tenant of the stack, in any order."""

    @model_validator(mode="after")
    def _tenants_are_distinct_and_planned(self) -> Self:
        counts = Counter(tenant.slug for tenant in self.tenants)
        twice = sorted(slug for slug, count in counts.items() if count > 1)
        if twice:
            raise ValueError(f"tenants holds a slug twice: {', '.join(twice)}; keep one of each")
        missing = sorted({tenant.plan for tenant in self.tenants} - self.plans.keys())
        if missing:
            raise ValueError(f"plans has no limits for: {', '.join(missing)}; add them")
        return self
