"""Settings of who opens connections to whom: the services that may call one, and what it calls outside the platform.

Leaves what every service reaches anyway (names, its stores, AWS) to the composition, and hosts to the routes.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from infra.settings.kinds import Cidr, Port, Slug
from infra.settings.section import Contradiction, Section, repeated

if TYPE_CHECKING:
    from infra.settings.foundation import NetworkSettings
    from infra.settings.services import ServiceSettings

_LARGEST_PUBLIC = 8  # ours: 16 million addresses are more than anybody has who is called
_LARGEST_PRIVATE = 16  # as of a VPC: a larger one may hold this environment as well
_MOST_PORTS = 24  # of one network, as the agent on EKS's nodes keeps them (EKS user guide, network policies)
_PRIVATE = tuple(
    map(ipaddress.IPv4Network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))
)  # RFC 1918, and RFC 6598, which clusters have pods in
# "This network", loopback, link-local (the metadata of nodes is there), multicast and what is reserved (RFC 6890).
_NO_HOSTS = tuple(
    map(ipaddress.IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"))
)


def _called_block(text: str) -> str:
    """Return the text of a network whose hosts a service may call.

    Raises:
        ValueError: it is everybody, too much of what is public or private, or has no hosts that could be called.
    """
    network = ipaddress.IPv4Network(text)
    if network.prefixlen == 0:
        raise ValueError("everybody; name the networks of what is called, as its operator publishes them")
    if network.prefixlen < _LARGEST_PUBLIC:
        raise ValueError(f"too much of the internet; give networks of /{_LARGEST_PUBLIC} or smaller")
    if any(network.overlaps(empty) for empty in _NO_HOSTS):
        raise ValueError("loopback, link-local, multicast or reserved; nobody that may be called is there")
    if network.prefixlen < _LARGEST_PRIVATE and any(network.overlaps(inside) for inside in _PRIVATE):
        raise ValueError(f"too much of what is private; give networks of /{_LARGEST_PRIVATE} or smaller there")
    return text


CalledBlock = Annotated[Cidr, AfterValidator(_called_block)]
"""Addresses outside of the platform: /8 or smaller on the internet, /16 or smaller in a network that is peered."""


class EgressSettings(Section):
    """What a service calls outside of the platform, by TCP: a payment provider, mail, sign-in."""

    name: Slug
    """What is there; the service's policy says it."""

    blocks: Annotated[tuple[CalledBlock, ...], Field(min_length=1, max_length=50)]
    """Its addresses: a policy knows no host names."""

    ports: Annotated[tuple[Port, ...], Field(min_length=1, max_length=20)] = (443,)
    """TCP ports there."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return blocks and ports that are named twice."""
        yield from repeated("blocks", self.blocks)
        yield from repeated("ports", [str(port) for port in self.ports])


def misconnected(port: int | None, callers: Sequence[str], egress: Sequence[EgressSettings]) -> Iterator[Contradiction]:
    """Return what is wrong with one service's connections; places are those of its section.

    Args:
        port: the one that it answers on, if any.
        callers: who may call it.
        egress: what it calls outside.
    """
    if port is None and callers:
        yield ("callers",), "nobody calls a service without a port; add its port, or remove callers"
    yield from repeated("callers", callers)
    yield from repeated("egress", [called.name for called in egress])
    ports: dict[str, set[int]] = {}
    for position, called in enumerate(egress):
        for number, block in enumerate(called.blocks):
            known = ports.setdefault(block, set())
            known.update(called.ports)
            if len(known) > _MOST_PORTS:
                yield ("egress", position, "blocks", number), f"called on more than {_MOST_PORTS} ports; name fewer"


def unreachable(
    services: "Mapping[str, ServiceSettings]", network: "NetworkSettings | None"
) -> Iterator[Contradiction]:
    """Return callers that there are not, and egress to where the platform itself is; places are of all settings.

    Args:
        services: the stack's.
        network: the one that the stack declares.
    """
    own = None if network is None else ipaddress.IPv4Network(network.block)
    for name, service in services.items():
        for position, caller in enumerate(service.callers):
            if caller not in services:
                wrong = "no such service; add it to services, or remove it here"
                yield ("services", name, "callers", position), wrong
        for position, called in enumerate(service.egress):
            for number, block in enumerate(called.blocks):
                if own is not None and own.overlaps(ipaddress.IPv4Network(block)):
                    wrong = "in network.block, where the platform is; a service that is called names its callers"
                    yield ("services", name, "egress", position, "blocks", number), wrong
