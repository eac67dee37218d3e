"""Pulumi's property paths: `tags.owner`, `rules[0].host`, `data["a.b"]`.

Owns reading and writing them, and finding what is at one. The SDK for Python has no such function; the grammar is the
engine's (Pulumi, sdk/go/common/resource/properties_path.go), which takes anything up to the next `.` or `[` for a name.
"""

import re
from collections.abc import Mapping, Sequence

from infra.gate.change import Hidden, Value

Path = tuple[str | int, ...]
"""Names of properties, and indices of lists."""

_SEGMENT = re.compile(
    r"""
    \.?\["(?P<quoted>(?:\\"|[^"])*)"\]
    | \.?\[(?P<index>[0-9]{1,9})\]
    | (?:^|(?<!^)\.)(?P<name>[^.\[]+)
    """,
    re.VERBOSE,
)
_PLAIN = re.compile(r'[^.\[\]"]+')


def parse(path: str) -> Path:
    """Return the segments of a path; one that is none is taken for a single name.

    Args:
        path: as a provider writes it.
    """
    segments: list[str | int] = []
    position = 0
    while position < len(path):
        found = _SEGMENT.match(path, position)
        if found is None:
            return (path,)
        if found["index"] is not None:
            segments.append(int(found["index"]))
        else:
            quoted = found["quoted"]
            segments.append(found["name"] if quoted is None else quoted.replace('\\"', '"'))
        position = found.end()
    return tuple(segments)


def write(path: Sequence[str | int]) -> str:
    """Return a path as text; a name is quoted where it could be taken for more than one."""
    parts = []
    for segment in path:
        if isinstance(segment, int):
            parts.append(f"[{segment}]")
        elif _PLAIN.fullmatch(segment):
            parts.append(f".{segment}" if parts else segment)
        else:
            quoted = segment.replace('"', '\\"')
            parts.append(f'["{quoted}"]')
    return "".join(parts)


def find(path: Sequence[str | int], value: Value) -> tuple[bool, Value]:
    """Return whether something is at a path, and what.

    What is in a hidden value is as hidden. A name may be written without quotes though it has dots in it: older
    providers do.

    Args:
        path: its segments.
        value: where it begins.
    """
    rest = list(path)
    while rest:
        if isinstance(value, Hidden):
            return True, value
        step = rest.pop(0)
        if isinstance(step, str) and isinstance(value, Mapping):
            while step not in value and rest and isinstance(rest[0], str):
                step = f"{step}.{rest.pop(0)}"
            if step not in value:
                return False, None
            value = value[step]
        elif isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        else:
            return False, None
    return True, value
