"""The verdict on a preview: what every rule found, as seriously as the stack takes it, and what waivers let pass.

Owns what blocks, the words of it, and what a waiver of each finding is bound to. Leaves looking to the rules, and
previewing, costs and the digest of the whole to whoever asks.
"""

import datetime
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from infra.gate.blast import blast
from infra.gate.change import Preview
from infra.gate.digest import canonical, change_digest, changes_digest
from infra.gate.fleet import Cells
from infra.gate.renames import renames
from infra.gate.rules.providers import provider_changed, reference
from infra.gate.rules.table import RULES
from infra.gate.rules.view import View
from infra.gate.verdict import LEVELS, Cost, Finding, Judged, Level, Verdict, Waived
from infra.gate.waivers import Waiver, desired_digest
from infra.gate.wording import findings as in_order
from infra.gate.wording import touches
from infra.settings.gate import GateSettings
from infra.settings.loader import AnySettings
from infra.settings.models import StackSettings

_BLOCKS: Sequence[Level] = ("dangerous", "forbidden")
_STACK = "pulumi:pulumi:Stack"


def judge(
    preview: Preview,
    settings: AnySettings | None,
    stack: str,
    *,
    waivers: Sequence[Waiver],
    today: datetime.date,
    cost: Cost | None = None,
    environment: StackSettings | None = None,
    cells: Cells | None = None,
) -> Verdict:
    """Return the verdict on a preview; its digest is left empty.

    Args:
        preview: the preview.
        settings: the stack's; None where its file could not be loaded, and then every rule counts.
        stack: its name.
        waivers: the stack's.
        today: the day that they have to hold on.
        cost: the estimate of it.
        environment: of a cell, the settings of its environment, which say how seriously rules are taken.
        cells: what `infra.gate.fleet.cells_of` says of the environment; without it a tenant of a cell may be in any.
    """
    view = View(preview, settings, stack, cost)
    own = settings if isinstance(settings, StackSettings) else environment
    gate = own.gate if own is not None else GateSettings()
    case = _Case(view, gate)
    helped = _Helped(case, waivers, today)
    reach = blast(view, environment, cells)
    blocked = [case.words(one) + helped.hint(one) for one in in_order(case.found) if helped.blocks(one)]
    if blocked:
        blocked[0] = f"{blocked[0]}; {touches(reach)}"
    return Verdict(
        stack=stack,
        blocked=blocked,
        judged=case.judged,
        desired=case.declared,
        waived=helped.waived,
        stale=helped.stale,
        blast=reach,
        renames=renames(preview),
        cost=cost,
        same=preview.same,
        warnings=[*preview.warnings, *_weakened(gate)],
    )


def waivable(verdict: Verdict, preview: Preview, settings: AnySettings | None) -> Sequence[tuple[Finding, str]]:
    """Return each finding that blocks and could be waived, with the digest that its waiver names.

    Args:
        verdict: on the preview.
        preview: the preview.
        settings: the stack's.
    """
    case = _Case(View(preview, settings, verdict.stack, verdict.cost), GateSettings())
    found = [*(finding for one in verdict.judged for finding in one.findings), *verdict.desired]
    waived = {one.finding for one in verdict.waived}
    wanted = [one for one in in_order(dict.fromkeys(found)) if one.level == "dangerous" and one not in waived]
    return [(one, case.digest(one)) for one in wanted]


@dataclass(frozen=True)
class _Case:
    """A preview, and what is found in it.

    Args:
        view: the preview.
        gate: how seriously rules are taken.
    """

    view: View
    gate: GateSettings

    @cached_property
    def found(self) -> Sequence[Finding]:
        """Everything that is found, without repetition."""
        return list(dict.fromkeys(_taken(_looked(self.view, self.gate), self.gate)))

    @cached_property
    def standing(self) -> Collection[tuple[str, str, str]]:
        """Rule, URN and path of what would be found as well if nothing were changed: it is about what is declared."""
        still = replace(self.view.preview, changes=())
        return {_place(one) for one in _looked(replace(self.view, preview=still), self.gate)}

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """URN -> the digest of its change."""
        return {change.urn: change_digest(change) for change in self.view.preview.changes}

    @cached_property
    def moved(self) -> Mapping[str, Sequence[str]]:
        """URN of a provider -> the digests of what it makes from now on instead of another one."""
        found = defaultdict[str, list[str]](list)
        for change in self.view.preview.changes:
            if change.provider_before not in ("", change.provider_after):
                found[reference(change.provider_after)].append(self.digests[change.urn])
        return found

    @cached_property
    def judged(self) -> Sequence[Judged]:
        """Every change with what was found of it, the worst first."""
        by_urn = defaultdict[str, list[Finding]](list)
        for one in in_order(self.found):
            by_urn[one.urn].append(one)
        made = [
            Judged(change, _worst(by_urn[change.urn]), by_urn[change.urn], self.digests[change.urn])
            for change in self.view.preview.changes
        ]
        return sorted(made, key=lambda one: (-LEVELS.index(one.level), one.change.urn))

    @cached_property
    def declared(self) -> Sequence[Finding]:
        """What is found about what is declared, and about several changes at once."""
        shown = (one for one in in_order(self.found) if one.level != "safe")
        return [one for one in shown if _place(one) in self.standing or one.urn not in self.digests]

    def digest(self, finding: Finding) -> str:
        """Return what a waiver of a finding is bound to: the value that is declared, or the exact change."""
        if _place(finding) in self.standing:
            resource = self.view.resource(finding.urn)
            return desired_digest(finding, None if resource is None or resource.type == _STACK else resource)
        own = self.digests.get(finding.urn)
        if (finding.rule, finding.path) == (provider_changed.name, "provider"):
            about = [*self.moved[finding.urn], *([own] if own else [])]
        elif own:
            return own
        else:
            about = [digest for urn, digest in self.digests.items() if finding.urn in self.view.ancestors(urn)]
        if not about:
            return changes_digest(self.view.preview)
        return hashlib.sha256(canonical([finding.rule, finding.urn, sorted(about)])).hexdigest()

    def words(self, finding: Finding) -> str:
        """Return why a finding blocks, in one line."""
        whole = not finding.urn or finding.urn == self.view.stack_urn or f"::{_STACK}::" in finding.urn
        name = "the stack" if whole else finding.urn.rpartition("::")[2]
        return f"{name}, {finding.reason} ({finding.rule})"


