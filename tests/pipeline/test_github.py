"""One comment and one issue for each stack: written once, edited from then on, and never anybody else's."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.errors import TenantryError
from infra.pipeline import github
from tests.pipeline.fakes import Fake

MARKER = "<!-- tenantry gate staging -->"
REPORT = f"{MARKER}\n# staging: 2 changes\n"
COMMENTS = "repos/{owner}/{repo}/issues/12/comments"


def said(number: int, body: str, login: str = "github-actions[bot]") -> dict[str, Any]:
    return {"id": number, "body": body, "user": {"login": login}}


def pages(*found: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return list(found)


def test_the_first_comment_is_written(gh: Fake) -> None:
    gh.answers(["api", "--paginate"], pages([said(1, "looks good", "ann")]))
    assert github.comment(12, REPORT) == "written"
    words, text = gh.calls()[-1]
    assert words == ["api", "--method", "POST", COMMENTS, "--input", "-"]
    assert json.loads(text) == {"body": REPORT}


def test_the_next_one_edits_it_wherever_it_is(gh: Fake) -> None:
    gh.answers(["api", "--paginate"], pages([said(1, "x")], [said(7, f"{MARKER}\r\nformer"), said(8, REPORT)]))
    assert github.comment(12, REPORT) == "edited"
    words, text = gh.calls()[-1]
    assert words == ["api", "--method", "PATCH", "repos/{owner}/{repo}/issues/comments/7", "--input", "-"]
    assert json.loads(text) == {"body": REPORT}


@pytest.mark.parametrize(
    "other",
    [
        said(7, REPORT, "mallory"),
        said(7, "<!-- tenantry gate production -->\n"),
        said(7, f"see {MARKER}\n"),
        said(7, ""),
    ],
)
def test_a_comment_of_somebody_else_or_of_another_stack_is_left_alone(gh: Fake, other: dict[str, Any]) -> None:
    gh.answers(["api", "--paginate"], pages([other]))
    assert github.comment(12, REPORT) == "written"


def test_what_github_would_refuse_is_not_sent(gh: Fake) -> None:
    with pytest.raises(TenantryError, match="characters are too long"):
        github.comment(12, "x" * 70_000)
    assert gh.calls() == []


def test_what_github_refuses_is_told_in_one_line(gh: Fake) -> None:
    gh.answers(["api"], "gh: Resource not accessible by integration (HTTP 403)\n", 1)
    with pytest.raises(TenantryError) as raised:
        github.comment(12, REPORT)
    assert str(raised.value) == (
        "GitHub refuses (gh: Resource not accessible by integration (HTTP 403)), gh api --paginate, look at GH_TOKEN, "
        "GH_REPO and the job's permissions"
    )


def test_a_machine_without_githubs_command_is_told_so(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(TenantryError, match="GitHub's command is missing, gh, install it"):
        github.comment(12, REPORT)


def test_an_issue_is_opened_with_its_label(gh: Fake) -> None:
    gh.answers(["issue", "list"], [{"number": 3, "title": "another", "body": ""}])
    assert github.tell_issue("drift", "staging", "text") == "opened"
    (_, _), (label, _), (opened, text) = gh.calls()
    assert label[:3] == ["label", "create", "drift"]
    assert opened == ["issue", "create", "--title", "staging", "--label", "drift", "--body-file", "-"]
    assert text == "text"


def test_an_open_issue_is_edited_and_only_where_it_says_something_else(gh: Fake) -> None:
    gh.answers(["issue", "list"], [{"number": 3, "title": "staging", "body": "text\r\n"}])
    assert github.tell_issue("drift", "staging", "text\n") == "as it was"
    assert github.tell_issue("drift", "staging", "more") == "edited"
    assert gh.calls()[-1] == (["issue", "edit", "3", "--body-file", "-"], "more")


def test_an_issue_is_closed_once_it_is_over(gh: Fake) -> None:
    gh.answers(["issue", "list"], [{"number": 3, "title": "staging", "body": "text"}])
    assert github.close_issue("drift", "staging", "over") == "closed"
    assert gh.calls()[-1][0] == ["issue", "close", "3", "--comment", "over"]
    gh.answers(["issue", "list"], [])
    assert github.close_issue("drift", "staging", "over") == "none is open"


@pytest.mark.parametrize(("state", "is_open"), [("OPEN", True), ("CLOSED", False), ("MERGED", False)])
def test_a_pull_request_is_open_or_not(gh: Fake, state: str, is_open: bool) -> None:
    gh.answers(["pr", "view", "12"], {"state": state})
    assert github.is_open(12) is is_open
