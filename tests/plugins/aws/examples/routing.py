"""Examples: the ways in and out of a network: gateways, addresses, routes and endpoints"""

from tests.plugins.aws.world import Example

EXAMPLES: tuple[Example, ...] = ()
