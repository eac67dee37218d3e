"""One run of the Pulumi CLI whose output goes to a file, and whose failure carries the output's end."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra import foreground
from infra.errors import Interrupted, TenantryError
from infra.paths import PROJECT_ROOT
from infra.sandbox.environment import Workspace

_TAIL = 40  # lines of the engine's output that a failure shows: its errors come last, with the outputs and durations
_SUMMARIES = ("update failed", "preview failed")
_PLAIN = ("--non-interactive", "--color", "never")
_STATE_AT_THE_END = {"PULUMI_SKIP_CHECKPOINTS": "true"}
"""The engine writes the state once, when it ends, well or not, instead of after each step, which in a file backend
takes time by the square of the resources (DESIGN, section 6). An engine that is killed or panics writes none then: no
loss where the sandbox goes as well, while one that is kept must have the state of what there is in it."""


class EngineFailed(TenantryError):
    """The engine has failed; `tail` is the end of what it said."""

    def __init__(self, arguments: Sequence[str], stack: str, tail: str) -> None:
        """Describe the failure.

        Args:
            arguments: those of the CLI.
            stack: the stack's name.
            tail: the end of its output, many lines.
        """
        told = [line.partition("error: ")[2].strip() for line in tail.splitlines()]
        said = [line for line in told if line and line not in _SUMMARIES]
        what = f"`pulumi {arguments[0]}` failed" + (f" ({said[0]})" if said else "")
        super().__init__(what, f"stack {stack}", "mend what it says and run it again")
        self.tail = tail


def run(workspace: Workspace, arguments: Sequence[str], log: Path, *, each_step: bool = False) -> None:
    """Run the CLI until it ends; whatever signal comes, it is let to finish what is under way.

    Args:
        workspace: the stack, prepared.
        arguments: those of the CLI, as `up --yes`.
        log: what it says is appended here.
        each_step: whether the state is written after each step, so that it is there however the engine ends.

    Raises:
        EngineFailed: it ended with an error.
        Interrupted: a signal came meanwhile.
    """
    began = log.stat().st_size if log.exists() else 0
    with log.open("ab") as output:
        code, interrupted = foreground.run(
            [_cli(workspace), *arguments, *_PLAIN],
            env={**workspace.process_environment(), **({} if each_step else _STATE_AT_THE_END)},
            cwd=PROJECT_ROOT,
            stdin=subprocess.DEVNULL,
            output=output,
        )
    if interrupted:
        raise Interrupted
    if code != 0:
        with log.open("rb") as written:
            written.seek(began)
            lines = written.read().decode(errors="replace").splitlines()
        raise EngineFailed(arguments, workspace.stack, "\n".join([*_changes(lines[:-_TAIL]), *lines[-_TAIL:]]))


def document(workspace: Workspace, arguments: Sequence[str]) -> Mapping[str, Any]:
    """Run a command of the CLI that prints one JSON object, and return it.

    Raises:
        EngineFailed: it ended with an error.
    """
    ran = subprocess.run(
        [_cli(workspace), *arguments, *_PLAIN],
        env=workspace.process_environment(),
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if ran.returncode != 0:
        raise EngineFailed(arguments, workspace.stack, ran.stderr)
    found: Mapping[str, Any] = json.loads(ran.stdout)
    return found


def _changes(lines: Sequence[str]) -> list[str]:
    """Return what would be changed, where nothing was expected to be: it may stand far above the end."""
    return [line for line in lines if "[diff: " in line]


def _cli(workspace: Workspace) -> str:
    return str(workspace.tools / "pulumi")
