"""Differences between two property maps, by exact path, as previews show them."""

import enum
import re
from collections.abc import Iterator, Mapping

from infra.sandbox.plugins.values import Secret, Unknown, Value

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$]*")


class Change(enum.Enum):
    """What happened to one path."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


def differences(old: Mapping[str, Value], new: Mapping[str, Value]) -> dict[str, Change]:
    """Return what changed, by property path such as `spec.ports[0].port` or `data["a.b"]`.

    Args:
        old: the previous inputs.
        new: the wanted inputs; a null counts as absent, an unknown counts as changed.
    """
    return dict(_compare("", old, new))


def join(path: str, key: str) -> str:
    """Return the path of `key` below `path`, quoted as Pulumi property paths are."""
    if _PLAIN_KEY.fullmatch(key):
        return f"{path}.{key}" if path else key
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'{path}["{escaped}"]'


def _compare(path: str, old: Value, new: Value) -> Iterator[tuple[str, Change]]:
    old, new = _bare(old), _bare(new)
    if isinstance(new, Unknown):
        yield path, Change.ADD if old is None else Change.UPDATE
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            yield from _compare(join(path, key), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _compare(f"{path}[{index}]", before, after)
    elif old is None and new is not None:
        yield path, Change.ADD
    elif old is not None and new is None:
        yield path, Change.DELETE
    elif type(old) is not type(new) and bool in (type(old), type(new)):
        yield path, Change.UPDATE  # True equals 1 in Python, not in a manifest
    elif old != new:
        yield path, Change.UPDATE


def _bare(value: Value) -> Value:
    return value.value if isinstance(value, Secret) else value
