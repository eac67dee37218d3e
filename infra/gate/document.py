"""A preview out of a file: either form in which the engine prints one, told apart by what it begins with.

Owns that what comes out is a preview that came to its end, or a refusal in one clear line. Leaves running the engine to
`infra.gate.previews`.
"""

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from infra.gate.change import FailedPreview, Preview
from infra.gate.events import read_events
from infra.gate.normalising import preview_of
from infra.gate.saved import FIELDS, read_saved
from infra.gate.steps import STACK, type_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

_BEGINNING = 4096
_AT_ONCE = 1 << 16  # bytes
_FIRST_FIELD = re.compile(rb'\s*\{\s*"([A-Za-z]+)"')
_EVENT = re.compile(r"sequence|timestamp|[A-Za-z]+Event")


def read_preview(path: Path, *, stack: str = "") -> Preview:
    """Read a saved `pulumi preview --json` document, or the engine's events as JSON lines.

    Args:
        path: the file.
        stack: whose preview it has to be; any by default.

    Raises:
        FailedPreview: there is no preview to judge; its text says why in one line.
    """
    try:
        with path.open("rb", buffering=0) as file:
            return read_printed(file, stack=stack)
    except OSError as error:
        raise FailedPreview(f"{path.name} cannot be read: {error.strerror or type(error).__name__}") from error


def read_printed(printed: io.RawIOBase, *, stack: str = "") -> Preview:
    """Read either form while it is printed: from a file or a pipe, to its end.

    Args:
        printed: where it comes from, without a buffer.
        stack: whose preview it has to be; any by default.

    Raises:
        FailedPreview: there is no preview to judge; its text says why in one line.
        OSError: it cannot be read.
    """
    source = _Source(printed)
    holds_events = _holds_events(source.beginning)
    file = io.BufferedReader(source, _AT_ONCE)
    told = read_events(file) if holds_events else read_saved(file)
    preview = preview_of(told)
    if not any(type_of(step.urn) == STACK for step in told.steps):
        raise FailedPreview("it is not whole: it does not tell of the stack itself")
    if stack and preview.stack != stack:
        raise FailedPreview(f"it is a preview of the stack {preview.stack}, and not of {stack}")
    return preview


class _Source(io.RawIOBase):
    """What is printed, whose beginning can be looked at, and is read all the same.

    Args:
        printed: where it comes from.
    """

    def __init__(self, printed: io.RawIOBase) -> None:
        self._printed = printed
        self.beginning = b""
        while len(self.beginning) < _BEGINNING and not _FIRST_FIELD.match(self.beginning):
            more = printed.read(_BEGINNING - len(self.beginning))
            if not more:
                break
            self.beginning += more
        self._left = self.beginning

    def readable(self) -> bool:
        """Whether it can be read, as `io.BufferedReader` asks."""
        return True

    def readinto(self, buffer: "Buffer", /) -> int | None:
        """Read into a buffer, and return how many bytes; 0 at the end."""
        if not self._left:
            return self._printed.readinto(buffer)
        place = memoryview(buffer)
        taken = self._left[: len(place)]
        place[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def _holds_events(beginning: bytes) -> bool:
    if not beginning.strip():
        raise FailedPreview("it is empty: the preview printed nothing")
    found = _FIRST_FIELD.match(beginning)
    name = found[1].decode() if found else ""
    if _EVENT.fullmatch(name):
        return True
    if name in FIELDS:
        return False
    raise FailedPreview("it is neither a `pulumi preview --json` document nor the engine's events")
