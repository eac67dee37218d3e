"""Valkey of a sandbox instance, on the instance's address, with TLS.

Owns its settings, data and password. The server itself listens on a unix socket only; the TLS proxy stands before it.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from infra.sandbox import files
from infra.sandbox.daemon import Daemon
from infra.sandbox.instance import Instance, Report, Status
from infra.sandbox.servers import leftovers, passwords, probe, storage
from infra.sandbox.servers.proxy import TLSProxy
from infra.sandbox.servers.wheels import valkey_server

_NAME = "valkey"
_READY_SECONDS = 60  # loading its data

_SETTINGS = """\
# Generated at each start; change infra/sandbox/servers/valkey.py instead.
port 0
unixsocket ../socket/valkey.sock
unixsocketperm 700
protected-mode yes
user default on #{digest} ~* &* +@all
dir ./data
appendonly yes
save ""
maxmemory {maxmemory}
maxmemory-policy {eviction}
daemonize no
logfile ""
always-show-logo no
set-proc-title no
"""


@dataclass(frozen=True)
class Valkey:
    """A Valkey server that is reached with TLS and a password only, and keeps its data.

    Args:
        instance: where it lives.
        maxmemory: how much data it holds, as `512mb`; from REQUIREMENTS, Data.
        eviction: what it does beyond that, as Valkey's `maxmemory-policy` calls it.
    """

    instance: Instance
    maxmemory: str = "512mb"
    eviction: str = "allkeys-lru"

    @property
    def name(self) -> str:
        """What users call it."""
        return _NAME

    @property
    def daemon(self) -> Daemon:
        """Its process."""
        return self.instance.daemon(_NAME)

    @property
    def directory(self) -> Path:
        """The folder of its data, settings, socket and password."""
        return self.instance.folder(_NAME)

    def start(self, report: Report) -> None:
        """Start server and proxy and return once they answer; does nothing when they do.

        Args:
            report: receives the progress.

        Raises:
            TenantryError: the files cannot be used, the address is taken, or something does not start.
        """
        with storage.explained(self.instance.directory), storage.exclusive(self.instance, _NAME):
            if self.daemon.is_running() and not self._complaint():
                return
            proxy = TLSProxy(self.instance)
            self._start_server(report)
            proxy.start(report)
            if self._complaint() == probe.NO_ANSWER:
                report("restarting Valkey, which runs but does not answer")
                self._stop_server(grace=5)
                self._start_server(report)
            self.daemon.wait_ready(lambda: not self._complaint(), seconds=_READY_SECONDS)

    def stop(self) -> None:
        """Stop the server, and the proxy when it is not needed any more; does nothing when it is stopped."""
        if not self.instance.directory.exists():
            return
        with storage.explained(self.instance.directory), storage.exclusive(self.instance, _NAME):
            self._stop_server(grace=30)
            TLSProxy(self.instance).stop_if_unused()

    def status(self) -> list[Status]:
        """Return the state of the server as its clients see it, through the proxy."""
        running = self.daemon.is_running()
        complaint = self._complaint() if running else ""
        address, port = self._endpoint
        return [Status(_NAME, f"{address}:{port}", running, running and not complaint, complaint)]

    def password(self) -> str:
        """Return the password of the user `default`."""
        return passwords.password(self.directory / "password")

    def url(self) -> str:
        """Return the URL of database 0; it holds the password."""
        address, port = self._endpoint
        return f"rediss://default:{self.password()}@{address}:{port}/0"

    def environment(self) -> dict[str, str]:
        """Return what a client needs: the URL, and the file of the CA that vouches for the server."""
        return {"REDIS_URL": self.url(), "REDIS_CA_FILE": str(self.instance.authority.certificate)}

    @property
    def _endpoint(self) -> tuple[str, int]:
        return TLSProxy(self.instance).endpoints()[_NAME]

    def _complaint(self) -> str:
        return probe.valkey(*self._endpoint, self.instance.authority.certificate, self.password())

    def _start_server(self, report: Report) -> None:
        if self.daemon.is_running():
            return
        self._clear()
        settings = self.directory / "valkey.conf"
        digest = hashlib.sha256(self.password().encode()).hexdigest()  # only who knows the password can use it
        text = _SETTINGS.format(digest=digest, maxmemory=self.maxmemory, eviction=self.eviction)
        files.replace(settings, text)
        for name in ("data", "socket"):
            (self.directory / name).mkdir(mode=0o700, exist_ok=True)
        report("starting Valkey")
        # Paths relate to the working directory: a path of a socket has at most 107 bytes, the project's may have more.
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        self.daemon.start([str(valkey_server()), settings.name], env=environment, cwd=self.directory)
        socket = self.directory / "socket" / "valkey.sock"
        self.daemon.wait_ready(socket.exists, seconds=_READY_SECONDS)

    def _stop_server(self, grace: float) -> None:
        leftovers.resume(self.directory / "data", "valkey-server")
        self.daemon.stop(grace=grace)
        self._clear()

    def _clear(self) -> None:
        leftovers.end(self.directory / "data", "valkey-server")
        shutil.rmtree(self.directory / "socket", ignore_errors=True)
