"""A project of cells, with a `pulumi` that only pretends.

The stand-in is a script that keeps what it was asked for, and answers as its folder says. The real engine is in
`tests/engine/test_cells.py`.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.children import Children
from infra.tenancy import waves
from infra.tenancy.cell_stacks import CellStacks
from infra.tenancy.waves import Outcome, Report
from tests.examples import raw_settings
from tests.stack_files import write_stack

PRETENDER = """#!{python}
import json, os, pathlib, signal, sys
folder = pathlib.Path({folder!r})
arguments = sys.argv[1:]
stack = arguments[arguments.index("--stack") + 1] if "--stack" in arguments else ""
with (folder / "asked").open("a") as asked:
    asked.write(" ".join(arguments[:1] + [stack or arguments[2]]) + "\\n")
if arguments[:2] == ["stack", "ls"]:
    print(json.dumps([dict(name=name) for name in (folder / "known").read_text().split()]))
elif arguments[:2] == ["stack", "init"]:
    assert pathlib.Path("Pulumi.yaml").is_file() and pathlib.Path.cwd() != folder
    with (folder / "known").open("a") as stacks:
        stacks.write(arguments[2] + "\\n")
elif arguments[0] == "preview":
    answer = folder / f"{{stack}}.preview"
    done = (folder / f"{{stack}}.done").exists()
    print((answer if answer.exists() else folder / ("same" if done else "new")).read_text().replace("STACK", stack))
    sys.exit(255 if (folder / f"{{stack}}.unfit").exists() else 0)
elif arguments[0] == "up":
    if (folder / f"{{stack}}.waits").exists():
        signal.signal(signal.SIGINT, lambda *_: sys.exit("error: update cancelled"))
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        (folder / f"{{stack}}.pid").write_text(str(os.getpid()))
        (folder / f"{{stack}}.waiting").touch()
        signal.sigwaitinfo([signal.SIGUSR1])
        print("applied", flush=True)
    if (folder / f"{{stack}}.fails").exists():
        print((folder / f"{{stack}}.fails").read_text() or "Diagnostics:\\n  error: tenant-acme: no room")
        sys.exit(1)
    (folder / f"{{stack}}.done").touch()
"""

STACKS = [f"shop-cell-{number:02}" for number in range(2, 14)]


def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project of twelve cells, with the stand-in first on the path."""
    cells = {stack.removeprefix("shop-"): {"budget": 100} for stack in STACKS}
    write_stack(tmp_path, "shop", raw_settings(lambda raw: raw.update(cells=cells)))
    for stack in STACKS:
        write_stack(tmp_path, stack, {"cell": {"of": "shop", "name": stack.removeprefix("shop-")}})
    (tmp_path / "Pulumi.yaml").write_text("name: tenantry\nruntime: python\n")
    (tmp_path / "known").write_text("\n".join(STACKS) + "\n")
    (tmp_path / "asked").touch()
    made = [step("create", "kubernetes:core/v1:ConfigMap", name) for name in ("one", "two")]
    (tmp_path / "same").write_text(document())
    (tmp_path / "new").write_text(document(*made, stack="create"))
    script = tmp_path / "bin" / "pulumi"
    script.parent.mkdir()
    script.write_text(PRETENDER.format(python=sys.executable, folder=str(tmp_path)))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def asked(folder: Path, what: str) -> list[str]:
    """Return the stacks for which the stand-in was asked to do something, in that order."""
    lines = [line.split() for line in (folder / "asked").read_text().splitlines()]
    return [stack for command, stack in lines if command == what]


def step(op: str, kind: str, name: str, parent: str = "tenantry:tenant:SchemaTenant::tenant-acme") -> dict[str, Any]:
    """Return a step as a saved preview has it, of a resource of one tenant."""
    above = f"urn:pulumi:STACK::tenantry::{parent}" if parent else ""
    chain = f"{parent.partition('::')[0]}$" if parent else ""
    urn = f"urn:pulumi:STACK::tenantry::{chain}{kind}::{name}"
    state = {"urn": urn, "type": kind, "custom": True, "id": name, "parent": above, "inputs": {}, "outputs": {}}
    old = {} if op == "create" else {"oldState": state}
    new = {} if op.startswith(("delete", "refresh")) else {"newState": {**state, "inputs": {"name": name}}}
    return {"op": op, "urn": urn, **old, **(new if op != "same" else {"newState": state})}


def document(*steps: dict[str, Any], stack: str = "same") -> str:
    """Return a saved preview of these steps, and of the stack itself."""
    told = [step(stack, "pulumi:pulumi:Stack", "tenantry-STACK", parent=""), *steps]
    counted = Counter(one["op"] for one in told if one["op"] not in ("delete-replaced", "refresh"))
    return json.dumps({"steps": told, "changeSummary": counted})


class Told:
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.waves: list[list[str]] = []
        self.outcomes: list[Outcome] = []

    def report(self) -> Report:
        return Report(wave=lambda _number, _count, stacks: self.waves.append(list(stacks)), done=self.outcomes.append)


def cell_stacks(folder: Path, stacks: Sequence[str] = STACKS) -> CellStacks:
    return CellStacks(Children(os.environ, folder), "shop", stacks, folder)


def run(folder: Path, parallel: int = 3, stacks: Sequence[str] = STACKS) -> Sequence[Outcome]:
    children = Children(os.environ, folder)
    update = CellStacks(children, "shop", stacks, folder).update
    return waves.run(stacks, update, parallel=parallel, report=Told().report(), end=children.end)
