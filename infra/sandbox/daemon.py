"""A background process that outlives the command which started it.

Owns the pid file and the question "is this still my process?". A pid file holds the pid and the process's creation
time, so that a stale file, left by a crash or a reboot, never points at somebody else's process.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

import psutil

from infra.errors import TenantryError
from infra.sandbox import files
from infra.sandbox.waiting import wait_until

_ORPHANS_GRACE = 1.0  # seconds for children to end by themselves once their parent has
_KILL_GRACE = 5.0  # seconds for the kernel to end a killed process that was in a system call
_SIGKILL_BIT = 1 << (SIGKILL - 1)
_EXITING = 0x4  # PF_EXITING, see proc_pid_stat(5)


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """One process, known by its pid file.

    Args:
        name: what to call it in messages.
        pid_file: where its pid and creation time are kept; its folder must exist.
        log: the file that its output is appended to.
    """

    name: str
    pid_file: Path
    log: Path

    def process(self) -> psutil.Process | None:
        """Return the running process, or None when it is gone or the pid file is stale.

        Of a process that has been killed but is not gone yet, this waits for the end: whoever took it for a running one
        would start nothing and find it dead a moment later.
        """
        try:
            record = json.loads(self.pid_file.read_text())
            process = psutil.Process(record["pid"])
            same = abs(process.create_time() - record["created"]) < 0.02  # clock ticks are 10 ms
            if same and _is_alive(process):
                return process if not _is_ending(process) or _wait_gone([process], _KILL_GRACE) else None
        except (OSError, ValueError, KeyError, TypeError, psutil.NoSuchProcess):
            return None
        return None

    def is_running(self) -> bool:
        """Whether the very process that was started is still alive."""
        return self.process() is not None

    def start(self, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        """Start `command` in its own session, unless it runs already.

        Args:
            command: the program and its arguments.
            env: the whole environment of the process; by default the caller's.
            cwd: its working directory; by default the folder of the pid file.

        Raises:
            TenantryError: the program cannot be executed.
        """
        if self.is_running():
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=None if env is None else dict(env),
                    cwd=cwd or self.pid_file.parent,
                    start_new_session=True,
                    close_fds=True,
                )
            except OSError as error:
                raise TenantryError(
                    f"{self.name} cannot be started ({error.strerror})", command[0], "run `make up`"
                ) from error
        try:
            record = {"pid": process.pid, "created": psutil.Process(process.pid).create_time()}
            files.replace(self.pid_file, json.dumps(record))
        except (OSError, psutil.NoSuchProcess):
            process.kill()
            process.wait()
            raise

    def stop(self, *, grace: float = 10.0, signal: int | None = None) -> None:
        """Stop the process and everything in its session, and remove the pid file.

        Args:
            grace: seconds between the polite signal and SIGKILL.
            signal: the polite signal; SIGTERM by default. Children are the process's own to end; those that it leaves
                behind are killed.
        """
        record = self._record()
        process = self.process()
        if process is not None:
            family = [process, *_descendants(process)]
            _signal_quietly(process, signal)
            _wait_gone([process], grace)
            alive = _wait_gone(family, _ORPHANS_GRACE)
            for left in alive:
                _kill_quietly(left)
            _wait_gone(alive, _KILL_GRACE)
        if self._record() == record:  # who watches over it may have started another one meanwhile
            self.pid_file.unlink(missing_ok=True)

    def _record(self) -> str:
        try:
            return self.pid_file.read_text()
        except OSError:
            return ""

    def wait_ready(self, condition: Callable[[], bool], *, seconds: float) -> None:
        """Wait until `condition()` holds, and stop waiting at once when the process dies.

        Args:
            condition: a cheap health check that returns False while the process is starting.
            seconds: the longest wait, in seconds.

        Raises:
            TenantryError: the process ended, or was not ready in time; the message carries the end of its log.
        """

        def ready() -> bool:
            if not self.is_running():
                raise TenantryError(f"{self.name} stopped while starting: {self.tail()}", str(self.log), "read the log")
            return condition()

        wait_until(
            ready,
            seconds=seconds,
            what=f"{self.name} was not ready",
            where=str(self.log),
            remedy="read the log",
        )

    def tail(self, lines: int = 5) -> str:
        """Return the last lines of the log, for an error message."""
        try:
            return " | ".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "no log"


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []  # it has ended by itself just now


def _wait_gone(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until the processes have ended, and return those that have not."""
    deadline = time.monotonic() + seconds
    alive = [process for process in processes if _is_alive(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(0.02)
        alive = [process for process in alive if _is_alive(process)]
    return alive


def _is_alive(process: psutil.Process) -> bool:
    """Whether any thread of a process lives, and keeps its sockets open; an unreaped zombie has none but its first."""
    try:
        return process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False


def _is_ending(process: psutil.Process) -> bool:
    """Whether the kernel has begun to end a process, or will: it is exiting, or SIGKILL is on its way to it."""
    folder = Path("/proc", str(process.pid))
    try:
        pending = [int(line.split()[1], 16) for line in (folder / "status").read_text().splitlines() if "Pnd:" in line]
        flags = int((folder / "stat").read_text().rpartition(")")[2].split()[6])
    except OSError:
        return True  # it has just gone
    return bool(flags & _EXITING) or any(signals & _SIGKILL_BIT for signals in pending)


def _signal_quietly(process: psutil.Process, signal: int | None) -> None:
    try:
        if signal is None:
            process.terminate()
        else:
            os.kill(process.pid, signal)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return


def _kill_quietly(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
