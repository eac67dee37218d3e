"""Updates that a test interrupts at a moment which their own events define.

Owns starting an update, waiting for that moment, and finding the processes that belong to it. Leaves what must hold
afterwards to `consistency`.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.sandbox.waiting import wait_until
from tests.engine.events import Progress
from tests.engine.stack import Result, Stack

_LONGEST = 120.0  # seconds; only a hang takes as long


@dataclass(frozen=True)
class Update:
    """A `pulumi up` that is under way."""

    stack: Stack
    process: subprocess.Popen[str]
    progress: Progress

    def reach(self, events: int, seconds: float = _LONGEST) -> "Update":
        """Return once `events` operations have started or finished; fail when there are not as many in `seconds`."""

        def reached() -> bool:
            ended = self.process.poll() is not None  # asked first: what it wrote before its end counts
            count = len(self.progress.operations())
            assert count >= events or not ended, f"the update ended after {count} events, before {events}:\n{self}"
            return count >= events

        return self._wait(reached, f"{events} events did not come", seconds)

    def reach_start_of(self, name: str) -> "Update":
        """Return once the operation on the resource `name` has started; fail when the update ends before."""

        def reached() -> bool:
            ended = self.process.poll() is not None
            started = any(operation.name == name for operation in self.progress.operations())
            assert started or not ended, f"the update ended before {name} began:\n{self}"
            return started

        return self._wait(reached, f"{name} did not begin")

    def _wait(self, reached: Callable[[], bool], what: str, seconds: float = _LONGEST) -> "Update":
        wait_until(reached, seconds=seconds, what=what, where=str(self.progress.log), remedy="", every=0.005)
        return self

    def kill(self) -> None:
        """End the engine at once, and nothing else: SIGKILL."""
        assert self.process.poll() is None, f"the update had ended:\n{self}"
        self.process.kill()
        self.process.communicate()

    def interrupt(self) -> Result:
        """Press Ctrl-C in the engine's terminal, and return what the engine left."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.result()

    def result(self) -> Result:
        """Return what the update left once it has ended by itself."""
        output, errors = self.process.communicate(timeout=_LONGEST)
        return Result(self.process.returncode, output, errors)

    def __str__(self) -> str:
        if self.process.poll() is None:
            return "the update is still under way"
        output, errors = self.process.communicate()
        return output + errors


@contextlib.contextmanager
def update(stack: Stack) -> Iterator[Update]:
    """Start `pulumi up`; its engine is dead at the end of the block, whatever happens in it."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events"
        arguments = ["--yes", "--skip-preview", "--parallel", "16", "--non-interactive", "--event-log", str(log)]
        process = stack.start("up", *arguments)
        try:
            yield Update(stack, process, Progress(log))
        finally:
            process.kill()
            process.communicate()


def processes(stack: Stack) -> list[psutil.Process]:
    """Return every process of the stack's engines: CLI, plugins, language host, program.

    They are known by their `PULUMI_HOME`, the instance's own, which orphans keep.
    """
    home = str(stack.workspace.home)
    return [process for process in psutil.process_iter() if _home(process) == home]


def plugin(stack: Stack, package: str) -> psutil.Process:
    """Return the process of the running resource plugin of `package`."""
    module = f"infra.sandbox.plugins.{package}"
    (found,) = [process for process in processes(stack) if module in process.cmdline()]
    return found


def assert_nothing_survives(stack: Stack) -> None:
    """Fail unless every process of the stack's engines ends by itself, soon."""

    def gone() -> bool:
        return not processes(stack)

    wait_until(
        gone,
        seconds=30,
        what="processes of a killed engine did not end",
        where=str(stack.workspace.home),
        remedy="see what they wait for",
        every=0.2,  # seconds: it reads the environment of every process there is
    )


def _home(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("PULUMI_HOME") if process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
