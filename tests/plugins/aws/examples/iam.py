"""Examples: roles, policies and what attaches them"""

from tests.plugins.aws.world import Example

EXAMPLES: tuple[Example, ...] = ()
