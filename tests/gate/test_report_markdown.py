"""The comment on a pull request: within GitHub's limits, stable, and without a sign that others put into it."""

import html
import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from infra.gate import markdown_text
from infra.gate.change import PropertyChange
from infra.gate.report_markdown import CHARACTERS, ROWS, markdown
from tests.gate import verdicts

OWN_TAGS = {"<code>", "</code>", "<em>", "</em>", "<br>", "<wbr>"}
OWN_BLOCKS = {"<details>", "</details>", "<summary>", "</summary>"}


def rows_in(text: str) -> int:
    return sum(line.startswith("|") for line in text.splitlines())


def test_the_comment_begins_with_its_mark_and_the_answer() -> None:
    first, second = markdown(verdicts.small()).splitlines()[:2]
    assert first == "<!-- tenantry gate staging -->"
    assert second.startswith("**Blocked**: staging: backup-retention-lowered: main keeps backups 1 day, 7 before")
    assert second.endswith("(and 1 more reason); touches 2 tenants, 1 enterprise")


def test_the_worst_stands_first_and_what_is_safe_is_folded() -> None:
    told = markdown(verdicts.small())
    places = [
        told.index(part)
        for part in (
            "| level | update | create | all |",
            "### Why it is blocked",
            "--waive",
            "### Dangerous: 1 change",
            "### Notable: 1 change",
            "<details><summary>Safe: 1 change</summary>",
            "### What is declared",
            "### Renamed?",
            "### Waived",
            "### Waivers without effect",
            "### Warnings",
            verdicts.DIGEST,
        )
    ]
    assert places == sorted(places)


def test_a_row_tells_what_differs_and_the_rule() -> None:
    told = markdown(verdicts.small())
    row = next(line for line in told.splitlines() if line.startswith("| update | <code>main"))
    assert "<code>backupRetentionPeriod</code> <code>7</code> → <code>1</code>" in row
    assert "**backup-retention-lowered**: backup-retention-lowered of main" in row


def test_what_is_hidden_is_a_word_in_italics_and_no_text_of_a_user_looks_like_it() -> None:
    told = markdown(verdicts.small())
    assert "<em>secret</em>" in told
    assert "<em>known after apply</em>" in told
    faked = verdicts.update("x", PropertyChange("a", "update", "<em>secret</em>", "*secret*"))
    assert "<em>" not in markdown(replace(verdicts.small(), judged=[faked]))


def test_the_digest_and_its_command_are_there_when_it_may_be_applied() -> None:
    command = markdown_text.code(f"tenantry apply staging --digest {verdicts.DIGEST}")
    assert command in markdown(verdicts.passing())
    assert command not in markdown(verdicts.small())
    assert verdicts.DIGEST in markdown(verdicts.small())


def test_cost_approvals_and_reach_are_told() -> None:
    told = markdown(verdicts.small())
    assert "estimate, prices of 2026-11-01" in told
    assert "without a price: <code>aws:wafv2/webAcl:WebAcl</code>" in told
    assert "2 approvals needed; it touches 5 % of 40 tenants" in told
    assert "- tenants of plan enterprise: acme\n- tenants of plan pro: bolt\n- services: api, worker" in told


def test_a_verdict_of_twenty_thousand_changes_is_one_comment_that_counts_what_it_leaves_out() -> None:
    told = markdown(verdicts.large())
    assert len(told) <= CHARACTERS
    assert rows_in(told) <= ROWS
    assert "dangerous | 2,000" in told
    for level, count in (("Dangerous", 2_000), ("Notable", 6_000), ("Safe", 12_000)):
        section = told[told.index(f"{level}: {count:,} changes") :]
        shown = rows_in(re.split(r"\n\n(?:###|<details|</details)", section)[0]) - 2
        assert shown > 0
        assert f"and {count - shown:,} more, see the JSON" in section


@pytest.mark.parametrize("count", [0, 1, 60, 150, 499, 700])
def test_limits_hold_and_room_is_used_at_every_size(count: int) -> None:
    verdict = verdicts.large(count, 40)
    told = markdown(verdict)
    assert len(told) <= CHARACTERS
    assert rows_in(told) <= ROWS


def test_a_few_hundred_small_changes_are_all_told() -> None:
    judged = [verdicts.update(f"r{number:03}") for number in range(300)]
    told = markdown(replace(verdicts.passing(), judged=judged))
    assert all(f"r{number:03}" in told for number in range(300))
    assert "see the JSON" not in told


@pytest.mark.parametrize("verdict", [verdicts.small(), verdicts.hostile(), verdicts.large(300, 100)])
def test_the_order_of_the_input_is_not_seen(verdict: verdicts.Verdict) -> None:
    assert {markdown(verdicts.shuffled(verdict, seed)) for seed in range(5)} == {markdown(verdict)}


def test_no_text_of_others_becomes_markup() -> None:
    told = markdown(verdicts.hostile())
    assert told.encode().decode() == told
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(told)
    kinds = {token.type for token in tokens}
    assert not kinds & {"fence", "lheading_open", "code_block", "blockquote_open", "ordered_list_open", "hr"}
    assert max(token.level for token in tokens if token.type == "bullet_list_open") == 0
    for token in tokens:
        if token.type == "html_block":
            bare = re.sub(r"</?(details|summary)>", "", token.content)
            assert re.fullmatch(r"<!-- tenantry gate [\w./-]+ -->\n|[^<>]*", bare), token.content
        for child in token.children or ():
            assert child.type not in {"link_open", "image", "code_inline", "s_open", "em_open"}, token.content
            assert child.type != "html_inline" or child.content in OWN_TAGS, child.content


def test_every_row_of_a_hostile_verdict_has_the_cells_of_its_table() -> None:
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown(verdicts.hostile()))
    tables = re.findall(r"<table>.*?</table>", rendered, re.DOTALL)
    assert len(tables) == 7
    for table in tables:
        rows = [len(re.findall(r"<t[hd]>", row)) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)]
        assert len(set(rows)) == 1
    assert rows_in(markdown(verdicts.hostile())) == sum(len(re.findall("<tr>", table)) + 1 for table in tables)


@pytest.mark.parametrize("text", verdicts.HOSTILE)
def test_github_finds_no_mention_reference_or_address_in_a_sentence(text: str) -> None:
    words = html.unescape(markdown_text.prose(text, 500))
    assert not re.search(r"@\w|#\d|://|www\.|GH-\d|:\w+:|mailto:\w", words)
    assert not re.search(r"[<>|`*\\\[\]_$~!&]", re.sub(r"&#\d+;", "", markdown_text.prose(text, 500)))


@pytest.mark.parametrize("text", verdicts.HOSTILE)
def test_a_value_is_the_same_text_when_it_is_read(text: str) -> None:
    code = markdown_text.code(text)
    shown = html.unescape(code.removeprefix("<code>").removesuffix("</code>").replace("<wbr>", ""))
    assert shown == text.encode("unicode_escape").decode() or shown.isprintable()
    assert not re.search(r"@\w", html.unescape(code))


def test_the_mark_cannot_be_broken_out_of() -> None:
    assert markdown_text.marker("a --> <b>") == "<!-- tenantry gate a_--___b_ -->"
