"""`make bench`: measures what the project promises, each promise beside its figure."""

from rich.console import Console
from rich.table import Table

from benchmarks import configmaps, sandbox


def main() -> None:
    """Measure everything and print one table."""
    table = Table("what", "measured", "promised", title="on this machine", title_justify="left", box=None)
    for row in sandbox.measure():
        table.add_row(*row)
    for command, seconds in configmaps.measure().items():
        promise = f"{configmaps.PROMISED:.0f} s" if command == "up" else ""
        table.add_row(f"{configmaps.COUNT} ConfigMaps at --parallel 64: {command}", f"{seconds:.1f} s", promise)
    Console().print(table)


if __name__ == "__main__":
    main()
