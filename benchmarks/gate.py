"""The gate beside the preview that it judges, and parity: `python -m benchmarks.gate`.

The promises are issue 8's: at most 1 s beyond the preview for 2,000 changed resources, at most 300 MB for 10,000, and
20 s for the parity of staging and production. Reading is measured on a document as the engine streams it, judging and
reporting on the resources of a whole environment, many times over; both are CPU time of this process.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.rows import Row, timed
from infra.gate import report_html, report_json, report_markdown, report_text
from infra.gate.change import Preview
from infra.gate.digest import changes_digest
from infra.gate.document import read_preview
from infra.gate.judging import judge
from infra.gate.verdict import Verdict
from infra.paths import PROJECT_ROOT, VIRTUALENV
from tests.gate.crowds import DAY, crowd, write_events
from tests.gate.previews import settings

_CHANGED, _PROMISED = 2_000, 1.0  # resources, seconds of CPU
_MOST, _MEMORY = 10_000, 300  # resources, MB of a process
_PARITY = 20.0  # seconds
_COMMAND = "python -m benchmarks.gate"
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
    seconds = _read() + _judged_and_reported()
    peak = _peak()
    parity, _ = timed(lambda: _parity("staging", "production"))
    within = f"a preview of {_CHANGED:,} changed resources read, judged and reported in every form, CPU"
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


def _read() -> float:
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder:
        path = Path(folder) / "preview.jsonl"
        write_events(path, _CHANGED)
        return _cpu(lambda: changes_digest(read_preview(path)))


def _judged_and_reported() -> float:
    preview = crowd(_CHANGED)

    def all_of_it() -> None:
        verdict = judged(preview)
        report_markdown.markdown(verdict)
        report_html.html(verdict, preview.resources)
        report_json.document(verdict)
        report_text.text(verdict)

    return _cpu(all_of_it)


def _cpu(action: Callable[[], object]) -> float:
    started = time.process_time()
    action()
    return time.process_time() - started


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
