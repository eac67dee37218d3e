"""The stacks of pull requests in the state's backend, driven through the Pulumi CLI as the caller's environment has it.

Owns making one, listing them, and deleting one with all that it holds. Leaves what its file says to `ephemeral`.
"""

import json
import os
import shutil
import tempfile
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


def write(pull_request: int, like: str, root: Path = PROJECT_ROOT, key: str = "") -> Path:
    """Write the stack file of a pull request's environment, and return where it is.

    Args:
        pull_request: its number.
        like: the stack that it is made like.
        root: the project's folder.
        key: the key of its state's secrets, encrypted; empty before there is one.

    Raises:
        TenantryError: there is no such stack, its file is not valid, or no environment can be made like it.
    """
    source = stack_file.source_of(like, root)
    settings = checking.settings_of(source)
    account = account_of(like, settings, ephemeral.ENVIRONMENT)
    path = root / f"Pulumi.{ephemeral.stack_of(pull_request)}.yaml"
    before = edits.text_of(path) if path.exists() else None
    edits.write(path, before, ephemeral.text(pull_request, stack_file.read(source), account, key))
    return path


def make(pull_request: int, like: str, root: Path = PROJECT_ROOT) -> bool:
    """Write the stack file, and make the stack where the backend has none; return whether that was so.

    The file gets the key of the state's secrets: without it, the engine would draw another and write it there while the
    gate previews, and what is approved would not be what is applied.

    Args:
        pull_request: its number.
        like: the stack that it is made like.
        root: the project's folder.

    Raises:
        TenantryError: as for `write`; or the Pulumi CLI is not there, or fails.
    """
    path, stack = write(pull_request, like, root), ephemeral.stack_of(pull_request)
    key = _key_of_state(stack) if _is_there(stack) else None
    is_new = key is None
    if is_new and _is_there(stack):  # made by a job that ended before it applied anything
        _asked("stack", "rm", "--yes", "--preserve-config", "--stack", stack)
    write(pull_request, like, root, _key_of_new(stack, path, root) if key is None else key)
    return is_new


def _is_there(stack: str) -> bool:
    return stack in {str(one["name"]).rpartition("/")[2] for one in listed()}


def _key_of_state(stack: str) -> str | None:
    """Return the key that a state has; None for one in which nothing was ever written."""
    deployment = json.loads(_asked("stack", "export", "--stack", stack)).get("deployment") or {}
    key = ((deployment.get("secrets_providers") or {}).get("state") or {}).get(ephemeral.KEY)
    if key is None and deployment.get("resources"):
        raise TenantryError("its state has no key of its secrets", stack, "delete it by `tenantry pipeline ephemeral`")
    return key


def _key_of_new(stack: str, path: Path, root: Path) -> str:
    """Make a stack, empty, in a folder of its own: the CLI writes the key into the stack file that it finds there."""
    with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:
        for file in (root / "Pulumi.yaml", path):
            shutil.copy(file, folder)
        provider = str(stack_file.read(path).content["secretsprovider"])
        _asked("stack", "init", stack, "--no-select", "--secrets-provider", provider, cwd=Path(folder))
        return str(stack_file.read(Path(folder) / path.name).content.get(ephemeral.KEY, ""))


def listed() -> Sequence[Mapping[str, Any]]:
    """Return the stacks of the backend, as the Pulumi CLI lists them.

    Raises:
        TenantryError: the Pulumi CLI is not there, or fails.
    """
    found: list[dict[str, Any]] = json.loads(_asked("stack", "ls", "--json"))
    return found


def delete(pull_request: int) -> bool:
    """Delete a pull request's environment with all that it holds, and its stack; return whether it was there.

    Args:
        pull_request: its number; its stack file is written.

    Raises:
        TenantryError: the Pulumi CLI is not there, or fails; what is left is deleted by running it again.
    """
    stack = ephemeral.stack_of(pull_request)
    if not _is_there(stack):
        return False
    _pulumi("destroy", "--yes", "--skip-preview", "--suppress-permalink=true", "--stack", stack)
    _pulumi("stack", "rm", "--yes", "--preserve-config", "--stack", stack)
    return True


def _asked(*arguments: str, cwd: Path = PROJECT_ROOT) -> str:
    """Return what a command of the CLI answers."""
    try:
        done = Children(os.environ, cwd).run(["pulumi", *arguments, "--non-interactive"])
    except FileNotFoundError as error:
        raise _no_cli() from error
    if done is None or done.code:
        said = "it was interrupted" if done is None else next(iter(done.errors.strip().splitlines()), "")
        command = f"pulumi {' '.join(arguments[:2])}"
        raise TenantryError(f"`{command}` failed ({said})", "the state backend", "mend that and run it again")
    return done.output


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
