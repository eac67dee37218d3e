"""Resources that are deleted beside one much like them that is created: renames that somebody forgot to tell of.

Owns what is likely to be one, and the alias that makes it one. A resource is only compared with those of the same type
below the same component, then with those of the same name elsewhere, and among many only where name or inputs meet:
never each with each. What comes with a component that is renamed is told with the component alone.
"""

import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from infra.gate.change import Change, Kind, Preview
from infra.gate.digest import canonical
from infra.gate.verdict import Rename

_WEIGHT = 0.6
"""How much it counts what two resources consist of, where their names count for the rest; ours."""

_LIKELY = 0.6
"""How much alike they are at least, from 0 to 1; so what consists of the same may be called anything. Ours."""

_ALIKE = 0.5
"""How much of what they consist of is the same at least, whatever their names; ours."""

_CROWD = 8
"""So many resources with one thing in common say nothing of which of them is which; ours."""

_NEVER_RENAMED = ("tenantry:tenant:SchemaTenant", "tenantry:tenant:DatabaseTenant")
"""Of these another name is another one: an alias would give one tenant's data to another."""

_WORD = re.compile(r"[-._/]")


@dataclass(frozen=True)
class _Side:
    """One of the two.

    Args:
        change: its deletion or creation.
        above: the name of the component that it is below; empty for the stack.
        below: type and name of each resource right below it with the same fate.
    """

    change: Change
    above: str
    below: Sequence[tuple[str, str]]

    @cached_property
    def own_name(self) -> str:
        """Its name without that of the component that it is below."""
        return self.change.name.removeprefix(f"{self.above}-") if self.above else self.change.name

    @cached_property
    def parts(self) -> frozenset[tuple[str, bytes]]:
        """What it consists of, names that are its own left out: inputs, and of a component what is below it."""
        inputs = self.change.before or self.change.after
        own = {(key, self._unnamed(canonical(value))) for key, value in inputs.items()}
        return frozenset(own | {(kind, self._unnamed(name.encode())) for kind, name in self.below})

    def _unnamed(self, text: bytes) -> bytes:
        text = text.replace(self.change.name.encode(), b"\0")
        return text.replace(self.above.encode(), b"\1") if self.above else text

    @cached_property
    def pairs_of_letters(self) -> frozenset[str]:
        """Each two letters that follow each other in its own name."""
        name = f"^{self.own_name}$"
        return frozenset(name[place : place + 2] for place in range(len(name) - 1))

    @property
    def marks(self) -> Iterator[Hashable]:
        """By what it may be found among many: its own name, that with any one word left open, and its parts."""
        yield self.own_name
        yield self.parts
        words = _WORD.split(self.own_name)
        yield from ((*words[:place], None, *words[place + 1 :]) for place in range(len(words)))


_Key = Callable[[_Side], Hashable]


class _Search:
    """Finds for deleted resources the created ones that they may have become."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self.old = _sides(changes, "delete")
        self._new = _sides(changes, "create")
        self.found: dict[str, tuple[_Side, _Side]] = {}
        """Deleted URN -> both."""
        self._taken = set[str]()

    def now(self, urn: str) -> str:
        """Return the URN that a component has become, or its own."""
        pair = self.found.get(urn)
        return urn if pair is None else pair[1].change.urn

    def match(self, sides: Sequence[_Side], old_key: _Key, new_key: _Key) -> None:
        """Pair what has the same key and is alike, the most alike first.

        Args:
            sides: deleted resources.
            old_key: theirs; None for what is not looked for.
            new_key: that of created ones.
        """
        new = _grouped((side for side in self._new if side.change.urn not in self._taken), new_key)
        old = _grouped((side for side in sides if side.change.urn not in self.found), old_key)
        scored = [
            (-_likeness(one, other), one.change.urn, other.change.urn, one, other)
            for key, group in old.items()
            if key is not None and key in new
            for one, other in _candidates(group, new[key])
        ]
        for likeness, deleted, created, one, other in sorted(scored, key=lambda found: found[:3]):
            if -likeness >= _LIKELY and deleted not in self.found and created not in self._taken:
                self.found[deleted] = (one, other)
                self._taken.add(created)

    def follows(self, old: _Side, new: _Side) -> bool:
        """Whether the alias of the component above makes this one's: the engine gives its children aliases, too."""
        above = self.found.get(old.change.parent)
        if above is None or above[1].change.urn != new.change.parent or old.change.type != new.change.type:
            return False
        before, after = above[0].change.name, above[1].change.name
        name = new.change.name
        return old.change.name == (before + name.removeprefix(after) if name.startswith(after) else name)


