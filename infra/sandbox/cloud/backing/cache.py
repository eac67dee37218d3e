"""One replication group's Valkey: one server whatever number of nodes is asked for, its proxy and its tokens.

A change of token, parameters or encryption restarts it, which ends its clients' connections; AWS would keep them.
"""

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.sandbox import files
from infra.sandbox.cloud.backing import records
from infra.sandbox.cloud.backing.front import Front
from infra.sandbox.cloud.backing.records import Record
from infra.sandbox.cloud.backing.site import CACHES, Site
from infra.sandbox.daemon import Daemon
from infra.sandbox.servers import leftovers, probe
from infra.sandbox.servers.wheels import valkey_server

if TYPE_CHECKING:
    from infra.sandbox.cloud.backing.wanted import Cache  # loads moto

KIND = CACHES
_READY_SECONDS = 60  # loading its data
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}

_SETTINGS = """\
# Generated at each start; change infra/sandbox/cloud/backing/cache.py instead.
{listening}
unixsocket ../socket/valkey.sock
unixsocketperm 700
user default on {access} ~* &* +@all
dir ./data
appendonly yes
save ""
maxmemory 512mb
daemonize no
logfile ""
always-show-logo no
set-proc-title no
"""

_HONOURED = {
    "maxmemory-policy": re.compile(r"noeviction|(allkeys|volatile)-(lru|lfu|random)|volatile-ttl"),
    "timeout": re.compile(r"\d{1,6}"),
    "notify-keyspace-events": re.compile(r"[A-Za-z$]{1,20}"),
    "maxmemory-samples": re.compile(r"\d{1,3}"),
}
"""Parameters that the server is given, and their values."""

_DEFAULTS = {"maxmemory-policy": "volatile-lru"}  # of ElastiCache's default parameter groups


@dataclass(frozen=True)
class Server:
    """The Valkey of one key.

    Args:
        site: where it lives.
        key: the group's key.
    """

    site: Site
    key: str

    def ensure(self, wanted: "Cache") -> str:
        """Let it run as wanted; return its address.

        Raises:
            TenantryError: it does not start.
            OSError: its files cannot be used.
        """
        address = self.site.address(self.key, wanted.port)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        records.keep(self._folder, Record(wanted.identifier, wanted.region, address, wanted.port, tls=wanted.tls))
        settings = _settings(wanted, address)
        file = self._folder / "valkey.conf"
        if not self._daemon.is_running() or file.read_text() != settings:
            self._stop_server()
            for name in ("data", "socket"):
                (self._folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            files.replace(file, settings)
            self._daemon.start([str(valkey_server()), file.name], env=_ENVIRONMENT, cwd=self._folder)
            self._daemon.wait_ready(self._socket.exists, seconds=_READY_SECONDS)
        if wanted.tls:
            self._front.ensure(address, wanted.port)
        else:
            self._front.stop()
            self._daemon.wait_ready(lambda: probe.accepts(address, wanted.port), seconds=_READY_SECONDS)
        return address

    def is_running(self) -> bool:
        """Whether the server runs, and its proxy if it has one."""
        has_proxy = self._front.daemon.pid_file.exists()
        return self._daemon.is_running() and (not has_proxy or self._front.daemon.is_running())

    def stop(self) -> None:
        """Stop server and proxy; does nothing when they are stopped."""
        if self._folder.exists():
            self._front.stop()
            self._stop_server()

    def remove(self) -> None:
        """Stop it and delete all that it has."""
        self.stop()
        self.site.remove(KIND, self.key)
        self.site.release(self.key)

    @property
    def _folder(self) -> Path:
        return self.site.folder(KIND, self.key)

    @property
    def _socket(self) -> Path:
        return self._folder / "socket" / "valkey.sock"

    @property
    def _daemon(self) -> Daemon:
        return Daemon(name=self.key, pid_file=self._folder / "server.pid", log=self._folder / "server.log")

    @property
    def _front(self) -> Front:
        return Front(site=self.site, key=self.key, folder=self._folder, protocol="valkey", upstream=self._socket)

    def _stop_server(self) -> None:
        leftovers.resume(self._folder / "data", "valkey-server")
        self._daemon.stop(grace=30)
        leftovers.end(self._folder / "data", "valkey-server")
        shutil.rmtree(self._folder / "socket", ignore_errors=True)


def _settings(wanted: "Cache", address: str) -> str:
    # Only the proxy speaks TLS; without TLS the server listens itself, where `protected-mode` would refuse no password.
    plain = f"port {wanted.port}\nbind {address}\nprotected-mode no"
    access = " ".join(f"#{hashlib.sha256(token.encode()).hexdigest()}" for token in wanted.tokens) or "nopass"
    honoured = {
        name: value
        for name, allowed in _HONOURED.items()
        if allowed.fullmatch(value := wanted.parameters.get(name, _DEFAULTS.get(name, "")))
    }
    own = "".join(f"{name} {value}\n" for name, value in honoured.items())
    return _SETTINGS.format(listening="port 0" if wanted.tls else plain, access=access) + own
