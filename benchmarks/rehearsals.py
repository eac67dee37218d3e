"""Whole stacks, applied and checked in sandboxes of their own, which are deleted at the end:
`python -m benchmarks.rehearsals`.

The promises are those of issue 5, on 2 cores; each command is the user's, and its own clock counts.
"""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from benchmarks.rows import Row
from infra.paths import PROJECT_ROOT, VIRTUALENV

_LIMITS = {"production": 360.0, "local": 90.0}  # seconds
_PREVIEW = 25.0  # seconds
_PREVIEWED = "production"


def measure() -> list[Row]:
    """Return a row for each stack, and one for the preview of the largest."""
    told = {stack: _rehearsed(stack) for stack in _LIMITS}
    rows = [
        Row(
            f"rehearsal of {stack}, engine built",
            f"{told[stack]['seconds']:.0f} s",
            f"{limit:.0f} s",
            f"make rehearse STACK={stack}",
            kept=told[stack]["seconds"] <= limit,
        )
        for stack, limit in _LIMITS.items()
    ]
    (preview,) = [step["seconds"] for step in told[_PREVIEWED]["steps"] if step["name"] == "preview"]
    what = f"pulumi preview of {_PREVIEWED} from nothing, offline"
    command = f"make rehearse STACK={_PREVIEWED}"
    return [*rows, Row(what, f"{preview:.1f} s", f"{_PREVIEW:.0f} s", command, kept=preview <= _PREVIEW)]


def _rehearsed(stack: str) -> Mapping[str, Any]:
    command = [str(VIRTUALENV / "bin" / "tenantry"), "rehearse", stack, "--json"]
    ran = subprocess.run(
        command, cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        raise SystemExit(f"tenantry rehearse {stack} failed:\n{ran.stderr[-3000:]}")
    told: Mapping[str, Any] = json.loads(ran.stdout)
    return told


if __name__ == "__main__":
    for row in measure():
        print(*row.cells(), sep="\t")  # noqa: T201
