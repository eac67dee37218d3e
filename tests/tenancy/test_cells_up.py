"""`tenantry cells up`: waves, the end after a failure, and going on; with a `pulumi` that only pretends."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.errors import TenantryError
from infra.sandbox.waiting import wait_until
from infra.tenancy import waves
from tests.tenancy.pretended_cells import STACKS, asked, cell_stacks, project, run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return project(tmp_path, monkeypatch)


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
