"""Addresses: what holds a port is named."""

import os
import socket
import subprocess
import sys

import pytest

from infra.errors import TenantryError
from infra.sandbox import addresses

_REQUIRE = "from infra.sandbox import addresses; addresses.require_loopback()"
_REFUSED = f"""
import errno, os, socket
def refuse(*_):
    raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
socket.socket = type("socket", (socket.socket,), {{"connect": refuse}})
{_REQUIRE}
"""
"""The same where the machine lets nobody make a network namespace: the kernel's refusal is given."""


def test_a_port_that_is_taken_on_every_address_is_named_with_its_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere:  # what the test is about
        port = everywhere.getsockname()[1]
        monkeypatch.setattr(addresses.AddressBlock, "endpoints", lambda block: [(block.postgresql, port)])
        with pytest.raises(TenantryError, match=rf"port {port}, which is held by .*pid {os.getpid()}"):
            addresses.free_block("example", frozenset())


def test_a_loopback_interface_that_is_down_is_told_at_once() -> None:
    addresses.require_loopback()
    namespace = ["unshare", "--user", "--net", "--"]  # its loopback interface is down at first
    can = subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0
    for command in ([sys.executable, "-c", _REFUSED], *([[*namespace, sys.executable, "-c", _REQUIRE]] if can else [])):
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "TenantryError: loopback addresses cannot be reached (Network is unreachable), the interface lo" in (
            finished.stderr
        )
