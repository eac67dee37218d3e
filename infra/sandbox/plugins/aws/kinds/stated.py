"""Blocks without order, told in the words of the program wherever AWS's words mean the same."""

import json
from collections.abc import Callable, Mapping

from infra.sandbox.plugins.values import Value

Block = Mapping[str, Value]


def meaning(block: Block) -> str:
    """Return the same text for all blocks that mean the same: what is empty counts as left out.

    Args:
        block: of plain values and lists of them, whose order means nothing.
    """
    said = {
        name: sorted(value) if isinstance(value, list) else value
        for name, value in block.items()
        if value or value == 0
    }
    return json.dumps({name: value for name, value in said.items() if value is not False}, sort_keys=True)


def in_words_of(stated: list[Block], found: list[Block], means: Callable[[Block], str] = meaning) -> list[Value]:
    """Return `found`, with each block that is `stated` too in its place and its words.

    Args:
        stated: what the program says.
        found: what AWS says.
        means: what of a block counts.
    """
    left = {means(block): block for block in found}
    kept = [block for block in stated if left.pop(means(block), None) is not None]
    return [*map(dict, kept), *map(dict, left.values())]
