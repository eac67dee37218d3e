"""The gate beside the preview that it judges, and parity: `python -m benchmarks.gate`.

The promises are issue 8's: at most 1 s beyond the preview for 2,000 changed resources, at most 300 MB for 10,000, and
20 s for the parity of staging and production. Beyond the preview is what passes between the last word of the Pulumi CLI
and the end of `tenantry gate`, every report written. The CLI is one that pretends: of the resources of a whole
environment, many times over, it tells what the engine streams, no faster than the engine does.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.rows import Row, timed
from infra.gate.change import Preview
from infra.gate.judging import judge
from infra.gate.verdict import Verdict
from infra.paths import PROJECT_ROOT, VIRTUALENV
from tests.gate.crowds import DAY, write_crowd, write_events
from tests.gate.previews import settings

_CHANGED, _PROMISED = 2_000, 1.0  # resources, seconds
_PACE = 200  # of them a second: an engine on two cores takes 6 ms for each at best (DESIGN section 6)
_RUNS = 3  # their median counts
_BLOCKED = 2  # the exit code: a crowd of deletions
_MOST, _MEMORY = 10_000, 300  # resources, MB of a process
_PARITY = 20.0  # seconds
_COMMAND = "python -m benchmarks.gate"
_PRETENDER = """#!{python}
import pathlib, sys, time
folder = pathlib.Path(__file__).parent
if sys.argv[1] == "stack":
    print('{{"version": 3, "deployment": {{"resources": []}}}}')
    raise SystemExit
began = time.monotonic()
with (folder / "events").open("rb") as events:
    for number, line in enumerate(events):
        time.sleep(max(0.0, began + number / {lines} - time.monotonic()))
        sys.stdout.buffer.write(line)
sys.stdout.flush()
(folder / "ended").write_text(str(time.monotonic()))
"""
_MEASURED = """
import pathlib, sys
from benchmarks.gate import judged
from infra.gate.document import read_preview
from infra.gate.report_markdown import markdown
markdown(judged(read_preview(pathlib.Path(sys.argv[1]))))
with open("/proc/self/status") as status:
    sys.stdout.write(status.read())
"""


def measure() -> list[Row]:
    """Return the rows of the gate, and of parity."""
    seconds = statistics.median(_beyond() for _ in range(_RUNS))
    peak = _peak()
    parity, _ = timed(lambda: _parity("staging", "production"))
    within = f"{_CHANGED:,} changed resources judged and reported, after the preview, median of {_RUNS}"
    return [
        Row(within, f"{seconds:.2f} s", f"{_PROMISED:.0f} s", "tenantry gate STACK", kept=seconds <= _PROMISED),
        Row(
            f"{_MOST:,} changed resources read and judged: memory",
            f"{peak:.0f} MB",
            f"{_MEMORY} MB",
            _COMMAND,
            kept=peak <= _MEMORY,
        ),
        Row(
            "parity of staging and production",
            f"{parity:.1f} s",
            f"{_PARITY:.0f} s",
            "tenantry parity staging production",
            kept=parity <= _PARITY,
        ),
    ]


def judged(preview: Preview) -> Verdict:
    """Return the verdict on a preview of the tests' environment."""
    return judge(preview, settings(), "local", waivers=(), today=DAY)


def _beyond() -> float:
    """Return how long all takes that follows the CLI's last word, in seconds."""
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as name:
        folder = Path(name)
        lines = write_crowd(folder / "events", _CHANGED)
        pretender = folder / "pulumi"
        pretender.write_text(_PRETENDER.format(python=sys.executable, lines=_PACE * lines / _CHANGED))
        pretender.chmod(0o755)
        command = [str(VIRTUALENV / "bin" / "tenantry"), "gate", "local", "--json"]
        command += ["--markdown", str(folder / "comment.md"), "--html", str(folder / "page.html")]
        environment = {**os.environ, "PATH": f"{name}{os.pathsep}{os.environ['PATH']}"}
        ran = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)
        ended = time.monotonic()
        if ran.returncode != _BLOCKED or len(json.loads(ran.stdout)["changes"]) != _CHANGED:
            raise SystemExit(f"{_CHANGED:,} changes were not judged:\n{ran.stdout[-1000:]}{ran.stderr[-1000:]}")
        return ended - float((folder / "ended").read_text())


def _peak() -> float:
    """Return the most memory that a process of its own had for it, in MB."""
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder:
        path = Path(folder) / "preview.jsonl"
        write_events(path, _MOST)
        ran = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(path)], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
    if ran.returncode != 0:
        raise SystemExit(f"{_MOST:,} changes could not be judged:\n{ran.stderr[-3000:]}")
    (peak,) = re.findall(r"^VmHWM:\s+(\d+) kB$", ran.stdout, re.MULTILINE)
    return int(peak) * 1024 / 10**6


def _parity(first: str, second: str) -> None:
    command = [str(VIRTUALENV / "bin" / "tenantry"), "parity", first, second]
    ran = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise SystemExit(f"tenantry parity {first} {second} failed:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")


if __name__ == "__main__":
    for row in measure():
        print(*row.cells(), sep="\t")  # noqa: T201
