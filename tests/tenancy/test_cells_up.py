"""`tenantry cells up`: waves, the gate, the end after a failure, and going on; with a `pulumi` that only pretends.

The stand-in is a script that keeps what it was asked for, and answers as its folder says. The real engine is in
`tests/engine/test_cells.py`.
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.children import Children
from infra.errors import TenantryError
from infra.gate import waivers
from infra.gate.document import read_preview
from infra.gate.judging import waivable
from infra.sandbox.waiting import wait_until
from infra.tenancy import waves
from infra.tenancy.cell_stacks import CellStacks
from infra.tenancy.cell_verdicts import judge_of
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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of twelve cells, with the stand-in first on the path."""
    cells = {stack.removeprefix("shop-"): {"budget": 100} for stack in STACKS}
    write_stack(tmp_path, "shop", raw_settings(lambda raw: raw.update(cells=cells)))
    for stack in STACKS:
        write_stack(tmp_path, stack, {"cell": {"of": "shop", "name": stack.removeprefix("shop-")}})
    (tmp_path / "Pulumi.yaml").write_text("name: tenantry\nruntime: python\n")
    (tmp_path / "known").write_text("\n".join(STACKS) + "\n")
    (tmp_path / "asked").touch()
    there, new = "pulumi:pulumi:Stack", [("kubernetes:core/v1:ConfigMap", name) for name in ("one", "two")]
    (tmp_path / "same").write_text(document(step("same", there, "tenantry-STACK", parent=""), stack=False))
    stack = step("create", there, "tenantry-STACK", parent="")
    (tmp_path / "new").write_text(document(stack, *(step("create", *one) for one in new), stack=False))
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


def document(*steps: dict[str, Any], stack: bool = True) -> str:
    """Return a saved preview of these steps, and of the stack, which stays."""
    own = [step("same", "pulumi:pulumi:Stack", "tenantry-STACK", parent="")] if stack else []
    told = [*own, *steps]
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


def test_the_first_cell_goes_alone_then_a_tenth_then_the_rest() -> None:
    assert [len(wave) for wave in waves.waves(STACKS)] == [1, 1, 10]
    many = [str(number) for number in range(40)]
    assert [len(wave) for wave in waves.waves(many)] == [1, 4, 35]
    assert [stack for wave in waves.waves(many) for stack in wave] == many
    assert waves.waves(["one"]) == [["one"]]
    assert [len(wave) for wave in waves.waves(["one", "two"])] == [1, 1]


def test_no_wave_begins_before_the_one_before_it_has_ended(folder: Path) -> None:
    outcomes = run(folder)
    assert [(one.stack, one.state, one.changes) for one in outcomes] == [(s, "applied", {"create": 3}) for s in STACKS]
    lines = (folder / "asked").read_text().splitlines()
    assert lines[:4] == [f"{what} {stack}" for stack in STACKS[:2] for what in ("preview", "up")]
    assert sorted(asked(folder, "up")) == STACKS


def test_after_a_failure_no_other_begins_and_the_next_run_goes_on(folder: Path) -> None:
    broken = folder / f"{STACKS[1]}.fails"
    broken.touch()
    outcomes = run(folder)
    assert [one.state for one in outcomes] == ["applied", "failed", *["not begun"] * 10]
    assert outcomes[1].detail == "error: tenant-acme: no room"
    assert asked(folder, "preview") == STACKS[:2]
    broken.unlink()
    (folder / "asked").write_text("")
    again = run(folder)
    assert [one.state for one in again] == ["unchanged", *["applied"] * 11]
    assert sorted(asked(folder, "up")) == STACKS[1:], "what was done is passed over by its preview"


def test_those_under_way_end_when_one_beside_them_fails(folder: Path) -> None:
    (folder / f"{STACKS[4]}.fails").touch()
    outcomes = run(folder, parallel=2)
    states = {one.stack: one.state for one in outcomes}
    assert states[STACKS[4]] == "failed"
    assert set(states.values()) <= {"applied", "failed", "not begun"}
    assert states[STACKS[-1]] == "not begun"
    for stack, state in states.items():
        assert (folder / f"{stack}.done").exists() == (state == "applied")


