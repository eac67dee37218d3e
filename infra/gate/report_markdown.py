"""A verdict as one comment on a pull request: the answer first, the worst first, and never more than GitHub takes.

Owns the sections, their order, and how much room each has: 60,000 characters and 500 rows of tables for all of them.
Leaves escapes to `infra.gate.markdown_text`, and posting to the workflow, which finds its comment by the first line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from infra.gate import markdown_text, shown, wording
from infra.gate.change import PropertyChange
from infra.gate.markdown_text import code, prose
from infra.gate.verdict import Finding, Judged, Level, Verdict

CHARACTERS = 60_000
"""Of a comment, at most; GitHub refuses 65,536."""

ROWS = 500
"""Of all tables together, at most, headings included."""

_SECTION = 4_500
"""Characters of a section that is not about changes, at most."""

_SECTION_ROWS = 25
_REASON, _NAME = 300, 80
_SHARE = 0.7
"""Of the room that is left, what a level of changes may take while there are changes of a better one."""


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is told of each change.

    Args:
        properties: how many of them.
        findings: how many of them.
        characters: of each value.
    """

    properties: int
    findings: int
    characters: int


_DETAILS = (Detail(12, 8, 160), Detail(4, 4, 80), Detail(2, 2, 40), Detail(0, 1, 0))
"""From the most to the least; a level is told in the first by which all of it has room, or else in the last."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Args:
        head: its headings.
        rows: its rows, markdown already, each written when it is asked for.
        count: how many rows there are.
    """

    head: Sequence[str]
    rows: Iterable[Sequence[str]]
    count: int


def markdown(verdict: Verdict) -> str:
    """Return a verdict as markdown; the same verdict gives the same text, of at most `CHARACTERS` and `ROWS`.

    Args:
        verdict: the gate's.
    """
    before = [_top(verdict), _totals(verdict), _reasons(verdict)]
    after = [
        _declared(verdict),
        _renames(verdict),
        _waived(verdict),
        _lines("Waivers without effect", verdict.stale),
        _lines("Warnings of the preview", verdict.warnings),
        _bottom(verdict),
    ]
    around = "\n\n".join([*filter(None, before), *filter(None, after)])
    changes = _changes(verdict, CHARACTERS - len(around) - 200, ROWS - _rows_in(around))
    return "\n\n".join(filter(None, [*before, *changes, *after])) + "\n"


def _top(verdict: Verdict) -> str:
    answer, _, why = wording.headline(verdict).partition(":")
    facts = [f"- {prose(sort, _NAME)}: {prose(who, 1_000)}" for sort, who in wording.reach(verdict.blast)]
    facts.append(f"- {wording.approvals(verdict)}")
    if verdict.cost:
        facts.append(f"- cost: {prose(wording.money(verdict.cost), _REASON)}{_unpriced(verdict.cost.unpriced)}")
    return f"{markdown_text.marker(verdict.stack)}\n**{answer.capitalize()}**: {prose(why, 1_000)}\n\n" + "\n".join(
        facts
    )


def _unpriced(types: Sequence[str]) -> str:
    if not types:
        return ""
    told = ", ".join(code(shown.sentence(one, _NAME)) for one in sorted(types)[:8])
    return f"; without a price: {told}" + (f" {wording.more(len(types) - 8)}" if len(types) > 8 else "")


def _totals(verdict: Verdict) -> str:
    totals = wording.totals(verdict)
    kinds = [kind for kind in wording.KINDS if any(kind in of for of in totals.values())]
    stays = f"{wording.number(verdict.same, 'resource')} stay{'s' if verdict.same == 1 else ''} as they are."
    if not totals:
        return f"No changes. {stays}"
    rows = [
        [level, *(f"{of[kind]:,}" if kind in of else "" for kind in kinds), f"{sum(of.values()):,}"]
        for level, of in totals.items()
    ]
    sums = [sum(of.get(kind, 0) for of in totals.values()) for kind in kinds]
    rows.append(["**all**", *(f"{one:,}" for one in sums), f"**{sum(sums):,}**"])
    return _table(Table(["level", *kinds, "all"], rows, len(rows)), _SECTION, _SECTION_ROWS) + f"\n\n{stays}"


def _reasons(verdict: Verdict) -> str:
    if verdict.passes:
        return ""
    listed = _lines("Why it is blocked", list(wording.reasons(verdict)), in_order=True)
    return "\n\n".join(filter(None, [listed, prose(wording.waive(verdict), 1_000)]))


def _changes(verdict: Verdict, characters: int, rows: int) -> list[str]:
    """Return the sections of all levels of changes, which share what room is left."""
    sections: list[str] = []
    levels = [(level, changes) for level, changes in wording.by_level(verdict).items() if changes]
    for place, (level, changes) in enumerate(levels):
        share = 1.0 if place == len(levels) - 1 else _SHARE
        section = _level(level, changes, int(characters * share), int(rows * share))
        sections.append(section)
        characters -= len(section) + 2
        rows -= _rows_in(section)
    return sections


def _level(level: Level, changes: Sequence[Judged], characters: int, rows: int) -> str:
    """Return one level's section, with the most detail that leaves room for all of it."""
    title = f"{level.capitalize()}: {wording.number(len(changes), 'change')}"
    head, tail = (f"<details><summary>{title}</summary>", "\n\n</details>") if level == "safe" else (f"### {title}", "")
    room = characters - len(head) - len(tail) - 4
    table = ""
    for detail in _DETAILS:
        told = (_row(one, detail) for one in changes)
        table = _table(Table(["change", "resource", "what differs", "why"], told, len(changes)), room, rows)
        if _rows_in(table) == len(changes) + 2:
            break
    return f"{head}\n\n{table}{tail}"


