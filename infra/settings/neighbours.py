"""What no two environments may have in common (addresses, names, zones), and what one needs of another.

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
_REGION = ("aws", "region")
_RECOVERY_REGION = ("aws", "recovery_region")
_ZONE = ("dns", "zone")
_SOURCE = ("database", "restore", "stack")
_COPIES_OF = ("secrets", "copies_of")
_REPLICATES = ("registry", "replicates")
_NOT_HERE = "are not copied to this region; set its aws.recovery_region to the aws.region of this one"


def clashes(written: Mapping[str, object]) -> Iterator[tuple[str, Problem]]:
    """Return what is wrong between stacks; what they have in common is told of both.

    Args:
        written: stack -> its settings as its file has them; None when it cannot be read.
    """
    for stack in written:
        for place, wrong in ((_SOURCE, _source(stack, written)), (_COPIES_OF, _copied(stack, written))):
            if wrong:
                yield stack, Problem(place, wrong)
    for (stack, settings), (other, others) in permutations(written.items(), 2):
        for problem in _shared(settings, others, f"Pulumi.{other}.yaml"):
            yield stack, problem


def _shared(settings: object, others: object, file: str) -> Iterator[Problem]:
    """Return what two stacks have in common and must not; `file` is the other one's."""
    mine, theirs = _network(settings), _network(others)
    if mine and theirs and mine.overlaps(theirs):
        text = f"overlaps that of {file}; give each environment a block of its own, or they can never be peered"
        yield Problem(_BLOCK, text)
    account, name = _at(settings, _ACCOUNT), _at(settings, _NAME)
    if account and name and (account, name) == (_at(others, _ACCOUNT), _at(others, _NAME)):
        text = f"{file} has it in the same account; its roles and buckets would have the same names, take another"
        yield Problem(_NAME, text)
    zone = _at(settings, _ZONE)
    if zone and zone == _at(others, _ZONE):
        yield Problem(_ZONE, f"{file} has it; of two hosted zones of one name only one is asked, take another")
    if account and _here(settings) == _here(others) and _copies_images(settings) and _copies_images(others):
        text = f"{file} replicates the same registry, and each overwrites the other's rules; set it to false in one"
        yield Problem(_REPLICATES, f"{text}, and name that one in also_replicates of the other")


def _copies_images(settings: object) -> bool:
    """Whether a stack configures the replication of its registry, which it does unless it says otherwise."""
    registry = settings.get("registry", {}) if isinstance(settings, Mapping) else None
    declared = _network(settings) is not None and _at(settings, _RECOVERY_REGION) is not None
    return declared and isinstance(registry, Mapping) and registry.get("replicates", True) is True


def _here(settings: object) -> tuple[str | None, str | None]:
    return _at(settings, _ACCOUNT), _at(settings, _REGION)


def _source(own: str, written: Mapping[str, object]) -> str | None:
    """Return why the stack that a database is to be restored from has no backups for it; None if it may have."""
    settings = written[own]
    stack = _at(settings, _SOURCE)
    if stack is None:
        return None
    source = written.get(stack, ...)
    if source is None:
        return None  # its file is broken, and told of by itself
    if source is ... or stack == own:
        wrong = "this stack itself" if stack == own else "no stack file has that name"
        return f"{wrong}; name one of: {', '.join(other for other in written if other != own) or 'none'}"
    if _at(source, _ACCOUNT) != _at(settings, _ACCOUNT):
        return "of another account, where its backups stay; restore within one account"
    return None if _reaches(source, settings) else f"its backups {_NOT_HERE}"


def _copied(own: str, written: Mapping[str, object]) -> str | None:
    """Return why the environment whose secrets are used has no copies of them here; None if it may have."""
    settings = written[own]
    name = _at(settings, _COPIES_OF)
    if name is None or None in written.values():
        return None  # a file that is broken may be the one that is meant
    there = {
        _at(other, _NAME): other
        for stack, other in written.items()
        if stack != own and _at(other, _ACCOUNT) == _at(settings, _ACCOUNT)
    }
    if name not in there:
        return (
            f"no other stack of the account has it as aws.name; name one of: {', '.join(filter(None, there)) or 'none'}"
        )
    return None if _reaches(there[name], settings) else f"its secrets {_NOT_HERE}"


def _reaches(source: object, settings: object) -> bool:
    """Whether what one stack makes, or its copies, is in the region of another."""
    return _at(settings, _REGION) in {_at(source, _REGION), _at(source, _RECOVERY_REGION)}


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
