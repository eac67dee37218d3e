"""What a user sees while engines are built: a live bar on a terminal, plain lines elsewhere."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from infra.sandbox.engine.tools import Tool

_ALMOST = 0.95  # a build that takes longer than measured stays short of its whole share until it is done

Tick = Callable[[], None]


class Display:
    """Names what is built, how long it has taken and the estimated share of the whole.

    Args:
        console: where to write; live only when it is a terminal.
        tools: what is going to be built, in that order.
    """

    def __init__(self, console: Console, tools: Sequence[Tool]) -> None:
        self._console = console
        self._tools = tools
        self._total = sum(tool.seconds for tool in tools)
        self._done = 0

    @contextlib.contextmanager
    def building(self, tool: Tool, version: str) -> Iterator[Tick]:
        """Show `tool` as being built until the block ends; call what it yields about twice a second.

        Args:
            tool: one of the tools given.
            version: its pinned version.
        """
        title = f"building {tool.name} {version} ({self._tools.index(tool) + 1} of {len(self._tools)})"
        started = time.monotonic()
        if self._console.is_terminal:
            with self._live(title, tool, started) as tick:
                yield tick
        else:
            self._console.print(f"{title}...", markup=False)
            yield lambda: None
        self._done += tool.seconds
        took, share = spoken(time.monotonic() - started), 100 * self._done / self._total
        self._console.print(f"built {tool.name} in {took}, about {share:.0f} % of all is done", markup=False)

    @contextlib.contextmanager
    def _live(self, title: str, tool: Tool, started: float) -> Iterator[Tick]:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("about {task.percentage:.0f} % of all"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(title, total=self._total, completed=self._done)

            def tick() -> None:
                passed = min(time.monotonic() - started, _ALMOST * tool.seconds)
                progress.update(task, completed=self._done + passed)

            yield tick


def spoken(seconds: float) -> str:
    """Return a duration as people say it: `0.4 s`, `12 s`, `4 min 45 s`."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
