"""The stacks of pull requests in the state's backend, driven through the Pulumi CLI as the caller's environment has it.

Owns making one, listing them, and deleting one with all that it holds. Leaves what its file says to `ephemeral`.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra import edits, foreground
from infra.children import Children
from infra.errors import Interrupted, TenantryError
from infra.paths import PROJECT_ROOT
from infra.pipeline import ephemeral
from infra.pipeline.account import account_of
from infra.settings import checking, stack_file
from infra.tenancy.cell_stacks import CellStacks


def write(pull_request: int, like: str, root: Path = PROJECT_ROOT) -> Path:
    """Write the stack file of a pull request's environment, and return where it is.

    Args:
        pull_request: its number.
        like: the stack that it is made like.
        root: the project's folder.

    Raises:
        TenantryError: there is no such stack, its file is not valid, or no environment can be made like it.
    """
    source = stack_file.source_of(like, root)
    settings = checking.settings_of(source)
    account = account_of(like, settings, ephemeral.ENVIRONMENT)
    path = root / f"Pulumi.{ephemeral.stack_of(pull_request)}.yaml"
    before = edits.text_of(path) if path.exists() else None
    edits.write(path, before, ephemeral.text(pull_request, stack_file.read(source), account))
    return path


def make(pull_request: int) -> bool:
    """Make the stack in the backend where it is not there; return whether that was so.

    Args:
        pull_request: its number; its stack file is written.

    Raises:
        TenantryError: the Pulumi CLI is not there, or fails.
    """
    stacks = CellStacks(Children(os.environ, PROJECT_ROOT), {})
    return bool(stacks.make_missing([ephemeral.stack_of(pull_request)]))


def listed() -> Sequence[Mapping[str, Any]]:
    """Return the stacks of the backend, as the Pulumi CLI lists them.

    Raises:
        TenantryError: the Pulumi CLI is not there, or fails.
    """
    try:
        done = Children(os.environ, PROJECT_ROOT).run(["pulumi", "stack", "ls", "--json", "--non-interactive"])
    except FileNotFoundError as error:
        raise _no_cli() from error
    if done is None or done.code:
        raise TenantryError("the stacks cannot be listed", "the state backend", "look at PULUMI_BACKEND_URL")
    found: list[dict[str, Any]] = json.loads(done.output)
    return found


def delete(pull_request: int) -> bool:
    """Delete a pull request's environment with all that it holds, and its stack; return whether it was there.

    Args:
        pull_request: its number; its stack file is written.

    Raises:
        TenantryError: the Pulumi CLI is not there, or fails; what is left is deleted by running it again.
    """
    stack = ephemeral.stack_of(pull_request)
    if stack not in {str(one["name"]).rpartition("/")[2] for one in listed()}:
        return False
    _pulumi("destroy", "--yes", "--skip-preview", "--suppress-permalink=true", "--stack", stack)
    _pulumi("stack", "rm", "--yes", "--preserve-config", "--stack", stack)
    return True


def _pulumi(*arguments: str) -> None:
    try:
        code, interrupted = foreground.run(
            ["pulumi", *arguments, "--non-interactive"], env=dict(os.environ), cwd=PROJECT_ROOT
        )
    except FileNotFoundError as error:
        raise _no_cli() from error
    if interrupted:
        raise Interrupted(arguments[0])
    if code:
        raise TenantryError(f"`pulumi {arguments[0]}` failed", arguments[-1], "see above, mend that and run it again")


def _no_cli() -> TenantryError:
    return TenantryError("the Pulumi CLI is not there", "PATH", "install it; the workflow does by pulumi/actions")
