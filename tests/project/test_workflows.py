"""The workflows: each step is a command of this project that exists, each action is pinned, no job may do too much."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from infra import cli
from infra.paths import PROJECT_ROOT
from infra.settings import stack_file

GITHUB = PROJECT_ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))

TENANTRY = ".venv/bin/tenantry"
FILES = re.compile(r' >>?"\$?[A-Za-z_.$]+"$| >[a-z.]+$')
"""Where a step's output goes, at the end of its line."""

EVENT_TEXTS = re.compile(r"\$\{\{")


def read(path: Path) -> Any:
    """Return a file as it is written: every value is a text."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


def jobs() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            yield f"{path.name}:{name}", job


def steps() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, job in jobs():
        for number, step in enumerate(job["steps"]):
            yield f"{name}[{number}]", step
    for path in ACTIONS:
        for number, step in enumerate(read(path)["runs"]["steps"]):
            yield f"{path.parent.name}[{number}]", step


RUNS = [(name, step["run"]) for name, step in steps() if "run" in step]
USES = [(name, step["uses"]) for name, step in steps() if "uses" in step]
JOBS = list(jobs())


def ids(pair: Any) -> str:
    return pair if isinstance(pair, str) else ""


def targets() -> set[str]:
    """Return what `make` can be asked for."""
    text = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert phony is not None
    return set(phony[1].split())


def commands(line: str) -> tuple[list[str], list[str]]:
    """Return the words of a `tenantry` line: the command with its groups, and the options that it is given."""
    words = shlex.split(FILES.sub("", line))
    assert words[0] == TENANTRY
    path: list[str] = []
    for word in words[1:]:
        if not re.fullmatch(r"[a-z][a-z-]*", word) or word in stack_file.stacks():
            break
        path.append(word)
    return path, [word for word in words if word.startswith("--")]


def test_the_workflows_are_there() -> None:
    assert [path.name for path in WORKFLOWS] == ["deploy.yml", "drift.yml", "ephemeral.yml", "pull-request.yml"]
    assert len(RUNS) > 15


@pytest.mark.parametrize(("name", "line"), RUNS, ids=ids)
def test_every_step_is_one_command_that_exists(name: str, line: str) -> None:
    assert "\n" not in line.strip(), f"{name} is a script; make it a target or a command"
    if line.startswith("make "):
        assert set(line.split()[1:]) <= targets()
        return
    path, options = commands(line)
    told = CliRunner().invoke(cli.app, [*path, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert told.exit_code == 0, f"{name}: {told.output}"
    assert "Usage: " in told.output
    for option in options:
        assert re.search(rf"{option}\b", told.output), f"{name}: `tenantry {' '.join(path)}` has no {option}"


@pytest.mark.parametrize(("name", "line"), RUNS, ids=ids)
def test_no_step_has_an_expression_in_its_line(name: str, line: str) -> None:
    """What an event says, such as a branch's name, would be read by the shell; variables are not."""
    assert not EVENT_TEXTS.search(line)


@pytest.mark.parametrize(("name", "action"), USES, ids=ids)
def test_every_action_is_this_projects_own_or_pinned_by_its_commit(name: str, action: str) -> None:
    if action.startswith("./"):
        assert (PROJECT_ROOT / action / "action.yml").is_file()
        return
    assert re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9-]+@[0-9a-f]{40}", action), name


