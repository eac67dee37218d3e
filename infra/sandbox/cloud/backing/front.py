"""The TLS proxy before one backed server: a process of its own, so that a change interrupts nobody else's clients."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.sandbox import files
from infra.sandbox.cloud.backing.site import Site
from infra.sandbox.daemon import Daemon
from infra.sandbox.servers import probe, tls_proxy

_READY_SECONDS = 30
_GRACE = 2  # seconds; it has nothing to save


@dataclass(frozen=True, kw_only=True)
class Front:
    """A proxy with one address.

    Args:
        site: where it lives.
        key: the server that it stands before.
        folder: the server's folder.
        protocol: `postgresql` or `valkey`.
        upstream: the server's unix socket.
    """

    site: Site
    key: str
    folder: Path
    protocol: str
    upstream: Path

    @property
    def daemon(self) -> Daemon:
        """Its process."""
        return Daemon(
            name=f"the proxy of {self.key}", pid_file=self.folder / "front.pid", log=self.folder / "front.log"
        )

    def ensure(self, address: str, port: int) -> None:
        """Let it run with this endpoint; does nothing when it does.

        Raises:
            TenantryError: it does not start.
        """
        wanted = self._settings(address, port)
        file = self.folder / "front.json"
        if self.daemon.is_running() and file.read_text() == wanted:
            return
        self.daemon.stop(grace=_GRACE)
        files.replace(file, wanted)
        command = [sys.executable, "-P", "-m", tls_proxy.__name__, str(file.relative_to(self.site.root))]
        environment = {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "1"}
        self.daemon.start(command, env=environment, cwd=self.site.root)
        self.daemon.wait_ready(lambda: probe.accepts(address, port), seconds=_READY_SECONDS)

    def allow_plain(self, *, allowed: bool) -> None:
        """Let clients of PostgreSQL connect without TLS from now on, or no longer; interrupts no connection."""
        if allowed:
            self._plain.touch(mode=0o600)
        else:
            self._plain.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop it; clients lose their connections."""
        self.daemon.stop(grace=_GRACE)

    @property
    def _plain(self) -> Path:
        return self.folder / "plain-allowed"

    def _settings(self, address: str, port: int) -> str:
        pair = self.site.certificate(self.key, address)
        paths = {"upstream": self.upstream, "certificate": pair.certificate, "key": pair.key, "plain": self._plain}
        relative = {name: str(path.relative_to(self.site.root)) for name, path in paths.items()}
        listener = {"protocol": self.protocol, "address": address, "port": port, **relative}
        return json.dumps({"listeners": [listener]}, indent=2) + "\n"
