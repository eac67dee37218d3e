"""What no two environments may have in common: addresses, and the account's names.

Looks at settings as they are written, so that a mistake elsewhere in a file hides nothing here. Leaves what is wrong
within one stack to the models.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from itertools import permutations
from typing import Any

from infra.settings.problems import Problem

_BLOCK = ("network", "block")
_NAME = ("aws", "name")
_ACCOUNT = ("aws", "account_id")


def clashes(written: Mapping[str, object]) -> Iterator[tuple[str, Problem]]:
    """Return what is wrong between stacks, told of both of them.

    Args:
        written: stack -> its settings as its file has them.
    """
    for (stack, settings), (other, others) in permutations(written.items(), 2):
        mine, theirs = _network(settings), _network(others)
        if mine and theirs and mine.overlaps(theirs):
            text = f"overlaps that of Pulumi.{other}.yaml; give each environment a block of its own, or they can never"
            yield stack, Problem(_BLOCK, f"{text} be peered")
        account, name = _at(settings, _ACCOUNT), _at(settings, _NAME)
        if account and name and (account, name) == (_at(others, _ACCOUNT), _at(others, _NAME)):
            text = f"Pulumi.{other}.yaml has it in the same account; its roles and buckets would have the same names"
            yield stack, Problem(_NAME, f"{text}, take another")


def _network(settings: object) -> IPv4Network | None:
    """Return a stack's addresses; None without them, or when they are none, which the models tell."""
    try:
        return IPv4Network(_at(settings, _BLOCK) or "")
    except ValueError:
        return None


def _at(settings: object, place: tuple[str, ...]) -> str | None:
    found: Any = settings
    for key in place:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None
