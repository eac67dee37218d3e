"""The engine's event log: one JSON document a line, in the order in which things happened."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Operation:
    """A step of one resource: `finished` is False when it starts and True when it has succeeded."""

    name: str
    operation: str
    finished: bool


@dataclass
class Progress:
    """The steps of an update that may be under way: each line of its log is read once, however often one looks."""

    log: Path
    _position: int = 0
    _steps: list[Operation] = field(default_factory=list)

    def operations(self) -> list[Operation]:
        """Return the steps so far, without what stays the same; an unfinished last line is left for the next call."""
        if self.log.exists():
            with self.log.open("rb") as lines:
                lines.seek(self._position)
                for line in lines:
                    if not line.endswith(b"\n"):
                        break
                    self._position += len(line)
                    self._steps += _steps_of(line)
        return self._steps


def operations(log: Path) -> list[Operation]:
    """Return the steps so far, of an update that is asked once or has ended."""
    return Progress(log).operations()


def _steps_of(line: bytes) -> Iterator[Operation]:
    event = json.loads(line)
    for key, finished in (("resourcePreEvent", False), ("resOutputsEvent", True)):
        if key in event and event[key]["metadata"]["op"] != "same":
            metadata = event[key]["metadata"]
            yield Operation(metadata["urn"].rpartition("::")[2], metadata["op"], finished)
