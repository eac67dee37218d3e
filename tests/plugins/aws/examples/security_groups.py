"""Examples: security groups and their rules"""

from tests.plugins.aws.world import Example

EXAMPLES: tuple[Example, ...] = ()
