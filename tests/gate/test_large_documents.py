"""Ten thousand steps are read in bounded memory, in either form."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gate.crowds import write_events, write_saved

STEPS = 10_000
MEBIBYTES = 300
"""What a process may take for them (issue 8)."""

MEASURE = """
import pathlib, re, sys
from infra.gate.document import read_preview
from infra.gate.digest import changes_digest
preview = read_preview(pathlib.Path(sys.argv[1]))
changes_digest(preview)
peak = re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())
print(len(preview.changes), int(peak[1]) // 1024)
"""
"""VmHWM, and not `ru_maxrss`: that one a process has from the one that started it, here from a long run of tests."""


@pytest.mark.parametrize("write", [write_events, write_saved])
def test_ten_thousand_steps_are_read_in_bounded_memory(tmp_path: Path, write: Callable[[Path, int], None]) -> None:
    path = tmp_path / "preview.json"
    write(path, STEPS)
    command = [sys.executable, "-c", MEASURE, str(path)]
    changes, taken = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(changes) == STEPS
    assert int(taken) <= MEBIBYTES