def _row(one: Judged, detail: Detail) -> list[str]:
    change = one.change
    resource = f"{code(shown.sentence(change.name, _NAME))} {prose(change.type, _NAME)}"
    found = wording.findings(one.findings)
    why = [_why(finding) for finding in found[: detail.findings]]
    return [change.kind, resource, _differs(one, detail), _and_more(why, len(found), "finding", "findings")]


def _why(finding: Finding) -> str:
    return f"**{prose(finding.rule, _NAME)}**: {prose(finding.reason, _REASON)}"


def _differs(one: Judged, detail: Detail) -> str:
    """Return what differs of a change; what begins has only those properties told that something was found of."""
    change = one.change
    properties = wording.differences(one)
    if change.kind in {"create", "import", "read"}:
        found = {finding.path for finding in one.findings}
        told = [_property(each, detail) for each in properties if each.path in found][: detail.properties]
        return "<br>".join([*told, wording.number(len(properties), "property", "properties")])
    told = [_property(each, detail) for each in properties[: detail.properties]]
    notes = [
        note for note in (wording.protection(change), _moved(change.provider_before, change.provider_after)) if note
    ]
    return "<br>".join(filter(None, [*notes, _and_more(told, len(properties), "property", "properties")]))


def _moved(before: str, after: str) -> str:
    """Return that the provider is another; empty where it is the same or there is only one of them."""
    if not before or not after or before == after:
        return ""
    names = [code(shown.sentence(wording.name_of(urn), _NAME)) for urn in (before, after)]
    return f"provider {' → '.join(names)}"


def _property(one: PropertyChange, detail: Detail) -> str:
    path = code(shown.sentence(one.path, _NAME))
    before, after = shown.pair(one.before, one.after, detail.characters)
    told = {
        "add": f"{path} added: {markdown_text.value(after)}",
        "delete": f"{path} removed: {markdown_text.value(before)}",
        "update": f"{path} {markdown_text.value(before)} → {markdown_text.value(after)}",
    }[one.kind]
    return told + (" (replaces)" if one.replaces else "")


def _and_more(told: list[str], count: int, one: str, many: str) -> str:
    if not told:
        return wording.number(count, one, many) if count else ""
    return "<br>".join([*told, wording.more(count - len(told))] if len(told) < count else told)


def _declared(verdict: Verdict) -> str:
    found = wording.findings(verdict.desired)
    rows = ([one.level, _resource(one.urn), _why(one)] for one in found)
    return _section("What is declared, changed or not", Table(["level", "resource", "why"], rows, len(found)))


def _renames(verdict: Verdict) -> str:
    ordered = sorted(verdict.renames, key=lambda one: (one.deleted, one.created))
    rows = ([_resource(one.deleted), _resource(one.created), code(shown.sentence(one.alias, 400))] for one in ordered)
    title = "Renamed? With this alias, what is there stays"
    return _section(title, Table(["deleted", "created", "option of the created one"], rows, len(ordered)))


def _waived(verdict: Verdict) -> str:
    waived = wording.waived(verdict)
    rows = (
        [
            _resource(one.finding.urn),
            _why(one.finding),
            prose(one.owner, _NAME),
            prose(one.reason, _REASON),
            prose(one.until, 20),
        ]
        for one in waived
    )
    return _section("Waived", Table(["resource", "what", "owner", "reason", "until"], rows, len(waived)))


def _resource(urn: str) -> str:
    return f"{code(shown.sentence(wording.name_of(urn), _NAME))} {prose(wording.type_of(urn), _NAME)}".rstrip()


def _bottom(verdict: Verdict) -> str:
    if not verdict.digest:
        return ""
    how = f"To apply exactly this change: {code(wording.apply_command(verdict))}"
    return f"Digest {code(shown.sentence(verdict.digest, 120))}" + (f"\n\n{how}" if verdict.passes else "")


def _section(title: str, table: Table) -> str:
    if not table.count:
        return ""
    return f"### {title}\n\n{_table(table, _SECTION, _SECTION_ROWS)}"


def _lines(title: str, lines: Sequence[str], *, in_order: bool = False) -> str:
    """Return a section that is a list of others' sentences, sorted unless their order says something."""
    if not lines:
        return ""
    ordered = lines if in_order else sorted(lines)
    told = _fitting((f"- {prose(one, _REASON)}" for one in ordered), _SECTION, _SECTION_ROWS)
    left = [f"- {wording.more(len(lines) - len(told))}"] if len(told) < len(lines) else []
    return f"### {title}\n\n" + "\n".join([*told, *left])


def _table(table: Table, characters: int, rows: int) -> str:
    """Return as much of a table as has room, and how many rows are left out."""
    head = f"| {' | '.join(table.head)} |\n|{' --- |' * len(table.head)}"
    room = characters - len(head) - 60
    told = _fitting((f"| {' | '.join(row)} |" for row in table.rows), room, rows - 2)
    left = f"\n\n{wording.more(table.count - len(told))}" if len(told) < table.count else ""
    return "\n".join([head, *told]) + left


def _fitting(lines: Iterable[str], characters: int, count: int) -> list[str]:
    """Return the first lines that fit into so many characters, line breaks included."""
    told: list[str] = []
    for line in islice(lines, max(count, 0)):
        characters -= len(line) + 1
        if characters < 0:
            break
        told.append(line)
    return told


def _rows_in(text: str) -> int:
    return sum(line.startswith("|") for line in text.splitlines())
