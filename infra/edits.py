"""Edits of files that people wrote: read with the line ends that they have, shown as a diff, replaced in one step.

Owns that nobody's change is lost. Leaves what changes to `rotation.stack_edit` and `tenancy.tenant_edit`.
"""

import difflib
from pathlib import Path

from infra.errors import TenantryError
from infra.sandbox import files

_READABLE = 0o644
"""The permissions of a file that was not there: what Git gives one."""


def text_of(path: Path) -> str:
    """Return the text of a file, with the line ends that it has.

    Raises:
        TenantryError: it is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise TenantryError("not UTF-8 text", path.name, "save it as UTF-8") from error


def difference(name: str, before: str, after: str) -> str:
    """Return what changed, as a unified diff.

    Args:
        name: the file's.
        before: its text.
        after: its new text.
    """
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, n=1, lineterm="")
    return "\n".join(lines)


def write(path: Path, before: str | None, after: str) -> None:
    """Replace a file in one step, or make it.

    Args:
        path: the file; what a link leads to is replaced, and the link stays.
        before: the text that it must still have; None for a file that is not there.
        after: its new text.

    Raises:
        TenantryError: somebody else has changed it meanwhile, or it cannot be written.
    """
    target = path.resolve()
    if (text_of(target) if target.exists() else None) != before:
        raise TenantryError("somebody has changed the file meanwhile", path.name, "run it again")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        files.replace(target, after, mode=_READABLE if before is None else target.stat().st_mode & 0o777)
    except OSError as error:
        what = f"the file cannot be written ({error.strerror}); nothing was changed"
        raise TenantryError(what, path.name, "mend that and run it again") from error