def renames(preview: Preview) -> Sequence[Rename]:
    """Return what is likely to be renamed, sorted by the deleted URN; each URN is in it once at most.

    Args:
        preview: what would be done.
    """
    search = _Search(preview.changes)
    depths = defaultdict[int, list[_Side]](list)
    for side in search.old:
        depths[side.change.urn.count("$")].append(side)
    # Components first: what is below one has another parent only because of it.
    for _, sides in sorted(depths.items()):
        search.match(sides, lambda one: _named_anew(one, search.now(one.change.parent)), _place)
        search.match(sides, _type_and_name, _type_and_name)
        search.match(sides, lambda one: _name_and_place(one, search.now(one.change.parent)), _name_and_place)
    return [
        Rename(deleted, new.change.urn, _alias(old.change, new.change, search.now(old.change.parent)))
        for deleted, (old, new) in sorted(search.found.items())
        if not search.follows(old, new)
    ]


def _named_anew(side: _Side, parent: str) -> Hashable:
    return None if side.change.type in _NEVER_RENAMED else (side.change.type, parent)


def _place(side: _Side) -> Hashable:
    return side.change.type, side.change.parent


def _type_and_name(side: _Side) -> Hashable:
    return side.change.type, side.change.name


def _name_and_place(side: _Side, parent: str | None = None) -> Hashable:
    return side.change.name, side.change.parent if parent is None else parent


def _sides(changes: Sequence[Change], kind: Kind) -> list[_Side]:
    chosen = [change for change in changes if change.kind == kind]
    below = defaultdict[str, list[tuple[str, str]]](list)
    for change in chosen:
        below[change.parent].append((change.type, change.name))
    return [_Side(change, _above(change.parent), below.get(change.urn, ())) for change in chosen]


def _above(parent: str) -> str:
    return "" if _is_stack(parent) else parent.rpartition("::")[2]


def _is_stack(urn: str) -> bool:
    return not urn or "::pulumi:pulumi:Stack::" in urn


def _grouped(sides: Iterable[_Side], key: _Key) -> Mapping[Hashable, list[_Side]]:
    groups = defaultdict[Hashable, list[_Side]](list)
    for side in sides:
        groups[key(side)].append(side)
    return groups


def _candidates(old: Sequence[_Side], new: Sequence[_Side]) -> Iterator[tuple[_Side, _Side]]:
    """Return what is worth comparing: among few each with each, among many what has a mark in common with few."""
    if len(old) <= _CROWD and len(new) <= _CROWD:
        yield from itertools.product(old, new)
        return
    marked = defaultdict[Hashable, list[_Side]](list)
    for side in new:
        for mark in side.marks:
            marked[mark].append(side)
    for side in old:
        met = (other for mark in side.marks if len(marked.get(mark, ())) <= _CROWD for other in marked.get(mark, ()))
        yield from ((side, other) for other in {other.change.urn: other for other in met}.values())


def _likeness(old: _Side, new: _Side) -> float:
    """Return how much alike two are, from 0 to 1; the names alone count where there is nothing else."""
    name = _share(old.pairs_of_letters, new.pairs_of_letters)
    if not old.parts and not new.parts:
        return name
    parts = _share(old.parts, new.parts)
    return (1 - _WEIGHT) * name + _WEIGHT * parts if parts >= _ALIKE else 0


def _share(one: frozenset[Hashable], other: frozenset[Hashable]) -> float:
    """Return how much two sets have in common (Dice's coefficient), 1 of two empty ones."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 1


def _alias(old: Change, new: Change, parent: str) -> str:
    """Return the option that makes a creation a rename.

    Args:
        old: the deletion.
        new: the creation.
        parent: what the component has become that the deleted one was below.
    """
    told = [f"name={json.dumps(old.name)}"] if old.name != new.name else []
    told += [f"type_={json.dumps(old.type)}"] if old.type != new.type else []
    if parent != new.parent:
        told.append("parent=ROOT_STACK_RESOURCE" if _is_stack(old.parent) else f"parent={json.dumps(old.parent)}")
    return f"opts=ResourceOptions(aliases=[Alias({', '.join(told)})])"
