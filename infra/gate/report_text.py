"""A verdict on a terminal: the answer, why, and the worst of it, on one screen.

Leaves colours and printing to the command.
"""

from collections.abc import Iterable, Sequence

from infra.gate import wording
from infra.gate.shown import sentence
from infra.gate.verdict import Judged, Verdict

LINES = 40
"""What a report takes at most."""

_WIDTH = 160
_REASONS, _ROWS, _NOTES = 6, 8, 2


def text(verdict: Verdict) -> str:
    """Return a verdict for a terminal: at most `LINES` lines, the first of which is the answer.

    Args:
        verdict: the gate's.
    """
    lines = [
        wording.headline(verdict),
        *_reasons(verdict),
        *_table(verdict),
        *_renames(verdict),
        *_waivers(verdict),
        *_facts(verdict),
    ]
    return "\n".join(lines)


def _reasons(verdict: Verdict) -> list[str]:
    """Return why it is blocked; the headline has said all when there is one reason."""
    if len(verdict.blocked) < 2:
        return []
    return [
        "",
        "blocked because:",
        *_listed((wording.reason(one) for one in wording.reasons(verdict)), _REASONS, len(verdict.blocked)),
    ]


def _table(verdict: Verdict) -> list[str]:
    changes = [one for of in wording.by_level(verdict).values() for one in of]
    if not changes:
        return []
    rows = [_row(one) for one in changes[:_ROWS]]
    widths = [max(map(len, column)) for column in zip(*(row[:3] for row in rows), strict=True)]
    lines = [
        "  " + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]
    left = [f"  {wording.more(len(changes) - _ROWS)}"] if len(changes) > _ROWS else []
    return ["", *(_narrow(line) for line in lines), *left]


def _narrow(line: str) -> str:
    """Return a line that is no wider than a wide terminal; its cells are printable already."""
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"


def _row(one: Judged) -> Sequence[str]:
    found = wording.findings(one.findings)
    why = f"{sentence(found[0].rule, 60)}: {wording.reason(found[0].reason)}" if found else _paths(one)
    return one.level, one.change.kind, sentence(one.change.name, 50), why


def _paths(one: Judged) -> str:
    """Return which properties differ; of what begins or ends, only the type."""
    if one.change.kind in {"create", "delete", "import", "read", "forget"}:
        return sentence(one.change.type, 80)
    told = ", ".join(sentence(each.path, 40) for each in wording.differences(one)[:3])
    rest = len(one.change.properties) - 3
    return f"{told} and {rest:,} more" if rest > 0 else told or wording.protection(one.change)


def _renames(verdict: Verdict) -> list[str]:
    ordered = sorted(verdict.renames, key=lambda one: (one.deleted, one.created))
    told = (
        f"{sentence(wording.name_of(one.deleted), 50)} looks like {sentence(wording.name_of(one.created), 50)}"
        f" now: {sentence(one.alias, 120)}"
        for one in ordered
    )
    return ["", "renamed? an alias keeps what is there:", *_listed(told, _NOTES, len(ordered))] if ordered else []


def _waivers(verdict: Verdict) -> list[str]:
    told = _listed((wording.reason(one) for one in sorted(verdict.stale)), _NOTES, len(verdict.stale))
    lines = [f"waived: {wording.number(len(verdict.waived), 'finding')}"] if verdict.waived else []
    return ["", *lines, *(["waivers without effect:", *told] if told else [])] if lines or told else []


def _facts(verdict: Verdict) -> list[str]:
    """Return what is told of every change: totals, money, approvals, and what to do next."""
    counted = [
        f"{kind} {count:,}"
        for kind in wording.KINDS
        if (count := sum(kinds.get(kind, 0) for kinds in wording.totals(verdict).values()))
    ]
    facts = [f"changes: {', '.join(counted) or 'none'}; {verdict.same:,} stay as they are"]
    facts += (
        [f"declared: {wording.number(len(verdict.desired), 'finding')} about what stays, see the JSON"]
        if verdict.desired
        else []
    )
    facts += [f"warnings: {len(verdict.warnings):,}, see the JSON"] if verdict.warnings else []
    facts += [f"cost: {wording.money(verdict.cost)}"] if verdict.cost else []
    facts += [wording.approvals(verdict)]
    facts += [way] if (way := wording.waive(verdict)) else []
    facts += [f"to apply exactly this: {wording.apply_command(verdict)}"] if verdict.passes and verdict.digest else []
    return ["", *facts]


def _listed(lines: Iterable[str], shown: int, count: int) -> list[str]:
    told = [f"  {line}" for line, _ in zip(lines, range(shown), strict=False)]
    return [*told, f"  {wording.more(count - shown)}"] if count > shown else told
