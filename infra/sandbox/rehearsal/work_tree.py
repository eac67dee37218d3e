"""What a rehearsal must leave as it was: the project's file and the stack files, where the engine writes when it can.

Leaves everything else out: people work there while a rehearsal runs.
"""

from collections.abc import Iterable
from pathlib import Path

from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT

State = dict[str, bytes]
"""File name -> content."""


def state(stack_files: Iterable[Path]) -> State:
    """Return these stack files and the project's, and whatever lies beside them with a name that begins alike."""
    beside = {found for path in stack_files for found in path.parent.glob(f"{path.stem}.*")}
    return {path.name: path.read_bytes() for path in (PROJECT_ROOT / "Pulumi.yaml", *beside) if path.is_file()}


def require_unchanged(before: State, after: State) -> None:
    """Fail when anything has come, gone or changed.

    Raises:
        TenantryError: it has.
    """
    changed = sorted({name for name, _ in before.items() ^ after.items()})
    if changed:
        raise TenantryError("the work tree was changed", ", ".join(changed), "see with `git status` what it was")
