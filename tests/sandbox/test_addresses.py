"""Addresses: what holds a port is named."""

import os
import socket
import subprocess
import sys

import pytest

from infra.errors import TenantryError
from infra.sandbox import addresses


def test_a_port_that_is_taken_on_every_address_is_named_with_its_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere:  # what the test is about
        port = everywhere.getsockname()[1]
        monkeypatch.setattr(addresses.AddressBlock, "endpoints", lambda block: [(block.postgresql, port)])
        with pytest.raises(TenantryError, match=rf"port {port}, which is held by .*pid {os.getpid()}"):
            addresses.free_block("example", frozenset())


def test_a_loopback_interface_that_is_down_is_told_at_once() -> None:
    addresses.require_loopback()
    script = "from infra.sandbox import addresses; addresses.require_loopback()"
    prefix = ["unshare", "--user", "--net", "--"]
    if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no network namespace can be made here")
    finished = subprocess.run([*prefix, sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "TenantryError: loopback addresses cannot be reached (Network is unreachable), the interface lo" in (
        finished.stderr
    )
