"""What two stacks declare differently: types and logical names first, then inputs and options.

Owns what a difference is and where it is. Leaves what is declared to `parity_graph`, the words of environments to
`parity_neutral`, and which differences are meant to `parity_file`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.gate.change import Hidden, Value
from infra.gate.parity_graph import Declared, declared
from infra.gate.parity_neutral import neutral, neutralised
from infra.settings.models import StackSettings
from infra.settings.stack_file import StackFile

_BY_NAME = "name"
"""The key by which the objects of a list are told apart, where each has one of its own: a variable, a parameter."""

_QUOTED = frozenset('."[]')
"""What makes a key stand in quotes in Pulumi's property paths (sdk go/common/resource/properties_path.go)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the program declares in another way, or for one of two stacks only.

    Args:
        type: the resource's type token.
        name: its logical name, neutral.
        path: of the input, as `spec.replicas` or `tags["a.b"]`, or of an option, as `options:protect`; empty for a
            resource that only one stack has.
        values: stack -> the value there, neutral; a stack that has none is not in it.
    """

    type: str
    name: str
    path: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def only(self) -> str | None:
        """The stack that alone has the resource; None for a property."""
        return None if self.path else next(iter(self.values))


@dataclass(frozen=True)
class Comparison:
    """Two stacks, side by side.

    Args:
        stacks: their names.
        resources: how many resources each has, in the same order.
        differences: by whether it is a whole resource, then by type, name and path.
    """

    stacks: tuple[str, str]
    resources: tuple[int, int]
    differences: Sequence[Difference]


def compared(files: tuple[StackFile, StackFile], settings: tuple[StackSettings, StackSettings]) -> Comparison:
    """Run the program for both stacks and return what differs.

    Args:
        files: the stacks' files.
        settings: what they say.

    Raises:
        TenantryError: the program refuses one of them, fails, or does not end.
    """
    first, second = (
        neutralised(resources, neutral(file.stack, said))
        for resources, file, said in zip(declared(files), files, settings, strict=True)
    )
    stacks = (files[0].stack, files[1].stack)
    found = sorted(differences(stacks, first, second), key=lambda one: (bool(one.path), one.type, one.name, one.path))
    return Comparison(stacks, (len(first), len(second)), found)


def differences(stacks: tuple[str, str], first: Sequence[Declared], second: Sequence[Declared]) -> Iterator[Difference]:
    """Return what two stacks declare differently.

    Args:
        stacks: their names.
        first: what the one declares, neutral.
        second: what the other does.
    """
    there = [{(one.types, one.name): one for one in resources} for resources in (first, second)]
    for stack, own, other in zip(stacks, there, reversed(there), strict=True):
        for key in own.keys() - other.keys():
            yield Difference(own[key].type, own[key].name, values={stack: {}})
    for key in there[0].keys() & there[1].keys():
        one, two = there[0][key], there[1][key]
        for path, values in _within("", one.properties, two.properties):
            told = {stack: value for stack, value in zip(stacks, values, strict=True) if value is not _ABSENT}
            yield Difference(one.type, one.name, path, told)


class _Absent:
    """The type of what is not there."""


_ABSENT = _Absent()


def _within(path: str, one: Any, two: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Return where two values differ, as deep as both go."""
    parts = _parts(one, two)
    if parts is None:
        if one != two or isinstance(one, bool) is not isinstance(two, bool):
            yield path, (one, two)
        return
    for step, left, right in parts:
        yield from _within(path + step if path else step.removeprefix("."), left, right)


def _parts(one: Any, two: Any) -> Iterator[tuple[str, Any, Any]] | None:
    """Return the parts of two objects or two lists side by side, each with its step of a path; None for others."""
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return ((_step(key), one.get(key, _ABSENT), two.get(key, _ABSENT)) for key in sorted({*one, *two}))
    if isinstance(one, list) and isinstance(two, list):
        names = _names(one), _names(two)
        if names[0] is not None and names[1] is not None:
            left, right = dict(zip(names[0], one, strict=True)), dict(zip(names[1], two, strict=True))
            both = sorted({*left, *right})
            return ((f"[{_BY_NAME}={key}]", left.get(key, _ABSENT), right.get(key, _ABSENT)) for key in both)
        longest = range(max(len(one), len(two)))
        return ((f"[{index}]", _at(one, index), _at(two, index)) for index in longest)
    return None


def _names(items: Sequence[Any]) -> list[str] | None:
    """Return what the objects of a list are called; None unless each has a name of its own."""
    names = [item.get(_BY_NAME) if isinstance(item, Mapping) else None for item in items]
    told = [name for name in names if isinstance(name, str)]
    return told if len(set(told)) == len(items) else None


def _at(items: Sequence[Any], index: int) -> Any:
    return items[index] if index < len(items) else _ABSENT


def _step(key: str) -> str:
    return f'["{key}"]' if _QUOTED.intersection(key) else f".{key}"


def shown(value: Value) -> str:
    """Return a value in one line, as users are told of it; nothing of a secret but that it is one."""
    if isinstance(value, Hidden):
        return f"({value.value})"
    return json.dumps(plain(value), ensure_ascii=False)


def plain(value: Value) -> Any:
    """Return a value as JSON can say it."""
    if isinstance(value, Hidden):
        return f"({value.value})"
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
