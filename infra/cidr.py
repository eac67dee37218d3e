"""Address arithmetic: the blocks of an environment's network and of its subnets.

Pure functions of texts. Leaves everything that is a resource to `components`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

LARGEST_PREFIX = 16
"""The largest block that a VPC takes (Amazon VPC user guide, "VPC CIDR blocks")."""

SMALLEST_PREFIX = 20
"""The smallest block that is of use: a zone then has 507 private addresses, and each pod takes one."""

MOST_ZONES = 4
"""Zones that a block has room for; a share is kept for each, so that adding a zone moves no subnet."""

_ZONE_BITS = 2  # MOST_ZONES shares
_PRIVATE_BITS = _ZONE_BITS + 1  # half of a share: nodes and pods
_SMALL_BITS = _ZONE_BITS + 4  # a sixteenth of a share each: load balancers and NAT; databases


@dataclass(frozen=True, kw_only=True)
class ZoneBlocks:
    """The subnets of one availability zone, in CIDR notation.

    Args:
        public: load balancers and NAT gateways.
        private: nodes and pods.
        data: databases and caches.
    """

    public: str
    private: str
    data: str


def divide(block: str, zones: Sequence[str]) -> Mapping[str, ZoneBlocks]:
    """Divide a network's block among its availability zones.

    Each zone has a quarter of the block by its position: half of the quarter is private, a sixteenth each is public
    and data, the rest is kept. Appending a zone leaves the subnets of the others where they are.

    Args:
        block: the network in CIDR notation, /16 to /20.
        zones: names of the availability zones, at most four, in an order that does not change.

    Raises:
        ValueError: the block is no network, not private, too large or too small; or zones are none, too many or named
            twice. One line that says what is allowed.
    """
    network = _network(block)
    wrong = misfit(network)
    if wrong:
        raise ValueError(f"{block} is {wrong}")
    if not 0 < len(zones) <= MOST_ZONES:
        raise ValueError(f"{len(zones)} availability zones do not fit into {block}; name one to {MOST_ZONES}")
    twice = sorted({zone for zone in zones if zones.count(zone) > 1})
    if twice:
        raise ValueError(f"zones are named twice: {', '.join(twice)}; name each once")
    shares = network.subnets(prefixlen_diff=_ZONE_BITS)
    return {zone: _zone_blocks(share) for zone, share in zip(zones, shares, strict=False)}


def misfit(network: IPv4Network) -> str | None:
    """Return why a VPC's block cannot be this network and what to give, without naming it; None if it can.

    Args:
        network: the block.
    """
    if not _is_private(network):
        return _NOT_PRIVATE
    if LARGEST_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
        return None
    size = "large" if network.prefixlen < LARGEST_PREFIX else "small"
    return f"too {size} for a network; give /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}"


def _zone_blocks(share: IPv4Network) -> ZoneBlocks:
    private, rest = share.subnets(prefixlen_diff=_PRIVATE_BITS - _ZONE_BITS)
    small = rest.subnets(prefixlen_diff=_SMALL_BITS - _PRIVATE_BITS)
    return ZoneBlocks(private=str(private), public=str(next(small)), data=str(next(small)))


def _network(block: str) -> IPv4Network:
    try:
        network = IPv4Network(block)
    except ValueError:
        raise ValueError(f"{block} is no network in CIDR notation; give one as 10.20.0.0/16") from None
    if not _is_private(network):
        raise ValueError(f"{block} is {_NOT_PRIVATE}")
    return network


def _is_private(network: IPv4Network) -> bool:
    return any(network.subnet_of(private) for private in _PRIVATE_NETWORKS)


_PRIVATE_NETWORKS = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))  # RFC 1918
_NOT_PRIVATE = f"not a private network; take a block of {', '.join(map(str, _PRIVATE_NETWORKS))}"
