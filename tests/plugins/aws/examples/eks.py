"""Examples: clusters, node groups, add-ons and who may enter"""

from tests.plugins.aws.world import Example

EXAMPLES: tuple[Example, ...] = ()
