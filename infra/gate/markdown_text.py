"""Texts of others in GitHub's markdown: they stay what they are, whatever stands in them.

Every character that markdown, a table, HTML, GitHub's mentions, references, emoji or formulas could take for a sign is
written as a character reference. Leaves control characters and lengths to `infra.gate.shown`.
"""

import re

from infra.gate.shown import Piece, Pieces, printable, sentence

_SIGNS = re.compile(r"[^\w \-.,/:;=()'\x22{}+%?→…]|_")
_LINKS = re.compile(r"@|#|:(?=//)|(?i:\bwww)(?=\.)|(?i:\bgh)(?=-\d)|(?i:\b(?:mailto|xmpp)):")
_EMOJI = re.compile(r":(?=[\w+-]+:)")
_BEGINNINGS = re.compile(r"^[-+=\d]")
_NOTHING = "&#8203;"
"""A character without width, after which no name, number or address begins."""


def prose(text: str, limit: int) -> str:
    """Return somebody's sentence, in one line of at most so many characters before it is escaped.

    Args:
        text: anybody's.
        limit: in characters.
    """
    words = sentence(text, limit)
    broken = _EMOJI.sub(":\0", _LINKS.sub(lambda found: found[0] + "\0", words))
    escaped = _escaped(broken).replace("\0", _NOTHING)
    return _BEGINNINGS.sub(lambda found: f"&#{ord(found[0])};", escaped)


def code(text: str) -> str:
    """Return a text in the face of code, where GitHub looks for no mention, reference or emoji; empty stays empty.

    Args:
        text: anybody's; it is as long as it is.
    """
    broken = _LINKS.sub(lambda found: found[0] + "\0", printable(text))
    return f"<code>{_escaped(broken).replace(chr(0), '<wbr>')}</code>" if text else ""


def value(pieces: Pieces) -> str:
    """Return a shown value in the face of code, and what is hidden of it in italics.

    Args:
        pieces: the value.
    """
    return "".join(_piece(piece) for piece in pieces)


def marker(stack: str) -> str:
    """Return the hidden comment by which the next run finds its own comment again.

    Args:
        stack: the stack's name.
    """
    return f"<!-- tenantry gate {re.sub(r'[^A-Za-z0-9._/-]', '_', stack)} -->"


def _piece(piece: Piece) -> str:
    return f"<em>{piece.text}</em>" if piece.hidden else code(piece.text)


def _escaped(text: str) -> str:
    return _SIGNS.sub(lambda found: found[0] if found[0] == "\0" else f"&#{ord(found[0])};", text)
