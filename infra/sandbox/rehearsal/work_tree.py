"""What a rehearsal must leave as it was: the stack files, and which files lie in the project's folder.

Leaves the folders below it out: people edit there while a rehearsal runs, and the engine writes into none of them.
"""

from collections.abc import Iterable
from pathlib import Path

from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT

State = dict[str, bytes]
"""File name -> content; empty for those whose content may change."""


def state(stack_files: Iterable[Path]) -> State:
    """Return what lies in the project's folder, and the content of these stack files."""
    names = {path.name: b"" for path in PROJECT_ROOT.iterdir()}
    return names | {path.name: path.read_bytes() for path in stack_files}


def require_unchanged(before: State, after: State) -> None:
    """Fail when anything has come, gone or changed.

    Raises:
        TenantryError: it has.
    """
    changed = sorted({name for name, _ in before.items() ^ after.items()})
    if changed:
        raise TenantryError("the work tree was changed", ", ".join(changed), "see with `git status` what it was")
