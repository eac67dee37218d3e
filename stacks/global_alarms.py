"""Where alarms go on what AWS has in us-east-1 only, wherever the environment is.

Owns that there is a topic in that region, once something needs it. An alarm publishes in its own region only.
"""

from collections.abc import Sequence
from functools import cached_property

import pulumi

from components.alarms import Alarms, AlarmsArgs
from components.health_check import METRICS_REGION
from stacks.region import Region


class GlobalAlarms:
    """The environment's topic, and the one in us-east-1; they are the same one where the environment is there."""

    def __init__(self, topic_arn: pulumi.Output[str], emails: Sequence[str], region: Region) -> None:
        """Declare nothing yet.

        Args:
            topic_arn: the environment's, in its own region.
            emails: who is told.
            region: where the environment is.
        """
        self.topic_arn = topic_arn
        self._emails = emails
        self._region = region

    @cached_property
    def global_topic_arn(self) -> pulumi.Output[str]:
        """The topic in us-east-1; declared when it is first asked for."""
        if self._region.place.region == METRICS_REGION:
            return self.topic_arn
        args = AlarmsArgs(emails=self._emails, region=METRICS_REGION)
        return Alarms("alarms-global", args, self._region.opts).topic_arn
