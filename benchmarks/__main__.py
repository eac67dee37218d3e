"""`make bench`: measures what the project promises, each promise beside its figure."""

from rich.console import Console
from rich.table import Column, Table

from benchmarks import configmaps, control_plane, flat_platform, local_stack, rehearsals, switches, topics

_WIDTH = 160


def main() -> None:
    """Measure everything and print one table."""
    columns = [Column(name, overflow="fold") for name in ("what", "measured", "limit", "command")]
    table = Table(*columns, title="on this machine", title_justify="left", box=None)
    for topic in (local_stack, rehearsals, flat_platform, switches, control_plane, configmaps, topics):
        for row in topic.measure():
            table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)  # a log has no width, and rows are read best on one line
    console.print(table)


if __name__ == "__main__":
    main()
