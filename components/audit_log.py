"""The record of who did what, where it can be searched, and alarms on what nobody should do.

Owns the log group, who writes it, and the alarms. Leaves the record that lasts to `Audit`.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, iam

from components.iam_policy import Statement, document, trust
from components.role_grant import RoleGrant, RoleGrantArgs
from infra.tags import tags

_PERIOD = 300  # seconds, as in the CIS AWS Foundations Benchmark's alarms

# Patterns of the CIS AWS Foundations Benchmark 3.0, sections 4.3, 4.5 and 4.7.
_WATCHED = {
    "root": (
        "somebody uses the root user",
        '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }',
    ),
    "trail": (
        "the audit is changed or stopped",
        "{ ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) || ($.eventName = StopLogging) }",
    ),
    "keys": (
        "a key is switched off, or will be deleted with what it encrypts",
        "{ ($.eventSource = kms.amazonaws.com) && "
        "(($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion)) }",
    ),
}


@dataclass(frozen=True, kw_only=True)
class AuditLogArgs:
    """Arguments of `AuditLog`.

    Args:
        group_name: of the log group; its key's policy names it.
        namespace: of its metrics, another one for each environment of an account.
        retention_days: how long it is kept; one of CloudWatch's own periods.
        key_arn: what it is encrypted with.
        alarm_topic_arn: where alarms go.
    """

    group_name: str
    namespace: str
    retention_days: int
    key_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]


class AuditLog(pulumi.ComponentResource):
    """Only CloudTrail writes it; use of the root user, a stopped audit and lost keys are told within minutes."""

    stream_arns: pulumi.Output[str]
    """The log group's streams, as CloudTrail wants to be told of them."""

    role_arn: pulumi.Output[str]
    """The role that CloudTrail writes with."""

    def __init__(self, name: str, args: AuditLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:audit:AuditLog", name, None, opts)
        self._name = name
        self._args = args
        group = self._group()
        for what, (meaning, pattern) in _WATCHED.items():
            self._watch(what, meaning, self._count(what, pattern, group))
        self.stream_arns = pulumi.Output.format("{0}:*", group.arn)
        self.role_arn = self._role(group).arn
        self.register_outputs({"stream_arns": self.stream_arns, "role_arn": self.role_arn})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _group(self) -> cloudwatch.LogGroup:
        return cloudwatch.LogGroup(
            f"{self._name}-group",
            name=self._args.group_name,
            retention_in_days=self._args.retention_days,
            kms_key_id=self._args.key_arn,
            tags=tags(f"{self._name}-group", "audit"),
            opts=self._child(),
        )

    def _role(self, group: cloudwatch.LogGroup) -> iam.Role:
        # No condition on the source: CloudTrail fills none for it (its guide, "Role policy document for CloudTrail
        # to use CloudWatch Logs for monitoring"), and whoever names the role in a trail needs `iam:PassRole` on it.
        role = iam.Role(
            f"{self._name}-role",
            assume_role_policy=document(trust("cloudtrail.amazonaws.com")),
            tags=tags(f"{self._name}-role", "audit"),
            opts=self._child(),
        )
        write = Statement(
            actions=("logs:CreateLogStream", "logs:PutLogEvents"),
            resources=[pulumi.Output.format("{0}:log-stream:*", group.arn)],
        )
        args = RoleGrantArgs(role=role.name, description="CloudTrail writes the audit log", statements=[write])
        RoleGrant(f"{self._name}-write", args, self._child())
        return role

    def _count(self, what: str, pattern: str, group: cloudwatch.LogGroup) -> cloudwatch.LogMetricFilter:
        return cloudwatch.LogMetricFilter(
            f"{self._name}-{what}-count",
            log_group_name=group.name,
            pattern=pattern,
            metric_transformation={"name": what, "namespace": self._args.namespace, "value": "1"},
            opts=self._child(),
        )

    def _watch(self, what: str, meaning: str, counted: cloudwatch.LogMetricFilter) -> None:
        cloudwatch.MetricAlarm(
            f"{self._name}-{what}-alarm",
            alarm_description=f"audit: {meaning}",
            namespace=counted.metric_transformation.namespace,
            metric_name=counted.metric_transformation.name,
            statistic="Sum",
            period=_PERIOD,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            treat_missing_data="notBreaching",
            alarm_actions=[self._args.alarm_topic_arn],
            tags=tags(f"{self._name}-{what}-alarm", "audit"),
            opts=self._child(),
        )
