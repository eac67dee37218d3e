"""The settings of one stack, as one frozen model.

Defaults are production-safe. Rules that span fields sit on the smallest section that owns both. No I/O, no secrets.
"""

from collections.abc import Iterator

from pydantic import Field

from infra.settings.capacity import shortages
from infra.settings.cells import CellBudgetSettings, overdrawn
from infra.settings.configurations import Configuration
from infra.settings.database import DatabaseSettings, DeclaredDatabase, pooler_contradictions, restore_contradictions
from infra.settings.dns import DnsSettings, EdgeSettings, misfits
from infra.settings.flags import FlagSettings, misread
from infra.settings.foundation import (
    AwsSettings,
    BroughtCluster,
    ClusterSettings,
    DeclaredCluster,
    NetworkSettings,
)
from infra.settings.gate import GateSettings
from infra.settings.gateway import GatewaySettings, Hosts
from infra.settings.governance import AlarmSettings, AuditSettings, BudgetSettings, QueueSettings, ungoverned
from infra.settings.jobs import ScheduledJobSettings, unserved_jobs
from infra.settings.kinds import FlagName, Plan, ServiceName, Slug
from infra.settings.own_services import impossible, pods_of
from infra.settings.policies import unreachable
from infra.settings.redis import RedisSettings
from infra.settings.rights import ungranted
from infra.settings.secrets import SecretsSettings
from infra.settings.section import Contradiction, Place, Section
from infra.settings.services import ServiceSettings, disorder
from infra.settings.storage import RegistrySettings, StorageSettings, misplaced, unnamed
from infra.settings.tenancy import TenancySettings, unended
from infra.settings.tenant_kinds import CellName, ConfigurationName, TenantFilePath
from infra.settings.tenants import PlanLimits, TenantSettings, default_plans, indistinct


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

    alarms: AlarmSettings = AlarmSettings()
    """Who is told when something is wrong."""

    queues: dict[Slug, QueueSettings] = Field(default_factory=lambda: {"mail": QueueSettings()})
    """Queue name -> what it is; by default the one that mail is retried from (REQUIREMENTS, workloads)."""

    budget: BudgetSettings | None = None
    """What the environment may cost."""

    audit: AuditSettings | None = AuditSettings()
    """The record of who did what in the account; null where another stack of the account keeps it."""

    secrets: SecretsSettings = SecretsSettings()
    """What workloads must know and nobody else may."""

    dns: DnsSettings | None = None
    """The zone of all hosts, their certificate and health checks; none: names are not the stack's."""

    edge: EdgeSettings | None = EdgeSettings()
    """What stands between the internet and the gateway, where the stack declares AWS; null for nothing."""

    gateway: GatewaySettings | None = None
    """What stands before services that have hosts."""

    storage: StorageSettings | None = StorageSettings()
    """The buckets, where the stack declares AWS; null for none."""

    registry: RegistrySettings | None = RegistrySettings()
    """Where images are pushed to and pulled from, where the stack declares AWS; null for nowhere."""

    services: dict[ServiceName, ServiceSettings] = Field(default_factory=dict)
    """Service name -> its slots."""

    jobs: dict[Slug, ScheduledJobSettings] = Field(default_factory=dict)
    """Job name -> work of a service that is due at times."""

    plans: dict[Plan, PlanLimits] = Field(default_factory=default_plans)
    """Limits of each plan."""

    flags: dict[FlagName, FlagSettings] = Field(default_factory=dict)
    """Flag name -> whom it is on for, and who reads it."""

    cells: dict[CellName, CellBudgetSettings] = Field(default_factory=dict)
    """Cell -> what it may hold, in the order in which new tenants fill them; none: all tenants are in this stack."""

    tenancy: TenancySettings = TenancySettings()
    """What looks after all tenants."""

    gate: GateSettings = GateSettings()
    """What stops a change before it is applied, and who approves it."""

    tenant_file: TenantFilePath | None = None
    """Where the stack's tenants are listed, from the project's folder; by default `stacks/tenants/STACK.yaml`."""

    tenants: tuple[TenantSettings, ...] = ()
    """Every tenant of the stack; a stack file has none, they are read from `tenant_file`."""

    cell_tenants: tuple[TenantSettings, ...] = ()
    """Every tenant of the environment's cells, whose hosts, routes and flags are made here; read from their files."""

    configurations: dict[ConfigurationName, Configuration] = Field(default_factory=dict)
    """Version -> what shops are like; a stack file has none, they are read from `configs/`."""

    @property
    def present_tenants(self) -> tuple[TenantSettings, ...]:
        """The tenants that there is anything of: all but those that were deleted."""
        return tuple(tenant for tenant in self.tenants if tenant.is_declared)

    @property
    def served_tenants(self) -> tuple[TenantSettings, ...]:
        """The tenants that services answer for: those of the stack and of its cells, but for the deleted."""
        return (*self.present_tenants, *(tenant for tenant in self.cell_tenants if tenant.is_declared))

    @property
    def declares_aws(self) -> bool:
        """Whether anything of the environment is made in AWS."""
        return isinstance(self.cluster, DeclaredCluster) or bool(self._declared_stores())

    def contradictions(self) -> Iterator[Contradiction]:
        """Return what is declared without a place or a way in, and tenants that are not distinct or have no limits."""
        if self.namespace == "default" or self.namespace.startswith("kube-"):
            yield ("namespace",), "one that Kubernetes itself makes; name another"
        yield from self._places()
        yield from self._ways_in()
        yield from self._tenancy()
        yield from self._by_file(self._served())
        yield from self._pooling()
        yield from self._stored()
        jobs = len(self.jobs) + (self.tenancy.lifecycle is not None)
        others = jobs + pods_of(self.tenants)
        yield from shortages(self.network, self.cluster, self.database, self.services, others)
        yield from disorder(self.services)
        yield from unreachable(self.services, self.network)
        yield from unserved_jobs(self.services, self.jobs)
        in_cluster, own = isinstance(self.cluster, DeclaredCluster), self.aws.name if self.aws else None
        yield from self.secrets.unserved(self.services, in_cluster=in_cluster, own=own)
        yield from ungranted(self.services, self.storage, self.queues, self.network, in_cluster=in_cluster)

    def _served(self) -> Iterator[Contradiction]:
        """Return what is wrong with hosts, flags and copies, those of cells' tenants after the stack's own."""
        tenants = (*self.tenants, *self.cell_tenants)
        slugs = [tenant.slug for tenant in tenants]
        yield from misfits(self.dns, self.edge, slugs, in_aws=self.declares_aws)
        yield from misread(self.flags, self.services, tenants)
        yield from Hosts(self.dns, self.edge, self.gateway, self.services, tenants).misrouted()
        yield from impossible(self.tenants, self.cell_tenants, self.services, self.plans)

    def _by_file(self, found: Iterator[Contradiction]) -> Iterator[Contradiction]:
        """Return what is wrong with tenants by where they are listed: in the stack's own file, or in its cells'."""
        own = len(self.tenants)
        for place, wrong in found:
            position = place[1] if len(place) > 1 else None
            if place[0] == "tenants" and isinstance(position, int) and position >= own:
                yield ("cell_tenants", position - own, *place[2:]), wrong
            else:
                yield place, wrong

    def _stored(self) -> Iterator[Contradiction]:
        distributed = self.edge is not None and self.edge.cdn is not None
        stated = [name for name in self.model_fields_set if getattr(self, name) is not None]
        yield from misplaced(self.storage, stated, in_aws=self.declares_aws, distributed=distributed)
        yield from ungoverned(self.audit, stated, in_aws=self.declares_aws, stores=self.storage is not None)
        yield from unnamed(self.registry, self.services, self.aws)

    def _declared_stores(self) -> list[str]:
        database = ["database"] if isinstance(self.database, DeclaredDatabase) else []
        return database + [f"redis.{name}" for name in ("cache", "sessions") if getattr(self.redis, name) is not None]

    def _places(self) -> Iterator[Contradiction]:
        declared = (["cluster"] if isinstance(self.cluster, DeclaredCluster) else []) + self._declared_stores()
        for name in ("aws", "network"):
            if declared and getattr(self, name) is None:
                yield (name,), f"missing, but made there: {', '.join(declared)}; add it, or bring them (`existing`)"
        if self.aws and self.network:
            for position, zone in enumerate(self.network.zones):
                if zone[:-1] != self.aws.region:
                    yield ("network", "zones", position), "outside aws.region; name a zone of that region"

    def _ways_in(self) -> Iterator[Contradiction]:
        stores = self._declared_stores()
        if stores and isinstance(self.cluster, BroughtCluster) and self.cluster.existing.security_group_id is None:
            yield (
                ("cluster", "existing", "security_group_id"),
                f"missing, but declared: {', '.join(stores)}; name the group of the cluster's nodes and pods, "
                "which they let in",
            )

    def _pooling(self) -> Iterator[Contradiction]:
        if isinstance(self.database, DeclaredDatabase):
            own = sum(tenant.effective_isolation == "database" for tenant in self.present_tenants)
            yield from pooler_contradictions(self.database, self._connection_limits(), own)
            if self.aws is not None:
                yield from restore_contradictions(self.database, self.aws.region)

    def _connection_limits(self) -> list[tuple[Place, int]]:
        """Return where the limits of tenants with roles of their own are given, and what they are."""
        plans: set[Plan] = set()
        limits: list[tuple[Place, int]] = []
        for position, tenant in enumerate(self.tenants):
            if tenant.is_declared and tenant.effective_isolation != "pool":
                if tenant.quota.connection_limit is None:
                    plans.add(tenant.plan)
                else:
                    limits.append((("tenants", position, "quota", "connection_limit"), tenant.quota.connection_limit))
        known = sorted(plans & self.plans.keys())
        return [*((("plans", plan, "connection_limit"), self.plans[plan].connection_limit) for plan in known), *limits]

    def _tenancy(self) -> Iterator[Contradiction]:
        yield from indistinct(self.tenants)
        yield from overdrawn(self.cells, self.tenants, in_aws=self.declares_aws)
        yield from unended(self.tenancy, (*self.tenants, *self.cell_tenants))
        for plan in sorted({tenant.plan for tenant in self.tenants} - self.plans.keys()):
            yield ("plans", plan), "missing, but tenants have that plan; add its limits"
