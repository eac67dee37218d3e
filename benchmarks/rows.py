"""One row of the table that `make bench` prints."""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")


class Row(NamedTuple):
    """A figure beside what is promised.

    Args:
        what: what was measured.
        figure: with its unit.
        limit: what the project promises, in the same unit; empty where it promises nothing.
        command: what gives the figure again.
    """

    what: str
    figure: str
    limit: str
    command: str


def timed(action: Callable[[], Result]) -> tuple[float, Result]:
    """Return how long `action` took, in seconds, and what it returned."""
    started = time.monotonic()
    result = action()
    return time.monotonic() - started, result
