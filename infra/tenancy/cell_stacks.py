"""The stacks of cells, driven through the Pulumi CLI as the caller's environment has it.

Owns the commands for one of them, and what their answers mean. In the sandbox the `pulumi` on the path is the wrapper
that gives each stack its own copy of its file.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.children import Children, Finished
from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.settings import stack_file
from infra.tenancy import gate
from infra.tenancy.waves import Outcome

_LINES = 20
"""Of what the CLI said, told when it says of no line that it is an error."""

_UNREADABLE = "`pulumi preview` ended well, but what it printed is no whole document; nothing is applied. It said last:"

_LOCKED = "is currently locked"
"""What the CLI says of a stack that somebody else applies; its own advice names no stack, so it would be another's."""

_ERROR = re.compile(r"^\s*(?:error:|.*\berror: )")


class CellStacks:
    """The stacks of one environment's cells."""

    def __init__(self, children: Children, leaving: Mapping[str, Sequence[str]], root: Path = PROJECT_ROOT) -> None:
        """Ask nothing yet.

        Args:
            children: whom the commands are run by.
            leaving: stack -> slugs of tenants whose end its file declares.
            root: the project's folder.
        """
        self._children = children
        self._leaving = leaving
        self._root = root

    def make_missing(self, stacks: Sequence[str]) -> Sequence[str]:
        """Make the stacks that the backend does not have, empty, and return which.

        `pulumi stack init` writes a salt into the stack file of its folder, so it is run in one of its own; the first
        update writes the salt that counts.

        Args:
            stacks: all of them.

        Raises:
            TenantryError: the CLI is not there, or failed.
        """
        listed = self._pulumi("stack", "ls", "--json")
        names = {str(stack["name"]).rpartition("/")[2] for stack in json.loads(listed.output)}
        missing = [stack for stack in stacks if stack not in names]
        for stack in missing:
            provider = stack_file.read(stack_file.source_of(stack, self._root)).content.get("secretsprovider")
            chosen = ["--secrets-provider", str(provider)] if provider else []
            with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:
                shutil.copy(self._root / "Pulumi.yaml", folder)
                self._pulumi("stack", "init", stack, "--no-select", *chosen, cwd=Path(folder))
        return missing

    def update(self, stack: str, stopped: Callable[[], bool]) -> Outcome:
        """Preview a stack, judge that, and apply it where it has changes.

        Args:
            stack: which.
            stopped: says, between two commands, whether to begin no other.
        """
        preview = self._run("preview", "--json", "--stack", stack)
        if preview is None:
            return Outcome(stack, "not begun")
        if preview.code != 0:
            return self._failed(stack, {}, _reason(preview))
        document = _document(preview.output)
        if not isinstance(document.get("changeSummary"), dict):
            return Outcome(stack, "failed", {}, "\n".join([_UNREADABLE, *_last(preview)]))
        changes = gate.changes(document)
        refused = gate.refusals(document, self._leaving.get(stack, ()))
        if refused:
            lines = ["its preview would end what cannot be made again:", *refused]
            return Outcome(stack, "failed", changes, "\n".join(lines))
        if not changes:
            return Outcome(stack, "unchanged")
        if stopped():
            return Outcome(stack, "not begun", changes)
        applied = self._run("up", "--yes", "--skip-preview", "--suppress-permalink=true", "--stack", stack)
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

    def _pulumi(self, *arguments: str, cwd: Path | None = None) -> Finished:
        finished = self._run(*arguments, cwd=cwd)
        if finished is None or finished.code != 0:
            reason = "it was interrupted" if finished is None else _reason(finished)
            command = f"pulumi {' '.join(arguments[:2])}"
            raise TenantryError(f"`{command}` failed ({reason})", "the state backend", "mend that and run it again")
        return finished

    def _run(self, *arguments: str, cwd: Path | None = None) -> Finished | None:
        try:
            return self._children.run(["pulumi", *arguments, "--non-interactive"], cwd)
        except FileNotFoundError as error:
            remedy = "install it; in the sandbox run this by `tenantry sandbox run STACK --`"
            raise TenantryError("the Pulumi CLI is not there", "PATH", remedy) from error


def _reason(finished: Finished) -> str:
    """Return why a command failed: the errors that it told, or the last that it said."""
    told = _diagnostics(finished.output)
    if told:
        return "\n".join(told)
    errors = list(dict.fromkeys(line for line in _lines(finished) if _ERROR.match(line)))
    return "\n".join(errors or _last(finished)) or f"exit code {finished.code}"


def _diagnostics(output: str) -> list[str]:
    """Return the errors in the document of a preview that failed; none when it is no document."""
    diagnostics = _document(output).get("diagnostics", [])
    return [str(one.get("message", "")).strip() for one in diagnostics if one.get("severity") == "error"]


def _document(output: str) -> dict[str, Any]:
    """Return the document that a preview has printed; an empty one when that is no document, or cut off."""
    try:
        document = json.loads(output)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _lines(finished: Finished) -> list[str]:
    return [line.strip() for line in (finished.output + "\n" + finished.errors).splitlines() if line.strip()]


def _last(finished: Finished) -> list[str]:
    return _lines(finished)[-_LINES:]
