"""Settings of the PostgreSQL server: declared (RDS) with its backups, its replica and its pooler, or brought.

Defaults are production-safe. No I/O, no secrets: passwords are generated, and rotated by a moment that is declared.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from infra import windows
from infra.connections import LEAST_POOL, Pools, least_connections, pools
from infra.settings.kinds import (
    BackupsArn,
    DailyWindow,
    DatabaseClass,
    DatabaseName,
    ImageDigest,
    LogRetentionDays,
    Port,
    PostgresqlVersion,
    Slug,
    SnapshotName,
    SslMode,
    StackName,
    UtcMoment,
    WeeklyWindow,
)
from infra.settings.section import DECLARED, EXISTING, Contradiction, Place, Section, repeated, variant

_LEAST_WINDOW = 30  # minutes; the API reference of CreateDBInstance, PreferredBackupWindow

AuditClass = Literal["all", "ddl", "function", "misc", "misc_set", "read", "role", "write"]
"""What pgaudit can be told to log (its README, pgaudit.log)."""


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


class RotationSettings(Section):
    """A password that the program generates."""

    rotated_at: UtcMoment
    """A new moment makes a new password; the next `up` brings it everywhere."""


class ReadReplicaSettings(Section):
    """A second server that follows the first, for reading only."""

    instance_class: DatabaseClass
    """Its processors and memory."""

    multi_az: bool = True
    """A standby of its own in a second zone; without it, readers wait while a lost one is built again."""


class RestoreSettings(Section):
    """Where a new database's data comes from; of no account once it is there, and may be removed then."""

    snapshot: SnapshotName | None = None
    """A snapshot."""

    backups: BackupsArn | None = None
    """Automated backups of an instance, or their copy in this region."""

    stack: StackName | None = None
    """The stack of this project whose backups are copied to this region (its output `database_backups`)."""

    time: UtcMoment | None = None
    """The moment to go back to; the latest that there is, unless given."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return no source or several, and a moment that nothing can go back to."""
        sources = [name for name in ("snapshot", "backups", "stack") if getattr(self, name) is not None]
        if len(sources) != 1:
            yield (), "needs one of snapshot, backups and stack, and no other of them"
        elif self.snapshot is not None and self.time is not None:
            yield ("time",), "not allowed beside snapshot, which is of one moment; remove it, or restore from backups"


class PoolerSettings(Section):
    """PgBouncer on the cluster, between services and the server."""

    image: ImageDigest
    """PgBouncer 1.21 or newer: older ones have no prepared statements in transaction mode."""

    replicas: Annotated[int, Field(ge=2, le=20)] = 3
    """Pods, over the zones."""

    tenant_connections: Annotated[int, Field(ge=1, le=100)] = 2
    """Connections to the server of one pod for one tenant's role; ours, for no document gives a number."""

    own_databases: Annotated[int, Field(ge=0, le=1000)] = 10
    """Tenants of isolation `database` that connections are kept free for; more of them need a higher number."""

    certificate: Slug | None = None
    """A Kubernetes TLS Secret beside it, as cert-manager writes them, that clients are met with; none: they connect in
    plain text, inside the cluster's network."""

    prepared_statements: Annotated[int, Field(ge=0, le=10000)] = 200
    """Prepared statements that one connection remembers; 200 is PgBouncer's own default since 1.24."""


