"""Running a command on the user's behalf, and leaving its end to itself when the user interrupts.

Owns how signals reach it: each exactly once, for a second one makes the Pulumi CLI drop what is under way, and a kill
makes it leave the stack locked. Leaves background processes to `daemon`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

_TICK = 0.5  # seconds


@dataclass
class _Interruption:
    """What arrives while the command runs."""

    process: subprocess.Popen[bytes]
    shared_terminal: bool
    numbers: list[int] = field(default_factory=list)

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Pass the first signal on, unless the terminal has sent it to the command as well."""
        self.numbers.append(number)
        if len(self.numbers) == 1 and not (self.shared_terminal and number == signal.SIGINT):
            self.process.send_signal(number)


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    stdin: int | None = None,
    output: IO[bytes] | None = None,
    errors: IO[bytes] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> tuple[int, bool]:
    """Run `command` until it ends by itself, whatever signal comes; only the main thread may call this.

    Args:
        command: the program and its arguments.
        env: its whole environment.
        cwd: its working directory.
        stdin: as in `subprocess`; the caller's by default.
        output: what it says goes there; to the caller's own stdout and stderr by default.
        errors: what it says on stderr goes there; where its output goes by default.
        meanwhile: called about twice a second, and once when it has ended; must not raise.

    Returns:
        Its exit code, and whether a signal came meanwhile.

    Raises:
        OSError: it cannot be executed.
    """
    shared_terminal = _is_in_the_foreground()
    # Without a terminal, signals may go to one process (kill) or to all of a group (timeout, CI): a group of its own
    # makes them the same. With one, it stays in the foreground, or it could not read the terminal.
    group = None if shared_terminal else 0
    stderr = subprocess.STDOUT if output is not None and errors is None else errors
    process = subprocess.Popen(
        command, env=dict(env), cwd=cwd, stdin=stdin, stdout=output, stderr=stderr, process_group=group
    )
    interruption = _Interruption(process, shared_terminal)
    before = {number: signal.signal(number, interruption.receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _wait(process, meanwhile), bool(interruption.numbers)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(process: subprocess.Popen[bytes], meanwhile: Callable[[], None] | None) -> int:
    if meanwhile is None:
        return process.wait()
    while True:
        try:
            code = process.wait(timeout=_TICK)
        except subprocess.TimeoutExpired:
            meanwhile()
        else:
            meanwhile()
            return code


def _is_in_the_foreground() -> bool:
    """Whether a Ctrl-C in the terminal reaches this process, and whatever it starts in its group."""
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None and os.tcgetpgrp(stream.fileno()) == os.getpgrp():
                return True
        except (OSError, ValueError):
            continue  # no terminal, or closed
    return False
