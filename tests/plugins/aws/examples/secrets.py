"""Examples: secrets and their versions"""

from tests.plugins.aws.world import Example

EXAMPLES: tuple[Example, ...] = ()
