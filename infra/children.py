"""Commands that run side by side on the user's behalf, and how all of them are told to end.

Each is in a process group of its own, so that a signal reaches it once, from here: a second one makes the Pulumi CLI
drop what is under way. What they say goes into files, not pipes: when this process is killed, they go on to their end,
where a pipe without a reader would kill the engine in mid-update and leave its stack locked. Leaves a single command in
the foreground to `infra.foreground`.
"""

import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from infra.errors import Interrupted


@dataclass(frozen=True)
class Finished:
    """What a command left.

    Args:
        code: its exit code; negative for the signal that killed it.
        output: what it wrote to stdout; empty where that went into a file of the caller's.
        errors: what it wrote to stderr.
    """

    code: int
    output: str
    errors: str


class Children:
    """Any number of commands at once; after `end`, none is started any more."""

    def __init__(self, environment: Mapping[str, str], cwd: Path) -> None:
        """Start nothing yet.

        Args:
            environment: the whole environment of each.
            cwd: the working directory of each.
        """
        self._environment = dict(environment)
        self._cwd = cwd
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ended = threading.Event()

    @property
    def environment(self) -> Mapping[str, str]:
        """The whole environment of each."""
        return self._environment

    @property
    def ended(self) -> bool:
        """Whether they were told to end."""
        return self._ended.is_set()

    def run(self, command: Sequence[str], cwd: Path | None = None, output: IO[bytes] | None = None) -> Finished | None:
        """Run a command to its end; None when it was not started, as all were told to end before.

        Interrupted in the main thread, it tells the command to end, once, and waits until it has.

        Args:
            command: the program and its arguments.
            cwd: its working directory, where that is another.
            output: a file for what it writes to stdout, which may be more than fits into memory.

        Raises:
            OSError: it cannot be executed, or what it says kept nowhere.
        """
        with tempfile.TemporaryFile() as kept, tempfile.TemporaryFile() as errors:
            code = self._run(command, cwd or self._cwd, output or kept, errors)
            return None if code is None else Finished(code, _text(kept), _text(errors))

    def _run(self, command: Sequence[str], cwd: Path, output: IO[bytes], errors: IO[bytes]) -> int | None:
        with self._lock:
            if self.ended:
                return None
            process = subprocess.Popen(
                command,
                env=self._environment,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                process_group=0,
            )
            self._running.add(process)
        try:
            return process.wait()
        except (Interrupted, KeyboardInterrupt):  # where this is the main thread
            process.send_signal(signal.SIGINT)
            _wait_patiently(process)
            raise
        finally:
            with self._lock:
                self._running.discard(process)

    def end(self) -> None:
        """Tell each that runs to end, once, and start no more."""
        with self._lock:
            if self.ended:
                return
            self._ended.set()
            for process in self._running:
                process.send_signal(signal.SIGINT)


def _wait_patiently(process: "subprocess.Popen[bytes]") -> None:
    """Wait for the end of a command that was told to end; who is impatient meanwhile does not leave it behind."""
    while process.returncode is None:
        try:
            process.wait()
        except (Interrupted, KeyboardInterrupt):
            continue


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
