"""What every command prints with: stdout and stderr, a progress display, and how the program calls itself."""

import contextlib
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


class _Telling(Console):
    """Tells what is going on to whoever still listens."""

    def on_broken_pipe(self) -> None:
        """Say nothing more: Rich would end the program, in the middle of what has to be finished or taken back."""
        self.quiet = True


out = Console(highlight=False, soft_wrap=True, emoji=False)
err = _Telling(stderr=True, highlight=False, soft_wrap=True, emoji=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


def own_command() -> str:
    """Return how to call this program from the caller's folder, quoted for a shell."""
    program = Path(sys.argv[0])
    if program.is_absolute() and program.parent.parent.parent == Path.cwd():
        program = program.relative_to(Path.cwd())
    return shlex.quote(str(program))


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print lines whose cells stand below each other.

    Args:
        rows: of one length; the first is the heading.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        out.print(line.rstrip(), markup=False)


@contextlib.contextmanager
def progress(title: str = "starting the sandbox") -> Iterator[Callable[[str], None]]:
    """Show a spinner with the latest line on a terminal, and plain lines with the time passed elsewhere.

    Args:
        title: what the spinner says before the first line.
    """
    started = time.monotonic()
    if err.is_terminal:
        with err.status(title) as spinner:
            yield spinner.update
    else:
        yield lambda line: err.print(f"{time.monotonic() - started:5.1f} s  {line}", markup=False)
