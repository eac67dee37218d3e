"""A rehearsal whose steps do nothing: whatever raises in between is its failure, and is not lost."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from infra import foreground
from infra.cli import app
from infra.errors import TenantryError
from infra.sandbox import engine, lifecycle, pulumi
from infra.sandbox import instance as instances
from infra.sandbox.addresses import AddressBlock
from infra.sandbox.environment import Workspace
from infra.sandbox.instance import Instance
from infra.sandbox.rehearsal import engine_run, rehearsal
from infra.sandbox.rehearsal.applied import Applied
from infra.sandbox.rehearsal.checking import Check, Unkept

Run = Callable[..., Result]


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, str]]:
    """The environment of each run of the CLI, which does nothing but say so."""
    environments: list[Mapping[str, str]] = []

    def ran(command: Sequence[str], *, env: Mapping[str, str], output: Any, **_rest: object) -> tuple[int, bool]:
        environments.append(env)
        output.write(b"it ran\n")
        return 0, False

    monkeypatch.setattr(foreground, "run", ran)
    return environments


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engines: list[Mapping[str, str]]) -> Run:
    """Rehearse a stack without a sandbox; its instance has no process, and no check looks at it."""
    for module in (instances, rehearsal):
        monkeypatch.setattr(module, "INSTANCES", tmp_path / "instances")
    monkeypatch.setattr(rehearsal, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(rehearsal, "ANSWERS", ())
    monkeypatch.setattr(rehearsal, "PROMISES", ())
    monkeypatch.setattr(engine, "ensure_built", lambda _console: None)
    monkeypatch.setattr(lifecycle, "up", lambda name, *_rest: Instance(name, AddressBlock("127.99.99")))
    monkeypatch.setattr(lifecycle, "down", lambda *_arguments, **_options: None)
    monkeypatch.setattr(Workspace, "prepare", lambda _workspace: None)
    monkeypatch.setattr(Workspace, "process_environment", lambda workspace: {"PULUMI_STACK": workspace.stack})
    monkeypatch.setattr(pulumi, "ensure_stack", lambda _workspace: None)
    monkeypatch.setattr(engine_run, "document", lambda *_arguments: {})
    return lambda *arguments: CliRunner().invoke(app, ["rehearse", *arguments, "--json"])


def refusing(stack: str) -> Callable[[Workspace], None]:
    """Return what makes any stack but this one."""

    def ensure(workspace: Workspace) -> None:
        if workspace.stack == stack:
            raise TenantryError("the stack cannot be created (no space left)", stack, "mend that")

    return ensure


def test_a_rehearsal_that_went_well_keeps_no_log(run: Run) -> None:
    result = run("dr")
    assert (result.exit_code, json.loads(result.stdout)["ok"]) == (0, True)
    assert list(rehearsal.LOGS.iterdir()) == []


@pytest.mark.parametrize(("stack", "step"), [("dr", "preview"), ("production", "production: preview")])
def test_a_stack_that_cannot_be_made_fails_the_step_that_needs_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, stack: str, step: str
) -> None:
    monkeypatch.setattr(pulumi, "ensure_stack", refusing(stack))
    result = run("dr")
    assert isinstance(result.exception, TenantryError)
    assert result.exception.exit_code == 1
    said = "the stack cannot be created (no space left)"
    assert str(result.exception) == f"the rehearsal of dr failed in: {step}: {said}, {stack}, mend that"
    told = json.loads(result.stdout)
    assert (told["ok"], told["failure"]["step"]) == (False, step)
    assert [one["ok"] for one in told["steps"]][-2:] == [True, False]


def test_a_check_of_the_stack_before_it_that_fails_ends_the_rehearsal_with_its_name(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(applied: Applied) -> str:
        if applied.workspace.stack == "production":
            raise Unkept("it is open", "bucket b")
        return "1 bucket"

    monkeypatch.setattr(rehearsal, "PROMISES", (Check("every bucket is closed", look),))
    told = json.loads(run("dr").stdout)
    assert [(one["name"], one["ok"]) for one in told["steps"]][-1] == ("production: checks", False)
    assert [(one["name"], one["ok"]) for one in told["checks"]] == [("production: every bucket is closed", False)]
    assert (
        "not so: production: every bucket is closed: it is open, bucket b, stack production, "
        in told["failure"]["message"]
    )


def test_the_log_of_a_failure_between_two_runs_of_the_engine_is_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "ensure_stack", refusing("dr"))
    told = json.loads(run("dr").stdout)
    assert Path(told["log"]).read_text() == "it ran\n" * 4, "production's runs"


def test_a_stack_file_that_goes_away_is_a_failure_of_the_first_step(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Path] = []

    def gone(files: Sequence[Path]) -> None:
        begun.extend(files)
        raise TenantryError("no such stack", files[-1].name, "use another")

    monkeypatch.setattr(rehearsal.work_tree, "state", gone)
    told = json.loads(run("local").stdout)
    assert [path.name for path in begun] == ["Pulumi.local.yaml"]
    assert (told["ok"], told["failure"]["step"], len(told["steps"])) == (False, "sandbox", 1)


@pytest.mark.parametrize(("options", "once"), [([], "true"), (["--keep"], None)])
def test_the_engine_writes_each_step_of_a_sandbox_that_is_kept(
    run: Run, engines: list[Mapping[str, str]], options: list[str], once: str | None
) -> None:
    assert run("local", *options).exit_code == 0
    assert [environment.get("PULUMI_SKIP_CHECKPOINTS") for environment in engines] == [once] * 4
