"""The gate beside the preview that it judges, and parity: `python -m benchmarks.gate`.

The promises are issue 8's: at most 1 s beyond the preview for 2,000 changed resources, at most 300 MB for 10,000, and
20 s for the parity of staging and production. Beyond the preview is what passes between the CLI's last word and the
last report. The CLI is one that pretends: it tells what the engine streams of so many updates, no faster than the
engine does. What is judged and reported then are the resources of a whole environment, many times over.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.rows import Row, timed
from infra.gate import report_html, report_json, report_markdown, report_text
from infra.gate.change import Preview
from infra.gate.digest import changes_digest
from infra.gate.judging import judge
from infra.gate.previews import run_preview
from infra.gate.verdict import Verdict
from infra.paths import PROJECT_ROOT, VIRTUALENV
from tests.gate.crowds import DAY, crowd, write_events
from tests.gate.previews import settings

_CHANGED, _PROMISED = 2_000, 1.0  # resources, seconds
_PACE = 200  # of them a second: an engine on two cores takes 6 ms for each at best (DESIGN section 6)
_RUNS = 3  # their median counts
_MOST, _MEMORY = 10_000, 300  # resources, MB of a process
_PARITY = 20.0  # seconds
_COMMAND = "python -m benchmarks.gate"
_PRETENDER = """#!{python}
import pathlib, sys, time
folder = pathlib.Path(__file__).parent
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
    within = f"a preview of {_CHANGED:,} changed resources judged and reported in every form, median of {_RUNS}"
    return [
        Row(within, f"{seconds:.2f} s", f"{_PROMISED:.0f} s", _COMMAND, kept=seconds <= _PROMISED),
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
    environment = crowd(_CHANGED)
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as name:
        folder = Path(name)
        write_events(folder / "events", _CHANGED)
        lines = sum(1 for _ in (folder / "events").open("rb"))
        pretender = folder / "pulumi"
        pretender.write_text(_PRETENDER.format(python=sys.executable, lines=_PACE * lines / _CHANGED))
        pretender.chmod(0o755)
        changes_digest(run_preview("local", root=folder, environment={"PATH": name}))
        _report(environment)
        return time.monotonic() - float((folder / "ended").read_text())


def _report(preview: Preview) -> None:
    verdict = judged(preview)
    report_markdown.markdown(verdict)
    report_html.html(verdict, preview.resources)
    json.dumps(report_json.document(verdict), sort_keys=True)
    report_text.text(verdict)


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
