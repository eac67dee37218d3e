"""A verdict as one HTML page that loads nothing: for artifacts of a workflow, for a browser, and for paper.

Owns what is on the page and how much of it. Leaves its shape to the templates in `page/`, which escape every value by
themselves, and which resources are drawn to `infra.gate.picture`. There is no script on it, and its policy allows none.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from infra.gate import picture, shown, wording
from infra.gate.change import PropertyChange, Resource
from infra.gate.shown import Pieces, sentence
from infra.gate.verdict import Finding, Judged, Level, Verdict

_FOLDER = Path(__file__).with_name("page")
_STYLE = "report.css"

CHANGES = 500
"""Shown at most."""

_PROPERTIES = 1_500
"""Of all changes together that are shown, at most; and of each, the next."""

_EACH, _VALUE, _NAME = 20, 240, 120
_LINES = 50
"""Of every other list."""


@dataclass(frozen=True, slots=True)
class Said:
    """One finding in words.

    Args:
        rule: its rule.
        level: how bad it is.
        resource: the name of what it is about.
        type: the type of that.
        reason: why.
    """

    rule: str
    level: Level
    resource: str
    type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One property that differs.

    Args:
        path: its path.
        before: what it was; empty where it is added.
        after: what it becomes; empty where it is removed.
        replaces: whether the resource is replaced because of it.
    """

    path: str
    before: Pieces
    after: Pieces
    replaces: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One change.

    Args:
        name: of the resource.
        type: of the resource.
        urn: of the resource.
        kind: what becomes of it.
        notes: what else becomes of it.
        said: what was found.
        rows: what differs.
        more: how many properties are not shown.
    """

    name: str
    type: str
    urn: str
    kind: str
    notes: Sequence[str]
    said: Sequence[Said]
    rows: Sequence[Row]
    more: int


@dataclass(frozen=True, slots=True)
class Section:
    """The changes of one level.

    Args:
        level: which.
        count: how many there are.
        entries: those that are shown.
    """

    level: Level
    count: int
    entries: Sequence[Entry]


def html(verdict: Verdict, resources: Mapping[str, Resource] | None = None) -> str:
    """Return a verdict as a page; the same verdict gives the same text.

    Args:
        verdict: the gate's.
        resources: URN -> what there will be, for the parents in the picture; without it, only changes tell theirs.
    """
    parents = {urn: one.parent for urn, one in (resources or {}).items()}
    style = (_FOLDER / _STYLE).read_text(encoding="utf-8")
    answer, _, why = wording.headline(verdict).partition(": ")
    cost = verdict.cost
    return _template().render(
        answer=answer,
        why=why,
        passes=verdict.passes,
        stack=wording.stack(verdict),
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        facts=_facts(verdict),
        unpriced=[sentence(one, _NAME) for one in sorted(cost.unpriced)] if cost else [],
        totals=wording.totals(verdict),
        kinds=[kind for kind in wording.KINDS if any(kind in of for of in wording.totals(verdict).values())],
        same=verdict.same,
        blocked=_listed(list(wording.reasons(verdict))),
        waive=wording.waive(verdict),
        picture=picture.draw(verdict, parents),
        sections=_sections(verdict),
        desired=_some([_said(one) for one in wording.findings(verdict.desired)[:_LINES]], len(verdict.desired)),
        renames=_some(_renames(verdict), len(verdict.renames)),
        waived=_some(_waived(verdict), len(verdict.waived)),
        stale=_listed(sorted(verdict.stale)),
        warnings=_listed(sorted(verdict.warnings)),
        digest=sentence(verdict.digest, 120),
        command=wording.apply_command(verdict) if verdict.passes and verdict.digest else "",
        number=wording.number,
        more=wording.more,
        meanings=wording.MEANINGS,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def _facts(verdict: Verdict) -> list[tuple[str, str]]:
    facts = [*wording.reach(verdict.blast, 40), ("approvals", wording.approvals(verdict))]
    return [*facts, ("cost", wording.money(verdict.cost))] if verdict.cost else facts


def _some(shown_ones: Sequence[object], count: int) -> tuple[Sequence[object], int]:
    """Return what is shown of a list, and how many are left out."""
    return shown_ones, count - len(shown_ones)


def _listed(lines: Sequence[str]) -> tuple[Sequence[object], int]:
    return _some([wording.reason(one) for one in lines[:_LINES]], len(lines))


def _sections(verdict: Verdict) -> Iterator[Section]:
    """Tell the levels of changes, the worst first, until enough of them is told."""
    changes, properties = CHANGES, _PROPERTIES
    for level, judged in wording.by_level(verdict).items():
        entries = []
        for one in judged[: max(changes, 0)]:
            entry = _entry(one, min(_EACH, properties))
            properties -= len(entry.rows)
            entries.append(entry)
        changes -= len(entries)
        if judged:
            yield Section(level, len(judged), entries)


def _entry(one: Judged, room: int) -> Entry:
    change = one.change
    properties = wording.differences(one)
    told = [_row(each) for each in properties[:room]]
    moved = [sentence(wording.name_of(urn), _NAME) for urn in (change.provider_before, change.provider_after) if urn]
    notes = [
        wording.protection(change),
        f"provider {' → '.join(moved)}" if len(moved) > 1 and change.provider_before != change.provider_after else "",
        "deleting it leaves it where it is" if change.retained and change.kind == "delete" else "",
        "the old one ends before the new one begins" if change.deletes_first else "",
    ]
    return Entry(
        name=sentence(change.name, _NAME),
        type=sentence(change.type, _NAME),
        urn=sentence(change.urn, 400),
        kind=change.kind,
        notes=[note for note in notes if note],
        said=[_said(finding) for finding in wording.findings(one.findings)[:_EACH]],
        rows=told,
        more=len(properties) - len(told),
    )


def _row(one: PropertyChange) -> Row:
    before, after = shown.pair(one.before, one.after, _VALUE)
    return Row(
        path=sentence(one.path, _NAME),
        before=() if one.kind == "add" else before,
        after=() if one.kind == "delete" else after,
        replaces=one.replaces,
    )


def _said(one: Finding) -> Said:
    return Said(
        rule=sentence(one.rule, _NAME),
        level=one.level,
        resource=sentence(wording.name_of(one.urn), _NAME),
        type=sentence(wording.type_of(one.urn), _NAME),
        reason=wording.reason(one.reason),
    )


def _renames(verdict: Verdict) -> list[tuple[str, str, str]]:
    ordered = sorted(verdict.renames, key=lambda one: (one.deleted, one.created))[:_LINES]
    names = [[sentence(wording.name_of(urn), _NAME) for urn in (one.deleted, one.created)] for one in ordered]
    return [(old, new, sentence(one.alias, 400)) for (old, new), one in zip(names, ordered, strict=True)]


def _waived(verdict: Verdict) -> list[tuple[Said, str, str, str]]:
    return [
        (_said(one.finding), sentence(one.owner, _NAME), wording.reason(one.reason), sentence(one.until, 20))
        for one in wording.waived(verdict)[:_LINES]
    ]
