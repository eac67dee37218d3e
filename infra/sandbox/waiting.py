"""Waiting for a condition instead of sleeping for a time."""

import time
from collections.abc import Callable

from infra.errors import TenantryError


def wait_until(
    condition: Callable[[], bool], *, seconds: float, what: str, where: str, remedy: str, every: float = 0.05
) -> None:
    """Return as soon as `condition()` is true.

    Args:
        condition: a cheap check; an exception it raises is the caller's and passes through.
        seconds: the longest wait, in seconds.
        what: what did not happen, for the error.
        where: what it concerns, for the error.
        remedy: what the user should do, for the error.
        every: the pause between two checks, in seconds.

    Raises:
        TenantryError: the condition was still false after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TenantryError(f"{what} within {seconds:g} s", where, remedy)
        time.sleep(every)