def test_a_preview_that_fails_is_told_and_nothing_is_applied(folder: Path) -> None:
    (folder / f"{STACKS[0]}.unfit").touch()
    document = {"diagnostics": [{"severity": "error", "message": "the cell has 90 resources"}, {"severity": "info"}]}
    (folder / f"{STACKS[0]}.preview").write_text(json.dumps(document))
    outcomes = run(folder)
    told = ("failed", "the preview failed: the cell has 90 resources")
    assert (outcomes[0].state, outcomes[0].detail) == told
    assert asked(folder, "up") == []


@pytest.mark.parametrize("printed", ["warning: old", '{"changeSummary": {"create": 3}, "st', "[]", "{}", ""])
def test_a_preview_that_is_no_whole_document_fails_and_nothing_is_applied(folder: Path, printed: str) -> None:
    (folder / f"{STACKS[0]}.preview").write_text(printed)
    (outcome,) = run(folder, stacks=STACKS[:1])
    assert outcome.state == "failed"
    assert outcome.detail.startswith("what `pulumi preview` printed is no preview: ")
    assert asked(folder, "up") == []


SCHEMA, ROLE, DATABASE = (f"postgresql:index/{kind}:{kind.title()}" for kind in ("schema", "role", "database"))

REFUSED = [
    ("delete", SCHEMA),
    ("delete", ROLE),
    ("replace", DATABASE),
    ("delete-replaced", "kubernetes:core/v1:Secret"),
    ("delete", "kubernetes:core/v1:Namespace"),
    ("replace", "random:index/randomPassword:RandomPassword"),
    ("delete", "aws:secretsmanager/secret:Secret"),
]


def outcome_of(folder: Path, *steps: dict[str, Any]) -> Outcome:
    """Return what becomes of the first cell when its preview has these steps."""
    (folder / f"{STACKS[0]}.preview").write_text(document(*steps))
    (outcome,) = run(folder, stacks=STACKS[:1])
    assert asked(folder, "up") == ([STACKS[0]] if outcome.state == "applied" else [])
    return outcome


def with_tenant(folder: Path, slug: str) -> None:
    """Say in the file of the first cell that a tenant is deleted."""
    gone = {"slug": slug, "plan": "pro", "lifecycle": {"state": "deleted", "export": 64 * "0"}}
    cell = {"of": "shop", "name": STACKS[0].removeprefix("shop-")}
    write_stack(folder, STACKS[0], {"cell": cell, "tenants": [gone]})


@pytest.mark.parametrize(("op", "kind"), REFUSED)
def test_a_preview_that_ends_what_cannot_be_made_again_is_not_applied(folder: Path, op: str, kind: str) -> None:
    with_tenant(folder, "acme-2")
    found = outcome_of(folder, step("create", kind, "new"), step(op, kind, "old"), step("same", kind, "kept"))
    heading, *lines = found.detail.splitlines()
    assert (found.state, heading.split(",")[0]) == ("failed", "the gate blocks it")
    assert [line.split(",")[0] for line in lines] == ["old"]
    assert "(stateful-delete)" in lines[0]


@pytest.mark.parametrize(("op", "kind"), [one for one in REFUSED if one[0] == "delete"])
def test_it_is_applied_where_the_file_says_that_the_tenant_is_deleted(folder: Path, op: str, kind: str) -> None:
    with_tenant(folder, "acme")
    assert outcome_of(folder, step(op, kind, "old")).state == "applied"


@pytest.mark.parametrize(
    ("op", "kind"),
    [
        ("update", SCHEMA),
        ("create", DATABASE),
        ("delete", "kubernetes:core/v1:ConfigMap"),
        ("delete", "postgresql:index/grant:Grant"),
    ],
)
def test_a_preview_that_ends_nothing_of_that_kind_is_applied(folder: Path, op: str, kind: str) -> None:
    assert outcome_of(folder, step(op, kind, "one")).state == "applied"


