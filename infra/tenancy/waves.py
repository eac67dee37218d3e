"""Applying many cells: one first, then a few, then the rest, and no more once one has failed.

Owns order, numbers and what became of each. Leaves what is done to one cell to whoever is given. Nothing is remembered
between two runs: a cell that is applied already has no changes, which its preview finds quickly.
"""

import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from threading import Event
from types import FrameType
from typing import Literal

from infra.errors import Interrupted

State = Literal["applied", "unchanged", "failed", "interrupted", "not begun"]

_SECOND_WAVE = 10  # percent


@dataclass(frozen=True)
class Outcome:
    """What became of one cell.

    Args:
        stack: which.
        state: whether it is as its file says: `applied` now or `unchanged`; otherwise it is not.
        changes: operation -> how many resources; of a cell that failed, what was planned.
        detail: why it failed, in lines.
    """

    stack: str
    state: State
    changes: Mapping[str, int] = field(default_factory=dict)
    detail: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the cell is as its file says."""
        return self.state in ("applied", "unchanged")


Update = Callable[[str, Callable[[], bool]], Outcome]
"""Applies one stack; the function that it is given says, between two steps, whether to begin no other."""


@dataclass(frozen=True)
class Report:
    """Who is told what goes on; called by one thread, in which the waves are run.

    Args:
        wave: its number from 1, how many there are, and the stacks in it.
        done: what became of a stack.
    """

    wave: Callable[[int, int, Sequence[str]], None]
    done: Callable[[Outcome], None]


def waves(stacks: Sequence[str]) -> Sequence[Sequence[str]]:
    """Return stacks in the order in which they are applied: the first alone, a tenth of all, the rest.

    Args:
        stacks: in the order of their environment.
    """
    second = 1 + max(1, len(stacks) * _SECOND_WAVE // 100)
    return [wave for wave in (stacks[:1], stacks[1:second], stacks[second:]) if wave]


def run(
    stacks: Sequence[str], update: Update, *, parallel: int, report: Report, end: Callable[[], None]
) -> Sequence[Outcome]:
    """Apply stacks, and return what became of each; only the main thread may call this.

    After the first failure those that are under way end, and no other begins. An interruption ends them as well: it is
    passed on once, and whatever comes after it is not heard until they have ended.

    Args:
        stacks: in the order of their environment.
        update: what is done to each, in a thread of its own.
        parallel: how many at once.
        report: who is told.
        end: asks what is under way to end.

    Raises:
        Interrupted: a signal came; everything has ended, and each stack's end was reported.
    """
    course = _Course(end)
    planned = waves(stacks)
    before = {number: signal.signal(number, course.interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number, wave in enumerate(planned, 1):
            if course.stopped.is_set():
                break
            report.wave(number, len(planned), wave)
            with ThreadPoolExecutor(max_workers=parallel) as pool:
                pending = [pool.submit(course.one, update, stack) for stack in wave]
                for future in as_completed(pending):
                    outcome = future.result()
                    course.outcomes[outcome.stack] = outcome
                    report.done(outcome)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if course.interrupted:
        raise Interrupted
    return [course.outcomes.get(stack, Outcome(stack, "not begun")) for stack in stacks]


class _Course:
    """What happens while the waves run."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end
        self.stopped = Event()
        self.interrupted = False
        self.outcomes: dict[str, Outcome] = {}

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """End what is under way, at the first signal; the waves go on to tell what became of it."""
        self.interrupted = True
        self.stopped.set()
        self._end()

    def one(self, update: Update, stack: str) -> Outcome:
        if self.stopped.is_set():
            return Outcome(stack, "not begun")
        outcome = update(stack, self.stopped.is_set)
        if not outcome.is_done:
            self.stopped.set()
        return outcome
