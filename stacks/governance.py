"""What watches over an environment and limits it: settings -> arguments of the components.

Owns alarms, queues, budget and audit. Leaves what is watched to the owners of what is watched.
"""

from collections.abc import Mapping

import pulumi

from components.alarms import Alarms, AlarmsArgs
from components.audit import Audit, AuditArgs
from components.bucket import Bucket
from components.budget import Budget, BudgetAlert, BudgetArgs
from components.queue import Queue, QueueArgs
from infra.settings.governance import AlarmSettings, AuditSettings, BudgetSettings, QueueSettings
from infra.settings.models import StackSettings
from infra.units import seconds
from stacks.region import Region

_PUBLIC = "assets"  # the purpose of the bucket that anybody may read


def alarms(settings: AlarmSettings, region: Region) -> Alarms:
    """Declare where alarms go.

    Args:
        settings: the stack's.
        region: where it is made.
    """
    return Alarms("alarms", AlarmsArgs(emails=settings.emails), region.opts)


def _queues(
    settings: Mapping[str, QueueSettings], alarm_topic_arn: pulumi.Input[str], region: Region
) -> Mapping[str, Queue]:
    """Declare the queues, by name.

    Args:
        settings: the stack's.
        alarm_topic_arn: where their alarms go.
        region: where they are made.
    """
    return {name: _queue(f"queue-{name}", queue, alarm_topic_arn, region) for name, queue in settings.items()}


def _queue(name: str, settings: QueueSettings, alarm_topic_arn: pulumi.Input[str], region: Region) -> Queue:
    args = QueueArgs(
        alarm_topic_arn=alarm_topic_arn,
        visibility_timeout=seconds(settings.visibility_timeout),
        max_receives=settings.max_receives,
        retention_days=settings.retention_days,
        age_alarm=seconds(settings.age_alarm),
        protect=settings.protect,
    )
    return Queue(name, args, region.opts)


def _budget(settings: BudgetSettings, alarm_topic_arn: pulumi.Input[str], region: Region) -> Budget:
    """Declare what the environment may cost.

    Args:
        settings: the stack's.
        alarm_topic_arn: where its alerts go.
        region: whose account it is of; what counts is the environment's tag.
    """
    args = BudgetArgs(
        budget_name=region.place.name,
        monthly_usd=settings.monthly_usd,
        environment=region.place.tags.environment,
        alarm_topic_arn=alarm_topic_arn,
        alerts=[BudgetAlert(percent=alert.percent, of=alert.of) for alert in settings.alerts],
        emails=settings.emails,
    )
    return Budget("budget", args, region.opts)


def _audit(
    settings: AuditSettings, alarm_topic_arn: pulumi.Input[str], buckets: Mapping[str, Bucket], region: Region
) -> Audit:
    """Declare the record of who did what.

    Args:
        settings: the stack's.
        alarm_topic_arn: where its alarms go.
        buckets: those of the environment, by purpose.
        region: where the record is kept.
    """
    args = AuditArgs(
        trail_name=region.place.name,
        alarm_topic_arn=alarm_topic_arn,
        lock=settings.lock,
        retention_days=settings.retention_days,
        log_retention_days=settings.log_retention_days,
        object_arns=[bucket.arn for purpose, bucket in buckets.items() if purpose != _PUBLIC]
        if settings.object_events
        else (),
        protect=settings.protect,
    )
    return Audit("audit", args, region.opts)


class Governance:
    """What watches over the environment and limits it, beside where alarms go."""

    def __init__(
        self, settings: StackSettings, alarm_topic_arn: pulumi.Input[str], buckets: Mapping[str, Bucket], region: Region
    ) -> None:
        """Declare queues, budget and audit, as far as they are asked for.

        Args:
            settings: the stack's.
            alarm_topic_arn: where alarms go.
            buckets: those of the environment, by purpose.
            region: where they are made.
        """
        self.queues = _queues(settings.queues, alarm_topic_arn, region)
        if settings.budget is not None:
            _budget(settings.budget, alarm_topic_arn, region)
        self.audit = None if settings.audit is None else _audit(settings.audit, alarm_topic_arn, buckets, region)

    @property
    def outputs(self) -> Mapping[str, pulumi.Input[object]]:
        """The stack's outputs about them."""
        urls = {name: {"url": one.url, "dead_letters": one.dead_letters_url} for name, one in self.queues.items()}
        return {"queues": urls, **({} if self.audit is None else {"audit": self.audit.bucket})}
