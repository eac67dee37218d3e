"""One container of a pod on the host: a process in its own session, and its state as Kubernetes words it."""

import datetime
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LARGEST_MESSAGE = 2048  # bytes; the kubelet's limit for a log used as termination message
_LONGEST_PAUSE = 10.0  # seconds between restarts, at most; a kubelet goes up to 300
_CANNOT_START = 128  # the exit code that container runtimes report


def now() -> str:
    """Return the current time as Kubernetes writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class HostContainer:
    """A container's process, restarted as its pod's policy asks.

    Args:
        spec: the container's part of the pod.
        log: the file that its output is appended to.
        restart_policy: `Always`, `OnFailure` or `Never`.
    """

    spec: Mapping[str, Any]
    log: Path
    restart_policy: str
    restarts: int = 0
    state: dict[str, Any] = field(default_factory=lambda: {"waiting": {"reason": "PodInitializing"}})
    last_state: dict[str, Any] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None
    _log_start: int = 0
    _started: str = ""
    _restart_at: float | None = None

    @property
    def name(self) -> str:
        """The container's name in its pod."""
        return str(self.spec["name"])

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return "running" in self.state

    @property
    def exit_code(self) -> int | None:
        """Its exit code, once it has ended for good."""
        code = self.state.get("terminated", {}).get("exitCode")
        return None if self._restart_at is not None or code is None else int(code)

    def wait_for(self, reason: str, message: str) -> bool:
        """Say why it does not start; return whether that is news."""
        state = {"waiting": {"reason": reason, "message": message}}
        changed, self.state = state != self.state, state
        return changed

    def start(self, command: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        """Start the process; one that cannot be started counts as ended with exit code 128."""
        self._restart_at = None
        self._started = now()
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=dict(environment),
                    cwd=folder,
                    start_new_session=True,
                    umask=0o077,
                )
            except (OSError, ValueError) as error:
                output.write(f"cannot start {command[0]}: {error}\n".encode())
                output.flush()
                self._end(_CANNOT_START, "StartError")
                return
        self.state = {"running": {"startedAt": self._started}}

    def poll(self) -> bool:
        """Notice the end of the process, and that a restart is due; return whether the state changed."""
        if self.running and self._process is not None:
            code = self._process.poll()
            if code is None:
                return False
            kill_group(self._process.pid, signal.SIGKILL)  # what it left behind in its session
            self._end(code if code >= 0 else 128 - code, "Completed" if code == 0 else "Error")
            return True
        return False

    @property
    def restart_due(self) -> bool:
        """Whether it is to be started again now."""
        return self._restart_at is not None and time.monotonic() >= self._restart_at

    def end(self, grace: float) -> None:
        """Stop the process: SIGTERM to its group, SIGKILL after `grace` seconds; it is not restarted."""
        self.restart_policy, self._restart_at = "Never", None
        if not self.running or self._process is None:
            return
        kill_group(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            kill_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self.poll()

    def status(self) -> dict[str, Any]:
        """Return its entry in the pod's status."""
        return {
            "name": self.name,
            "image": self.spec["image"],
            "imageID": "",
            "ready": self.running,
            "started": self.running,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last_state,
        }

    def _end(self, code: int, reason: str) -> None:
        facts = {"exitCode": code, "reason": reason, "startedAt": self._started, "finishedAt": now()}
        if code != 0:
            facts["message"] = self._tail()
        self.state = {"terminated": facts}
        if self.restart_policy == "Always" or (self.restart_policy == "OnFailure" and code != 0):
            self.last_state = self.state
            self.state = {"waiting": {"reason": "CrashLoopBackOff", "message": f"restarts after exit code {code}"}}
            self._restart_at = time.monotonic() + min(2.0**self.restarts, _LONGEST_PAUSE)
            self.restarts += 1

    def _tail(self) -> str:
        with self.log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, end - _LARGEST_MESSAGE))
            return log.read().decode(errors="replace")


def kill_group(pid: int, number: int) -> None:
    """Send a signal to the process group that `pid` leads, if it is still there."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return
