"""A program of a test's own, on the servers, plugins and backend of a real instance."""

import contextlib
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.paths import BIN, VIRTUALENV
from tests.engine.stack import Stack

_PROJECT = "name: scratch\nruntime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {virtualenv}}}\n"


@dataclass(frozen=True)
class Scratch(Stack):
    """The stack `scratch` of a project of its own; everything else is the workspace's."""

    root: Path

    @property
    def state_file(self) -> Path:
        """Where the backend has the state."""
        return self._stacks / "scratch" / "scratch.json"

    def program(self, source: str) -> None:
        """Let the next run declare what `source` says."""
        (self.root / "__main__.py").write_text(textwrap.dedent(source))

    def environment(self) -> dict[str, str]:
        """Return the environment of every process of the project."""
        inherited = self.workspace.process_environment()
        own = {"PULUMI_OPTION_CONFIG_FILE": str(self.root / "Pulumi.scratch.yaml"), "PULUMI_STACK": "scratch"}
        return {**inherited, **own}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(BIN / "pulumi"), *arguments],
            env=self.environment(),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


@contextlib.contextmanager
def scratch_project(stack: Stack, root: Path) -> Iterator[Scratch]:
    """Make a project in `root` beside `stack`; its stack is gone from the backend at the end, with all that it made."""
    (root / "Pulumi.yaml").write_text(_PROJECT.format(virtualenv=VIRTUALENV))
    project = Scratch(stack.workspace, root)
    project.program("")
    project.pulumi("stack", "init", "scratch")
    try:
        yield project
    finally:
        project.pulumi("destroy", "--yes", "--skip-preview", "--remove", "--refresh=false")
