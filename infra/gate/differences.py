"""Which properties differ between two states of a resource.

Owns taking the provider's word for it, and comparing inputs where the provider says nothing. Leaves what becomes of the
resource to `infra.gate.normalising`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from infra.gate.change import Hidden, Properties, PropertyChange, Value
from infra.gate.property_paths import Path, find, parse, write
from infra.gate.steps import State, Step

_KINDS: Mapping[str, Literal["add", "update", "delete"]] = {"add": "add", "update": "update", "delete": "delete"}


def whole(properties: Properties, kind: Literal["add", "delete"]) -> Sequence[PropertyChange]:
    """Return every property of a resource that begins or ends, sorted by path.

    Args:
        properties: its inputs.
        kind: which of the two.
    """
    changes = [
        PropertyChange(write((name,)), kind, after=value)
        if kind == "add"
        else PropertyChange(write((name,)), kind, before=value)
        for name, value in properties.items()
    ]
    return tuple(sorted(changes, key=lambda one: one.path))


def between(before: Properties, after: Properties) -> Sequence[PropertyChange]:
    """Return what differs between two sets of properties, leaf by leaf, sorted by path.

    Args:
        before: as they are.
        after: as they will be.
    """
    return tuple(sorted(_compared(before, after, ()), key=lambda one: one.path))


def of_step(step: Step) -> Sequence[PropertyChange]:
    """Return what differs in a resource that there is before and after a step, sorted by path.

    The provider's differences where it tells them; or else the inputs that differ, and those that the provider names
    and nobody can see. Where nothing visible differs at all, whatever is secret may be what does.

    Args:
        step: an update or a replacement.
    """
    assert step.old
    assert step.new
    if step.differences:
        found = [_told(one.path, one.kind, step) for one in step.differences]
    else:
        found = _marked(list(_compared(step.old.inputs, step.new.inputs, ())), step.because)
        roots = {parse(one.path)[0] for one in found}
        for name in dict.fromkeys((*step.named, *step.because)):
            one = _told(write((name,)), "update-replace" if name in step.because else "update", step)
            if name not in roots and (_is_veiled(one.before) or one.before != one.after):
                found.append(one)
        found = found or [
            PropertyChange(write(path), "update", Hidden.SECRET, Hidden.SECRET)
            for path in _secrets(step.new.inputs, ())
            if find(path, step.old.inputs) == (True, Hidden.SECRET)
        ]
    unique: dict[str, PropertyChange] = {}
    for one in sorted(found, key=lambda one: (one.path, one.kind, not one.replaces)):
        unique.setdefault(one.path, one)
    return tuple(unique.values())


def _told(raw: str, kind: str, step: Step) -> PropertyChange:
    path = parse(raw)
    assert step.old
    assert step.new
    before = _before(path, step.old, step.new)
    after = find(path, step.new.inputs)[1]
    what, _, replaces = kind.partition("-")
    return PropertyChange(
        _written(path, raw),
        _KINDS[what],
        None if what == "add" else before,
        None if what == "delete" else after,
        replaces=bool(replaces),
    )


def _before(path: Path, old: State, new: State) -> Value:
    """Return the old input; or what the cloud has, where the inputs do not differ and it is that which does."""
    there, declared = find(path, old.inputs)
    if there and (declared != find(path, new.inputs)[1] or isinstance(declared, Hidden)):
        return declared
    known, real = find(path, old.outputs)
    return real if known else declared


def _written(path: Path, raw: str) -> str:
    return write(path) if path else raw


def _compared(before: Value, after: Value, path: Path) -> Iterator[PropertyChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            if name not in before:
                yield PropertyChange(write((*path, name)), "add", after=after[name])
            elif name not in after:
                yield PropertyChange(write((*path, name)), "delete", before=before[name])
            else:
                yield from _compared(before[name], after[name], (*path, name))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            place = (*path, index)
            if index >= len(before):
                yield PropertyChange(write(place), "add", after=after[index])
            elif index >= len(after):
                yield PropertyChange(write(place), "delete", before=before[index])
            else:
                yield from _compared(before[index], after[index], place)
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield PropertyChange(write(path), "update", before, after)


def _marked(found: Sequence[PropertyChange], because: Sequence[str]) -> list[PropertyChange]:
    """Mark the differences of the inputs that a provider says to replace because of."""
    return [
        PropertyChange(one.path, one.kind, one.before, one.after, replaces=parse(one.path)[0] in because)
        for one in found
    ]


def _is_veiled(value: Value) -> bool:
    """Whether something in a value is hidden."""
    if isinstance(value, Mapping):
        return any(map(_is_veiled, value.values()))
    if isinstance(value, list):
        return any(map(_is_veiled, value))
    return isinstance(value, Hidden)


def _secrets(value: Value, path: Path) -> Iterator[Path]:
    if value is Hidden.SECRET:
        yield path
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _secrets(one, (*path, name))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _secrets(one, (*path, index))
