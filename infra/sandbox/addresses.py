"""Loopback addresses: each instance owns one 127.x.y.0/24 block, so that every server keeps its standard port.

Linux answers on all of 127.0.0.0/8 without set-up; the block is found by the instance's name and probed before use.
"""

import hashlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from infra.errors import TenantryError

_ATTEMPTS = 64


@dataclass(frozen=True)
class AddressBlock:
    """The addresses of one instance.

    Args:
        prefix: the first three octets, as `127.73.12`.
    """

    prefix: str

    @property
    def etcd(self) -> str:
        """etcd, port 2379 for clients and 2380 for peers; mutual TLS."""
        return f"{self.prefix}.2"

    @property
    def api_server(self) -> str:
        """kube-apiserver, port 6443."""
        return f"{self.prefix}.3"

    @property
    def controllers(self) -> str:
        """kube-controller-manager (10257), kube-scheduler (10259) and KWOK (10247)."""
        return f"{self.prefix}.4"

    @property
    def postgresql(self) -> str:
        """The TLS proxy before PostgreSQL, port 5432."""
        return f"{self.prefix}.5"

    @property
    def valkey(self) -> str:
        """The TLS proxy before Valkey, port 6379."""
        return f"{self.prefix}.6"

    @property
    def cloud(self) -> str:
        """The simulated AWS, port 5000; plain HTTP."""
        return f"{self.prefix}.7"

    def endpoints(self) -> list[tuple[str, int]]:
        """Return every (address, port) that an instance listens on."""
        return [
            (self.etcd, 2379),
            (self.etcd, 2380),
            (self.api_server, 6443),
            (self.controllers, 10257),
            (self.controllers, 10259),
            (self.controllers, 10247),
            (self.postgresql, 5432),
            (self.valkey, 6379),
            (self.cloud, 5000),
        ]

    def taken(self) -> list[tuple[str, int]]:
        """Return the endpoints that some process already listens on."""
        return [endpoint for endpoint in self.endpoints() if not is_free(*endpoint)]


def candidates(seed: str) -> Iterator[AddressBlock]:
    """Yield address blocks in an order fixed by `seed`; 127.0, 127.1 and the last octets are left to others."""
    digest = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big")
    for attempt in range(_ATTEMPTS):
        number = digest + attempt * 7919  # a prime, so that neighbours in the order are not neighbours in address
        yield AddressBlock(f"127.{64 + number % 128}.{1 + number // 128 % 250}")


def free_block(seed: str, reserved: frozenset[str]) -> AddressBlock:
    """Return the first block on which nothing listens.

    Args:
        seed: what the instance is known by; the same seed tries the same blocks first.
        reserved: prefixes that other instances of this sandbox own, running or not.

    Raises:
        TenantryError: no block is free.
    """
    for block in candidates(seed):
        if block.prefix not in reserved and not block.taken():
            return block
    address, port = next(iter(block.taken()), block.endpoints()[0])
    raise TenantryError(
        f"no loopback address block is free, not even its port {port}, which is held by {holder(address, port)}",
        f"{_ATTEMPTS} blocks of 127.64.0.0/9",
        "stop that process, or let it listen on one address instead of on all",
    )


def require_loopback() -> None:
    """Make sure that loopback addresses can be reached.

    Raises:
        TenantryError: the interface is down, as in a fresh network namespace; servers would start, and never answer.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("127.64.0.1", 9))  # sends nothing
        except OSError as error:
            what = f"loopback addresses cannot be reached ({error.strerror})"
            raise TenantryError(what, "the interface lo", "run `ip link set lo up`") from error


def holder(address: str, port: int) -> str:
    """Return the process that listens on an address, as far as this user may know it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return "another process"
    ways = {address, "0.0.0.0", "::"}  # noqa: S104 # compared with, not bound to
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr or connection.pid is None:
            continue
        if connection.laddr.port == port and connection.laddr.ip in ways:
            return _called(connection.pid)
    return "another process"


def _called(pid: int) -> str:
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"


def is_free(address: str, port: int) -> bool:
    """Whether nobody listens on an address, and the machine lets it be used."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
