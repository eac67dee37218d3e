"""An alarm that goes off when a secret should have been rotated.

Owns the alarm. Leaves where it goes to `Alarms`, and rotating to operators.

A program has no clock, and a one-time schedule cannot be made for a time that has passed, which would stop a new
environment whose stack file is older than a rotation. CloudWatch has the clock: its function EPOCH gives the seconds
since 1970 at each point of a series, without gaps, whatever the series holds.
"""

import datetime
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch

from infra.tags import tags

_HOUR = 3600  # seconds; the series' period
_DAY = 86400


@dataclass(frozen=True, kw_only=True)
class RotationAlarmArgs:
    """Arguments of `RotationAlarm`.

    Args:
        secret_name: in Secrets Manager.
        remedy: what whoever is told should do.
        due: when the secret must have been rotated, in UTC.
        topic_arn: where the alarm goes.
    """

    secret_name: str
    remedy: str
    due: datetime.datetime
    topic_arn: pulumi.Input[str]


class RotationAlarm(pulumi.ComponentResource):
    """In alarm from the hour after the secret is due until a rotation is declared; its value is the days since."""

    alarm: pulumi.Output[str]
    """The alarm's name."""

    def __init__(self, name: str, args: RotationAlarmArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:secret:RotationAlarm", name, None, opts)
        # Which metric gives the points does not matter: this one is free, and published every hour.
        metric: cloudwatch.MetricAlarmMetricQueryMetricArgsDict = {
            "namespace": "AWS/SecretsManager",
            "metric_name": "ResourceCount",
            "period": _HOUR,
            "stat": "Maximum",
        }
        overdue = f"(EPOCH(clock) - {int(args.due.timestamp())}) / {_DAY}"
        alarm = cloudwatch.MetricAlarm(
            f"{name}-alarm",
            alarm_description=f"{args.secret_name} should have been rotated: {args.remedy}",
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=0,
            evaluation_periods=1,
            treat_missing_data="ignore",
            metric_queries=[
                {"id": "clock", "metric": metric, "return_data": False},
                {"id": "overdue", "expression": overdue, "label": "days overdue", "return_data": True},
            ],
            alarm_actions=[args.topic_arn],
            ok_actions=[args.topic_arn],
            tags=tags(f"{name}-alarm", "secret"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.alarm = alarm.name
        self.register_outputs({"alarm": self.alarm})
