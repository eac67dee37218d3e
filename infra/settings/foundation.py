"""Settings of what an environment stands on: AWS account, network, cluster, database and Redis.

A cluster and a database are either declared here, or brought (`existing`). Defaults are production-safe. No I/O, no
secrets.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from infra.cidr import MOST_ZONES
from infra.settings.kinds import (
    AwsAccountId,
    AwsRegion,
    AwsZone,
    CacheType,
    Cidr,
    DatabaseClass,
    DatabaseName,
    Ec2Type,
    EngineVersion,
    KubernetesVersion,
    LogRetentionDays,
    Port,
    PrincipalArn,
    SecurityGroupId,
    Slug,
    SslMode,
    VpcBlock,
)
from infra.settings.section import Contradiction, Section

EXISTING, DECLARED = "[existing]", "[declared]"
"""How a section's two variants are told apart in the location of an error."""


def _variant(section: object) -> str:
    """Tell a section with `existing` from one that declares."""
    has_it = "existing" in section if isinstance(section, Mapping) else hasattr(section, "existing")
    return EXISTING if has_it else DECLARED


def _repeated(field: str, values: Sequence[str]) -> Iterator[Contradiction]:
    for position, value in enumerate(values):
        if value in values[:position]:
            yield (field, position), "named twice; name each once"


class TagSettings(Section):
    """What every resource in AWS says of itself; cost reports and owners are found by them."""

    owner: Slug
    """The team that is called."""

    cost_centre: Slug
    """Who pays."""

    environment: Slug
    """Which environment it belongs to."""

    data_class: Literal["public", "internal", "confidential", "restricted"] = "confidential"
    """How its data must be handled."""


class AwsSettings(Section):
    """Where in AWS the stack's resources are."""

    account_id: AwsAccountId
    """The only account that the stack may be applied to."""

    region: AwsRegion
    """The region of everything that the stack declares."""

    recovery_region: AwsRegion | None = None
    """Where backups, secrets, images and buckets are copied to; none: they are lost with the region."""

    tags: TagSettings
    """What every resource carries."""

    name: Annotated[Slug, Field(max_length=30)]
    """What names begin with that are unique in account and region, such as the cluster's; ElastiCache's are short."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return a recovery region that is lost with the region itself."""
        if self.recovery_region == self.region:
            yield ("recovery_region",), "the same as region, and lost with it; name another"


class NetworkSettings(Section):
    """The VPC of the environment."""

    block: VpcBlock
    """Its addresses, /16 to /20."""

    zones: Annotated[tuple[AwsZone, ...], Field(min_length=2, max_length=MOST_ZONES)]
    """Availability zones; append only, since a position is a share of the block."""

    nat_gateways: Literal["single", "per-zone"] = "per-zone"
    """Ways out of the private subnets: one outlives no loss of its zone."""

    interface_endpoints: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] | None = None
    """AWS services reached without the internet, as `ecr.api`; by default what the platform calls all the time."""

    flow_log_retention_days: LogRetentionDays = 90
    """How long flow logs are kept."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return zones and endpoints that are named twice."""
        yield from _repeated("zones", self.zones)
        yield from _repeated("interface_endpoints", self.interface_endpoints or ())


class NodePoolSettings(Section):
    """Nodes of one kind, in each zone of the network."""

    instance_types: Annotated[tuple[Ec2Type, ...], Field(min_length=1)]
    """The first that has capacity."""

    minimum: Annotated[int, Field(ge=1, le=450)]
    """Nodes in each zone at least, and at the start; EKS allows 450 in a group."""

    maximum: Annotated[int, Field(ge=1, le=450)]
    """Nodes in each zone at most."""

    disk_gib: Annotated[int, Field(ge=20, le=16384)] = 50
    """Root disk, for images and logs; 20 GiB at least are AL2023's own."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return bounds that leave no number between them."""
        if self.minimum > self.maximum:
            yield ("minimum",), "more than maximum; lower one or raise the other"


class ExistingCluster(Section):
    """A Kubernetes cluster that is there already; its kubeconfig is the caller's (`KUBECONFIG`)."""

    context: Annotated[str, Field(min_length=1, max_length=253)]
    """The kubeconfig's context. Required, so that a stack is never applied to whichever cluster is current."""

    security_group_id: SecurityGroupId | None = None
    """The group of its nodes and pods, which reach the database and Redis that the stack declares."""


