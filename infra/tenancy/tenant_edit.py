"""A tenant added to the text of a tenant file, or its lifecycle changed there; everything else stays byte for byte.

Owns the edits. Leaves whether they make sense to `states` and to the settings. What an edit makes is read again and
compared with what it should be, so that no way of writing YAML is changed into something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ryaml

from infra.errors import TenantryError
from infra.settings.schema import TENANT_HEADER
from infra.tenancy.mapping_edit import Cut, MappingText, Value, applied, in_one_line
from infra.tenancy.tenant_items import Item, Listing, comment_lines, line_start, lines_around, listing

_MARK = "\ufeff"


@dataclass(frozen=True)
class Text:
    """The text of a tenant file.

    Args:
        name: the file's, for messages.
        content: what it holds, valid as the settings of a stack.
    """

    name: str
    content: str


def added(file: Text, fields: Mapping[str, Value]) -> str:
    """Return a text with one more tenant, at its place in the order of slugs and written as its neighbours are.

    Args:
        file: without that tenant.
        fields: its settings; `slug` is one of them.

    Raises:
        TenantryError: the file is written so that no program should change it.
    """
    mark, text = _unmarked(file.content)
    text = text if text.strip() else f"{TENANT_HEADER}\n"
    found = listing(file.name, text)
    if found.in_brackets and found.items:
        raise TenantryError("a list in brackets", file.name, "begin each tenant on a line of its own with `- `")
    made = _inserted(text, found, fields)
    entries = _entries(text)
    before = sum(item.slug is not None and item.slug < str(fields["slug"]) for item in found.items)
    return mark + _proved(file, made, [*entries[:before], _plain(fields), *entries[before:]])


def with_lifecycles(file: Text, changes: Mapping[str, Mapping[str, str | None]]) -> str:
    """Return a text in which the lifecycle of tenants is changed.

    Args:
        file: with these tenants.
        changes: slug -> what to set of its lifecycle; None takes a key away.

    Raises:
        TenantryError: one of them is written so that no program should change it.
    """
    mark, text = _unmarked(file.content)
    cuts: list[Cut] = []
    for item in listing(file.name, text).items:
        change = None if item.slug is None else changes.get(item.slug)
        if change is not None:
            cuts += _lifecycle(Text(file.name, text), item, change)
    wanted = [_changed(entry, changes.get(entry["slug"])) for entry in _entries(text)]
    return mark + _proved(file, applied(text, cuts), wanted)


def _unmarked(content: str) -> tuple[str, str]:
    """Return the byte order mark that a text may begin with, and the text behind it."""
    text = content.removeprefix(_MARK)
    return content[: len(content) - len(text)], text


def _inserted(text: str, found: Listing, fields: Mapping[str, Value]) -> str:
    ends = "\r\n" if "\r\n" in text else "\n"
    if not found.items:
        line = f"- {in_one_line(fields, padded=True)}"
        if found.span is not None and found.span[0] < found.span[1]:
            return applied(text, [Cut(*found.span, line)])
        return f"{text}{'' if text.endswith(chr(10)) else ends}{line}{ends}"
    smaller = [item for item in found.items if item.slug is not None and item.slug < str(fields["slug"])]
    neighbour = smaller[-1] if smaller else found.items[0]
    entry = _entry(text, neighbour, fields, ends)
    if not smaller:
        position = _above(text, found.items[0])
    else:
        position = lines_around(text, neighbour)[1]
        if text[position - 1] != "\n":
            entry = f"{ends}{entry.removesuffix(ends)}"
    return applied(text, [Cut(position, position, entry)])


def _above(text: str, first: Item) -> int:
    """Return where the first tenant begins: below the file's own comments, above those of the tenant itself."""
    position = line_start(text, first.start)
    above = list(comment_lines(text, position))
    if above and above[-1] and not text[line_start(text, above[-1] - 1) : above[-1]].strip():
        return above[-1]  # an empty line divides them from the file's
    return position


def _entry(text: str, neighbour: Item, fields: Mapping[str, Value], ends: str) -> str:
    """Return the lines of a new tenant, as its neighbour is written."""
    beginning = text[line_start(text, neighbour.start) : neighbour.start]
    dash = beginning.split("-", 1)[0]
    if neighbour.in_braces:
        padded = text[neighbour.start : neighbour.end].partition("{")[2].startswith(" ")
        return f"{dash}- {in_one_line(fields, padded)}{ends}"
    lines = [f"{key}: {in_one_line(value, padded=True)}{ends}" for key, value in fields.items()]
    return "".join(f"{dash}{'  ' if position else '- '}{line}" for position, line in enumerate(lines))


def _lifecycle(file: Text, item: Item, change: Mapping[str, str | None]) -> list[Cut]:
    if item.shared:
        where = f"{file.name}:{file.content.count(chr(10), 0, item.start) + 1}"
        raise TenantryError(f"{item.slug} shares a value with others", where, "write it out, without `&` and `*`")
    tenant = MappingText(file.content, item.start, item.end, file.name)
    lifecycle = tenant.section("lifecycle")
    if lifecycle is None:
        return [tenant.set("lifecycle", {key: value for key, value in change.items() if value is not None})]
    cuts: list[Cut] = []
    for key, value in change.items():
        cuts += lifecycle.remove(key) if value is None else [lifecycle.set(key, value)]
    return cuts


def _changed(entry: dict[str, Any], change: Mapping[str, str | None] | None) -> dict[str, Any]:
    if change is None:
        return entry
    lifecycle = {**entry.get("lifecycle", {}), **change}
    return {**entry, "lifecycle": {key: value for key, value in lifecycle.items() if value is not None}}


def _plain(fields: Mapping[str, Value]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}


def _entries(text: str) -> list[Any]:
    return list(ryaml.loads(text) or ())


def _proved(file: Text, made: str, wanted: list[Any]) -> str:
    """Return what an edit made, if it says what it should.

    Raises:
        TenantryError: it does not.
    """
    try:
        right = _entries(made) == wanted
    except ryaml.InvalidYamlError:
        right = False
    if not right:
        raise TenantryError("written so that it cannot be changed here", file.name, "change it with an editor")
    return made
