"""Verdicts to report on: a small one, one of every sort, and one far beyond what a comment holds."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from infra.gate.change import Change, Hidden, PropertyChange
from infra.gate.verdict import Blast, Cost, Finding, Judged, Level, Rename, Verdict, Waived

Item = TypeVar("Item")

DIGEST = "d1" * 32

HOSTILE = (
    "a|b",
    "``` a `b` ``c",
    "line\nbreak\r\n| x | y |\n|---|---|",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</details></table><!-- x --> --> <![CDATA[",
    "@octocat and @org/team, a@b.example.com",
    "[click](https://evil.example) ![pixel](https://evil.example/p.png)",
    "see https://evil.example/a and www.evil.example, mailto:a@b.example",
    "fixes #12, GH-12, org/repo#12 :tada: $x^2$ $$y$$",
    "\\| \\` \\\\| &lt;b&gt; &#124;",
    "**bold** _it_ ~~no~~ # head\n- list\n> quote\n\n---",
    "\x1b[31mred\x1b[0m \x07\x00 \u202eevil\u200b \ud800",
    "{{ 7 * 7 }} {% raw %}",
    "1. one",
    "- - -",
    "+ plus",
    "===",
)


def urn(name: str, kind: str = "aws:rds/instance:Instance") -> str:
    return f"urn:pulumi:staging::tenantry::tenantry:database:Database${kind}::{name}"


def update(name: str, *properties: PropertyChange, level: Level = "safe", rule: str = "") -> Judged:
    """Return an update of which a rule found something, if it has a name."""
    changed = properties or (PropertyChange("instanceClass", "update", "db.t4g.medium", "db.t4g.large"),)
    change = Change(urn(name), "aws:rds/instance:Instance", "update", changed, parent=urn("db", "x:y:Z"))
    found = [Finding(rule, level, change.urn, f"{rule} of {name}", changed[0].path)] if rule else []
    return Judged(change, level, found, DIGEST)


def small() -> Verdict:
    """Return a verdict that has one of everything."""
    lowered = PropertyChange("backupRetentionPeriod", "update", 7, 1)
    hidden = PropertyChange(
        "data", "update", {"user": "app", "password": Hidden.SECRET}, {"user": "app", "password": Hidden.UNKNOWN}
    )
    dangerous = update("main", lowered, hidden, level="dangerous", rule="backup-retention-lowered")
    created = Change(urn("new"), "aws:rds/instance:Instance", "create", [PropertyChange("engine", "add", None, "x")])
    waived = Finding("image-by-tag", "dangerous", urn("api", "kubernetes:apps/v1:Deployment"), "an image by tag")
    return Verdict(
        stack="staging",
        blocked=["backup-retention-lowered: main keeps backups 1 day, 7 before", "the waiver of image-by-tag expired"],
        judged=[dangerous, update("reader", level="notable", rule="class"), Judged(created, "safe", [], DIGEST)],
        desired=[Finding("open-endpoint", "notable", urn("cluster", "aws:eks/cluster:Cluster"), "public endpoint")],
        waived=[Waived(waived, "ann", "until the registry signs", "2026-12-31")],
        stale=["image-by-tag of worker expired on 2026-01-01"],
        blast=Blast("staging", ["home"], {"enterprise": ["acme"], "pro": ["bolt"]}, ["api", "worker"], 40, 2),
        renames=[Rename(urn("old"), urn("new"), 'aliases=[Alias(name="old")]')],
        cost=Cost(100.0, 180.5, "2026-11-01", ["aws:wafv2/webAcl:WebAcl"], 150.0),
        digest=DIGEST,
        same=412,
        warnings=["the provider is old"],
    )


def passing() -> Verdict:
    """Return one that may be applied."""
    return replace(small(), blocked=[], judged=small().judged[1:], stale=[])


def hostile() -> Verdict:
    """Return one in which every text of others is an attack."""
    every = " ".join(HOSTILE)
    judged = []
    for place, text in enumerate(HOSTILE):
        levels: Sequence[Level] = ("dangerous", "notable", "safe")
        properties = [
            PropertyChange(f"tags[{text!r}]{text}", "update", text, [text, {text: Hidden.SECRET}]),
            PropertyChange("added", "add", None, {text: text}),
            PropertyChange("gone", "delete", text, None, replaces=True),
        ]
        one = update(text, *properties, level=levels[place % 3], rule=text)
        change = replace(one.change, type=text, provider_before=text, provider_after=text + "2")
        judged.append(replace(one, change=change))
    finding = Finding(every, "dangerous", urn(every, every), every, every)
    return Verdict(
        stack=every,
        blocked=list(HOSTILE),
        judged=judged,
        desired=[replace(finding, rule=text) for text in HOSTILE],
        waived=[Waived(replace(finding, urn=urn(text)), text, text, text) for text in HOSTILE],
        stale=list(HOSTILE),
        blast=Blast(every, HOSTILE, dict.fromkeys(HOSTILE, HOSTILE), HOSTILE, 400),
        renames=[Rename(urn(text), urn(text + "2"), text) for text in HOSTILE],
        cost=Cost(1, 2, every, HOSTILE, 1),
        digest=every,
        warnings=list(HOSTILE),
    )


def large(count: int = 20_000, size: int = 10_000) -> Verdict:
    """Return a verdict of so many changes with values of so many characters, a tenth of them dangerous."""
    before, after = "|`<@" * (size // 4), "*_\n[" * (size // 4)
    properties = [PropertyChange(f"p{number}", "update", before, after) for number in range(4)]
    levels: Sequence[Level] = ("dangerous", *("notable",) * 3, *("safe",) * 6)
    judged = [
        update(f"resource-{number:05}", *properties, level=levels[number % 10], rule=f"rule-{number % 7}" * 40)
        for number in range(count)
    ]
    dangerous = [one for one in judged if one.level == "dangerous"]
    names = [f"tenant-{number}" for number in range(count // 10)]
    return replace(
        small(),
        judged=judged,
        blocked=[f"{one.findings[0].reason} {before}" for one in dangerous],
        desired=[replace(one.findings[0], reason=before) for one in dangerous],
        waived=[Waived(one.findings[0], before, after, "2026-12-31") for one in dangerous],
        stale=[f"{number} {before}" for number in range(1_000)],
        warnings=[f"{number} {after}" for number in range(1_000)],
        blast=Blast("staging", names, {"free": names, "enterprise": names}, names, count, 3),
        renames=[Rename(one.change.urn, one.change.urn + "2", before) for one in dangerous],
    )


def shuffled(verdict: Verdict, seed: int) -> Verdict:
    """Return the same verdict, everything that has no order of its own in another."""
    dice = random.Random(seed)

    def mixed(items: Sequence[Item]) -> list[Item]:
        return dice.sample(list(items), len(items))

    judged = [
        replace(one, findings=mixed(one.findings), change=replace(one.change, properties=mixed(one.change.properties)))
        for one in mixed(verdict.judged)
    ]
    blast = verdict.blast
    tenants = {plan: mixed(blast.tenants[plan]) for plan in mixed(list(blast.tenants))}
    mixed_blast = replace(blast, cells=mixed(blast.cells), services=mixed(blast.services), tenants=tenants)
    return replace(
        verdict,
        judged=judged,
        desired=mixed(verdict.desired),
        waived=mixed(verdict.waived),
        stale=mixed(verdict.stale),
        warnings=mixed(verdict.warnings),
        renames=mixed(verdict.renames),
        blast=mixed_blast,
        cost=verdict.cost and replace(verdict.cost, unpriced=mixed(verdict.cost.unpriced)),
    )