class _Helped:
    """What waivers do for the findings of a preview."""

    def __init__(self, case: _Case, waivers: Sequence[Waiver], today: datetime.date) -> None:
        self._case = case
        self._today = today
        self._by_place = defaultdict[tuple[str, str], list[Waiver]](list)
        for waiver in waivers:
            self._by_place[waiver.rule, waiver.urn].append(waiver)
        helped = {one: found for one in in_order(case.found) if (found := self._waiver(one)) is not None}
        self._findings = helped
        self.waived = [Waived(one, by.owner, by.reason, by.expires.isoformat()) for one, by in helped.items()]
        """What does not block because of a waiver, the worst first."""
        used = {by.key for by in helped.values()}
        self.stale = [self._why(waiver) for waiver in waivers if waiver.key not in used]
        """Waivers without effect, and why, in the order of their file."""

    def blocks(self, finding: Finding) -> bool:
        """Whether a finding blocks, in spite of all waivers."""
        return finding.level in _BLOCKS and finding not in self._findings

    def hint(self, finding: Finding) -> str:
        """Return what is to be said of waivers that were meant for a finding, and do not help."""
        meant = self._by_place.get((finding.rule, finding.urn), [])
        if not meant:
            return ""
        if finding.level == "forbidden":
            return "; no waiver helps what is forbidden"
        expired = [one for one in meant if one.digest == self._case.digest(finding)]
        return f"; its waiver expired on {expired[0].expires}" if expired else "; its waiver is of another change"

    def _waiver(self, finding: Finding) -> Waiver | None:
        """Return the waiver that helps a finding; the digest is only made where one may."""
        meant = self._by_place.get((finding.rule, finding.urn))
        if not meant or finding.level != "dangerous":
            return None
        digest = self._case.digest(finding)
        return next((one for one in meant if one.digest == digest and not one.expired(self._today)), None)

    def _why(self, waiver: Waiver) -> str:
        """Return why a waiver is without effect."""
        what = f"{waiver.rule} of {waiver.urn.rpartition('::')[2] or 'the stack'}"
        found = [one for one in self._case.found if (one.rule, one.urn) == (waiver.rule, waiver.urn)]
        if waiver.expired(self._today):
            return f"{what}: expired on {waiver.expires}; remove it, or have it approved anew"
        if any(one.level == "forbidden" for one in found):
            return f"{what}: no waiver helps what is forbidden; remove it"
        if any(one.level == "dangerous" for one in found):
            return f"{what}: of another change than this one; `tenantry gate --waive` prints what this one takes"
        return f"{what}: nothing is blocked by that; remove it"


def _looked(view: View, gate: GateSettings) -> Iterator[Finding]:
    """Return what the rules find that are not off."""
    for rule in RULES.values():
        if _strictness(rule.name, gate) != "off":
            yield from rule.find(view)


def _taken(found: Iterable[Finding], gate: GateSettings) -> Iterator[Finding]:
    """Return findings as seriously as the stack takes them."""
    for one in found:
        mild = _strictness(one.rule, gate) == "warn" and one.level in _BLOCKS
        yield replace(one, level="notable") if mild else one


def _strictness(rule: str, gate: GateSettings) -> str:
    return {str(name): strictness for name, strictness in gate.rules.items()}.get(rule, "error")


def _weakened(gate: GateSettings) -> Sequence[str]:
    """Return what is to be said of rules that the stack takes less seriously than they are."""
    said = {"warn": "blocks nothing", "off": "is off"}
    weaker = sorted((name, strictness) for name, strictness in gate.rules.items() if strictness in said)
    return [f"the rule {name} {said[strictness]}, as gate.rules of the settings says" for name, strictness in weaker]


def _place(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.urn, finding.path


def _worst(found: Sequence[Finding]) -> Level:
    return max((one.level for one in found), key=LEVELS.index, default="safe")
