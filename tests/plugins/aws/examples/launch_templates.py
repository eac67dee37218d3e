"""Examples: launch templates"""

from tests.plugins.aws.world import Example

EXAMPLES: tuple[Example, ...] = ()
