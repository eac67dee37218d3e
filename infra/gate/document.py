"""A preview out of a file: either form in which the engine prints one, told apart by what it begins with.

Owns that what comes out is a preview that came to its end, or a refusal in one clear line. Leaves running the engine to
`infra.gate.previews`.
"""

import re
from pathlib import Path

from infra.gate.change import FailedPreview, Preview
from infra.gate.events import read_events
from infra.gate.normalising import preview_of
from infra.gate.saved import FIELDS, read_saved
from infra.gate.steps import STACK, type_of

_BEGINNING = 4096
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
        told = read_events(path) if _holds_events(path) else read_saved(path)
    except OSError as error:
        raise FailedPreview(f"{path.name} cannot be read: {error.strerror or type(error).__name__}") from error
    preview = preview_of(told)
    if not any(type_of(step.urn) == STACK for step in told.steps):
        raise FailedPreview("it is not whole: it does not tell of the stack itself")
    if stack and preview.stack != stack:
        raise FailedPreview(f"it is a preview of the stack {preview.stack}, and not of {stack}")
    return preview


def _holds_events(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    if not beginning.strip():
        raise FailedPreview("it is empty: the preview printed nothing")
    found = _FIRST_FIELD.match(beginning)
    name = found[1].decode() if found else ""
    if _EVENT.fullmatch(name):
        return True
    if name in FIELDS:
        return False
    raise FailedPreview("it is neither a `pulumi preview --json` document nor the engine's events")