def test_a_preview_that_only_looks_applies_nothing(folder: Path) -> None:
    assert outcome_of(folder, step("refresh", ROLE, "one")).state == "unchanged"


def test_a_blocked_preview_is_not_applied_and_says_why_and_whom_it_touches(folder: Path) -> None:
    found = outcome_of(folder, step("delete", SCHEMA, "tenant-acme-data-schema"))
    assert (found.state, found.changes) == ("failed", {"delete": 1})
    assert found.detail.splitlines() == [
        f"the gate blocks it, and nothing is applied; `tenantry gate {STACKS[0]}` tells more:",
        "tenant-acme-data-schema, deleted: with it goes its tables (stateful-delete); touches 1 tenant",
    ]


def test_a_waiver_of_the_cell_lets_its_change_pass(folder: Path) -> None:
    outcome_of(folder, step("delete", SCHEMA, "old"))
    shown = folder / "shown"
    shown.write_text((folder / f"{STACKS[0]}.preview").read_text().replace("STACK", STACKS[0]))
    preview = read_preview(shown)
    judge = judge_of("shop", STACKS[:1], folder)
    settings = judge.settings[STACKS[0]]
    ((finding, digest),) = waivable(judge.verdict(preview, STACKS[0]), preview, settings)
    written = folder / waivers.FOLDER / f"{STACKS[0]}.yaml"
    written.parent.mkdir(parents=True)
    written.write_text(waivers.entry(finding, digest, judge.today, reason="moved by hand", owner="ann"))
    assert outcome_of(folder, step("delete", SCHEMA, "old")).state == "applied"


def test_wrong_waivers_are_told_before_anything_is_asked(folder: Path) -> None:
    written = folder / waivers.FOLDER / f"{STACKS[3]}.yaml"
    written.parent.mkdir(parents=True)
    written.write_text("- rule: none\n")
    command = start(folder)
    _, errors = command.communicate(timeout=60)
    assert command.returncode == 2
    assert f"stacks/waivers/{STACKS[3]}.yaml:1: [0].rule: not allowed" in errors
    assert (folder / "asked").read_text() == ""


def test_the_environment_says_how_seriously_rules_are_taken(folder: Path) -> None:
    cells = {stack.removeprefix("shop-"): {"budget": 100} for stack in STACKS}
    gate = {"rules": {"stateful-delete": "warn"}}
    write_stack(folder, "shop", raw_settings(lambda raw: raw.update(cells=cells, gate=gate)))
    assert outcome_of(folder, step("delete", SCHEMA, "old")).state == "applied"


def test_missing_stacks_are_made_in_a_folder_of_their_own(folder: Path) -> None:
    (folder / "known").write_text(f"organization/tenantry/{STACKS[0]}\n")
    before = (folder / f"Pulumi.{STACKS[1]}.yaml").read_bytes()
    assert cell_stacks(folder, STACKS[:3]).make_missing() == STACKS[1:3]
    assert cell_stacks(folder, STACKS[:3]).make_missing() == []
    assert (folder / f"Pulumi.{STACKS[1]}.yaml").read_bytes() == before


def test_without_the_cli_it_says_where_one_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(TenantryError, match="in the sandbox run this by `tenantry sandbox run STACK --`"):
        cell_stacks(folder).make_missing()


COMMAND = """
import functools, sys
from pathlib import Path
from infra import cli
from infra.commands import cells
from infra.tenancy import cell_stacks, placement
root = Path(sys.argv.pop())
cells.fleet_of = functools.partial(placement.fleet_of, root=root)
cells.CellStacks = functools.partial(cell_stacks.CellStacks, root=root)
cli.main()
"""


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start the command in the fixture's project."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "cells", "up", "--stack", "shop", *arguments, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def waiting(folder: Path, *stacks: str) -> Callable[[], bool]:
    return lambda: all((folder / f"{stack}.waiting").exists() for stack in stacks)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("to_all", [True, False])
