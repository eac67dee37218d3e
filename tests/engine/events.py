"""The engine's event log: one JSON document a line, in the order in which things happened."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Operation:
    """A step of one resource: `finished` is False when it starts and True when it has succeeded."""

    name: str
    operation: str
    finished: bool


def operations(log: Path) -> list[Operation]:
    """Return the steps so far, without what stays the same; an unfinished last line is left for the next call."""
    return list(_read(log)) if log.exists() else []


def _read(log: Path) -> Iterator[Operation]:
    for line in log.read_text().splitlines(keepends=True):
        if not line.endswith("\n"):
            return
        event = json.loads(line)
        for key, finished in (("resourcePreEvent", False), ("resOutputsEvent", True)):
            if key in event and event[key]["metadata"]["op"] != "same":
                metadata = event[key]["metadata"]
                yield Operation(metadata["urn"].rpartition("::")[2], metadata["op"], finished)
