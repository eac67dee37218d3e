"""A record of every connection in a network, accepted or rejected.

Owns the log group, its key, and the role that VPC writes it with. Leaves judging the record to the alerts.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, ec2, iam

from components.account import Account
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam_policy import Statement, document, trust
from components.role_grant import RoleGrant, RoleGrantArgs
from infra.tags import tags

_AGGREGATION_SECONDS = 60  # VPC offers 60 or 600; an incident is followed by the minute


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """Arguments of `FlowLogs`.

    Args:
        vpc_id: the network.
        retention_days: how long a record is kept; one of CloudWatch's own periods, as 90.
    """

    vpc_id: pulumi.Input[str]
    retention_days: int


class FlowLogs(pulumi.ComponentResource):
    """Every connection in the network is on record for the time given, encrypted; only VPC can write it."""

    log_group: pulumi.Output[str]
    """The CloudWatch log group's name."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:network:FlowLogs", name, None, opts)
        self._name = name
        self._args = args
        group = self._group()
        role = self._role(group)
        ec2.FlowLog(
            f"{name}-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination=group.arn,
            log_destination_type="cloud-watch-logs",
            iam_role_arn=role.arn,
            max_aggregation_interval=_AGGREGATION_SECONDS,
            tags=tags(f"{name}-log", "network"),
            opts=self._child(),
        )
        self.log_group = group.name
        self.register_outputs({"log_group": self.log_group})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _group(self) -> cloudwatch.LogGroup:
        name = f"{self._name}-group"
        # The engine adds random letters to the name.
        key_args = EncryptionKeyArgs(description="VPC flow logs", log_groups=[f"{name}-*"], protect=False)
        key = EncryptionKey(f"{self._name}-encryption", key_args, self._child())
        return cloudwatch.LogGroup(
            name,
            retention_in_days=self._args.retention_days,
            kms_key_id=key.arn,
            tags=tags(name, "network"),
            opts=self._child(),
        )

    def _role(self, group: cloudwatch.LogGroup) -> iam.Role:
        # Without the condition, VPC could be made to write here on behalf of another account.
        own_account = {"StringEquals": {"aws:SourceAccount": Account(self).id}}
        role = iam.Role(
            f"{self._name}-role",
            assume_role_policy=document(trust("vpc-flow-logs.amazonaws.com", conditions=own_account)),
            tags=tags(f"{self._name}-role", "network"),
            opts=self._child(),
        )
        write = Statement(
            actions=("logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"),
            resources=[group.arn, pulumi.Output.format("{0}:*", group.arn)],
        )
        args = RoleGrantArgs(role=role.name, description="VPC writes flow logs", statements=[write])
        RoleGrant(f"{self._name}-write", args, self._child())
        return role
