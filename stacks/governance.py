"""What watches over an environment and limits it: settings -> arguments of the components.

Owns alarms. Leaves what is watched to the owners of what is watched.
"""

from components.alarms import Alarms, AlarmsArgs
from infra.settings.governance import AlarmSettings
from stacks.region import Region


def alarms(settings: AlarmSettings, region: Region) -> Alarms:
    """Declare where alarms go.

    Args:
        settings: the stack's.
        region: where it is made.
    """
    return Alarms("alarms", AlarmsArgs(emails=settings.emails), region.opts)
