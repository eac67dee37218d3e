"""The arithmetic of addresses: three tiers in each zone from one block, and what is refused."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest

from infra.cidr import ZoneBlocks, divide

ZONES = ("a", "b", "c", "d")


def subnets(block: str, zones: tuple[str, ...] = ZONES) -> list[IPv4Network]:
    return [IPv4Network(text) for blocks in divide(block, zones).values() for text in vars(blocks).values()]


def test_a_block_of_16_bits_gives_each_zone_8190_private_addresses() -> None:
    assert divide("10.20.0.0/16", ["a", "b"]) == {
        "a": ZoneBlocks(private="10.20.0.0/19", public="10.20.32.0/22", data="10.20.36.0/22"),
        "b": ZoneBlocks(private="10.20.64.0/19", public="10.20.96.0/22", data="10.20.100.0/22"),
    }


@pytest.mark.parametrize("prefix", range(16, 21))
def test_no_two_subnets_overlap_and_all_are_inside(prefix: int) -> None:
    block = f"10.20.0.0/{prefix}"
    found = subnets(block)
    assert len(found) == 12
    assert all(subnet.subnet_of(IPv4Network(block)) for subnet in found)
    assert not [pair for pair in combinations(found, 2) if pair[0].overlaps(pair[1])]


@pytest.mark.parametrize("prefix", range(16, 21))
def test_every_subnet_is_one_that_aws_takes(prefix: int) -> None:
    assert all(16 <= subnet.prefixlen <= 28 for subnet in subnets(f"10.20.0.0/{prefix}"))


def test_a_zone_more_moves_no_subnet() -> None:
    two, three = divide("10.20.0.0/16", ZONES[:2]), divide("10.20.0.0/16", ZONES[:3])
    assert {zone: three[zone] for zone in two} == two


@pytest.mark.parametrize(
    ("block", "zones", "message"),
    [
        ("10.20.0.0/21", ZONES, "10.20.0.0/21 is too small for a network; give /16 to /20"),
        ("10.0.0.0/8", ZONES, "10.0.0.0/8 is too large for a network; give /16 to /20"),
        ("10.20.0.1/16", ZONES, "10.20.0.1/16 is no network in CIDR notation; give one as 10.20.0.0/16"),
        ("ten", ZONES, "ten is no network in CIDR notation; give one as 10.20.0.0/16"),
        ("10.20.0.0/33", ZONES, "10.20.0.0/33 is no network in CIDR notation; give one as 10.20.0.0/16"),
        (
            "11.20.0.0/16",
            ZONES,
            "11.20.0.0/16 is not a private network; take a block of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16",
        ),
        ("10.20.0.0/16", (), "0 availability zones do not fit into 10.20.0.0/16; name one to 4"),
        ("10.20.0.0/16", (*ZONES, "e"), "5 availability zones do not fit into 10.20.0.0/16; name one to 4"),
        ("10.20.0.0/16", ("b", "a", "b"), "zones are named twice: b; name each once"),
    ],
)
def test_a_wrong_division_is_refused_with_one_line(block: str, zones: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011  # compared whole below
        divide(block, zones)
    assert str(refusal.value) == message
