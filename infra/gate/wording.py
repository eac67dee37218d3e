"""What every report of a verdict says in the same words, and the order in which it says it.

Owns sentences and orders, none of which has a markup. Leaves their layout to the reports.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from infra.gate.change import Change, Kind, PropertyChange
from infra.gate.shown import sentence
from infra.gate.verdict import LEVELS, Blast, Cost, Finding, Judged, Level, Verdict, Waived

WORST_FIRST: Sequence[Level] = tuple(reversed(LEVELS))

KINDS: Sequence[Kind] = ("delete", "replace", "update", "create", "import", "forget", "options", "outputs", "read")
"""Every kind of change, in the order of the columns of totals."""

MEANINGS = {
    "forget": "drops it from the state, and leaves it where it is",
    "options": "changes whether the engine protects it, or which provider makes it",
    "outputs": "changes what the stack tells others",
}
"""What kinds mean whose names do not say it."""

_PLANS = ("enterprise", "pro", "free")
_REASON = 300
"""Characters of a message of a rule, a waiver or the engine that are shown."""

Totals = Mapping[Level, Mapping[str, int]]


def number(count: int, one: str, many: str = "") -> str:
    """Return so many of something: `1 tenant`, `1,200 tenants`.

    Args:
        count: how many.
        one: the word for one of it.
        many: the word for several; with an s where it is empty.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def more(count: int) -> str:
    """Return what is said of what a report leaves out.

    Args:
        count: how many of it.
    """
    return f"and {count:,} more, see the JSON"


def reason(text: str) -> str:
    """Return somebody's message as one line that is not endless."""
    return sentence(text, _REASON)


def headline(verdict: Verdict) -> str:
    """Return the verdict in one line: what, why, and whom it touches.

    Args:
        verdict: the gate's.
    """
    touched = touches(verdict.blast)
    if verdict.passes:
        return f"passed: {stack(verdict)}: {_changes(verdict)}; {touched}"
    rest = len(verdict.blocked) - 1
    others = f" (and {number(rest, 'more reason')})" if rest else ""
    return f"blocked: {stack(verdict)}: {reason(next(reasons(verdict)))}{others}; {touched}"


def reasons(verdict: Verdict) -> Iterator[str]:
    """Tell why a verdict blocks, as it says it; without whom it touches, which the headline says by itself."""
    for line in verdict.blocked:
        yield line.removesuffix(f"; {touches(verdict.blast)}")


def stack(verdict: Verdict) -> str:
    """Return the stack's name, which is printable in any case."""
    return sentence(verdict.stack, 100)


def touches(blast: Blast) -> str:
    """Return whom a change touches, as `touches 2 tenants, 1 enterprise`.

    Args:
        blast: whom.
    """
    count = sum(len(slugs) for slugs in blast.tenants.values())
    best = len(blast.tenants.get("enterprise", ()))
    words = [number(count, "tenant") if count else "no tenant"]
    words += [f"{best:,} enterprise"] if best else []
    words += [number(len(blast.cells), "cell")] if len(blast.cells) > 1 else []
    return "touches " + ", ".join(words)


def reach(blast: Blast, limit: int = 12) -> list[tuple[str, str]]:
    """Return whom a change touches by name, as pairs of what and who.

    Args:
        blast: whom.
        limit: how many names of each sort are told.
    """
    plans = sorted(blast.tenants, key=lambda plan: (_PLANS.index(plan) if plan in _PLANS else len(_PLANS), plan))
    sorts = [(f"tenants of plan {sentence(plan, 60)}", blast.tenants[plan]) for plan in plans]
    named = [("cells", blast.cells), *sorts, ("services", blast.services)]
    told = [(sort, _names(names, limit)) for sort, names in named if names]
    return ([("environment", sentence(blast.environment, 100))] if blast.environment else []) + told


def approvals(verdict: Verdict) -> str:
    """Return how many people have to approve, and of how much of the stack's tenants that is."""
    blast = verdict.blast
    count = sum(len(slugs) for slugs in blast.tenants.values())
    needed = f"{number(blast.approvals, 'approval')} needed"
    if not count or not blast.all_tenants:
        return needed
    return f"{needed}; it touches {100 * count / blast.all_tenants:.0f} % of {number(blast.all_tenants, 'tenant')}"


def money(cost: Cost) -> str:
    """Return what the stack would cost, called what it is.

    Args:
        cost: the estimate.
    """
    difference = cost.after - cost.before
    sign = "+" if difference >= 0 else "-"
    told = f"{_usd(cost.before)} → {_usd(cost.after)} a month ({sign}{_usd(abs(difference))})"
    within = "" if cost.budget is None else f", {_budget(cost.after, cost.budget)}"
    return f"{told}{within}; estimate, prices of {sentence(cost.priced, 20)}"


