"""A declared rotation, written into a stack file: one value changes, and nothing else of the file.

Owns the edit. YAML writers would put the file in words of their own, so the value is found by the parser and replaced
in the text.
"""

import copy
from collections.abc import Sequence
from pathlib import Path

import yaml

from infra.errors import TenantryError
from infra.settings import SETTINGS_KEY, stack_file

_QUOTES = ("'", '"')


def moved(path: Path, text: str, kind: str, name: str, rotation: str) -> str:
    """Return the text of a stack file with another rotation of one secret.

    Args:
        path: the file, for messages.
        text: its text.
        kind: `generated` or `external`.
        name: the secret's.
        rotation: when it was rotated, in RFC 3339.

    Raises:
        TenantryError: the value cannot be changed alone.
    """
    place = ["config", SETTINGS_KEY, "secrets", kind, name, "rotated_at"]
    parsed = stack_file.parse(path, text)
    node = _scalar(parsed.root, place)
    if node is None:
        raise _shared(path, place)
    quote = node.style if node.style in _QUOTES else ""
    changed = f"{text[: node.start_mark.index]}{quote}{rotation}{quote}{text[node.end_mark.index :]}"
    wanted = copy.deepcopy(parsed.content)
    _set(wanted, place, rotation)
    try:
        found = stack_file.parse(path, changed).content
    except stack_file.StackFileError as error:  # an anchor was part of what was replaced
        raise _shared(path, place) from error
    if not quote:
        found = copy.deepcopy(found)
        _set(found, place, rotation)  # without quotes the engine reads a moment, in words of its own
    if found != wanted:
        raise _shared(path, place)
    return changed


def _scalar(root: yaml.Node | None, place: Sequence[str]) -> yaml.ScalarNode | None:
    node = root
    for part in place:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for key, value in pairs if key.value == part), None)
    return node if isinstance(node, yaml.ScalarNode) else None


def _set(content: dict[str, object], place: Sequence[str], value: object) -> None:
    section: dict[str, object] = content
    for part in place[:-1]:
        below = section[part]
        assert isinstance(below, dict)  # it was found there
        section = below
    section[place[-1]] = value


def _shared(path: Path, place: Sequence[str]) -> TenantryError:
    return TenantryError(
        f"{'.'.join(place[1:])} shares its value with others",
        path.name,
        "write it out, without anchors and merged keys",
    )
