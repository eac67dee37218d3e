"""Database and Redis in AWS: settings -> arguments of their components.

Pure, but for a restore from another stack, which reads that stack's outputs. Leaves where they are made to `region`.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Literal

import pulumi

from components.database import DatabaseArgs
from components.redis import RedisArgs
from components.restore import PointInTimeRestore, Restore, SnapshotRestore
from infra.cache_memory import reserved_percent
from infra.settings.database import DeclaredDatabase, RestoreSettings, RotationSettings
from infra.settings.redis import RedisStoreSettings

BACKUPS_OUTPUT = "database_backups"
"""The output of a stack whose backups are copied: their ARN in its recovery region."""

LOGINS_OUTPUT = "database_logins"
"""The output of a stack with role -> password, a secret: whoever restores its backups needs them."""


def database_args(
    settings: DeclaredDatabase, *, identifier: str, vpc_id: pulumi.Input[str], subnet_ids: Sequence[pulumi.Input[str]]
) -> DatabaseArgs:
    """Return what a declared database is.

    Args:
        settings: the stack's.
        identifier: its RDS name.
        vpc_id: the network.
        subnet_ids: of the data tier.
    """
    return DatabaseArgs(
        identifier=identifier,
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        engine_version=settings.engine_version,
        instance_class=settings.instance_class,
        max_connections=settings.max_connections,
        storage_gib=settings.storage_gib,
        max_storage_gib=settings.max_storage_gib,
        multi_az=settings.multi_az,
        backup_retention_days=settings.backup_retention_days,
        backup_window=settings.backup_window,
        maintenance_window=settings.maintenance_window,
        slow_statement_ms=settings.slow_statement_ms,
        audit=settings.audit,
        log_retention_days=settings.log_retention_days,
        password_rotated_at=_rotated(settings.master_password),
        restore=_restore(settings.restore),
        protect=settings.protect,
    )


def redis_args(
    settings: RedisStoreSettings,
    *,
    eviction: Literal["allkeys-lru", "noeviction"],
    vpc_id: pulumi.Input[str],
    subnet_ids: Sequence[pulumi.Input[str]],
) -> RedisArgs:
    """Return what a declared Redis store is.

    Args:
        settings: the store's.
        eviction: what happens when its memory is full.
        vpc_id: the network.
        subnet_ids: of the data tier.
    """
    reserved = reserved_percent(settings.node_type, settings.headroom_mib)
    assert reserved is not None  # the model refuses node types that are not known
    return RedisArgs(
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        engine=settings.engine,
        engine_version=settings.engine_version,
        node_type=settings.node_type,
        reserved_percent=reserved,
        nodes=settings.nodes,
        eviction=eviction,
        snapshot_retention_days=settings.snapshot_retention_days,
        snapshot_window=settings.snapshot_window,
        maintenance_window=settings.maintenance_window,
        token_rotated_at=_rotated(settings.auth_token),
        retire_previous_token=settings.auth_token is not None and settings.auth_token.retire_previous,
        protect=settings.protect,
    )


def restored_logins(settings: DeclaredDatabase) -> pulumi.Output[Mapping[str, str]] | None:
    """Return role -> password of those that a backup of another stack brings, by that stack's outputs.

    None where the program makes what is in the server: roles of a stack's own backups are in its state already.

    Args:
        settings: the stack's.
    """
    restore = settings.restore
    if restore is None or restore.stack is None:
        return None
    source = pulumi.StackReference("restored-logins", stack_name=_whole_name(restore))
    found: pulumi.Output[Mapping[str, str]] = source.require_output(LOGINS_OUTPUT)
    return found


def _whole_name(settings: RestoreSettings) -> str:
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{settings.stack}"


def _restore(settings: RestoreSettings | None) -> Restore | None:
    if settings is None:
        return None
    if settings.snapshot is not None:
        return SnapshotRestore(snapshot=settings.snapshot)
    time = None if settings.time is None else _text(settings.time)
    if settings.backups is not None:
        return PointInTimeRestore(backups_arn=settings.backups, time=time)
    copied: pulumi.Output[str] = pulumi.StackReference(_whole_name(settings)).require_output(BACKUPS_OUTPUT)
    return PointInTimeRestore(backups_arn=copied, time=time)


def _rotated(settings: RotationSettings | None) -> str | None:
    return None if settings is None else _text(settings.rotated_at)


def _text(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
