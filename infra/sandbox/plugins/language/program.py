"""A child process of the language host: the user's program, or a plugin written in Python.

Owns its end: every child dies when it is cancelled, when the host is told to stop, and when the engine is gone.

Children stay in the host's process group, which is the plugin's own: the engine interrupts the whole group when it
closes, and kills the whole group 5 s later (`ExecPlugin` in its plugin.go).

A child is ended by SIGTERM, where the official host sends SIGINT: a program that is interrupted dies of a
KeyboardInterrupt somewhere inside the SDK, and its traceback of thirty lines would bury "preview canceled".
"""

import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

GRACE = 4.0
"""Seconds between SIGTERM and SIGKILL; less than the engine's 5, so that the host ends its children itself."""

_CHUNK = 64 * 1024  # bytes of output handed on at once


class Children:
    """Every child that runs at the moment; none is started after `stop`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Child] = set()
        self._stopped = False

    def start(
        self, command: Sequence[str], env: Mapping[str, str], *, cwd: Path | None = None, piped: bool = False
    ) -> "Child":
        """Start a child.

        Args:
            command: the program and its arguments.
            env: its whole environment.
            cwd: its working directory; by default the host's.
            piped: whether its output comes here through pipes; otherwise it writes to the host's own standard output
                and error, which the engine shows line by line.

        Raises:
            OSError: it cannot be executed.
            InterruptedError: the host is stopping.
        """
        output = subprocess.PIPE if piped else None
        with self._lock:
            if self._stopped:
                raise InterruptedError("the language host was cancelled")
            # No preexec_fn: it would run Python between fork and exec while gRPC's threads hold locks.
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(env), cwd=cwd
            )
            child = Child(process, self)
            self._running.add(child)
        return child

    def forget(self, child: "Child") -> None:
        """Take note that `child` ended."""
        with self._lock:
            self._running.discard(child)

    def stop(self, grace: float = GRACE) -> None:
        """Tell every child to end, and start no other.

        Args:
            grace: seconds to wait before SIGKILL.
        """
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for child in running:
            child.end(grace)


class Child:
    """One process. Any thread may end it while another waits for it."""

    def __init__(self, process: "subprocess.Popen[bytes]", siblings: Children) -> None:
        self.process = process
        self._siblings = siblings
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def output(self) -> Iterator[tuple[str, bytes]]:
        """Yield `("stdout" or "stderr", bytes)` as a piped child writes them, until it closes both."""
        chunks: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

        def forward(name: str, stream: IO[bytes]) -> None:
            with stream:
                while chunk := stream.read1(_CHUNK):  # type: ignore[attr-defined]  # Popen's pipes are BufferedReaders
                    chunks.put((name, chunk))
            chunks.put((name, b""))

        streams = {"stdout": self.process.stdout, "stderr": self.process.stderr}
        for name, stream in streams.items():
            assert stream, "the child was not started with pipes"
            threading.Thread(target=forward, args=(name, stream), daemon=True).start()
        while streams:
            name, chunk = chunks.get()
            if chunk:
                yield name, chunk
            else:
                del streams[name]

    def wait(self) -> int:
        """Wait for its end and return the exit code; negative when a signal killed it."""
        code = self.process.wait()
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
        self._siblings.forget(self)
        return code

    def end(self, grace: float = GRACE) -> None:
        """Tell it to end, and kill it after `grace` seconds; does nothing when it ended or was told before."""
        with self._lock:
            if self._timer is not None or self.process.poll() is not None:
                return
            self._timer = threading.Timer(grace, self.process.kill)
            self._timer.daemon = True
            self._timer.start()
        self.process.terminate()


def failure(code: int) -> str:
    """Say how a program ended, in the official host's words.

    Args:
        code: a non-zero exit code as `Child.wait` returns it. The official host says -1 for every signal; here the
            signal is named as well.
    """
    if code > 0:
        return f"program exited with non-zero exit code: {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"program exited with non-zero exit code: -1 (killed by {name})"
