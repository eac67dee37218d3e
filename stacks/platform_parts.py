"""What an environment has in AWS beside what it stands on: storage, images, names, secrets, queues, watch and limits.

Owns which parts there are and what they are given of each other. Leaves each part to the module of its name.
"""

from collections.abc import Mapping

import pulumi

from infra.settings.models import StackSettings
from stacks import governance
from stacks.region import Region


def declare(settings: StackSettings, region: Region) -> Mapping[str, pulumi.Input[object]]:
    """Declare the parts that are asked for.

    Args:
        settings: the stack's settings.
        region: where they are made.

    Returns:
        The stack's outputs about them.
    """
    alarms = governance.alarms(settings.alarms, region)  # first: `alarms.topic_arn` is where the others' alarms go
    return {"alarms": alarms.topic_arn}
