"""`tenantry pipeline`: what steps read of it, line by line, and with what exit code it ends."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra import cli
from infra.errors import TenantryError
from infra.pipeline import ephemeral_stacks
from tests.pipeline.fakes import Fake

DIGEST = "ab" * 32


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["pipeline", *map(str, arguments)])


def report(folder: Path, changes: int) -> Path:
    path = folder / "report.json"
    told = {"stack": "staging", "digest": DIGEST, "headline": "x", "changes": [{}] * changes, "passes": True}
    path.write_text(json.dumps(told))
    return path


def test_where_to_sign_in_is_told_as_outputs_of_a_step() -> None:
    result = run("account", "production")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "account=444455556666",
        "region=eu-central-1",
        "preview_role=arn:aws:iam::444455556666:role/tenantry-state-preview-production",
        "apply_role=arn:aws:iam::444455556666:role/tenantry-state-apply-production",
        "backend=s3://tenantry-state-444455556666-eu-central-1?region=eu-central-1",
        "secrets_provider=awskms://alias/tenantry-state?region=eu-central-1",
    ]


def test_roles_of_another_environment_and_another_state_are_told_by_option() -> None:
    told = run("account", "staging", "--environment", "ephemeral", "--state", "other").output
    assert "apply_role=arn:aws:iam::111122223333:role/other-apply-ephemeral\n" in told
    assert "backend=s3://other-111122223333-eu-central-1?region=eu-central-1\n" in told


def test_the_variables_of_the_cli_are_told_too() -> None:
    first, second = run("account", "staging", "--variables").output.splitlines()
    assert first == "PULUMI_BACKEND_URL=s3://tenantry-state-111122223333-eu-central-1?region=eu-central-1"
    assert second.startswith("PGSSLROOTCERT=/")
    assert second.endswith("/.sandbox/rds.pem")


def test_a_stack_that_there_is_not_is_told_with_those_that_there_are() -> None:
    result = run("account", "prod")
    assert isinstance(result.exception, TenantryError)
    assert result.exception.exit_code == 2
    assert "use one of: dr, local, production, staging" in str(result.exception)


def test_a_report_is_told_as_outputs_of_a_step(tmp_path: Path) -> None:
    assert run("report", report(tmp_path, 2)).output == f"digest={DIGEST}\nchanges=2\npasses=true\n"


@pytest.mark.parametrize(("text", "told"), [("", "there is no report"), ("{", "not a report"), ("{}", "not a report")])
def test_what_is_no_report_ends_the_job(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    result = run("report", path)
    assert isinstance(result.exception, TenantryError)
    assert (result.exception.exit_code, told in str(result.exception)) == (2, True)


def test_drift_is_an_issue_and_the_end_of_it_closes_that(tmp_path: Path, gh: Fake) -> None:
    (tmp_path / "report.md").write_text("<!-- tenantry gate staging -->\n# 2 changes")
    gh.answers(["issue", "list"], [])
    result = run("drift", "staging", report(tmp_path, 2), tmp_path / "report.md")
    assert (result.exit_code, result.output) == (0, "the issue about staging: opened\n")
    assert gh.calls()[-1][1].endswith("# 2 changes")
    gh.answers(["issue", "list"], [{"number": 5, "title": "staging is not as it was applied", "body": ""}])
    result = run("drift", "staging", report(tmp_path, 0), tmp_path / "report.md")
    assert (result.exit_code, result.output) == (0, "the issue about staging: closed\n")


def test_a_nightly_preview_that_failed_is_an_issue_too_and_fails_the_job(tmp_path: Path, gh: Fake) -> None:
    gh.answers(["issue", "list"], [])
    result = run("drift", "staging", tmp_path / "none.json", tmp_path / "none.md")
    assert result.exit_code == 3
    assert "failed" in gh.calls()[-1][1]


def test_a_comment_says_what_was_done(tmp_path: Path, gh: Fake) -> None:
    gh.answers(["api"], [[]])
    (tmp_path / "report.md").write_text("<!-- x -->\ntext")
    assert run("comment", "12", tmp_path / "report.md").output == "the comment on #12: written\n"
    result = run("comment", "12", tmp_path / "none.md")
    assert isinstance(result.exception, TenantryError)


def test_an_environment_is_made_once(pulumi: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ephemeral_stacks, "write", lambda number, like: tmp_path / f"Pulumi.pr-{number}.yaml")
    monkeypatch.setattr(ephemeral_stacks, "make", lambda number, like: (number, like) == (12, "staging"))
    assert run("ephemeral", "create", 12, "--like", "staging").output == "pr-12: made, empty\n"
    assert run("ephemeral", "create", 13, "--like", "staging").output == "pr-13: there already\n"
    pulumi.answers(["stack", "ls"], [])
    assert run("ephemeral", "delete", 12, "--like", "staging").output.splitlines()[-1] == "pr-12: not there"


def test_what_is_over_is_told_as_a_list(pulumi: Fake, gh: Fake) -> None:
    stacks = [
        {"name": "pr-3", "lastUpdate": "2026-01-01T00:00:00Z"},
        {"name": "pr-1", "lastUpdate": "2999-01-01T00:00:00Z"},
        {"name": "pr-2", "lastUpdate": "2999-01-01T00:00:00Z"},
    ]
    pulumi.answers(["stack", "ls"], stacks)
    gh.answers(["pr", "view", "1"], {"state": "MERGED"})
    gh.answers(["pr", "view", "2"], {"state": "OPEN"})
    assert run("ephemeral", "expired").output == "pull_requests=[1, 3]\n"
    pulumi.answers(["stack", "ls"], [])
    assert run("ephemeral", "expired").output == "pull_requests=[]\n"


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_a_number_of_no_pull_request_is_refused(number: str) -> None:
    assert run("ephemeral", "write", "--like", "staging", "--", number).exit_code == 2
