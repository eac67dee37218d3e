"""`make bench`: measures what the project promises, each promise beside its figure."""

import sys

from benchmarks import (
    archives,
    configmaps,
    control_plane,
    flat_platform,
    fleet,
    local_stack,
    rehearsals,
    switches,
    tenants,
    topics,
)
from benchmarks.rows import report

_TOPICS = (
    *(local_stack, rehearsals, flat_platform, switches),
    *(control_plane, configmaps, topics, archives, tenants, fleet),
)


def main() -> int:
    """Measure everything, print one table, and return 1 when a limit is not kept, else 0."""
    return report([row for topic in _TOPICS for row in topic.measure()])


if __name__ == "__main__":
    sys.exit(main())