class BroughtCluster(Section):
    """The cluster that services run on, brought."""

    existing: ExistingCluster
    """Bring your own cluster."""


class DeclaredCluster(Section):
    """The cluster that services run on: EKS, made by the stack."""

    version: KubernetesVersion
    """Of control plane and nodes."""

    node_pools: Annotated[dict[Slug, NodePoolSettings], Field(min_length=1)]
    """Pool name -> what its nodes are."""

    administrators: Annotated[dict[Slug, PrincipalArn], Field(min_length=1)]
    """Name -> who may do everything in the cluster; who applies the stack must be among them."""

    public_access: tuple[Cidr, ...] = ()
    """Networks that reach the API from the internet; none: it answers inside the network only."""

    log_retention_days: LogRetentionDays = 90
    """How long the control plane's logs are kept."""

    protect: bool = True
    """AWS and the engine both refuse to delete it."""


ClusterSettings = Annotated[
    Annotated[BroughtCluster, Tag(EXISTING)] | Annotated[DeclaredCluster, Tag(DECLARED)], Discriminator(_variant)
]


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


class BroughtDatabase(Section):
    """The PostgreSQL server of the environment, brought."""

    existing: ExistingDatabase
    """Bring your own server."""

    name: DatabaseName = "tenantry"
    """The shared database: pool tenants' tables, schema tenants' schemas."""


class DeclaredDatabase(Section):
    """The PostgreSQL server of the environment: RDS, made by the stack."""

    engine_version: EngineVersion
    """PostgreSQL's."""

    instance_class: DatabaseClass
    """Its processors and memory."""

    max_connections: Annotated[int, Field(ge=6, le=8388607)]
    """Connections of the server: 75 for each process x replicas x live slots (REQUIREMENTS, Data), or the pooler's."""

    name: DatabaseName = "tenantry"
    """The shared database: pool tenants' tables, schema tenants' schemas."""

    storage_gib: Annotated[int, Field(ge=20, le=65536)] = 100
    """Disk at the start."""

    max_storage_gib: Annotated[int, Field(ge=20, le=65536)] = 1000
    """How far the disk may grow by itself."""

    multi_az: bool = True
    """A standby in a second zone."""

    backup_retention_days: Annotated[int, Field(ge=1, le=35)] = 30
    """How far back a point in time can be (REQUIREMENTS, Data)."""

    log_retention_days: LogRetentionDays = 90
    """How long the server's logs are kept."""

    protect: bool = True
    """AWS and the engine both refuse to delete it, and a final snapshot is taken when they are told not to."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return a bound that the disk cannot grow to.

        RDS asks for a tenth more than what is allocated (its user guide, "Managing capacity automatically").
        """
        if 10 * self.max_storage_gib < 11 * self.storage_gib:
            yield ("max_storage_gib",), "too close to storage_gib; RDS asks for a tenth more at least"


DatabaseSettings = Annotated[
    Annotated[BroughtDatabase, Tag(EXISTING)] | Annotated[DeclaredDatabase, Tag(DECLARED)], Discriminator(_variant)
]


class RedisStoreSettings(Section):
    """One Redis store: ElastiCache, with Valkey as its engine."""

    engine_version: EngineVersion
    """Valkey's."""

    node_type: CacheType
    """Its memory."""

    nodes: Annotated[int, Field(ge=1, le=6)] = 2
    """One primary and its replicas; with two or more, another takes over in another zone."""

    snapshot_retention_days: Annotated[int, Field(ge=0, le=35)] = 7
    """Daily snapshots are kept so long; 0 for none."""

    protect: bool = True
    """The engine refuses to delete it, and a final snapshot is taken when it is told not to."""


class RedisSettings(Section):
    """The Redis stores of the environment, each where it is asked for."""

    cache: RedisStoreSettings | None = None
    """Evicts what was not used for long when its memory is full; services know it as `REDIS_URL`."""

    sessions: RedisStoreSettings | None = None
    """Never evicts; services know it as `SESSIONS_REDIS_URL`."""
