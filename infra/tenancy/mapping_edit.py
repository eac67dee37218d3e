"""Keys of one mapping in YAML, set and removed in its text, so that everything beside them stays as it was written.

ruamel.yaml finds the parts, and writes the values that are new. Written anew by it as a whole, a tenant would lose its
spaces and the breaks of its lines.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from infra.errors import TenantryError
from infra.tenancy.tenant_items import comments_end, line_end, line_start

Value: TypeAlias = "str | int | Sequence[str] | Mapping[str, Value]"
"""What can be written: a text, a number, a list of texts, or a section of these."""

_UNFOLDED = 1 << 20
"""Columns: no value is broken into lines."""


@dataclass(frozen=True)
class Cut:
    """One replacement in a text.

    Args:
        start: where what goes begins.
        end: where it ends.
        text: what comes in its place.
    """

    start: int
    end: int
    text: str


def in_one_line(value: Value, padded: bool) -> str:
    """Return a value as it is written in braces and brackets.

    Args:
        value: what to write.
        padded: whether spaces stand inside of braces.
    """
    if isinstance(value, str | int):
        return _scalar(value) if isinstance(value, str) else str(value)
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key}: {in_one_line(one, padded)}" for key, one in value.items())
        return f"{{ {pairs} }}" if padded else f"{{{pairs}}}"
    return f"[{', '.join(map(_scalar, value))}]"


def applied(text: str, cuts: Sequence[Cut]) -> str:
    """Return a text in which cuts were made, none of which overlap."""
    parts, position = [], 0
    for cut in sorted(cuts, key=lambda cut: cut.start):
        parts += [text[position : cut.start], cut.text]
        position = cut.end
    return "".join([*parts, text[position:]])


class MappingText:
    """A mapping in a text."""

    def __init__(self, text: str, start: int, end: int, name: str) -> None:
        """Find the parts of a mapping.

        Args:
            text: of the whole file.
            start: where the mapping begins.
            end: where its content ends.
            name: the file's, for messages.
        """
        indentation = start - line_start(text, start)  # what is in its other lines is indented as much
        node = YAML(typ="rt", pure=True).compose(" " * indentation + text[start:end])
        assert isinstance(node, MappingNode)  # the settings were read from it
        self._text = text
        self._name = name
        self._offset = start - indentation
        self._node = node
        self._line_end = "\r\n" if "\r\n" in text else "\n"

    def section(self, key: str) -> "MappingText | None":
        """Return the mapping that is the value of a key; None without the key."""
        pair = self._pair(key)
        if pair is None:
            return None
        start, end = self._span(pair[1])
        return MappingText(self._text, start, end, self._name)

    def set(self, key: str, value: Value) -> Cut:
        """Return what gives a key another value, or adds it behind the others."""
        written = in_one_line(value, self._padded)
        pair = self._pair(key)
        if pair is not None:
            return Cut(*self._span(pair[1]), written)
        if not self._node.value:
            return Cut(*self._span(self._node), in_one_line({key: value}, self._padded))
        last = self._end(self._node)
        if self._node.flow_style:
            last = self._end(self._node.value[-1][1])
            return Cut(last, last, f", {key}: {written}")
        column = self._node.value[0][0].start_mark.column
        last = comments_end(self._text, line_end(self._text, last), column - 1)
        return self._line_before(last, f"{' ' * column}{key}: {written}")

    def remove(self, key: str) -> list[Cut]:
        """Return what takes a key away; none without it. A comment behind it stays.

        Raises:
            TenantryError: a comment stands where something of the key is.
        """
        keys = [one.value for one, _ in self._node.value]
        if key not in keys:
            return []
        position = keys.index(key)
        start, end = self._span(self._node.value[position][0])[0], self._end(self._node.value[position][1])
        if not self._node.flow_style:
            return [self._without_lines(start, end)]
        if position:
            start = self._end(self._node.value[position - 1][1])
        elif len(keys) > 1:
            end = self._span(self._node.value[1][0])[0]
        if "#" in self._text[start:end]:
            raise TenantryError(f"a comment stands beside {key}", self._name, "change it with an editor")
        return [Cut(start, end, "")]

    def _without_lines(self, start: int, end: int) -> Cut:
        first, last = line_start(self._text, start), line_end(self._text, end)
        behind = self._text[end:last]
        kept = self._text[first:start] + behind.lstrip(" ") if behind.strip() else ""
        return Cut(first, last, kept)

    def _line_before(self, position: int, line: str) -> Cut:
        """Return what adds a line; a file without an end of its last line has none after it either."""
        if self._text[position - 1] != "\n":
            return Cut(position, position, self._line_end + line)
        return Cut(position, position, line + self._line_end)

    def _pair(self, key: str) -> tuple[Node, Node] | None:
        return next((pair for pair in self._node.value if pair[0].value == key), None)

    def _span(self, node: Node) -> tuple[int, int]:
        return node.start_mark.index + self._offset, self._end(node)

    def _end(self, node: Node) -> int:
        """Return where the content of a node ends; ruamel.yaml counts empty lines behind it in."""
        if isinstance(node, CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1] if isinstance(node, MappingNode) else last)
        start: int = node.start_mark.index + self._offset
        end: int = node.end_mark.index + self._offset
        return start + len(self._text[start:end].rstrip()) if isinstance(node, ScalarNode) else end

    @property
    def _padded(self) -> bool:
        start, end = self._node.start_mark.index + self._offset, self._end(self._node)
        return not self._text[start:end].startswith("{") or self._text[start + 1] == " "


def _scalar(value: str) -> str:
    """Return a text as YAML 1.2 writes it inside brackets, in quotes where it needs them."""
    writer = YAML(typ="rt", pure=True)
    writer.default_flow_style = True
    writer.width = _UNFOLDED
    stream = io.StringIO()
    writer.dump([value], stream)
    return stream.getvalue().strip()[1:-1]
