"""Whose addresses a block holds, and what of a network's own rules lets in whom.

Owns blocks and the three ways in which security groups are written. Leaves what is too much to the rules.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from infra.gate.change import Hidden, Properties, Value
from infra.gate.rules.properties import is_hidden, items, number, objects, text

Reach = Literal["world", "public", "private", "hidden"]
"""Who is in a block: everybody or nearly so, somebody outside, nobody outside, or nobody can tell."""

_OWN = tuple(
    ipaddress.IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
)
_OWN_V6 = tuple(ipaddress.IPv6Network(block) for block in ("fc00::/7", "fe80::/10", "::1/128"))
_NEARLY_ALL = 8
"""Bits of a block's prefix below which it is nearly everybody: sixteen million addresses, more than anyone has."""

STORES: Mapping[int, str] = {
    1433: "SQL Server",
    3306: "MySQL",
    5432: "PostgreSQL",
    6379: "Redis",
    6380: "Redis",
    6432: "PgBouncer",
    9200: "OpenSearch",
    11211: "Memcached",
    27017: "MongoDB",
}
"""Port -> the store that answers there."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Who is let through where.

    Args:
        source: a block, a prefix list or a group; of a hidden one the words for it.
        reach: who is in it.
        first: the lowest port; 0 for all.
        last: the highest port; 65535 for all.
    """

    source: str
    reach: Reach
    first: int
    last: int

    @property
    def ports(self) -> str:
        """The ports in a sentence."""
        if self.first == self.last:
            return f"port {self.first}"
        return "all ports" if (self.first, self.last) == (0, 65_535) else f"ports {self.first} to {self.last}"

    @property
    def store(self) -> str | None:
        """The store that it leads to, by its ports; of many, the first."""
        found = (name for port, name in STORES.items() if self.first <= port <= self.last)
        return next(found, None)


def reach(block: Value) -> Reach:
    """Return who is in a block of addresses.

    Args:
        block: in CIDR notation; what is no text counts as hidden.
    """
    if not isinstance(block, str):
        return "hidden"
    try:
        network = ipaddress.ip_network(block, strict=False)
    except ValueError:
        return "hidden"
    if network.prefixlen < _NEARLY_ALL:
        return "world"
    if isinstance(network, ipaddress.IPv4Network):
        return "private" if any(network.subnet_of(own) for own in _OWN) else "public"
    return "private" if any(network.subnet_of(own) for own in _OWN_V6) else "public"


_ALONE: Mapping[str, str] = {
    "ingress": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "egress": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
}
_EITHER = "aws:ec2/securityGroupRule:SecurityGroupRule"
_WHOLE = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
GROUPS: Sequence[str] = (*_ALONE.values(), _EITHER, *_WHOLE)
"""Type tokens of all that lets anybody through."""

_BLOCKS = ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks")


def openings(token: str, inputs: Properties, way: Literal["ingress", "egress"]) -> Iterator[Opening]:
    """Return whom a resource lets in, or lets its own call.

    Args:
        token: its type token.
        inputs: of it.
        way: which of the two.
    """
    if token == _ALONE[way] or (token == _EITHER and inputs.get("type") == way):
        yield from _of(inputs)
    elif token in _WHOLE:
        listed = inputs.get(way)
        if isinstance(listed, Hidden):
            yield Opening(listed.value, "hidden", 0, 65_535)
        for one in objects(listed):
            yield from _of(one)


def _of(entry: Mapping[str, Value]) -> Iterator[Opening]:
    first, last = _ports(entry)
    for key in _BLOCKS:
        given = entry.get(key)
        for block in items(given) or ([] if given is None or given == [] else [given]):
            words = block.value if isinstance(block, Hidden) else text(block)
            yield Opening(words, reach(block), first, last)
    if entry.get("prefixListId") or items(entry.get("prefixListIds")):
        yield Opening("a prefix list", "public", first, last)


def _ports(entry: Mapping[str, Value]) -> tuple[int, int]:
    protocol = str(entry.get("ipProtocol", entry.get("protocol", "-1")))
    first, last = number(entry.get("fromPort")), number(entry.get("toPort"))
    if protocol in ("-1", "all") or first is None or last is None or is_hidden(entry.get("ipProtocol")):
        return 0, 65_535
    return int(first), int(last)
