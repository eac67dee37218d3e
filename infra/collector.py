"""Python's garbage collector, kept out of the way of a program that only builds things up.

What a Pulumi program imports and declares lives as long as its process. The collector looks through all of it again and
again while it grows, and finds nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def resting() -> Iterator[None]:
    """Collect nothing within; afterwards, what was made within is not looked through again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()
