"""Starts and stops the TLS proxy of an instance.

Owns the proxy's settings and certificates, and the question whether the running one still has the right ones. Leaves
the work to the process of `tls_proxy`.
"""

import errno
import hashlib
import json
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.errors import TenantryError
from infra.sandbox import files
from infra.sandbox.addresses import holder
from infra.sandbox.daemon import Daemon
from infra.sandbox.instance import Instance, Report, Status
from infra.sandbox.servers import greeting, probe, storage, tls_proxy, tls_stream

_NAME = "tls-proxy"
_READY_SECONDS = 30
_GRACE = 2  # seconds; it has nothing to save
_SOCKETS = {
    "postgresql": Path("postgresql/socket/.s.PGSQL.5432"),
    "valkey": Path("valkey/socket/valkey.sock"),
}


@dataclass(frozen=True)
class TLSProxy:
    """The one process that gives an instance's PostgreSQL and Valkey their addresses and TLS.

    Args:
        instance: whose servers it stands before.
    """

    instance: Instance

    @property
    def name(self) -> str:
        """What users call it."""
        return _NAME

    @property
    def daemon(self) -> Daemon:
        """Its process."""
        return self.instance.daemon(_NAME)

    def endpoints(self) -> dict[str, tuple[str, int]]:
        """Return where it listens, by protocol."""
        addresses = self.instance.addresses
        return {"postgresql": (addresses.postgresql, 5432), "valkey": (addresses.valkey, 6379)}

    def start(self, report: Report) -> None:
        """Start it, or start it anew when its certificates, addresses or program have changed since.

        Args:
            report: receives the progress.

        Raises:
            TenantryError: an address is taken, or it does not start.
        """
        with storage.exclusive(self.instance, _NAME), storage.explained(self.instance.directory):
            wanted = self._settings()
            if self._file.exists() and self._file.read_text() == wanted and self._answers():
                return
            self.daemon.stop(grace=_GRACE)
            for endpoint in self.endpoints().values():
                _require_free(*endpoint)
            report("starting the TLS proxy")
            files.replace(self._file, wanted)
            command = [sys.executable, "-P", "-m", tls_proxy.__name__, str(self._file.relative_to(self._root))]
            environment = {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "1"}
            self.daemon.start(command, env=environment, cwd=self._root)
            self.daemon.wait_ready(self._answers, seconds=_READY_SECONDS)

    def stop(self) -> None:
        """Stop it; its clients lose their connections."""
        with storage.exclusive(self.instance, _NAME):
            self.daemon.stop(grace=_GRACE)

    def stop_if_unused(self) -> None:
        """Stop it unless a server that it stands before is running."""
        with storage.exclusive(self.instance, _NAME):
            if not any(self.instance.daemon(server).is_running() for server in _SOCKETS):
                self.daemon.stop(grace=_GRACE)

    def status(self) -> list[Status]:
        """Return the state of the process; its endpoints are listed with the servers."""
        running = self.daemon.is_running()
        return [Status(_NAME, "", running, running and self._answers())]

    @property
    def _root(self) -> Path:
        return self.instance.directory

    @property
    def _file(self) -> Path:
        return self.instance.folder(_NAME) / "settings.json"

    def _settings(self) -> str:
        """Return the settings; certificates and program stand in them by digest, so that a change of either shows."""
        digest = hashlib.sha256()
        listeners = []
        for protocol, (address, port) in self.endpoints().items():
            host = f"{protocol}.{self.instance.name}.tenantry.internal"
            pair = self.instance.authority.issue(protocol, common_name=host, hosts=[address, host])
            digest.update(pair.certificate.read_bytes() + pair.key.read_bytes())
            paths = {"upstream": self._root / _SOCKETS[protocol], "certificate": pair.certificate, "key": pair.key}
            relative = {name: str(path.relative_to(self._root)) for name, path in paths.items()}
            listeners.append({"protocol": protocol, "address": address, "port": port, **relative})
        for program in (greeting.__file__, tls_proxy.__file__, tls_stream.__file__):
            digest.update(Path(program).read_bytes())
        return json.dumps({"digest": digest.hexdigest(), "listeners": listeners}, indent=2) + "\n"

    def _answers(self) -> bool:
        endpoints = self.endpoints()
        return (
            self.daemon.is_running()
            and probe.offers_tls(*endpoints["postgresql"])
            and probe.accepts(*endpoints["valkey"])
        )


def _require_free(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise TenantryError(
                    f"the address cannot be used ({error.strerror})",
                    f"{address}:{port}",
                    "check the loopback interface",
                ) from error
            raise TenantryError(
                f"the address is taken by {holder(address, port)}", f"{address}:{port}", "stop that process"
            ) from error
