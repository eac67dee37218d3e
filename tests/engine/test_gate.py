"""The gate on the real engine: a lowered setting is blocked, waived, approved and applied, and nothing else is."""

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from infra.gate.applying import Stack as Behind
from infra.gate.judging import waivable
from infra.gate.reviewing import Review, Reviewer
from infra.gate.waivers import Waiver
from infra.paths import PROJECT_ROOT
from infra.settings.loader import load
from tests.engine.declared import DeclaredStack
from tests.engine.stack import Settings

_RULE = "backup-retention-lowered"


def keeping_backups(days: int) -> Callable[[Settings], None]:
    def change(settings: Settings) -> None:
        settings["database"]["backup_retention_days"] = days

    return change


def reviewer(stack: DeclaredStack) -> Reviewer:
    """Return who judges the stack by the settings that its next run has, which are not those of the work tree."""
    settings = load("local", stack.settings(), {})
    return Reviewer(settings, settings, (), datetime.datetime.now(datetime.UTC).date(), PROJECT_ROOT)


def waivers(review: Review, judge: Reviewer) -> list[Waiver]:
    """Return what would let a preview pass, as its users write it."""
    fields = {"reason": "a test", "owner": "tests", "expires": judge.today.isoformat()}
    found = waivable(review.verdict, review.preview, judge.settings)
    return [
        Waiver.model_validate({"rule": finding.rule, "urn": finding.urn, "digest": digest, **fields})
        for finding, digest in found
    ]


def test_a_lowered_setting_is_blocked_waived_and_applied_by_its_plan(
    declared_applied: DeclaredStack, tmp_path: Path
) -> None:
    workspace = declared_applied.workspace
    behind = Behind("local", PROJECT_ROOT, workspace.process_environment())
    was = declared_applied.settings()["database"]["backup_retention_days"]
    state = declared_applied.state_file.read_bytes()
    try:
        declared_applied.configure(keeping_backups(was - 1))
        judge = reviewer(declared_applied)
        plan = tmp_path / "plan.json"
        review = judge.review(behind, plan=plan)
        (changed,) = [one for one in review.verdict.judged if one.level == "dangerous"]
        assert changed.change.name == "database-instance"
        assert _RULE in {one.rule for one in changed.findings if one.level == "dangerous"}
        why = f"database-instance, days of backups: {was} -> {was - 1} ({_RULE}); touches 3 tenants, 1 enterprise"
        assert review.verdict.blocked[0] == why
        assert declared_applied.state_file.read_bytes() == state, "a preview writes nothing"

        waived = replace(judge, waivers=waivers(review, judge))
        assert waived.of_preview(review).verdict.passes
        declared_applied.configure(keeping_backups(was - 2))
        again = replace(waived, settings=reviewer(declared_applied).settings).review(behind)
        assert not again.verdict.passes
        assert again.binding is not None
        assert again.binding.differences(review.verdict.digest) == ["the changes"]

        refused = behind.up(plan, {changed.change.urn: frozenset(changed.change.after)}, lambda _line: None)
        assert refused.left_the_plan
        assert any("backupRetentionPeriod (planned: changed; now: changed)" in one for one in refused.errors)
        declared_applied.configure(keeping_backups(was - 1))
        told: list[str] = []
        applied = behind.up(plan, {}, told.append)
        assert (applied.code, applied.errors) == (0, ())
        assert told == ["updated database-instance (aws:rds/instance:Instance)"]
    finally:
        declared_applied.configure(keeping_backups(was))
        declared_applied.up()
