"""Runs the Pulumi CLI in a sandbox workspace."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra import foreground
from infra.errors import Interrupted, TenantryError
from infra.paths import BIN, PROJECT_ROOT
from infra.sandbox.environment import Workspace


def ensure_stack(workspace: Workspace) -> None:
    """Create the workspace's stack unless the backend has it.

    `pulumi stack init` writes an encryption salt into the stack file of its folder whatever `--config-file` says, so it
    runs in a folder of its own; nothing is encrypted with that salt, and the first update writes the one that counts.

    Raises:
        TenantryError: the CLI failed.
    """
    listed = _ask(workspace, ["stack", "ls", "--json"], cwd=PROJECT_ROOT)
    if listed.returncode == 0 and workspace.stack in {stack["name"] for stack in json.loads(listed.stdout)}:
        return
    with tempfile.TemporaryDirectory(dir=workspace.instance.folder("pulumi"), prefix="init-") as folder:
        shutil.copy(PROJECT_ROOT / "Pulumi.yaml", folder)
        created = _ask(workspace, ["stack", "init", workspace.stack], cwd=Path(folder))
    if created.returncode != 0:
        reason = (created.stderr or created.stdout).strip().splitlines()
        raise TenantryError(
            f"the stack cannot be created ({reason[-1] if reason else 'no message'})", workspace.stack, "mend that"
        )


def up(workspace: Workspace) -> None:
    """Run `pulumi up` without asking; its output goes to the caller's terminal.

    Raises:
        TenantryError: the update failed; the CLI has said why.
        Interrupted: a signal came, and the CLI has ended.
    """
    arguments = ["up", "--yes", "--skip-preview", "--suppress-permalink=true"]
    code, interrupted = foreground.run(
        [str(BIN / "pulumi"), *arguments, *([] if sys.stdout.isatty() else ["--non-interactive"])],
        env=workspace.process_environment(),
        cwd=PROJECT_ROOT,
        stdin=subprocess.DEVNULL,
    )
    if interrupted:
        raise Interrupted
    if code != 0:
        raise TenantryError(
            "`pulumi up` failed", f"stack {workspace.stack}", "mend what it says above and run it again"
        )


def _ask(workspace: Workspace, arguments: Sequence[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "pulumi"), *arguments, "--non-interactive"],
        env=workspace.process_environment(),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
