"""Time zones by the names that Kubernetes knows them by: those of the IANA database.

The table beside this module, `time_zones.txt`, is of the database's version 2025b, links among its names. It is in the
project because a machine that checks settings need not have the database; the controllers that use it always do.
"""

import difflib
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("time_zones.txt")


def checked(name: str) -> str:
    """Return the name of a time zone.

    Args:
        name: as `Europe/Berlin`; upper and lower case count, as to Kubernetes.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in _names():
        near = difflib.get_close_matches(name, _names(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ", as `Etc/UTC` or `Europe/Berlin`"
        raise ValueError(f"not a time zone of the IANA database{hint}")
    return name


@cache
def _names() -> frozenset[str]:
    return frozenset(SOURCE.read_text(encoding="ascii").split())
