"""Examples: keys and their aliases"""

from tests.plugins.aws.world import Example

EXAMPLES: tuple[Example, ...] = ()
