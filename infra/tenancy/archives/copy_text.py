r"""Rows as PostgreSQL's COPY writes them as text: one line each, values between tabs, `\N` for NULL.

Owns what is accepted of a stranger: exactly what COPY itself writes. So no line can end a COPY, hide a second row, or
mean one thing to COPY and another to `arrays`.
"""

import re
from collections.abc import Sequence

_WRITTEN = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_NOT_STRUCTURE = bytes(set(range(256)) - set(b"\t\n"))
# A backslash begins one of six controls; or NULL, alone between tabs and ends of lines. Pairs are taken out before.
_WRONG = re.compile(rb"\\(?:[^bfnrtvN]|N(?:[^\t\n]|(?<=[^\t\n]\\N)))")


def fault(chunk: bytes, columns: int) -> str | None:
    """Return what is wrong with rows; None if COPY could have written them.

    Args:
        chunk: whole lines.
        columns: how many values each must have.
    """
    if chunk.translate(None, _NOT_STRUCTURE) != (b"\t" * (columns - 1) + b"\n") * chunk.count(b"\n"):
        return f"a row has not {columns} values"
    if b"\0" in chunk or b"\r" in chunk:
        return "a control character stands there unescaped"
    if b"\\" in chunk and _WRONG.search(chunk.replace(b"\\\\", b"__")):
        return "a backslash begins nothing that COPY writes"
    try:
        chunk.decode()
    except UnicodeDecodeError:
        return "it is not UTF-8"
    return None


def values(chunk: bytes, column: int) -> set[bytes]:
    """Return the different values of one column, still escaped.

    Args:
        chunk: whole lines.
        column: its position, from 0.
    """
    return {line.split(b"\t", column + 1)[column] for line in chunk.split(b"\n")[:-1]}


def without(chunk: bytes, column: int) -> bytes:
    """Return rows without one of their columns.

    Args:
        chunk: whole lines, of two columns at least.
        column: its position, from 0.
    """
    return b"".join(b"\t".join(_but(line.split(b"\t"), column)) + b"\n" for line in chunk.split(b"\n")[:-1])


def _but(fields: list[bytes], column: int) -> list[bytes]:
    del fields[column]
    return fields


def preceded(chunk: bytes, value: str) -> bytes:
    """Return rows with one more column, the first.

    Args:
        chunk: whole lines.
        value: what all rows have there; nothing in it needs escaping.
    """
    first = value.encode() + b"\t"
    return (first + chunk[:-1].replace(b"\n", b"\n" + first) + b"\n") if chunk else chunk


def arrays(chunk: bytes, columns: int) -> Sequence[str]:
    """Return the values of each column as the text of a PostgreSQL array; by few steps over all bytes, not by values.

    Args:
        chunk: whole lines that `fault` found nothing in.
        columns: how many values each has.
    """
    lines = chunk.replace(b'"', b'\\"').split(b"\n")[:-1]
    if columns == 1:
        return [_array(lines)]
    return [_array(column) for column in zip(*(line.split(b"\t") for line in lines), strict=True)]


def _array(column: Sequence[bytes]) -> str:
    text = b'{"' + b'","'.join(column) + b'"}'
    if b"\\" in text:
        text = _ESCAPED.sub(_control, text.replace(b'"\\N"', b"NULL"))
    return text.decode()


def _control(found: re.Match[bytes]) -> bytes:
    """Write controls as themselves; a backslash and a quote keep the backslash before them, as arrays want it."""
    return _WRITTEN.get(found[1], found[0])
