"""`make bench`: measures what the project promises, each promise beside its figure."""

import sys
from types import ModuleType

from benchmarks import (
    archives,
    configmaps,
    control_plane,
    flat_platform,
    fleet,
    gate,
    local_stack,
    rehearsals,
    switches,
    tenants,
    topics,
)
from benchmarks.rows import Row, report

_TOPICS = (
    *(local_stack, rehearsals, flat_platform, switches),
    *(control_plane, configmaps, topics, archives, tenants, gate, fleet),
)


def main() -> int:
    """Measure everything, print one table, and return 1 when a limit is not kept or something failed, else 0."""
    return report([row for topic in _TOPICS for row in _measured(topic)])


def _measured(topic: ModuleType) -> list[Row]:
    """Return a topic's rows; of one that fails, which says why at once, one row that is not kept."""
    try:
        rows: list[Row] = topic.measure()
    except SystemExit as failure:
        sys.stderr.write(f"{topic.__name__}: {failure}\n")
        return [Row("a topic that failed, see above", "-", "measured", f"python -m {topic.__name__}", kept=False)]
    return rows


if __name__ == "__main__":
    sys.exit(main())
