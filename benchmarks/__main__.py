"""`make bench`: measures what the project promises, each promise beside its figure."""

from rich.console import Console
from rich.table import Table

from benchmarks import configmaps, sandbox, topics


def main() -> None:
    """Measure everything and print one table."""
    table = Table("what", "measured", "promised", title="on this machine", title_justify="left", box=None)
    for row in sandbox.measure():
        table.add_row(*row)
    for command, seconds in configmaps.measure().items():
        promise = f"{configmaps.PROMISED:.0f} s" if command == "up" else ""
        table.add_row(f"{configmaps.COUNT} ConfigMaps at --parallel 64: {command}", f"{seconds:.1f} s", promise)
    cloud = topics.measure()
    name = f"{topics.COUNT} SNS topics through the aws plugin, 64 at once"
    table.add_row(name, f"{cloud['rate']:.0f} a second", f"{topics.PROMISED:.0f} a second")
    table.add_row("idle memory of cloud and aws plugin (PSS)", f"{cloud['memory']:.0f} MiB", "286 MiB (300 MB)")
    Console().print(table)


if __name__ == "__main__":
    main()
