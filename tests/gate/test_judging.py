"""The verdict: what blocks, in which words, what lets it pass, and that it does not depend on the order of anything."""

import datetime
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest

from infra.gate.change import Change, Kind, Preview, PropertyChange, Violation
from infra.gate.judging import judge, waivable
from infra.gate.rules.table import RULES
from infra.gate.verdict import Cost, Finding, Verdict
from infra.gate.waivers import Waiver
from infra.gate.wording import blocking, headline
from infra.settings.gate import GateSettings, RuleName
from infra.settings.models import StackSettings
from tests.gate.crowds import crowd
from tests.gate.previews import changed, changing, environment, resource, settings
from tests.harness import STACK

TODAY = datetime.date(2026, 6, 1)
RETENTION = "backup-retention-lowered"
TOUCHES = "touches 5 tenants, 1 enterprise, 3 cells"


def of(name: str, kind: Kind = "update", **changes: tuple[Any, Any]) -> Change:
    """Return a change of a resource of the environment: property -> before and after."""
    one = changed(resource(environment(), name), kind)
    if kind in ("create", "delete"):
        return one
    found = [PropertyChange(key, "update", old, new) for key, (old, new) in sorted(changes.items())]
    before = {**one.before, **{key: old for key, (old, _) in changes.items()}}
    after = {**one.after, **{key: new for key, (_, new) in changes.items()}}
    return replace(one, properties=found, before=before, after=after)


def lowered(days: int = 7) -> Change:
    return of("database-instance", backupRetentionPeriod=(30, days))


def with_gate(**rules: str) -> StackSettings:
    gate = GateSettings.model_validate({"rules": {name.replace("_", "-"): level for name, level in rules.items()}})
    return settings().model_copy(update={"gate": gate})


def verdict(
    *changes: Change,
    waivers: Sequence[Waiver] = (),
    own: StackSettings | None = None,
    cost: Cost | None = None,
    preview: Preview | None = None,
) -> Verdict:
    whole = preview or changing(environment(), changes)
    return judge(whole, own or settings(), STACK, waivers=waivers, today=TODAY, cost=cost)


def waiver(found: Verdict, preview: Preview, own: StackSettings | None = None, **other: Any) -> Waiver:
    """Return a waiver of the first finding that can be waived."""
    finding, digest = waivable(found, preview, own or settings())[0]
    given = {"rule": finding.rule, "urn": finding.urn, "digest": digest, "reason": "a drill", "owner": "ann"}
    return Waiver.model_validate({**given, "expires": "2026-06-30", **other})


def test_the_settings_know_every_rule_and_no_other() -> None:
    """Otherwise: write the names into `RuleName` of infra/settings/gate.py, and the schema anew."""
    assert list(get_args(RuleName)) == sorted(RULES)


def test_nothing_to_change_passes() -> None:
    found = verdict()
    assert found.passes
    assert (found.judged, found.waived, found.stale, found.renames, found.digest) == ([], [], [], [], "")
    assert found.same == len(environment().resources)


def test_the_first_line_says_what_and_why_and_whom_it_touches() -> None:
    found = verdict(lowered())
    assert found.blocked == [f"database-instance, days of backups: 30 -> 7 ({RETENTION}); {TOUCHES}"]
    assert headline(found) == f"blocked: {STACK}: {found.blocked[0]}"
    assert [(one.level, len(one.digest)) for one in found.judged] == [("dangerous", 64)]


def test_the_worst_is_told_first_and_every_order_of_steps_says_the_same() -> None:
    changes = [
        lowered(),
        of("tenant-book-store-data-schema", "delete"),
        of("api-blue", other=(1, 2)),
        of("sessions-nodes", snapshotRetentionLimit=(7, 1)),
    ]
    first = verdict(*changes)
    levels = [one.level for one in first.judged]
    assert levels == sorted(levels, key=["forbidden", "dangerous", "notable", "safe"].index)
    assert len(first.blocked) == 3
    assert [TOUCHES in line for line in first.blocked] == [True, False, False]
    for seed in range(5):
        random.Random(seed).shuffle(changes)
        resources = list(environment().resources.items())
        random.Random(seed).shuffle(resources)
        shuffled = replace(changing(environment(), changes), resources=dict(resources))
        assert verdict(preview=shuffled) == first


def test_a_rule_that_warns_blocks_nothing_and_one_that_is_off_finds_nothing() -> None:
    warned = verdict(lowered(), own=with_gate(backup_retention_lowered="warn"))
    assert warned.passes
    assert [finding.level for finding in warned.judged[0].findings] == ["notable"]
    silent = verdict(lowered(), own=with_gate(backup_retention_lowered="off"))
    assert silent.passes
    assert (silent.judged[0].level, silent.judged[0].findings) == ("safe", [])
    assert [found.warnings for found in (warned, silent)] == [
        [f"the rule {RETENTION} blocks nothing, as gate.rules of the settings says"],
        [f"the rule {RETENTION} is off, as gate.rules of the settings says"],
    ]
    assert not verdict(lowered(), own=with_gate(backup_retention_lowered="error")).passes