def apply_command(verdict: Verdict) -> str:
    """Return the command that applies exactly this change."""
    return f"tenantry apply {stack(verdict)} --digest {sentence(verdict.digest, 120)}"


def waive(verdict: Verdict) -> str:
    """Return how what blocks can be let through, in one sentence; empty where nothing can."""
    levels = {finding.level for finding in blocking(verdict)}
    command = f"tenantry gate {stack(verdict)} --waive"
    file = f"stacks/waivers/{stack(verdict)}.yaml"
    forbidden = "what is forbidden cannot be waived"
    if levels == {"forbidden"}:
        return "No waiver helps: " + forbidden + "."
    if "dangerous" not in levels:
        return ""
    rest = f"; {forbidden}" if "forbidden" in levels else ""
    return f"To accept what is dangerous: {command} prints what to add to {file}{rest}."


def blocking(verdict: Verdict) -> list[Finding]:
    """Return the findings that block and are not waived, the worst first, then by rule and resource."""
    waived = {one.finding for one in verdict.waived}
    found = [*(finding for one in verdict.judged for finding in one.findings), *verdict.desired]
    # Once: what is found of what is declared is found of its change as well.
    return findings(dict.fromkeys(one for one in found if _blocks(one.level) and one not in waived))


def findings(found: Iterable[Finding]) -> list[Finding]:
    """Return findings in the order of every report: the worst first, then by rule, resource and property."""
    return sorted(found, key=lambda one: (WORST_FIRST.index(one.level), one.rule, one.urn, one.path, one.reason))


def waived(verdict: Verdict) -> list[Waived]:
    """Return what is waived, sorted by rule, resource and property."""
    return sorted(
        verdict.waived,
        key=lambda one: (one.finding.rule, one.finding.urn, one.finding.path, one.until, one.owner, one.reason),
    )


def by_level(verdict: Verdict) -> dict[Level, list[Judged]]:
    """Return the changes of every level, the worst level first; of one level by URN."""
    levels: dict[Level, list[Judged]] = {level: [] for level in WORST_FIRST}
    for one in sorted(verdict.judged, key=lambda one: one.change.urn):
        levels[one.level].append(one)
    return levels


def totals(verdict: Verdict) -> Totals:
    """Return level -> kind -> how many changes, the worst level first; only levels and kinds that there are."""
    counted = {level: Counter(one.change.kind for one in changes) for level, changes in by_level(verdict).items()}
    return {level: {kind: of[kind] for kind in KINDS if of[kind]} for level, of in counted.items() if of}


def differences(judged: Judged) -> list[PropertyChange]:
    """Return a change's properties: first those of which something was found, then what replaces, then by path.

    Args:
        judged: the change.
    """
    found = {finding.path for finding in judged.findings}
    return sorted(judged.change.properties, key=lambda one: (one.path not in found, not one.replaces, one.path))


def protection(change: Change) -> str:
    """Return what becomes of the engine's protection; empty where it stays."""
    if change.kind in {"create", "delete"} or change.protected_before == change.protected_after:
        return ""
    return "protected from now on" if change.protected_after else "no longer protected"


def name_of(urn: str) -> str:
    """Return the logical name in a URN; the whole text where it is none."""
    return urn.rpartition("::")[2]


def type_of(urn: str) -> str:
    """Return the type token in a URN, without those of its parents."""
    parts = urn.split("::")
    return parts[2].rpartition("$")[2] if len(parts) > 3 else ""


def _blocks(level: Level) -> bool:
    return level in {"dangerous", "forbidden"}


def _changes(verdict: Verdict) -> str:
    counted = Counter(one.level for one in verdict.judged)
    told = [f"{counted[level]:,} {level}" for level in WORST_FIRST if counted[level] and level != "safe"]
    if not verdict.judged:
        return "no changes"
    return ", ".join([number(len(verdict.judged), "change"), *(told or ["all safe"])])


def _names(names: Sequence[str], limit: int) -> str:
    told = ", ".join(sentence(name, 60) for name in sorted(names)[:limit])
    return told if len(names) <= limit else f"{told} {more(len(names) - limit)}"


def _usd(amount: float) -> str:
    return f"{amount:,.2f} USD"


def _budget(after: float, budget: float) -> str:
    if after > budget:
        return f"{_usd(after - budget)} over the budget of {_usd(budget)}"
    return f"within the budget of {_usd(budget)}"
