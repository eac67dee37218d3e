"""`make bench`: measures what the project promises, each promise beside its figure."""

from rich.console import Console
from rich.table import Table

from benchmarks import configmaps, control_plane, local_stack, topics


def main() -> None:
    """Measure everything and print one table."""
    table = Table("what", "measured", "limit", "command", title="on this machine", title_justify="left", box=None)
    for topic in (local_stack, control_plane, configmaps, topics):
        for row in topic.measure():
            table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
