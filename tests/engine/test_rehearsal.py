"""`tenantry rehearse` as users run it: every stack is green, and whatever happens nothing of it is left.

Leaves what each check finds to `tests/sandbox/rehearsal`. Rehearsals bring instances of their own.
"""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.errors import TenantryError
from infra.paths import INSTANCES, PROJECT_ROOT
from infra.sandbox import stack_file
from infra.sandbox.rehearsal import rehearsal
from infra.sandbox.rehearsal.answers import ANSWERS
from infra.sandbox.rehearsal.promises import PROMISES
from infra.sandbox.waiting import wait_until
from infra.settings.stack_file import stacks
from tests.engine.command import TENANTRY, tenantry

_OF_A_STACK = ["preview", "up", "checks", "second preview", "refresh"]
_LONGEST = 900  # seconds; a rehearsal takes one or two minutes, on a busy machine


def started(stack: str, *arguments: str) -> "subprocess.Popen[str]":
    """Begin a rehearsal in a session of its own, as a terminal does."""
    return subprocess.Popen(
        [TENANTRY, "rehearse", stack, *arguments],
        cwd=Path("/"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: "subprocess.Popen[str]") -> Any:
    """Return what a rehearsal prints with --json; fail with all that it said unless it was green."""
    output, errors = process.communicate(timeout=_LONGEST)
    assert process.returncode == 0, output + errors
    return json.loads(output)


def left(stack: str) -> list[str]:
    """Return what is there of a stack's rehearsals: files, and processes by their folders."""
    files = [path.name for path in INSTANCES.glob(f"rehearse-{stack}-*")]
    return files + [name for name in map(_folder, psutil.process_iter()) if f"/rehearse-{stack}-" in name]


def _folder(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except psutil.Error:
        return ""


def assert_green(told: Any, stack: str, *, before: str = "") -> None:
    assert (told["stack"], told["ok"], told["failure"], told["instance"]) == (stack, True, None, None)
    first = [f"{before}: {name}" for name in _OF_A_STACK] if before else []
    assert [step["name"] for step in told["steps"]] == ["sandbox", *first, *_OF_A_STACK, "work tree"]
    assert all(step["ok"] and step["seconds"] >= 0 for step in told["steps"])
    assert told["seconds"] == pytest.approx(sum(step["seconds"] for step in told["steps"]), abs=1)
    checks = [check.name for check in (*ANSWERS, *PROMISES)]
    assert [check["name"] for check in told["checks"]] == [f"{before}: {name}" for name in checks if before] + checks
    unseen = [check["name"] for check in told["checks"] if not check["ok"] or check["detail"] == "none"]
    assert unseen == [], "every check has something to look at"
    assert left(stack) == []


@pytest.mark.timeout(_LONGEST)
def test_two_stacks_are_rehearsed_at_the_same_time_and_leave_nothing() -> None:
    before = {path.name: path.read_bytes() for path in PROJECT_ROOT.glob("Pulumi*.yaml")}
    small, larger = started("local", "--json"), started("staging", "--json")
    assert_green(ended(small), "local")
    assert_green(ended(larger), "staging")
    assert {path.name: path.read_bytes() for path in PROJECT_ROOT.glob("Pulumi*.yaml")} == before


@pytest.mark.timeout(_LONGEST)
def test_a_stack_that_restores_from_another_is_rehearsed_after_that_one() -> None:
    """So production is rehearsed too, as `tenantry rehearse production` does."""
    assert_green(ended(started("dr", "--json")), "dr", before="production")


@pytest.mark.timeout(_LONGEST)
def test_ctrl_c_in_an_update_ends_it_with_one_line_and_nothing_is_left() -> None:
    before = set(rehearsal.LOGS.glob("*"))

    def updating() -> bool:
        logs = set(rehearsal.LOGS.glob("rehearse-local-*")) - before
        return any(" created (" in log.read_text() for log in logs)

    process = started("local")
    try:
        wait_until(updating, seconds=240, what="no update began", where="the rehearsal", remedy="")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=_LONGEST)
    finally:
        process.kill()
    assert process.returncode == 130, output + errors
    assert errors.splitlines()[-1] == "error: interrupted, the command, run it again"
    assert left("local") == []


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a stack `broken`: `local` in everything, until a test changes it."""
    source = tmp_path / "Pulumi.broken.yaml"
    source.write_text((PROJECT_ROOT / "Pulumi.local.yaml").read_text())
    others = stack_file.source_of
    monkeypatch.setattr(stack_file, "source_of", lambda stack: source if stack == "broken" else others(stack))
    return source


def test_a_failed_step_is_named_and_the_engines_own_words_are_shown(broken: Path) -> None:
    broken.write_text(broken.read_text().replace("max_connections: 200", "max_connections: 2"))
    result = CliRunner().invoke(app, ["rehearse", "broken", "--json"])
    assert isinstance(result.exception, TenantryError)
    assert result.exception.exit_code == 1
    assert str(result.exception).startswith("the rehearsal of broken failed in: preview: `pulumi preview` failed (")
    assert "settings.database.max_connections: " in str(result.exception)
    assert "settings.database.max_connections: " in result.stderr
    told = json.loads(result.stdout)
    assert (told["ok"], told["failure"]["step"], told["checks"]) == (False, "preview", [])
    log = Path(told["log"])
    assert "max_connections" in log.read_text()
    log.unlink()
    assert left("broken") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config:\n\ttenantry:settings: {}\n", "not valid YAML"),
        ("config: {}\nconfig: {}\n", "not valid YAML (the key config is there twice), Pulumi.broken.yaml:2, "),
        ("- config\n", "not a stack file, Pulumi.broken.yaml"),
    ],
)
def test_a_file_that_is_no_stack_file_is_one_line_and_starts_nothing(broken: Path, text: str, said: str) -> None:
    broken.write_text(text)
    result = CliRunner().invoke(app, ["rehearse", "broken"])
    assert isinstance(result.exception, TenantryError)
    assert str(result.exception).startswith(said)
    assert "Pulumi.broken.yaml" in str(result.exception)
    assert result.stdout == ""
    assert left("broken") == []


def test_stacks_that_restore_from_each_other_or_are_of_two_accounts_are_refused(broken: Path) -> None:
    text = broken.read_text()
    restoring = text.replace('engine_version: "18"', 'engine_version: "18"\n      restore: { stack: {} }')
    broken.write_text(restoring.replace("{}", "broken"))
    with pytest.raises(TenantryError, match=r"restore from each other, broken too, Pulumi\.broken\.yaml, mend"):
        rehearsal.Rehearsal("broken", lambda _line: None)
    broken.write_text(restoring.replace("{}", "staging"))
    with pytest.raises(TenantryError, match=r"of another account than Pulumi\.broken\.yaml, Pulumi\.staging\.yaml"):
        rehearsal.Rehearsal("broken", lambda _line: None)


def test_an_unknown_stack_is_refused_with_those_that_there_are() -> None:
    refused = tenantry("rehearse", "nowhere")
    known = ", ".join(stacks())
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"error: no such stack, Pulumi.nowhere.yaml, use one of: {known}\n"


def test_make_needs_the_name_of_a_stack() -> None:
    ran = subprocess.run(["make", "rehearse"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: no stack is named, make rehearse, run `make rehearse STACK=local`\n")
