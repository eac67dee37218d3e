"""Examples: buckets and the settings around them, each a resource of its own"""

from tests.plugins.aws.world import Example

EXAMPLES: tuple[Example, ...] = ()
