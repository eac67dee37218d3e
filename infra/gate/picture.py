"""The affected part of the graph as boxes: every component around what it holds, every change with its level.

Owns which resources are drawn and where; the worst first, and a bounded number of them. Leaves colours and the letters
of SVG to the page's template.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from infra.gate import wording
from infra.gate.shown import sentence
from infra.gate.verdict import Judged, Level, Verdict

NODES = 150
"""Drawn at most, parents included."""

_WIDTH = 1_000
_PAD, _GAP = 12, 8
_HEAD, _CELL = 34, 46
_COLUMN = 215
_NAME_LETTER, _NOTE_LETTER = 7.3, 6.2
"""Pixels that a letter takes on average, at the page's sizes: bold of 12 and plain of 11."""


@dataclass(frozen=True, slots=True)
class Box:
    """One resource, where it is drawn; in pixels of the picture.

    Args:
        x: its left edge.
        y: its upper edge.
        width: of the box.
        height: of the box.
        name: its name, as much as there is room for.
        note: its type, or what becomes of it and how bad that is.
        level: of its change; empty for one that stays.
        holds: whether others are drawn in it.
        title: all of it in words.
    """

    x: float
    y: float
    width: float
    height: float
    name: str
    note: str
    level: Level | None
    holds: bool
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All boxes, the outer ones before those in them.

    Args:
        width: of the picture.
        height: of the picture.
        boxes: what is drawn.
        left_out: how many changes are not drawn.
    """

    width: int
    height: int
    boxes: Sequence[Box]
    left_out: int


@dataclass(slots=True)
class _Node:
    urn: str
    judged: Judged | None
    children: list["_Node"] = field(default_factory=list)


def draw(verdict: Verdict, parents: Mapping[str, str]) -> Picture:
    """Return the picture of a verdict's changes and of what they are parts of.

    Args:
        verdict: the gate's.
        parents: URN -> its parent's, for resources that stay; an unknown one ends the chain.
    """
    changes = [one for level in wording.by_level(verdict).values() for one in level]
    known = {**parents, **{one.change.urn: one.change.parent for one in changes}}
    chosen, left_out = _chosen(changes, known)
    roots = _trees(chosen, {one.change.urn: one for one in changes}, known)
    boxes: list[Box] = []
    height = _stack(roots, (0, 0, _WIDTH), boxes)
    return Picture(_WIDTH, round(height), boxes, left_out)


def _chosen(changes: Sequence[Judged], parents: Mapping[str, str]) -> tuple[set[str], int]:
    """Return what is drawn: changes with their ancestors, in their order, while there is room for all of one's."""
    chosen: set[str] = set()
    drawn = 0
    for one in changes:
        needed = {one.change.urn, *_ancestors(one.change.urn, parents)} - chosen
        if len(chosen) + len(needed) <= NODES:
            chosen |= needed
            drawn += 1
        elif len(chosen) >= NODES:
            break
    return chosen, len(changes) - drawn


def _ancestors(urn: str, parents: Mapping[str, str]) -> Iterator[str]:
    seen = {urn}
    while (urn := parents.get(urn, "")) and urn not in seen:
        seen.add(urn)
        yield urn


def _trees(chosen: set[str], changes: Mapping[str, Judged], parents: Mapping[str, str]) -> list[_Node]:
    nodes = {urn: _Node(urn, changes.get(urn)) for urn in sorted(chosen)}
    roots: list[_Node] = []
    for urn, node in nodes.items():
        above = next(_ancestors(urn, parents), "")
        cyclic = urn in set(_ancestors(above, parents))
        (nodes[above].children if above in nodes and not cyclic else roots).append(node)
    return roots


def _rank(node: _Node) -> tuple[int, str, str]:
    return _worst(node), wording.name_of(node.urn), node.urn


def _worst(node: _Node) -> int:
    own = wording.WORST_FIRST.index(node.judged.level) if node.judged else len(wording.WORST_FIRST)
    return min([own, *(_worst(child) for child in node.children)])


def _stack(nodes: Sequence[_Node], room: tuple[float, float, float], boxes: list[Box], most: int = 0) -> float:
    """Draw nodes into a column: first those that hold nothing, side by side, then the others, as they fit.

    Args:
        nodes: what to draw.
        room: its left and upper edge, and its width.
        boxes: where what is drawn is added.
        most: how many stand side by side; 0 for as many as there is room for.

    Returns:
        The lower edge.
    """
    left, top, width = room
    ordered = sorted(nodes, key=_rank)
    columns = most or max(1, int((width + _GAP) // (_COLUMN + _GAP)))
    cell = (width - _GAP * (columns - 1)) / columns
    leaves = [node for node in ordered if not node.children]
    for place, leaf in enumerate(leaves):
        row, column = divmod(place, columns)
        boxes.append(_box(leaf, (left + column * (cell + _GAP), top + row * (_CELL + _GAP), cell, _CELL)))
    bottom = top + -(-len(leaves) // columns) * (_CELL + _GAP)
    for line in _lines([node for node in ordered if node.children], columns):
        upper, column = bottom, 0
        for node in line:
            span = _span(node, columns)
            within = (left + column * (cell + _GAP), upper, span * (cell + _GAP) - _GAP)
            bottom = max(bottom, _holder(node, within, span, boxes) + _GAP)
            column += span
    return bottom - _GAP if nodes else top


def _lines(nodes: Sequence[_Node], columns: int) -> Iterator[list[_Node]]:
    """Put nodes that hold others into lines of so many columns, in their order."""
    line: list[_Node] = []
    for node in nodes:
        if line and sum(_span(one, columns) for one in line) + _span(node, columns) > columns:
            yield line
            line = []
        line.append(node)
    if line:
        yield line


def _span(node: _Node, columns: int) -> int:
    """Return how many columns a node takes: one for each that it holds, and all of them if those hold others."""
    return columns if any(child.children for child in node.children) else min(len(node.children), columns)


def _holder(node: _Node, room: tuple[float, float, float], span: int, boxes: list[Box]) -> float:
    left, top, width = room
    place = len(boxes)
    inner = (left + _PAD, top + _HEAD, max(width - 2 * _PAD, _PAD))
    most = 0 if any(child.children for child in node.children) else span
    bottom = _stack(node.children, inner, boxes, most) + _PAD
    boxes.insert(place, _box(node, (left, top, width, bottom - top)))
    return bottom


def _box(node: _Node, place: tuple[float, float, float, float]) -> Box:
    x, y, width, height = (round(edge, 1) for edge in place)
    kind = wording.type_of(node.urn)
    change = f"{node.judged.change.kind}, {node.judged.level}" if node.judged else ""
    name = sentence(wording.name_of(node.urn), 200)
    holds = bool(node.children)
    note = " · ".join(filter(None, [change, sentence(kind.rpartition(":")[2], 40)]))
    title = " · ".join(filter(None, [name, sentence(kind, 100), change or "stays as it is"]))
    room = width - 2 * _PAD
    told = _shortened(note, (room / 2 if holds else room) / _NOTE_LETTER)
    beside = room - _columns(told) * _NOTE_LETTER - _PAD if holds else room
    fitting = _shortened(name, beside / _NAME_LETTER)
    return Box(x, y, width, height, fitting, told, node.judged.level if node.judged else None, holds, title)


def _columns(text: str) -> int:
    """Return how many letters' room a text takes; those of East Asia take two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _shortened(text: str, room: float) -> str:
    if _columns(text) <= room:
        return text
    told = ""
    for one in text:
        if _columns(told + one) > room - 1:
            break
        told += one
    return told + "…"
