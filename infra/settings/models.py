"""The settings of one stack, as one frozen model.

Defaults are production-safe. Rules that span fields sit on the smallest section that owns both. No I/O, no secrets.
"""

from collections import Counter
from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.settings.foundation import (
    AwsSettings,
    BroughtCluster,
    ClusterSettings,
    DatabaseSettings,
    DeclaredCluster,
    DeclaredDatabase,
    NetworkSettings,
    RedisSettings,
)
from infra.settings.kinds import HttpPath, ImageDigest, Isolation, Plan, Port, Slot, Slug
from infra.settings.section import Section

_ISOLATION_OF_PLAN: dict[Plan, Isolation] = {"free": "pool", "pro": "schema", "enterprise": "database"}


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

    aws: AwsSettings | None = None
    """Where the resources are that the stack declares in AWS."""

    network: NetworkSettings | None = None
    """What they are in."""

    cluster: ClusterSettings
    """Where services run."""

    database: DatabaseSettings
    """Where tenants' data is."""

    redis: RedisSettings = RedisSettings()
    """Where services keep what need not last."""

    services: dict[Slug, ServiceSettings] = Field(default_factory=dict)
    """Service name -> its slots."""

    plans: dict[Plan, PlanLimits] = Field(default_factory=_default_plans)
    """Limits of each plan."""

    tenants: tuple[TenantSettings, ...] = ()
    """Every tenant of the stack, in any order."""

    @property
    def declares_aws(self) -> bool:
        """Whether anything of the environment is made in AWS."""
        return (
            isinstance(self.cluster, DeclaredCluster)
            or isinstance(self.database, DeclaredDatabase)
            or self.redis != RedisSettings()
        )

    @model_validator(mode="after")
    def _what_is_declared_has_a_place(self) -> Self:
        missing = [name for name in ("aws", "network") if getattr(self, name) is None]
        if self.declares_aws and missing:
            raise ValueError(
                f"{' and '.join(missing)} missing, but cluster, database or redis declare resources there; add what "
                "is missing, or bring a cluster and a database (`existing`)"
            )
        if self.aws and self.network:
            elsewhere = [zone for zone in self.network.zones if zone[:-1] != self.aws.region]
            if elsewhere:
                raise ValueError("network.zones has a zone outside aws.region; name zones of that region")
        return self

    @model_validator(mode="after")
    def _a_brought_cluster_is_let_in(self) -> Self:
        stores = isinstance(self.database, DeclaredDatabase) or self.redis != RedisSettings()
        if stores and isinstance(self.cluster, BroughtCluster) and not self.cluster.existing.security_group_id:
            raise ValueError(
                "cluster.existing.security_group_id missing, but database or redis are declared; name the group of "
                "the cluster's nodes and pods, or nothing of it can connect"
            )
        return self

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
