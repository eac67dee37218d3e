"""What the gate lets pass: each wrong setting by its path and what is allowed."""

from typing import Any, get_args

import pytest

from infra.settings.gate import RuleName
from tests.examples import raw_settings, settings
from tests.settings.wrong import ROOT, SECTION, problems_of, put

RULES = f"not allowed; take one of: {', '.join(get_args(RuleName))}"
STRICTNESS = "not allowed; take one of: error, warn, off"

# path below tenantry:settings, value, what is said there
WRONG: list[tuple[str, Any, str]] = [
    ("gate", [], SECTION),
    ("gate.rules", "off", SECTION),
    ("gate.rules.backup-retention-lowered", "no", STRICTNESS),
    ("gate.rules.backup-retention-lowered", False, STRICTNESS),
    ("gate.rules.backups", "warn", RULES),
    ("gate.rule", {}, "unknown key; did you mean rules?"),
    ("gate.approvals", 2, SECTION),
    ("gate.approvals.usual", 0, "too small; 1 at least"),
    ("gate.approvals.wide", True, "must be a whole number"),
    ("gate.approvals.usual", 3, "less than usual; a change that touches more takes as many people at least"),
    ("gate.approvals.tenants_percent", 101, "too large; 100 at most"),
    ("gate.approvals.tenants", 5, "unknown key; did you mean tenants_percent?"),
]


def changed(path: str, value: object) -> dict[str, Any]:
    """Return settings with a gate in which that value was put at that path."""

    def change(raw: dict[str, Any]) -> None:
        raw["gate"] = {"rules": {"backup-retention-lowered": "warn"}, "approvals": {"usual": 1, "wide": 2}}
        put(raw, path, value)

    return raw_settings(change)


@pytest.mark.parametrize(("path", "value", "told"), WRONG)
def test_a_wrong_setting_is_told_by_its_path(path: str, value: object, told: str) -> None:
    where = path.replace("usual", "wide") if "less than usual" in told else path
    assert problems_of(changed(path, value)) == (f"{ROOT}.{where}: {told}",)


def test_by_default_every_rule_counts_and_what_touches_many_takes_two_people() -> None:
    gate = settings().gate
    assert gate.rules == {}
    assert (gate.approvals.usual, gate.approvals.wide, gate.approvals.tenants_percent) == (1, 2, 5)


def test_a_stack_says_how_seriously_it_takes_a_rule() -> None:
    gate = settings(lambda raw: raw.update(gate={"rules": {"backup-retention-lowered": "off"}})).gate
    assert gate.rules == {"backup-retention-lowered": "off"}
