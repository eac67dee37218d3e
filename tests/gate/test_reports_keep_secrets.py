"""No report shows more of a change than what differs of it, and nothing of what is secret."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from infra.gate.change import Hidden, Properties, PropertyChange
from infra.gate.report_html import html
from infra.gate.report_json import document
from infra.gate.report_markdown import markdown
from infra.gate.report_text import text
from infra.gate.verdict import Verdict
from tests.gate import verdicts

CANARY = "canary-5ecret"
REPORTS: list[Callable[[Verdict], str]] = [
    markdown,
    text,
    html,
    lambda verdict: json.dumps(document(verdict)),
]


def planted() -> Verdict:
    """Return a verdict whose secrets are hidden, and whose unchanged inputs and outputs nobody asked to see."""
    whole: Properties = {"user": "app", "token": CANARY, "nested": [{"deep": CANARY}]}
    around = {"user": "app", "password": Hidden.SECRET, "list": [Hidden.SECRET, {"key": Hidden.SECRET}]}
    properties = [
        PropertyChange("password", "update", Hidden.SECRET, Hidden.SECRET),
        PropertyChange("data", "update", around, around | {"user": "other"}),
        PropertyChange("token", "add", None, Hidden.SECRET),
        PropertyChange("gone", "delete", Hidden.SECRET, None),
    ]
    judged = []
    for level in ("forbidden", "dangerous", "notable", "safe"):
        one = verdicts.update(f"r-{level}", *properties, level=level, rule="r")  # type: ignore[arg-type]  # a level
        judged.append(replace(one, change=replace(one.change, before=whole, after=whole, outputs=whole)))
    return replace(verdicts.small(), judged=judged)


@pytest.mark.parametrize("report", REPORTS)
def test_no_report_shows_what_is_not_a_difference_or_is_secret(report: Callable[[Verdict], str]) -> None:
    told = report(planted())
    assert CANARY not in told
    assert "other" in told or report is text


def test_a_secret_that_changes_is_seen_to_change() -> None:
    changed = document(planted())["changes"][0]["properties"]
    password = next(one for one in changed if one["path"] == "password")
    assert password["before"] == password["after"] == {"hidden": "secret"}
    assert "<code>password</code> <em>secret</em> → <em>secret</em>" in markdown(planted())


@pytest.mark.parametrize("report", REPORTS)
def test_a_message_with_the_escapes_of_a_terminal_keeps_its_words(report: Callable[[Verdict], str]) -> None:
    message = "\x1b[31merror:\x1b[0m no\n\tsuch bucket \x07"
    told = report(replace(verdicts.small(), warnings=[message], blocked=[message, message], stale=[message]))
    assert "\x1b" not in told
    assert "\x07" not in told
    if report is not REPORTS[3]:
        assert "error: no such bucket" in told
