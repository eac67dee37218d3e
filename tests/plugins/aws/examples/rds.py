"""Examples: database instances and what they need"""

from tests.plugins.aws.world import Example

EXAMPLES: tuple[Example, ...] = ()
