"""The rows of the table that `make bench` prints, and what it says of a promise that is not kept."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from rich.console import Console
from rich.table import Column, Table

_WIDTH = 160

Result = TypeVar("Result")


class Row(NamedTuple):
    """A figure beside what is promised.

    Args:
        what: what was measured.
        figure: with its unit.
        limit: what the project promises, in the same unit; empty where it promises nothing.
        command: what gives the figure again.
        kept: whether the figure, before it is rounded, keeps the limit; where there is none, it does.
    """

    what: str
    figure: str
    limit: str
    command: str
    kept: bool = True

    def cells(self) -> tuple[str, str, str, str]:
        """Return what is printed; a limit that is not kept says so, in colours or without."""
        limit = self.limit if self.kept else f"{self.limit}: NOT KEPT"
        return self.what, self.figure, limit, self.command


def report(rows: Sequence[Row]) -> int:
    """Print one table of all rows, and return the exit code: 1 when a limit is not kept, else 0.

    Args:
        rows: in the order in which they are printed.
    """
    columns = [Column(name, overflow="fold") for name in ("what", "measured", "limit", "command")]
    table = Table(*columns, title="on this machine", title_justify="left", box=None)
    for row in rows:
        table.add_row(*row.cells(), style=None if row.kept else "bold red")
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)  # a log has no width, and rows are read best on one line
    console.print(table)
    return 0 if all(row.kept for row in rows) else 1


def timed(action: Callable[[], Result]) -> tuple[float, Result]:
    """Return how long `action` took, in seconds, and what it returned."""
    started = time.monotonic()
    result = action()
    return time.monotonic() - started, result
