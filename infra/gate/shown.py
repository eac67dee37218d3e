"""Values and texts of others as a report shows them: short, in one line, and without a character that does something.

What is hidden stays apart from what is written, so that no text can pass for it. Leaves the escapes of markdown and of
HTML to whoever writes them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.gate.change import Hidden, Value

_CUT = "…"
_CONTEXT = 12
"""Characters before the first difference of two long texts that are shown."""

_COLOURS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a shown value.

    Args:
        text: printable characters only.
        hidden: whether it is the gate's own word for what cannot be read, and no text of a user's.
    """

    text: str
    hidden: bool = False


Pieces = tuple[Piece, ...]


def printable(text: str) -> str:
    r"""Return a text whose line breaks, controls, direction marks and invisible characters are written as `\u202e`.

    Args:
        text: anybody's.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escape(one) for one in text)


def sentence(text: str, limit: int) -> str:
    """Return a message of others in one line, without the colours of a terminal.

    Args:
        text: anybody's.
        limit: its length at most, in characters.
    """
    return _cut(printable(_SPACE.sub(" ", _COLOURS.sub("", text[: 20 * limit])).strip()), limit)


def value(shown: Value, limit: int) -> Pieces:
    """Return a value as JSON would write it, cut where it is long.

    Args:
        shown: the value; only as much of it is read as is shown.
        limit: the length at most, in characters.
    """
    pieces: list[Piece] = []
    left = limit
    for piece in _tokens(shown, limit):
        if len(piece.text) > left:
            pieces.append(piece if piece.hidden else Piece(piece.text[:left] + _CUT))
            break
        pieces.append(piece)
        left -= len(piece.text)
    return _joined(pieces)


def pair(before: Value, after: Value, limit: int) -> tuple[Pieces, Pieces]:
    """Return two values of which one became the other; of long texts that begin alike, from where they differ.

    Args:
        before: the one.
        after: the other.
        limit: the length of each at most, in characters.
    """
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > limit:
        skipped = _alike(before, after) - _CONTEXT
        if skipped > 0:
            return _from(before, skipped, limit), _from(after, skipped, limit)
    return value(before, limit), value(after, limit)


def _escape(character: str) -> str:
    short = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.get(character)
    code = ord(character)
    return short or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + _CUT


def _tokens(shown: Value, limit: int) -> Iterator[Piece]:
    """Write a value piece by piece, so that whoever has enough can stop."""
    if isinstance(shown, Hidden):
        yield Piece(shown.value, hidden=True)
    elif isinstance(shown, str):
        yield Piece(_quoted(shown, limit))
    elif isinstance(shown, Mapping):
        yield from _mapping(shown, limit)
    elif isinstance(shown, Sequence):
        yield Piece("[")
        for place, one in enumerate(shown):
            if place:
                yield Piece(", ")
            yield from _tokens(one, limit)
        yield Piece("]")
    else:
        yield Piece(_word(shown))


def _mapping(shown: Mapping[str, Value], limit: int) -> Iterator[Piece]:
    yield Piece("{")
    for place, key in enumerate(sorted(shown)):
        yield Piece(("" if not place else ", ") + _quoted(key, limit) + ": ")
        yield from _tokens(shown[key], limit)
    yield Piece("}")


def _word(shown: bool | float | None) -> str:
    if shown is None:
        return "null"
    return str(shown).lower() if isinstance(shown, bool) else str(shown)


def _quoted(text: str, limit: int) -> str:
    """Return a text between quotation marks; one that is too long anyway is not read to its end."""
    if len(text) <= limit:
        return '"' + printable(text) + '"'
    return '"' + printable(text[:limit]) + f'{_CUT}" ({len(text):,} characters)'


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginnings."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _from(text: str, skipped: int, limit: int) -> Pieces:
    rest = text[skipped : skipped + limit]
    end = _CUT if skipped + limit < len(text) else ""
    return (Piece(f'"{_CUT}{printable(rest)}{end}" ({len(text):,} characters)'),)


def _joined(pieces: Sequence[Piece]) -> Pieces:
    """Put neighbours together that are of one sort."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and not piece.hidden and not joined[-1].hidden:
            joined[-1] = Piece(joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return tuple(joined)
