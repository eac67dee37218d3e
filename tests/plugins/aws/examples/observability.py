"""Examples: log groups, alarms and topics"""

from tests.plugins.aws.world import Example

EXAMPLES: tuple[Example, ...] = ()