def test_without_settings_every_rule_counts() -> None:
    whole = changing(environment(), [lowered()])
    assert not judge(whole, None, STACK, waivers=(), today=TODAY).passes


def test_of_a_cell_the_environment_says_how_seriously_rules_are_taken() -> None:
    whole = changing(environment(), [lowered()])
    mild = with_gate(backup_retention_lowered="warn")
    assert judge(whole, None, STACK, waivers=(), today=TODAY, environment=mild).passes


def test_a_waiver_lets_its_exact_change_pass_and_no_other() -> None:
    whole = changing(environment(), [lowered()])
    given = waiver(verdict(preview=whole), whole)
    passed = verdict(preview=whole, waivers=[given])
    assert passed.passes
    ((waived),) = passed.waived
    assert (waived.finding.rule, waived.owner, waived.reason, waived.until) == (
        RETENTION,
        "ann",
        "a drill",
        "2026-06-30",
    )
    assert passed.stale == []
    assert not blocking(passed)
    other = verdict(lowered(1), waivers=[given])
    assert not other.passes
    assert "; its waiver is of another change; touches " in other.blocked[0]
    assert other.stale == [
        f"{RETENTION} of database-instance: of another change than this one; "
        "`tenantry gate --waive` prints what this one takes"
    ]
    wider = replace(lowered(), properties=[*lowered().properties, PropertyChange("tags", "add", None, {})])
    assert not verdict(wider, waivers=[given]).passes


def test_an_expired_waiver_blocks_and_says_so() -> None:
    whole = changing(environment(), [lowered()])
    old = waiver(verdict(preview=whole), whole, expires="2026-05-31")
    found = verdict(preview=whole, waivers=[old])
    assert found.waived == []
    assert f"({RETENTION}); its waiver expired on 2026-05-31; touches " in found.blocked[0]
    assert found.stale == [
        f"{RETENTION} of database-instance: expired on 2026-05-31; remove it, or have it approved anew"
    ]
    again = waiver(verdict(preview=whole), whole)
    assert verdict(preview=whole, waivers=[again, old]).passes


def test_a_waiver_of_what_does_not_block_is_told_as_stale() -> None:
    whole = changing(environment(), [lowered()])
    given = waiver(verdict(preview=whole), whole)
    assert verdict(waivers=[given]).stale == [
        f"{RETENTION} of database-instance: nothing is blocked by that; remove it"
    ]
    mild = verdict(preview=whole, waivers=[given], own=with_gate(backup_retention_lowered="warn"))
    assert (mild.passes, mild.waived, len(mild.stale)) == (True, [], 1)


def test_no_waiver_helps_what_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = RULES[RETENTION]
    worse = replace(
        rule, level="forbidden", find=lambda view: (replace(one, level="forbidden") for one in rule.find(view))
    )
    whole = changing(environment(), [lowered()])
    given = waiver(verdict(preview=whole), whole)
    monkeypatch.setattr("infra.gate.judging.RULES", {**RULES, RETENTION: worse})
    found = verdict(preview=whole, waivers=[given])
    assert f"({RETENTION}); no waiver helps what is forbidden; touches " in found.blocked[0]
    assert found.stale == [f"{RETENTION} of database-instance: no waiver helps what is forbidden; remove it"]
    assert (found.waived, waivable(found, whole, settings())) == ([], [])


