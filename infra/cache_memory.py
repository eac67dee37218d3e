"""How much memory ElastiCache's node types have, and how much of it must be kept free of data.

Pure functions. The numbers are those of AWS's page "Amazon ElastiCache pricing", in GiB; they change when types come.
"""

from collections.abc import Mapping

_GENERAL = {"large": 6.38, "xlarge": 12.93, "2xlarge": 26.04, "4xlarge": 52.26, "12xlarge": 157.12}
_MEMORY = {"large": 13.07, "xlarge": 26.32, "2xlarge": 52.82, "4xlarge": 105.81, "12xlarge": 317.77}
_BURSTABLE = {"micro": 0.5, "small": 1.37, "medium": 3.09}
_GRAVITON_GENERAL = {**_GENERAL, "8xlarge": 103.68, "16xlarge": 209.55}
_GRAVITON_MEMORY = {**_MEMORY, "8xlarge": 209.55, "16xlarge": 419.09}

FAMILIES: Mapping[str, Mapping[str, float]] = {
    "t3": _BURSTABLE,
    "t4g": _BURSTABLE,
    "m5": {**_GENERAL, "24xlarge": 314.32},
    "m6g": _GRAVITON_GENERAL,
    "m7g": _GRAVITON_GENERAL,
    "r5": {**_MEMORY, "24xlarge": 635.61},
    "r6g": _GRAVITON_MEMORY,
    "r7g": _GRAVITON_MEMORY,
}
"""Family -> size -> GiB."""

_USUAL_PERCENT = 25  # ElastiCache's own default of reserved-memory-percent
MOST_PERCENT = 50
"""A node that keeps more of its memory free than this is too small for what it is asked for; ours."""


def memory_mib(node_type: str) -> int | None:
    """Return the memory of a node type in MiB; None for one that is not known here.

    Args:
        node_type: as `cache.r7g.large`.
    """
    _, family, size = node_type.split(".")
    gib = FAMILIES.get(family, {}).get(size)
    return None if gib is None else int(gib * 1024)


def reserved_percent(node_type: str, headroom_mib: int) -> int | None:
    """Return ElastiCache's `reserved-memory-percent` that leaves this much memory free of data.

    Args:
        node_type: as `cache.r7g.large`.
        headroom_mib: MiB that backups, failover and fragmentation must find free.

    Returns:
        25, which is the default, or more where a small node needs it; None for a node type that is not known here.
    """
    memory = memory_mib(node_type)
    return None if memory is None else max(_USUAL_PERCENT, -(-headroom_mib * 100 // memory))
