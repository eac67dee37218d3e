"""Properties as rules read and tell them.

Owns ways into a value that may be hidden, absent or of another shape than expected, and its words in a reason. Leaves
what a value means to the rules.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from infra.gate.change import Change, Hidden, Properties, Value

_LONGEST = 80
"""Characters of a value that a reason tells; ours, so that it stays one line."""


def at(value: Value | Properties, *keys: str | int) -> Value:
    """Return what is at a place below a value; None where nothing is, and what is hidden on the way to it.

    Args:
        value: an object, a list, or anything else.
        keys: of objects and positions in lists, from the top.
    """
    here: Value = value
    for key in keys:
        if isinstance(here, Hidden):
            return here
        here = _child(here, key)
    return here


def _child(value: Value, key: str | int) -> Value:
    if isinstance(value, Mapping) and isinstance(key, str):
        return value.get(key)
    if isinstance(value, Sequence) and not isinstance(value, str) and isinstance(key, int) and key < len(value):
        return value[key]
    return None


def items(value: Value) -> Sequence[Value]:
    """Return the items of a list; none of anything else."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def texts(value: Value) -> list[str]:
    """Return the texts of a list, or of a text alone; what is hidden or no text is left out."""
    if isinstance(value, str):
        return [value]
    return [item for item in items(value) if isinstance(item, str)]


def text(value: Value) -> str:
    """Return a text; an empty one of anything else."""
    return value if isinstance(value, str) else ""


def is_on(value: Value) -> bool:
    """Whether a switch is on; provider inputs and some AWS types write it as a text."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def number(value: Value) -> float | None:
    """Return a number, also one that is written as a text; None of anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def is_hidden(value: Value) -> bool:
    """Whether a value, or anything in it, is not there to be read."""
    if isinstance(value, Hidden):
        return True
    if isinstance(value, Mapping):
        return any(is_hidden(part) for part in value.values())
    return any(is_hidden(part) for part in items(value))


def parsed(value: Value) -> Value:
    """Return what a JSON text says; the value itself where it is none."""
    if not isinstance(value, str):
        return value
    try:
        found: Value = json.loads(value)
    except ValueError:
        return value
    return found


def dotted(keys: Sequence[str | int]) -> str:
    """Return a place as Pulumi writes it, as `rules[0].host`."""
    path = ""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        elif "." in key or "[" in key:
            path += f'["{key}"]'
        else:
            path += f".{key}" if path else key
    return path


def differs(change: Change, *keys: str | int) -> bool:
    """Whether a change lists a place, something below it, or what it is part of.

    The only way to see that a value changed which is hidden before and afterwards.
    """
    path = dotted(keys)
    return any(_touches(one.path, path) or _touches(path, one.path) for one in change.properties)


def _touches(path: str, other: str) -> bool:
    return other == path or (other.startswith(path) and other[len(path)] in ".[")


def told(value: Value) -> str:
    """Return a value in a reason's words, in one line."""
    if value is None:
        return "nothing"
    if isinstance(value, Hidden):
        return value.value if value is Hidden.UNKNOWN else "a secret"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Mapping):
        return shortened(", ".join(f"{key}: {told(part)}" for key, part in value.items()) or "nothing")
    if isinstance(value, Sequence):
        return shortened(", ".join(told(item) for item in value) or "nothing")
    return str(value)


def shortened(words: str) -> str:
    """Return a text in one line, and no longer than a reason can have it."""
    line = " ".join(words.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return names as a sentence has them; of many, the first and how many more there are.

    Args:
        names: in their order.
        most: how many are told.
    """
    shown = [shortened(name) for name in names[:most]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def objects(value: Value) -> Iterator[Mapping[str, Value]]:
    """Return the objects of a list, or an object alone; what is hidden or no object is left out."""
    if isinstance(value, Mapping):
        yield value
    for item in items(value):
        if isinstance(item, Mapping):
            yield item


def leaves(value: Value) -> Iterator[str]:
    """Return every text in a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from leaves(part)
    for item in items(value):
        yield from leaves(item)


def is_top(path: str) -> bool:
    """Whether a property path names a whole property, and no part of one."""
    return "." not in path and "[" not in path
