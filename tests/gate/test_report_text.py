"""What a terminal shows of a verdict fits on a screen and answers first."""

from dataclasses import replace

import pytest

from infra.gate.report_text import LINES, text
from infra.gate.verdict import Blast
from tests.gate import verdicts


def test_the_first_line_says_what_why_and_whom_it_touches() -> None:
    first = text(verdicts.small()).splitlines()[0]
    assert first == (
        "blocked: staging: backup-retention-lowered: main keeps backups 1 day, 7 before (and 1 more reason); "
        "touches 2 tenants, 1 enterprise"
    )


def test_whom_it_touches_is_said_once_though_the_verdict_says_it_too() -> None:
    one = replace(verdicts.small(), blocked=["main, fewer backups (rule); touches 2 tenants, 1 enterprise"])
    first = text(one).splitlines()[0]
    assert first == "blocked: staging: main, fewer backups (rule); touches 2 tenants, 1 enterprise"


def test_the_first_line_of_what_passes_counts_what_to_look_at() -> None:
    first = text(verdicts.passing()).splitlines()[0]
    assert first == "passed: staging: 2 changes, 1 notable; touches 2 tenants, 1 enterprise"


def test_nothing_to_do_is_said() -> None:
    nothing = replace(verdicts.passing(), judged=[], blast=Blast("staging"))
    assert text(nothing).splitlines()[0] == "passed: staging: no changes; touches no tenant"


def test_the_command_that_applies_it_is_told_only_when_it_may_be_applied() -> None:
    assert f"tenantry apply staging --digest {verdicts.DIGEST}" in text(verdicts.passing())
    assert "tenantry apply" not in text(verdicts.small())


def test_it_says_how_to_waive_what_can_be_waived() -> None:
    told = text(verdicts.small())
    assert "tenantry gate staging --waive prints what to add to stacks/waivers/staging.yaml." in told


def test_what_is_forbidden_is_not_said_to_be_waivable() -> None:
    forbidden = verdicts.update("main", level="forbidden", rule="no")
    told = text(replace(verdicts.small(), judged=[forbidden], blocked=["no"]))
    assert "No waiver helps" in told
    assert "--waive" not in told


def test_the_worst_change_stands_first() -> None:
    table = [line for line in text(verdicts.small()).splitlines() if line.startswith("  ") and "  update" in line]
    assert table[0].split()[:3] == ["dangerous", "update", "main"]


def test_money_is_called_an_estimate_and_has_the_date_of_its_prices() -> None:
    assert (
        "cost: 100.00 USD → 180.50 USD a month (+80.50 USD), 30.50 USD over the budget of 150.00 USD; "
        "estimate, prices of 2026-11-01"
    ) in text(verdicts.small())


@pytest.mark.parametrize("verdict", [verdicts.small(), verdicts.hostile(), verdicts.large(2_000, 1_000)])
def test_it_fits_on_a_screen_and_moves_no_cursor(verdict: verdicts.Verdict) -> None:
    lines = text(verdict).split("\n")
    assert len(lines) <= LINES
    assert all(line.isprintable() for line in lines)
    assert text(verdicts.shuffled(verdict, 3)) == "\n".join(lines)
