"""What watches over an environment and limits it: settings -> arguments of the components.

Owns alarms and queues. Leaves what is watched to the owners of what is watched.
"""

from collections.abc import Mapping

import pulumi

from components.alarms import Alarms, AlarmsArgs
from components.queue import Queue, QueueArgs
from infra.settings.governance import AlarmSettings, QueueSettings
from infra.units import seconds
from stacks.region import Region


def alarms(settings: AlarmSettings, region: Region) -> Alarms:
    """Declare where alarms go.

    Args:
        settings: the stack's.
        region: where it is made.
    """
    return Alarms("alarms", AlarmsArgs(emails=settings.emails), region.opts)


def queues(
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


def outputs(alarms: Alarms, queues: Mapping[str, Queue]) -> Mapping[str, pulumi.Input[object]]:
    """Return the stack's outputs about what watches over it.

    Args:
        alarms: where alarms go.
        queues: the queues, by name.
    """
    return {
        "alarms": alarms.topic_arn,
        "queues": {name: {"url": queue.url, "dead_letters": queue.dead_letters_url} for name, queue in queues.items()},
    }
