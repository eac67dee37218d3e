"""A second copy of a database's automated backups, in another region.

Owns the copy and its key. Leaves restoring from it to the environment that is built there.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import rds

from components.encryption_key import EncryptionKey, EncryptionKeyArgs


@dataclass(frozen=True, kw_only=True)
class BackupCopyArgs:
    """Arguments of `BackupCopy`.

    Args:
        instance_arn: the database, in its own region.
        region: where the copy is kept.
        retention_days: how far back a point in time can be there.
        protect: whether the engine refuses to delete the copy and its key.
    """

    instance_arn: pulumi.Input[str]
    region: str
    retention_days: int
    protect: bool = True


class BackupCopy(pulumi.ComponentResource):
    """The loss of the database's region loses minutes of data, not the data."""

    arn: pulumi.Output[str]
    """The copied backups, which a database of their region can be restored from."""

    key_arn: pulumi.Output[str]
    """The key of the copy, in its region."""

    def __init__(self, name: str, args: BackupCopyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:database:BackupCopy", name, None, opts)
        key_args = EncryptionKeyArgs(description="copied database backups", region=args.region, protect=args.protect)
        key = EncryptionKey(f"{name}-encryption", key_args, pulumi.ResourceOptions(parent=self))
        replication = rds.InstanceAutomatedBackupsReplication(
            f"{name}-replication",
            source_db_instance_arn=args.instance_arn,
            kms_key_id=key.arn,
            retention_period=args.retention_days,
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.arn = replication.id
        self.key_arn = key.arn
        self.register_outputs({"arn": self.arn, "key_arn": self.key_arn})