def test_an_interruption_ends_what_is_under_way_and_says_so(folder: Path, number: int, *, to_all: bool) -> None:
    chosen = STACKS[2:5]
    for stack in chosen:
        (folder / f"{stack}.waits").touch()
    command = start(folder, "--parallel", "3")
    wait_until(waiting(folder, *chosen), seconds=60, what="the cells did not begin", where="", remedy="")
    if to_all:
        os.killpg(command.pid, number)
    else:
        os.kill(command.pid, number)
    output, errors = command.communicate(timeout=60)
    assert (command.returncode, output) == (130, "")
    for stack in chosen:
        assert f"{stack}: interrupted (3 create)" in errors
    assert errors.splitlines()[-1] == "error: interrupted, the command, run it again"
    assert sorted(asked(folder, "up")) == STACKS[:5]


def test_an_update_under_way_goes_on_to_its_end_when_the_command_is_killed(folder: Path) -> None:
    (folder / f"{STACKS[0]}.waits").touch()
    command = start(folder, "--only", "cell-02")
    wait_until(waiting(folder, STACKS[0]), seconds=60, what="it did not begin", where="", remedy="")
    command.kill()
    command.communicate(timeout=60)
    os.kill(int((folder / f"{STACKS[0]}.pid").read_text()), signal.SIGUSR1)  # says what it does, to nobody
    wait_until((folder / f"{STACKS[0]}.done").exists, seconds=60, what="it did not end", where="", remedy="")
    again = run(folder, stacks=STACKS[:1])
    assert [one.state for one in again] == ["unchanged"]


def test_a_cell_that_somebody_else_applies_is_told_with_what_unlocks_that_one(folder: Path) -> None:
    locked = "error: the stack is currently locked by 1 lock(s). Either wait or delete the lock with `pulumi cancel`."
    (folder / f"{STACKS[0]}.fails").write_text(locked)
    (outcome,) = run(folder, stacks=STACKS[:1])
    first, second = outcome.detail.splitlines()
    assert (outcome.state, first) == ("failed", locked)
    assert second.endswith(f"if that was killed: `pulumi cancel --yes --stack {STACKS[0]}`")


def test_the_command_tells_what_is_done_failed_and_not_begun(folder: Path) -> None:
    (folder / f"{STACKS[2]}.fails").touch()
    command = start(folder, "--parallel", "1", "--json")
    output, errors = command.communicate(timeout=120)
    assert command.returncode == 1
    assert [cell["state"] for cell in json.loads(output)["cells"]] == ["applied"] * 2 + ["failed"] + ["not begun"] * 9
    assert "wave 3 of 3: 10 cells, shop-cell-04 to shop-cell-13" in errors
    assert "    error: tenant-acme: no room" in errors
    assert errors.splitlines()[-1].startswith(
        "error: 2 of 12 cells are done; failed: shop-cell-04; not begun: shop-cell-05, shop-cell-06"
    )


def test_cells_that_are_named_are_applied_alone(folder: Path) -> None:
    command = start(folder, "--only", "cell-05", "--only", "cell-03")
    _, errors = command.communicate(timeout=60)
    assert command.returncode == 0, errors
    assert asked(folder, "up") == ["shop-cell-03", "shop-cell-05"]
    unknown = start(folder, "--only", "cell-99")
    _, errors = unknown.communicate(timeout=60)
    assert unknown.returncode == 2
    assert errors.startswith("error: no such cell (cell-99), Pulumi.shop.yaml: cells, use one of: cell-02, cell-03")


def test_an_interruption_before_the_first_cell_ends_what_is_asked_and_begins_none(folder: Path) -> None:
    script = folder / "bin" / "pulumi"
    script.write_text(
        f"#!/bin/sh\ntrap 'touch {folder}/ended; exit 1' INT\ntouch {folder}/listing\nwhile :; do :; done\n"
    )
    command = start(folder)
    wait_until((folder / "listing").exists, seconds=60, what="nothing was asked", where="", remedy="")
    os.kill(command.pid, signal.SIGTERM)
    _, errors = command.communicate(timeout=60)
    assert (command.returncode, errors) == (130, "error: interrupted, the command, run it again\n")
    assert (folder / "ended").exists()