class DeclaredDatabase(Section):
    """The PostgreSQL server of the environment: RDS, made by the stack."""

    engine_version: PostgresqlVersion
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

    backup_window: DailyWindow = "02:00-03:00"
    """When the daily backup is taken (REQUIREMENTS, Scheduled jobs: 02:00)."""

    maintenance_window: WeeklyWindow = "sun:04:00-sun:05:00"
    """When minor upgrades and other changes that interrupt are made; ours: after the backup and the nightly jobs."""

    slow_statement_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 500
    """Statements that take longer are logged; 500 is what calls for a rollback (REQUIREMENTS, Releases)."""

    audit: tuple[AuditClass, ...] = ("ddl", "role")
    """What pgaudit logs: changes of tables, and of roles and their rights."""

    log_retention_days: LogRetentionDays = 90
    """How long the server's logs are kept."""

    master_password: RotationSettings | None = None
    """The rotation of the master role's password; none: it is the first one still."""

    read_replica: ReadReplicaSettings | None = None
    """A server for reading, beside this one."""

    restore: RestoreSettings | None = None
    """Where the data comes from when the database is made."""

    pooler: PoolerSettings | None = None
    """PgBouncer before the server; none: services connect directly."""

    protect: bool = True
    """AWS and the engine both refuse to delete it, and a final snapshot is taken when they are told not to."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return bounds that the disk cannot grow to, windows that collide, and too few connections.

        RDS asks for a tenth more than what is allocated (its user guide, "Managing capacity automatically").
        """
        if 10 * self.max_storage_gib < 11 * self.storage_gib:
            yield ("max_storage_gib",), "too close to storage_gib; RDS asks for a tenth more at least"
        yield from repeated("audit", self.audit)
        yield from window_contradictions(self.backup_window, "backup_window", self.maintenance_window, _LEAST_WINDOW)
        yield from self._pooled()

    def shares(self, pooler: PoolerSettings) -> Pools:
        """Return what the pods of the pooler hold of the server's connections."""
        return pools(
            max_connections=self.max_connections,
            replicas=pooler.replicas,
            tenant=pooler.tenant_connections,
            own_databases=pooler.own_databases,
        )

    def _pooled(self) -> Iterator[Contradiction]:
        pooler = self.pooler
        if pooler is not None and self.shares(pooler).shared < LEAST_POOL:
            least = least_connections(
                replicas=pooler.replicas, tenant=pooler.tenant_connections, own_databases=pooler.own_databases
            )
            yield (
                ("max_connections",),
                f"too few for this pooler, whose pools together stay below 70 % of it; {least} at least, or lower "
                "pooler.replicas, pooler.tenant_connections or pooler.own_databases",
            )


DatabaseSettings = Annotated[
    Annotated[BroughtDatabase, Tag(EXISTING)] | Annotated[DeclaredDatabase, Tag(DECLARED)], Discriminator(variant)
]


def window_contradictions(each_day: str, field: str, once: str, least: int) -> Iterator[Contradiction]:
    """Return windows that AWS refuses: shorter than it takes, longer than a day, or colliding.

    Args:
        each_day: the daily window.
        field: what it is called; the other is `maintenance_window`.
        once: the weekly window.
        least: minutes that either must last.
    """
    for name, window in ((field, each_day), ("maintenance_window", once)):
        if not least <= windows.length(window) <= windows.LONGEST:
            yield (name,), f"must last {least} minutes at least, and a day at most"
    if windows.overlap(each_day, once):
        yield ("maintenance_window",), f"overlaps {field}; AWS refuses that, move one of the two"


def restore_contradictions(database: DeclaredDatabase, region: str) -> Iterator[Contradiction]:
    """Return backups of another region, which RDS cannot restore from here; places are those of the whole settings.

    Args:
        database: with what it is restored from, or without.
        region: where it is made.
    """
    restore = database.restore
    for name in ("snapshot", "backups"):
        source = getattr(restore, name, None) or ""
        if source.startswith("arn:") and source.split(":")[3] != region:
            yield ("database", "restore", name), "of another region than aws.region; name its copy in this one"


def pooler_contradictions(
    database: DeclaredDatabase, limits: Sequence[tuple[Place, int]], own_databases: int
) -> Iterator[Contradiction]:
    """Return what the pooler's shares do not go together with; places are those of the whole settings.

    Args:
        database: with its pooler, or without.
        limits: of tenants with roles of their own, where they are given: place, and the connections of such a role.
        own_databases: tenants with a database of their own.
    """
    if database.pooler is None:
        return
    if own_databases > database.pooler.own_databases:
        place = ("database", "pooler", "own_databases")
        yield place, "fewer than the tenants of isolation database that there are; raise it"
    shares = database.shares(database.pooler)
    for limited, limit in limits:
        if limit < shares.tenant * shares.pods:
            yield (
                limited,
                f"fewer than the {shares.tenant * shares.pods} that the pooler may open for one role; raise it, or "
                "lower database.pooler.tenant_connections",
            )
