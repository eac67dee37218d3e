"""How the course of many cells is shown: a bar and what is under way on a terminal, plain lines elsewhere."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.commands.console import err
from infra.tenancy.waves import Outcome, Report

_STYLES = {"applied": "green", "unchanged": "dim", "failed": "red", "interrupted": "yellow", "not begun": "yellow"}


@dataclass
class Course:
    """Tells what goes on with cells.

    Args:
        bar: on a terminal; None elsewhere.
        total: how many cells there are.
        started: when, by the monotonic clock.
    """

    bar: Progress | None
    total: int
    started: float

    @property
    def report(self) -> Report:
        """What the waves tell it."""
        return Report(wave=self._wave, done=self._done)

    def say(self, line: str, style: str | None = None) -> None:
        """Print one line, above the bar where there is one.

        Args:
            line: what happened.
            style: of its text on a terminal.
        """
        if self.bar is not None:
            self.bar.console.print(line, style=style, markup=False)
        else:
            err.print(f"{time.monotonic() - self.started:5.1f} s  {line}", markup=False)

    def _wave(self, number: int, count: int, stacks: Sequence[str]) -> None:
        first, last = stacks[0], stacks[-1]
        whom = first if len(stacks) == 1 else f"{len(stacks)} cells, {first} to {last}"
        self.say(f"wave {number} of {count}: {whom}")

    def _done(self, outcome: Outcome) -> None:
        changes = ", ".join(f"{count} {op}" for op, count in outcome.changes.items())
        told = f"{outcome.stack}: {outcome.state}" + (f" ({changes})" if changes else "")
        self.say(told, _STYLES[outcome.state])
        for line in outcome.detail.splitlines():
            self.say(f"    {line}")
        if self.bar is not None:
            self.bar.advance(self.bar.task_ids[0])


@contextlib.contextmanager
def course(total: int) -> Iterator[Course]:
    """Show how far the cells are.

    Args:
        total: how many there are.
    """
    started = time.monotonic()
    if not err.is_terminal:
        yield Course(None, total, started)
        return
    columns = (TextColumn("cells"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        bar.add_task("cells", total=total)
        yield Course(bar, total, started)
