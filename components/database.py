"""The PostgreSQL server of an environment, on Amazon RDS.

Owns the instance, its parameters, its logs, its credentials and who reaches it. Leaves databases, schemas and roles to
`TenantPool` and the tenants, and the copy of its backups in another region to `BackupCopy`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, rds
from pulumi_random import RandomPassword, RandomString

from components.closed_port import ClosedPort, ClosedPortArgs
from components.database_parameters import parameters
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.read_replica import ReadReplica, ReadReplicaArgs
from components.restore import CREATION_ONLY, Restore, point_in_time, snapshot
from components.role_grant import RoleGrant
from components.stored_secret import StoredSecret, StoredSecretArgs
from infra.tags import tags

PORT = 5432
USERNAME = "tenantry"
"""The master role; RDS reserves names such as `admin` and `rdsadmin`."""

_PASSWORD_LENGTH = 32  # letters and digits: 190 bits
_LOGS = ("postgresql", "upgrade")
_FREE_INSIGHTS_DAYS = 7
_PATIENCE = "4h"
"""How long RDS may take: a restore, and the backup after it, take hours, and the provider's own 40 minutes would end
before the new password is set. REQUIREMENTS, Recovery: 4 h at most."""


@dataclass(frozen=True, kw_only=True)
class Replica:
    """A read replica of a database.

    Args:
        instance_class: as `db.r8g.large`.
        multi_az: a standby of its own in a second zone.
    """

    instance_class: str
    multi_az: bool = True


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """Arguments of `Database`.

    Args:
        identifier: the RDS name, unique in account and region.
        vpc_id: the network.
        subnet_ids: of the data tier, in two zones at least.
        engine_version: PostgreSQL's, as `17` or `17.6`; a bare major takes minor upgrades in the maintenance window.
        instance_class: as `db.r8g.large`.
        max_connections: of the server; processes x 75 x live slots, or the pooler's (REQUIREMENTS, Data).
        storage_gib: at the start; RDS asks for 20 at least.
        max_storage_gib: how far it may grow by itself.
        multi_az: a standby in a second zone.
        backup_retention_days: how far back a point in time can be (REQUIREMENTS, Data: 30; 7 in staging); at most 35.
        backup_window: when the daily backup is taken, UTC (REQUIREMENTS, Scheduled jobs: 02:00).
        maintenance_window: when changes that interrupt are made, UTC; not in the backup's.
        slow_statement_ms: statements that take longer are logged; 500 is the response time that calls for a rollback
            (REQUIREMENTS, Releases).
        audit: the classes of statements that pgaudit logs, as `ddl`.
        log_retention_days: one of CloudWatch's own periods. Ours: no source document gives a number.
        password_rotated_at: a new moment makes a new master password; None until the first rotation.
        restore: where the data comes from at the start; can be removed afterwards.
        protect: AWS and the engine both refuse to delete it, and a final snapshot is taken when they are told not to.
    """

    identifier: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    engine_version: str
    instance_class: pulumi.Input[str]
    max_connections: int
    storage_gib: int = 100
    max_storage_gib: int = 1000
    multi_az: bool = True
    backup_retention_days: int = 30
    backup_window: str = "02:00-03:00"
    maintenance_window: str = "sun:04:00-sun:05:00"
    slow_statement_ms: int = 500
    audit: Sequence[str] = ("ddl", "role")
    log_retention_days: int = 90
    password_rotated_at: str | None = None
    restore: Restore | None = None
    protect: bool = True


class Database(pulumi.ComponentResource):
    """Reached over TLS by groups that were let in, encrypted on disk, and restorable to any second of its retention.

    Deleting it leaves its automated backups where they are. A rotated password is everywhere after one update: on the
    server, in the secret, and with whoever was given the output.
    """

    host: pulumi.Output[str]
    """The name that clients connect to and that the server's certificate is for."""

    arn: pulumi.Output[str]
    """The instance."""

    port: int
    """The TCP port."""

    username: str
    """The master role."""

    password: pulumi.Output[str]
    """The master role's password, a secret."""

    secret_arn: pulumi.Output[str]
    """The secret with host, port, username and password."""

    security_group_id: pulumi.Output[str]
    """The group of the server."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:database:Database", name, None, opts)
        self._name = name
        self._args = args
        self._logs = [f"/aws/rds/instance/{args.identifier}/{log}" for log in _LOGS]
        self._key = self._encryption_key()
        self._port = self._closed_port()
        self.port = PORT
        self.username = USERNAME
        self.password = self._password().result
        self._group = self._parameters()
        instance = self._instance(self._log_groups())
        self._identifier = instance.identifier
        self._secret = self._stored_secret(instance)
        self.host = instance.address
        self.arn = instance.arn
        self.secret_arn = self._secret.arn
        self.security_group_id = self._port.security_group_id
        self.register_outputs(
            {
                "host": self.host,
                "arn": self.arn,
                "secret_arn": self.secret_arn,
                "security_group_id": self.security_group_id,
            }
        )

    def allow_from(self, source: str, security_group_id: pulumi.Input[str]) -> None:
        """Let the members of a security group connect.

        Args:
            source: who they are, for logical names.
            security_group_id: their group.
        """
        self._port.allow_from(source, security_group_id)

    def replicate(self, name: str, wanted: Replica, opts: pulumi.ResourceOptions | None = None) -> ReadReplica:
        """Declare a server that follows this one; no part of it, so that nothing else waits for it.

        Args:
            name: its logical name.
            wanted: what it is.
            opts: with the provider.
        """
        args = ReadReplicaArgs(
            identifier=f"{self._args.identifier}-replica",
            source=self._identifier,
            instance_class=wanted.instance_class,
            multi_az=wanted.multi_az,
            security_group_id=self._port.security_group_id,
            parameter_group=self._group.name,
            key_arn=self._key.arn,
            insights_days=_FREE_INSIGHTS_DAYS,
            max_storage_gib=self._args.max_storage_gib,
            maintenance_window=self._args.maintenance_window,
            protect=self._args.protect,
        )
        return ReadReplica(name, args, opts)

    def grant_credentials(self, reader: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role read the master role's credentials.

        Args:
            reader: who it is, for logical names.
            role: the IAM role's name.
        """
        return self._secret.grant_read(reader, role)

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _encryption_key(self) -> EncryptionKey:
        args = EncryptionKeyArgs(
            description=f"data, backups and logs of {self._args.identifier}",
            log_groups=self._logs,
            protect=self._args.protect,
        )
        return EncryptionKey(f"{self._name}-encryption", args, self._child())

    def _closed_port(self) -> ClosedPort:
        args = ClosedPortArgs(vpc_id=self._args.vpc_id, port=PORT, description="PostgreSQL")
        return ClosedPort(f"{self._name}-port", args, self._child())

    def _password(self) -> RandomPassword:
        rotated = self._args.password_rotated_at
        return RandomPassword(
            f"{self._name}-password",
            length=_PASSWORD_LENGTH,
            special=False,
            keepers=None if rotated is None else {"rotated_at": rotated},
            opts=self._child(),
        )

    def _log_groups(self) -> list[cloudwatch.LogGroup]:
        # RDS makes missing ones itself: in plain text, and kept for ever.
        return [
            cloudwatch.LogGroup(
                f"{self._name}-{log}-log",
                name=group,
                retention_in_days=self._args.log_retention_days,
                kms_key_id=self._key.arn,
                tags=tags(f"{self._name}-{log}-log", "database"),
                opts=self._child(),
            )
            for log, group in zip(_LOGS, self._logs, strict=True)
        ]

    def _subnet_group(self) -> rds.SubnetGroup:
        return rds.SubnetGroup(
            f"{self._name}-subnets",
            subnet_ids=self._args.subnet_ids,
            tags=tags(f"{self._name}-subnets", "database"),
            opts=self._child(),
        )

    def _parameters(self) -> rds.ParameterGroup:
        major = self._args.engine_version.partition(".")[0]
        return rds.ParameterGroup(
            f"{self._name}-parameters",
            family=f"postgres{major}",
            parameters=parameters(
                max_connections=self._args.max_connections,
                slow_statement_ms=self._args.slow_statement_ms,
                audit=self._args.audit,
            ),
            tags=tags(f"{self._name}-parameters", "database"),
            opts=self._child(),
        )

    def _final_snapshot(self) -> pulumi.Output[str]:
        # An environment of the same name may have been there before, and its snapshot still is.
        suffix = RandomString(
            f"{self._name}-final-suffix", length=8, special=False, upper=False, opts=self._child()
        ).result
        return pulumi.Output.format("{0}-final-{1}", self._args.identifier, suffix)

    def _instance(self, logs: Sequence[cloudwatch.LogGroup]) -> rds.Instance:
        args = self._args
        return rds.Instance(
            f"{self._name}-instance",
            identifier=args.identifier,
            engine="postgres",
            engine_version=args.engine_version,
            # A whole version that AWS upgraded would be one that the next update tries to take back.
            auto_minor_version_upgrade="." not in args.engine_version,
            instance_class=args.instance_class,
            multi_az=args.multi_az,
            storage_type="gp3",
            allocated_storage=args.storage_gib,
            max_allocated_storage=args.max_storage_gib,
            storage_encrypted=True,
            kms_key_id=self._key.arn,
            port=PORT,
            username=USERNAME,
            password=self.password,
            db_subnet_group_name=self._subnet_group().name,
            vpc_security_group_ids=[self._port.security_group_id],
            publicly_accessible=False,
            parameter_group_name=self._group.name,
            enabled_cloudwatch_logs_exports=list(_LOGS),
            performance_insights_enabled=True,
            performance_insights_kms_key_id=self._key.arn,
            performance_insights_retention_period=_FREE_INSIGHTS_DAYS,
            backup_retention_period=args.backup_retention_days,
            backup_window=args.backup_window,
            maintenance_window=args.maintenance_window,
            delete_automated_backups=False,
            copy_tags_to_snapshot=True,
            final_snapshot_identifier=self._final_snapshot() if args.protect else None,
            skip_final_snapshot=not args.protect,
            deletion_protection=args.protect,
            snapshot_identifier=snapshot(args.restore),
            restore_to_point_in_time=point_in_time(args.restore),
            tags=tags(f"{self._name}-instance", "database"),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(logs),
                protect=args.protect,
                ignore_changes=list(CREATION_ONLY),
                custom_timeouts=pulumi.CustomTimeouts(create=_PATIENCE, update=_PATIENCE),
            ),
        )

    def _stored_secret(self, instance: rds.Instance) -> StoredSecret:
        args = StoredSecretArgs(
            description=f"master role of {self._args.identifier}",
            key_arn=self._key.arn,
            content={"host": instance.address, "port": PORT, "username": USERNAME, "password": self.password},
        )
        return StoredSecret(f"{self._name}-credentials", args, self._child())
