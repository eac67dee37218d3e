"""Ten thousand steps are read in bounded memory, in either form."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gate import engine_documents as engine

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


def update() -> engine.Json:
    """An update of a resource that has as much to say as a Kubernetes Service or an AWS bucket."""
    ports = [{"name": f"port-{one}", "port": 8000 + one, "targetPort": "http"} for one in range(4)]
    labels = {"app.kubernetes.io/name": "NAME", "tenantry.io/tenant": "NAME"}
    before = {"metadata": {"name": "NAME", "labels": labels}, "spec": {"ports": ports, "selector": labels}}
    after = {**before, "metadata": {"name": "NAME", "labels": {**labels, "version": "2"}}}
    step = engine.update("NAME", before, after, {"metadata.labels.version": "add"})
    step["old"]["outputs"] = {**before, "status": {"address": "NAME", "uid": "NAME"}}
    return step


def write_events(path: Path) -> None:
    counts = {"resourceChanges": {"update": STEPS, "same": 1}}
    beginning, *told, ended, last = engine.events([engine.stack()], summary=counts)
    step = engine.lines(engine.events([update()])[1:-2])
    with path.open("wb") as file:
        file.write(engine.lines([beginning, *told]))
        for number in range(STEPS):
            file.write(step.replace(b"NAME", b"resource-%d" % number))
        file.write(engine.lines([ended, last]))


def write_saved(path: Path) -> None:
    stack, step = (json.loads(engine.saved([one]))["steps"][0] for one in (engine.stack(), update()))
    text = json.dumps(step, indent=4)
    with path.open("w") as file:
        file.write(f'{{"steps": [{json.dumps(stack)}')
        for number in range(STEPS):
            file.write(f",\n{text.replace('NAME', f'resource-{number}')}")
        file.write(f'], "changeSummary": {{"update": {STEPS}, "same": 1}}}}\n')


@pytest.mark.parametrize("write", [write_events, write_saved])
def test_ten_thousand_steps_are_read_in_bounded_memory(tmp_path: Path, write: Callable[[Path], None]) -> None:
    path = tmp_path / "preview.json"
    write(path)
    command = [sys.executable, "-c", MEASURE, str(path)]
    changes, taken = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(changes) == STEPS
    assert int(taken) <= MEBIBYTES
