"""Runs the Pulumi CLI in a sandbox workspace."""

import subprocess
from collections.abc import Sequence

from infra.errors import TenantryError
from infra.paths import BIN, PROJECT_ROOT
from infra.sandbox.environment import Workspace


def select_stack(workspace: Workspace) -> None:
    """Select the workspace's stack, creating it when the backend has none.

    Raises:
        TenantryError: the CLI failed.
    """
    finished = run(workspace, ["stack", "select", "--create", workspace.stack], capture=True)
    if finished.returncode != 0:
        reason = (finished.stderr or finished.stdout).strip().splitlines()
        raise TenantryError(
            f"the stack cannot be selected ({reason[-1] if reason else 'no message'})", workspace.stack, "mend that"
        )


def up(workspace: Workspace) -> None:
    """Run `pulumi up` without asking; its output goes to the caller's terminal.

    Raises:
        TenantryError: the update failed; the CLI has said why.
    """
    finished = run(workspace, ["up", "--yes", "--skip-preview", "--suppress-permalink=true"])
    if finished.returncode != 0:
        raise TenantryError(
            "`pulumi up` failed", f"stack {workspace.stack}", "mend what it says above and run it again"
        )


def run(workspace: Workspace, arguments: Sequence[str], *, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run `pulumi` with `arguments` in the project's folder.

    Args:
        workspace: the stack and the instance.
        arguments: what follows `pulumi`.
        capture: whether to keep the output instead of showing it.
    """
    return subprocess.run(
        [str(BIN / "pulumi"), *arguments, "--non-interactive"],
        env=workspace.process_environment(),
        cwd=PROJECT_ROOT,
        capture_output=capture,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