@pytest.fixture
def waivable_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a policy that is enforced what can be waived: it is found of what is declared, changed or not."""
    rule = RULES["policy-mandatory"]
    found = replace(rule, find=lambda view: (replace(one, level="dangerous") for one in rule.find(view)))
    monkeypatch.setattr("infra.gate.judging.RULES", {rule.name: found})


def violating(
    urn: str = "", message: str = "no tag", *, mandatory: bool = True, changes: Sequence[Change] = ()
) -> Preview:
    return replace(changing(environment(), changes), violations=[Violation(urn, "pack/tags", mandatory, message)])


def test_what_a_policy_pack_enforces_blocks_and_what_it_advises_does_not() -> None:
    assert verdict(preview=violating()).blocked == [
        "the stack, pack/tags: no tag (policy-mandatory); touches no tenant"
    ]
    advised = verdict(preview=violating(mandatory=False))
    assert advised.passes
    assert ("policy-advisory", "notable") in [(one.rule, one.level) for one in advised.desired]


@pytest.mark.usefixtures("waivable_policies")
def test_a_waiver_of_what_is_declared_outlives_changes_elsewhere() -> None:
    database = resource(environment(), "network-vpc")
    before = violating(database.urn)
    given = waiver(verdict(preview=before), before)
    assert verdict(preview=before, waivers=[given]).passes
    elsewhere = violating(database.urn, changes=[of("network-vpc", "options"), of("api-blue", other=(1, 2))])
    found = verdict(preview=elsewhere, waivers=[given])
    assert found.passes
    assert [one.finding.urn for one in found.waived] == [database.urn]
    assert not verdict(preview=violating(database.urn, "no owner"), waivers=[given]).passes
    inputs = {**database.inputs, "cidrBlock": "10.0.0.0/8"}
    there = {**environment().resources, database.urn: replace(database, inputs=inputs)}
    assert not verdict(preview=replace(before, resources=there), waivers=[given]).passes


@pytest.mark.usefixtures("waivable_policies")
def test_what_is_found_of_a_change_and_of_what_is_declared_blocks_once() -> None:
    urn = resource(environment(), "network-vpc").urn
    whole = violating(urn, changes=[of("network-vpc", other=(1, 2))])
    found = verdict(preview=whole)
    assert len(found.blocked) == len(blocking(found)) == len(waivable(found, whole, settings())) == 1
    assert [one.level for one in found.judged] == ["dangerous"]
    assert [one.rule for one in found.desired] == ["policy-mandatory"]


def test_what_is_about_several_changes_is_waived_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    urn = next(
        urn
        for urn, one in environment().resources.items()
        if one.type == "tenantry:service:Service" and one.name == "api"
    )
    found = Finding("firewall-lowered", "dangerous", urn, "both slots at once")
    rule = replace(RULES["firewall-lowered"], find=lambda view: iter([found] if view.preview.changes else []))
    monkeypatch.setattr("infra.gate.judging.RULES", {"firewall-lowered": rule})
    changes = [of("api-blue", other=(1, 2)), of("api-service", other=(1, 2))]
    whole = changing(environment(), changes)
    given = waiver(verdict(preview=whole), whole)
    assert verdict(preview=whole, waivers=[given]).passes
    assert verdict(*changes, of("network-vpc", other=(1, 2)), waivers=[given]).passes, "nothing below the service"
    assert not verdict(changes[0], waivers=[given]).passes
    nowhere = changing(environment(), [of("network-vpc", other=(1, 2))])
    assert not verdict(preview=nowhere, waivers=[given]).passes
    of_all = waiver(verdict(preview=nowhere), nowhere)
    assert verdict(preview=nowhere, waivers=[of_all]).passes
    assert not verdict(of("network-vpc", other=(1, 3)), waivers=[of_all]).passes


@pytest.mark.parametrize(
    ("after", "budget", "passes"),
    [(90, 100, True), (100, 100, True), (120.5, 100, False), (9e9, None, True), (80, 70, True), (79, 70, True)],
)
def test_more_than_the_budget_blocks(after: float, budget: float | None, *, passes: bool) -> None:
    cost = Cost(before=80, after=after, priced="2026-05-01", budget=budget)
    found = verdict(cost=cost)
    assert (found.passes, found.cost) == (passes, cost)
    if not passes:
        said = "the stack, 120.50 USD a month, estimated: 20.50 USD over the budget of 100.00 USD (budget)"
        assert found.blocked == [f"{said}; touches no tenant"]
        given = waiver(found, changing(environment(), ()))
        assert verdict(cost=cost, waivers=[given]).passes
        assert not verdict(cost=replace(cost, after=120.6), waivers=[given]).passes
        assert verdict(cost=cost, own=with_gate(budget="off")).passes


def test_renames_are_told() -> None:
    old = replace(of("network-vpc", "delete"), before={"cidrBlock": "10.20.0.0/16"})
    new = replace(old, urn=old.urn.replace("network-vpc", "network-net"), kind="create", before={}, after=old.before)
    (rename,) = verdict(old, new).renames
    assert rename.alias == 'opts=ResourceOptions(aliases=[Alias(name="network-vpc")])'


def test_thousands_of_changes_are_judged_each() -> None:
    preview = crowd(2000)
    judged = verdict(preview=preview).judged
    assert len(judged) == 2000
    assert {one.change.urn for one in judged} == {one.urn for one in preview.changes}


def test_a_waiver_of_another_provider_is_of_all_that_moves_to_it() -> None:
    old, new = (f"urn:pulumi:{STACK}::tenantry::pulumi:providers:aws::{name}" for name in ("one", "two"))
    made = Change(new, "pulumi:providers:aws", "create", after={"region": "eu-central-1"})

    def moved(name: str) -> Change:
        return replace(of(name), provider_before=old, provider_after=new)

    few = changing(environment(), [made, moved("database-instance")])
    found = verdict(preview=few)
    held = waiver(found, few)
    assert held.rule == "provider-changed"
    assert verdict(preview=few, waivers=[held]).passes
    more = changing(environment(), [made, moved("database-instance"), moved("cache-nodes")])
    assert not verdict(preview=more, waivers=[held]).passes
    elsewhere = replace(made, properties=[PropertyChange("region", "add", after="us-east-1")])
    assert not verdict(preview=changing(environment(), [elsewhere, moved("database-instance")]), waivers=[held]).passes
