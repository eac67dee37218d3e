"""How long a sandbox takes and how much memory it holds.

It runs in an instance of its own, which it deletes at the end.
"""

import os
import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

from infra.paths import BIN, PROJECT_ROOT
from infra.sandbox import lifecycle, pulumi
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.environment import Workspace
from infra.sandbox.instance import Instance

Result = TypeVar("Result")
Row = tuple[str, str, str]
"""What was measured, the figure, and what is promised."""


def measure() -> list[Row]:
    """Return one row per figure, from no instance to none."""
    name = f"bench-sandbox-{os.getpid()}"
    try:
        return _measure(name)
    finally:
        lifecycle.down(name, _silent, delete=True)


def _measure(name: str) -> list[Row]:
    first, instance = _timed(lambda: lifecycle.up(name, _silent))
    workspace = Workspace(instance, "local")
    workspace.prepare()
    pulumi.ensure_stack(workspace)
    applied, _ = _timed(lambda: _pulumi(workspace, "up", "--yes", "--skip-preview"))
    memory = _memory(instance)
    unchanged, _ = _timed(lambda: (lifecycle.up(name, _silent), _pulumi(workspace, "up", "--yes", "--skip-preview")))
    preview, _ = _timed(lambda: _pulumi(workspace, "preview"))
    plane = ControlPlane(instance)
    plane.stop()
    ready, _ = _timed(lambda: plane.start(_silent))
    return [
        ("sandbox from nothing, engine built", f"{first:.1f} s", ""),
        ("pulumi up of local, from nothing", f"{applied:.1f} s", ""),
        ("both, nothing to do", f"{unchanged:.1f} s", "30 s"),
        ("pulumi preview of local, nothing to do", f"{preview:.1f} s", ""),
        ("control plane started again until ready", f"{ready:.1f} s", "15 s"),
        ("memory of a running sandbox (PSS)", f"{memory / 2**20:.0f} MiB", "1,430 MiB (1.5 GB)"),
    ]


def _memory(instance: Instance) -> int:
    """Return the proportional set size, in bytes, of every process of the instance."""
    pid_files = instance.folder("run").glob("*.pid")
    roots = [process for file in pid_files if (process := instance.daemon(file.stem).process())]
    family = {process for root in roots for process in [root, *root.children(recursive=True)]}
    return sum(int(process.memory_full_info().pss) for process in family)


def _pulumi(workspace: Workspace, *arguments: str) -> None:
    subprocess.run(
        [str(BIN / "pulumi"), *arguments, "--non-interactive"],
        env=workspace.process_environment(),
        cwd=PROJECT_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _timed(action: Callable[[], Result]) -> tuple[float, Result]:
    started = time.monotonic()
    result = action()
    return time.monotonic() - started, result


def _silent(_line: str) -> None:
    """Receive progress that no one reads."""
