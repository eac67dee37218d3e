"""Where a new database's data comes from, as inputs of an RDS instance.

Pure functions. Leaves the instance to `Database`.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import rds

CREATION_ONLY = ("snapshotIdentifier", "restoreToPointInTime", "kmsKeyId")
"""Inputs that matter at creation only, by Pulumi's names: changed or removed later they would replace the database.

The key is one of them because a restored database keeps the key of the backup, whatever is asked for.
"""


@dataclass(frozen=True, kw_only=True)
class SnapshotRestore:
    """Start with the data of a snapshot.

    Args:
        snapshot: its identifier, or its ARN when another account shares it.
    """

    snapshot: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class PointInTimeRestore:
    """Start with the data of another instance as it was at a time.

    Args:
        backups_arn: the instance's automated backups, or their copy in this region.
        time: in RFC 3339, as `2026-03-01T12:00:00Z`; None for the latest that can be restored.
    """

    backups_arn: pulumi.Input[str]
    time: str | None = None


Restore = SnapshotRestore | PointInTimeRestore


def snapshot(restore: Restore | None) -> pulumi.Input[str] | None:
    """Return the instance's `snapshot_identifier`."""
    return restore.snapshot if isinstance(restore, SnapshotRestore) else None


def point_in_time(restore: Restore | None) -> rds.InstanceRestoreToPointInTimeArgsDict | None:
    """Return the instance's `restore_to_point_in_time`."""
    if not isinstance(restore, PointInTimeRestore):
        return None
    if restore.time is None:
        return {"source_db_instance_automated_backups_arn": restore.backups_arn, "use_latest_restorable_time": True}
    return {"source_db_instance_automated_backups_arn": restore.backups_arn, "restore_time": restore.time}
