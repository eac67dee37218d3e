"""A brought control plane, started again: `python -m benchmarks.control_plane`.

`local` declares its cluster and needs none of these; stacks whose cluster is `existing` do. It runs in an instance of
its own, which is deleted at the end. The limit is that of issue 3.
"""

import os

from benchmarks.rows import Row, timed
from infra.sandbox import lifecycle
from infra.sandbox.control_plane.control_plane import ControlPlane

_READY = 15.0  # seconds
_COMMAND = "python -m benchmarks.control_plane"


def measure() -> list[Row]:
    """Return the seconds from a stopped control plane to one that is ready."""
    name = f"bench-control-plane-{os.getpid()}"
    try:
        plane = ControlPlane(lifecycle.up(name, _silent, asked={"control plane"}))
        plane.stop()
        ready, _ = timed(lambda: plane.start(_silent))
    finally:
        lifecycle.down(name, _silent, delete=True)
    what = "brought control plane started again until ready"
    return [Row(what, f"{ready:.1f} s", f"{_READY:.0f} s", _COMMAND, kept=ready <= _READY)]


def _silent(_line: str) -> None:
    """Receive progress that no one reads."""


if __name__ == "__main__":
    for row in measure():
        print(*row.cells(), sep="\t")  # noqa: T201
