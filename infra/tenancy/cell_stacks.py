"""The stacks of cells, driven through the Pulumi CLI as the caller's environment has it.

Owns the commands for one of them, and what their answers mean. In the sandbox the `pulumi` on the path is the wrapper
that gives each stack its own copy of its file.
"""

import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra.children import Children, Finished
from infra.errors import TenantryError
from infra.gate.change import FailedPreview
from infra.gate.previews import preview_by
from infra.paths import PROJECT_ROOT
from infra.settings import stack_file
from infra.tenancy.cell_verdicts import judge_of
from infra.tenancy.waves import Outcome

_LINES = 20
"""Of what the CLI said, told when it says of no line that it is an error."""

_LOCKED = "is currently locked"
"""What the CLI says of a stack that somebody else applies; its own advice names no stack, so it would be another's."""

_ERROR = re.compile(r"^\s*(?:error:|.*\berror: )")


class CellStacks:
    """The stacks of one environment's cells."""

    def __init__(self, children: Children, environment: str, stacks: Sequence[str], root: Path = PROJECT_ROOT) -> None:
        """Read the files that their previews are judged by; ask nobody yet.

        Args:
            children: whom the commands are run by; with `STREAMING` in the environment (`infra.gate.previews`).
            environment: the stack of their environment.
            stacks: all of them.
            root: the project's folder.

        Raises:
            TenantryError: a file is missing or not valid.
        """
        self._children = children
        self._judge = judge_of(environment, stacks, root)
        self._stacks = stacks
        self._root = root

    def make_missing(self) -> Sequence[str]:
        """Make the stacks that the backend does not have, empty, and return which.

        Raises:
            TenantryError: the CLI is not there, or failed.
        """
        return make_missing(self._children, self._stacks, self._root)

    def update(self, stack: str, stopped: Callable[[], bool]) -> Outcome:
        """Preview a stack, judge that, and apply it where it has changes.

        Args:
            stack: which.
            stopped: says, between two commands, whether to begin no other.
        """
        if self._children.ended:
            return Outcome(stack, "not begun")
        try:
            preview = preview_by(self._children, stack)
        except FailedPreview as failed:
            return self._failed(stack, {}, str(failed))
        changes = dict(Counter[str](change.kind for change in preview.changes if change.kind != "read"))
        if not changes:
            return Outcome(stack, "unchanged")
        verdict = self._judge.verdict(preview, stack)
        if not verdict.passes:
            heading = f"the gate blocks it, and nothing is applied; `tenantry gate {stack}` tells more:"
            return Outcome(stack, "failed", changes, "\n".join([heading, *verdict.blocked]))
        if stopped():
            return Outcome(stack, "not begun", changes)
        applied = _run(self._children, "up", "--yes", "--skip-preview", "--suppress-permalink=true", "--stack", stack)
        if applied is None:
            return Outcome(stack, "not begun", changes)
        return (
            Outcome(stack, "applied", changes) if applied.code == 0 else self._failed(stack, changes, _reason(applied))
        )

    def _failed(self, stack: str, changes: Mapping[str, int], reason: str) -> Outcome:
        if self._children.ended:
            return Outcome(stack, "interrupted", changes)
        if _LOCKED in reason:
            reason += f"\nwait for who else applies {stack}; if that was killed: `pulumi cancel --yes --stack {stack}`"
        return Outcome(stack, "failed", changes, reason)


def make_missing(children: Children, stacks: Sequence[str], root: Path = PROJECT_ROOT) -> Sequence[str]:
    """Make the stacks that the backend does not have, empty, and return which.

    `pulumi stack init` writes a salt into the stack file of its folder, so it is run in one of its own; the first
    update writes the salt that counts.

    Args:
        children: whom the commands are run by.
        stacks: all of them.
        root: the project's folder.

    Raises:
        TenantryError: the CLI is not there, or failed.
    """
    listed = _pulumi(children, "stack", "ls", "--json")
    names = {str(stack["name"]).rpartition("/")[2] for stack in json.loads(listed.output)}
    missing = [stack for stack in stacks if stack not in names]
    for stack in missing:
        provider = stack_file.read(stack_file.source_of(stack, root)).content.get("secretsprovider")
        chosen = ["--secrets-provider", str(provider)] if provider else []
        with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:
            shutil.copy(root / "Pulumi.yaml", folder)
            _pulumi(children, "stack", "init", stack, "--no-select", *chosen, cwd=Path(folder))
    return missing


def _pulumi(children: Children, *arguments: str, cwd: Path | None = None) -> Finished:
    finished = _run(children, *arguments, cwd=cwd)
    if finished is None or finished.code != 0:
        reason = "it was interrupted" if finished is None else _reason(finished)
        command = f"pulumi {' '.join(arguments[:2])}"
        raise TenantryError(f"`{command}` failed ({reason})", "the state backend", "mend that and run it again")
    return finished


def _run(children: Children, *arguments: str, cwd: Path | None = None) -> Finished | None:
    try:
        return children.run(["pulumi", *arguments, "--non-interactive"], cwd)
    except FileNotFoundError as error:
        remedy = "install it; in the sandbox run this by `tenantry sandbox run STACK --`"
        raise TenantryError("the Pulumi CLI is not there", "PATH", remedy) from error


def _reason(finished: Finished) -> str:
    """Return why a command failed: the errors that it told, or the last that it said."""
    errors = list(dict.fromkeys(line for line in _lines(finished) if _ERROR.match(line)))
    return "\n".join(errors or _lines(finished)[-_LINES:]) or f"exit code {finished.code}"


def _lines(finished: Finished) -> list[str]:
    return [line.strip() for line in (finished.output + "\n" + finished.errors).splitlines() if line.strip()]
