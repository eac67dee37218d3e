"""A second PostgreSQL server that follows the first, for reading only.

Owns the instance. Its data, its roles and their passwords, its key and its subnets are those of the server it follows.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import rds

from infra.tags import tags


@dataclass(frozen=True, kw_only=True)
class ReadReplicaArgs:
    """Arguments of `ReadReplica`.

    Args:
        identifier: the RDS name, unique in account and region.
        source: the identifier of the server that it follows, in the same region.
        instance_class: as `db.r8g.large`.
        multi_az: a standby of its own in a second zone.
        security_group_id: the group that lets clients in.
        parameter_group: the server's own: a replica with fewer `max_connections` does not start.
        key_arn: the KMS key of the server, for Performance Insights.
        insights_days: how long they are kept.
        max_storage_gib: how far its disk may grow by itself; with the server's, or it stops when that grows.
        maintenance_window: as `sun:04:00-sun:05:00`, UTC.
        protect: whether AWS and the engine both refuse to delete it. Its data is the server's: no snapshot is taken.
    """

    identifier: str
    source: pulumi.Input[str]
    instance_class: str
    multi_az: bool
    security_group_id: pulumi.Input[str]
    parameter_group: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    insights_days: int
    max_storage_gib: int
    maintenance_window: str
    protect: bool = True


class ReadReplica(pulumi.ComponentResource):
    """What is committed on the server can be read here soon after, and nothing can be written."""

    host: pulumi.Output[str]
    """The name that readers connect to and that the replica's certificate is for."""

    def __init__(self, name: str, args: ReadReplicaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:database:ReadReplica", name, None, opts)
        instance = rds.Instance(
            f"{name}-instance",
            identifier=args.identifier,
            replicate_source_db=args.source,
            instance_class=args.instance_class,
            multi_az=args.multi_az,
            storage_type="gp3",
            storage_encrypted=True,
            max_allocated_storage=args.max_storage_gib,
            vpc_security_group_ids=[args.security_group_id],
            publicly_accessible=False,
            parameter_group_name=args.parameter_group,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.key_arn,
            performance_insights_retention_period=args.insights_days,
            maintenance_window=args.maintenance_window,
            copy_tags_to_snapshot=True,
            skip_final_snapshot=True,  # RDS refuses one of a replica
            deletion_protection=args.protect,
            tags=tags(f"{name}-instance", "database"),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.host = instance.address
        self.register_outputs({"host": self.host})
