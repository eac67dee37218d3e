"""Python's garbage collector, kept out of the way of processes that mostly build things up.

What a Pulumi program imports and declares lives as long as its process, as does what a server loads at its start. The
collector looks through all of it again and again while it grows, and finds nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = 10_000
"""New objects between two looks at the youngest, where Python's own number is 700; with more, nothing was gained."""


@contextmanager
def resting() -> Iterator[None]:
    """Collect nothing within; afterwards, what was made within is not looked through again, and the rest seldom."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        settle()
        if collecting:
            gc.enable()


def settle() -> None:
    """Take all that is there for something that stays: it is not looked through again, and what is new seldom."""
    gc.freeze()
    gc.set_threshold(_SELDOM, *gc.get_threshold()[1:])