def test_every_pin_has_its_version_beside_it_and_one_action_has_one_pin() -> None:
    pins: dict[str, set[str]] = {}
    for path in (*WORKFLOWS, *ACTIONS):
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.search(r"uses: ([A-Za-z0-9-]+/[A-Za-z0-9-]+)@([0-9a-f]{40}.*)$", line)
            if found:
                assert re.search(r"^[0-9a-f]{40} # v\d+\.\d+\.\d+$", found[2]), line
                pins.setdefault(found[1], set()).add(found[2])
    assert {action for action, found in pins.items() if len(found) > 1} == set()
    assert set(pins) == {
        "actions/checkout",
        "actions/upload-artifact",
        "aws-actions/configure-aws-credentials",
        "pulumi/actions",
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_gives_nothing_to_its_jobs_but_what_each_asks_for(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in workflow["on"]  # a fork's code, with this repository's rights


@pytest.mark.parametrize(("name", "job"), JOBS, ids=ids)
def test_a_job_has_the_rights_that_its_steps_need_and_no_other(name: str, job: Mapping[str, Any]) -> None:
    needed = {"contents": "read"}
    lines = [str(step.get("run", "")) for step in job["steps"]]
    if any(step.get("uses") == "./.github/actions/sign-in" for step in job["steps"]):
        needed["id-token"] = "write"
    if any(" pipeline comment " in line for line in lines):
        needed["pull-requests"] = "write"
    if any(" ephemeral expired " in line for line in lines):
        needed["pull-requests"] = "read"
    if any(" pipeline drift " in line for line in lines):
        needed["issues"] = "write"
    assert job["permissions"] == needed, name


@pytest.mark.parametrize(("name", "job"), JOBS, ids=ids)
def test_a_job_ends_in_time_on_a_named_runner_and_leaves_no_token_behind(name: str, job: Mapping[str, Any]) -> None:
    assert int(job["timeout-minutes"]) <= 120
    assert "latest" not in job["runs-on"]
    (checkout,) = [step for step in job["steps"] if str(step.get("uses", "")).startswith("actions/checkout@")]
    assert checkout["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize(("name", "job"), JOBS, ids=ids)
def test_no_two_jobs_meet_at_one_stack(name: str, job: Mapping[str, Any]) -> None:
    """Each job has its group, or its workflow has one that a newer run of the same takes over."""
    workflow = read(GITHUB / "workflows" / name.partition(":")[0])
    group = job.get("concurrency") or workflow.get("concurrency")
    assert group is not None
    applies = any(re.search(r" (apply|ephemeral delete) ", str(step.get("run", ""))) for step in job["steps"])
    if applies:
        assert group["group"].startswith("stack-")
        assert group["cancel-in-progress"] == "false"  # an update that is cancelled leaves its stack locked


@pytest.mark.parametrize(("name", "job"), JOBS, ids=ids)
def test_only_a_job_of_a_github_environment_applies(name: str, job: Mapping[str, Any]) -> None:
    signs = [step["with"] for step in job["steps"] if step.get("uses") == "./.github/actions/sign-in"]
    assert all(one["role"] in {"preview", "apply"} for one in signs)
    if any(one["role"] == "apply" for one in signs):
        assert {one["environment"] for one in signs} == {job["environment"]}
    else:
        assert "environment" not in job
        assert not any(" apply " in str(step.get("run", "")) for step in job["steps"])


def test_production_is_applied_with_the_digest_that_was_reviewed_and_nothing_else() -> None:
    workflow = read(GITHUB / "workflows" / "deploy.yml")
    production = workflow["jobs"]["production"]
    assert (production["needs"], production["environment"]) == ("review", "production")
    last = production["steps"][-1]
    assert last["run"] == f'{TENANTRY} apply "$STACK" --digest "$DIGEST"'
    assert last["env"]["DIGEST"] == "${{ needs.review.outputs.digest }}"
    assert workflow["on"] == {"push": {"branches": ["main"]}}


def test_a_job_that_signs_in_on_a_pull_request_is_not_for_forks() -> None:
    for path in WORKFLOWS:
        workflow = read(path)
        if "pull_request" not in workflow["on"]:
            continue
        for name, job in workflow["jobs"].items():
            signs_in = any(step.get("uses") == "./.github/actions/sign-in" for step in job["steps"])
            ours = "github.event.pull_request.head.repo.full_name == github.repository"
            elsewhere = ("github.event_name != 'pull_request'", "needs.expired.outputs.pull_requests != '[]'")
            assert not signs_in or ours in job["if"] or job["if"] in elsewhere, f"{path.name}: {name}"


def test_the_cli_that_applies_is_the_one_that_rehearses() -> None:
    modules = (PROJECT_ROOT / "infra/sandbox/engine/modules/pulumi/go.mod").read_text(encoding="utf-8")
    pinned = re.search(r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)", modules)
    (wanted,) = [
        step["with"]["pulumi-version"] for _, step in steps() if str(step.get("uses", "")).startswith("pulumi/actions@")
    ]
    assert pinned is not None
    assert wanted == pinned[1]
