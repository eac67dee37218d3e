"""What a check is: a sentence, and a function that finds a fact or a complaint."""

from collections.abc import Callable
from dataclasses import dataclass

from infra.errors import TenantryError
from infra.sandbox.rehearsal.applied import Applied


class Unkept(TenantryError):
    """Something that an applied stack promises does not hold."""

    def __init__(self, what: str, where: str) -> None:
        """Describe it.

        Args:
            what: what is wrong.
            where: what it concerns.
        """
        super().__init__(what, where, "mend the program or the stack's settings")


@dataclass(frozen=True)
class Check:
    """One look at what was applied.

    Args:
        name: what must hold, as a few words.
        look: returns what it found, as `6 buckets`; empty when the stack has nothing of the kind. Raises `Unkept`, or
            whatever a client raises that gets no answer.
    """

    name: str
    look: Callable[[Applied], str]


def counted(count: int, noun: str) -> str:
    """Return `3 nodes`, `1 node`, or nothing for none.

    Args:
        count: how many.
        noun: of one; its plural ends in `s`, or in `ies` for a `y`.
    """
    if count == 0:
        return ""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}"
