"""How large AWS's instances are: processors and memory, and the addresses that a node can take.

The table beside this module, `sizes.json`, is of 2026-11-21: EC2's types as moto 5.2 carries them, RDS's classes for
PostgreSQL as cfn-lint 1.58 does. `python -m tests.settings.instance_sizes` writes it anew, for types that came later.
It is constant data of the program, read once when a stack declares AWS.
"""

import difflib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

SOURCE = Path(__file__).with_name("sizes.json")

Table = Literal["nodes", "databases"]


@dataclass(frozen=True)
class Size:
    """What an instance has.

    Args:
        processors: vCPUs.
        memory: MiB.
        addresses: IPv4 addresses of each network interface; 0 where nobody counts them.
        interfaces: network interfaces at most; 0 where nobody counts them.
    """

    processors: int
    memory: int
    addresses: int = 0
    interfaces: int = 0

    @property
    def all_addresses(self) -> int:
        """IPv4 addresses that a node takes of its subnet at most, its own among them."""
        return self.addresses * self.interfaces

    @property
    def pods(self) -> int:
        """Pods that a node has addresses for: one of each interface is the interface's own, and two pods share the
        node's (Amazon EKS's `max-pods-calculator`).
        """
        return self.interfaces * (self.addresses - 1) + 2


def find(table: Table, name: str) -> Size | None:
    """Return the size of an instance type; None for one that is not in the table.

    Args:
        table: what the instance is for.
        name: as `m7i.large` or `db.r8g.large`.
    """
    row = _tables()[table].get(name)
    return None if row is None else Size(*row)


def nearest(table: Table, name: str) -> str | None:
    """Return the name in the table that is most like another; None when none is.

    Args:
        table: what the instance is for.
        name: what is not in it.
    """
    near = difflib.get_close_matches(name, _tables()[table], n=1)
    return near[0] if near else None


@cache
def _tables() -> dict[Table, dict[str, list[int]]]:
    loaded: dict[Table, dict[str, list[int]]] = json.loads(SOURCE.read_text(encoding="utf-8"))
    return loaded
