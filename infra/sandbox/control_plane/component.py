"""One process of the control plane: how it is started, and how to tell that it is well.

Owns what all of them share: nothing starts on an address that somebody else holds, and a process whose command line or
files changed since it started (a reissued certificate, say) is restarted.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import TenantryError
from infra.sandbox.addresses import holder
from infra.sandbox.daemon import Daemon
from infra.sandbox.instance import Instance, Status
from infra.sandbox.waiting import wait_until

_SETTLING = 2.0  # seconds; a killed process is gone before its last thread has given back its sockets
_LARGEST_LOG = 8 * 1024 * 1024  # bytes; a larger log is set aside when its process starts

_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    # Percent of garbage: until an API server is up it takes 4.3 s of processor time and 580 MiB; by Go's own number,
    # 100, 5.0 s and 410 MiB, and by 40 7.1 s and 300 MiB.
    "GOGC": "200",
}


def _nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True, kw_only=True)
class Component:
    """A process of the control plane.

    Args:
        name: what users call it, and the name of its pid file and log.
        command: the program and its arguments.
        healthy: a cheap check over verified TLS; False while it starts.
        endpoints: every (address, port) that it listens on.
        prepare: writes files that it needs, before each start.
        newly: arguments made anew for each process; they do not count as a change.
        files: files it reads once, when it starts.
        settings: environment variables, added to a minimal environment.
        grace: seconds between the polite signal and SIGKILL.
    """

    name: str
    command: Sequence[str]
    healthy: Callable[[], bool]
    endpoints: Sequence[tuple[str, int]] = ()
    prepare: Callable[[], None] = _nothing
    newly: Callable[[], Sequence[str]] = tuple
    files: Sequence[Path] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    grace: float = 5.0

    def start(self, instance: Instance) -> bool:
        """Start the process unless it runs already, exactly as it is described now; return whether it was started.

        Raises:
            TenantryError: a foreign process holds one of its addresses, or the program cannot be executed.
        """
        if self.is_current(instance):
            return False
        daemon = instance.daemon(self.name)
        daemon.stop(grace=self.grace)
        self._refuse_taken_endpoints(instance)
        _set_aside_large_log(daemon)
        daemon.start(
            [*self.command, *self.newly()], env={"HOME": str(instance.directory), **_ENVIRONMENT, **self.settings}
        )
        self._stamp(instance).write_text(self._fingerprint())
        return True

    def is_current(self, instance: Instance) -> bool:
        """Whether the process runs, and was started exactly as it is described now."""
        self.prepare()
        daemon, stamp = instance.daemon(self.name), self._stamp(instance)
        return daemon.is_running() and stamp.exists() and stamp.read_text() == self._fingerprint()

    def wait_healthy(self, instance: Instance, seconds: float = 60.0) -> None:
        """Return once the process is healthy; one that died meanwhile is started once more.

        Raises:
            TenantryError: it stopped, or was not healthy in time.
        """
        daemon = instance.daemon(self.name)
        try:
            daemon.wait_ready(self.healthy, seconds=seconds)
        except TenantryError:
            if daemon.is_running():
                raise
            self.start(instance)
            daemon.wait_ready(self.healthy, seconds=seconds)

    def status(self, instance: Instance) -> Status:
        """Return how the process is."""
        daemon = instance.daemon(self.name)
        process = daemon.process()
        endpoint = ":".join(map(str, self.endpoints[0])) if self.endpoints else ""
        if process is None:
            return Status(self.name, endpoint, running=False, healthy=False, detail="stopped")
        healthy = self.healthy()
        detail = f"pid {process.pid}" if healthy else f"does not answer its health check, see {daemon.log}"
        return Status(self.name, endpoint, running=True, healthy=healthy, detail=detail)

    def _stamp(self, instance: Instance) -> Path:
        return instance.folder("run") / f"{self.name}.stamp"

    def _fingerprint(self) -> str:
        settings = (f"{name}={value}" for name, value in sorted(self.settings.items()))
        digest = hashlib.sha256("\0".join([*self.command, *settings]).encode())
        for path in (Path(self.command[0]), *self.files):
            facts = path.stat()
            digest.update(f"{path}\0{facts.st_mtime_ns}\0{facts.st_size}\0".encode())
        return digest.hexdigest()

    def _refuse_taken_endpoints(self, instance: Instance) -> None:
        try:
            wait_until(lambda: not self._taken_endpoints(instance), seconds=_SETTLING, what="", where="", remedy="")
        except TenantryError as error:
            address, port = (self._taken_endpoints(instance) or [self.endpoints[0]])[0]
            what = f"{self.name} cannot listen on {address}:{port}"
            remedy = "stop that process, then run `make up`"
            raise TenantryError(what, f"held by {holder(address, port)}", remedy) from error

    def _taken_endpoints(self, instance: Instance) -> list[tuple[str, int]]:
        return sorted(set(instance.addresses.taken()) & set(self.endpoints)) if self.endpoints else []


def _set_aside_large_log(daemon: Daemon) -> None:
    if daemon.log.exists() and daemon.log.stat().st_size > _LARGEST_LOG:
        daemon.log.replace(daemon.log.with_suffix(".old.log"))
