"""What is told on GitHub: one comment a stack on a pull request, and one issue a stack about drift.

Owns finding what was told before, so that the same comment or issue is edited. Leaves signing in and the requests to
GitHub's own command, `gh`, which takes the repository from GH_REPO and the token from GH_TOKEN.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import TenantryError

_SECONDS = 60.0
_LONGEST = 65_536  # characters of a comment or an issue, GitHub's limit
_BOT = "github-actions[bot]"
"""Whose comments are edited: a marker in somebody else's is not ours."""


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue that is open.

    Args:
        number: its number.
        body: its text.
    """

    number: int
    body: str


def comment(pull_request: int, text: str) -> str:
    """Write a comment on a pull request, or edit the one that began with the same line; return what was done.

    Args:
        pull_request: its number.
        text: the comment; its first line is a marker, as the gate's reports have one.

    Raises:
        TenantryError: it is too long, or GitHub refuses.
    """
    _check(text)
    marker = text.partition("\n")[0]
    comments = f"repos/{{owner}}/{{repo}}/issues/{pull_request}/comments"
    known = _told(["api", "--paginate", "--slurp", f"{comments}?per_page=100"])
    ours = [
        one["id"]
        for page in known
        for one in page
        if one["user"]["login"] == _BOT and str(one["body"]).partition("\n")[0].strip() == marker
    ]
    if ours:
        _gh(["api", "--method", "PATCH", f"repos/{{owner}}/{{repo}}/issues/comments/{ours[0]}", "--input", "-"], text)
        return "edited"
    _gh(["api", "--method", "POST", comments, "--input", "-"], text)
    return "written"


def open_issue(label: str, title: str) -> Issue | None:
    """Return the open issue of a label and a title; None where there is none.

    Args:
        label: its label.
        title: its title, whole.

    Raises:
        TenantryError: GitHub refuses.
    """
    found = _told(
        ["issue", "list", "--state", "open", "--label", label, "--limit", "200", "--json", "number,title,body"]
    )
    return next((Issue(one["number"], one["body"]) for one in found if one["title"] == title), None)


def tell_issue(label: str, title: str, text: str) -> str:
    """Open an issue, or edit the open one of the same title; return what was done.

    Args:
        label: its label, which is made where there is none.
        title: its title.
        text: its text.

    Raises:
        TenantryError: it is too long, or GitHub refuses.
    """
    _check(text)
    known = open_issue(label, title)
    if known is None:
        _gh(["label", "create", label, "--force", "--description", "Found by the pipeline"])
        _gh(["issue", "create", "--title", title, "--label", label, "--body-file", "-"], text, is_body=False)
        return "opened"
    if known.body.strip() == text.strip():
        return "as it was"
    _gh(["issue", "edit", str(known.number), "--body-file", "-"], text, is_body=False)
    return "edited"


def close_issue(label: str, title: str, reason: str) -> str:
    """Close the open issue of a title, where there is one; return what was done.

    Args:
        label: its label.
        title: its title.
        reason: what is said of it.

    Raises:
        TenantryError: GitHub refuses.
    """
    known = open_issue(label, title)
    if known is None:
        return "none is open"
    _gh(["issue", "close", str(known.number), "--comment", reason])
    return "closed"


def is_open(pull_request: int) -> bool:
    """Return whether a pull request is open.

    Args:
        pull_request: its number.

    Raises:
        TenantryError: there is none of that number, or GitHub refuses.
    """
    told = _told(["pr", "view", str(pull_request), "--json", "state"])
    return bool(told["state"] == "OPEN")


def text_of(path: Path) -> str:
    """Return the text to tell.

    Args:
        path: the file.

    Raises:
        TenantryError: there is none.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise TenantryError(f"cannot be read ({error.strerror})", path.name, "write it first") from error


def _check(text: str) -> None:
    if len(text) > _LONGEST:
        raise TenantryError(f"{len(text)} characters are too long", "GitHub", f"tell {_LONGEST} at most")


def _told(arguments: Sequence[str]) -> Any:
    return json.loads(_gh(arguments) or "null")


def _gh(arguments: Sequence[str], text: str = "", *, is_body: bool = True) -> str:
    """Run GitHub's command and return what it prints.

    Args:
        arguments: after `gh`.
        text: for its standard input.
        is_body: whether that is to be JSON, with the text as `body`.

    Raises:
        TenantryError: it is not there, fails or takes a minute.
    """
    program = shutil.which("gh")
    if program is None:
        raise TenantryError("GitHub's command is missing", "gh", "install it; its hosted runners have it")
    given = json.dumps({"body": text}) if text and is_body else text
    try:
        ran = subprocess.run(
            [program, *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            env={**os.environ, "GH_PROMPT_DISABLED": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise TenantryError("GitHub does not answer", f"gh {arguments[0]}", "run it again") from error
    if ran.returncode:
        said = next(iter(ran.stderr.strip().splitlines()), f"exit code {ran.returncode}")
        raise TenantryError(
            f"GitHub refuses ({said})",
            f"gh {' '.join(arguments[:2])}",
            "look at GH_TOKEN, GH_REPO and the job's permissions",
        )
    return ran.stdout
