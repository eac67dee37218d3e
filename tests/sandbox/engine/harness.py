"""A workshop with a small tool, and a `go` that is a shell script: builds take milliseconds and fail on demand."""

import io
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from infra.paths import PROJECT_ROOT
from infra.sandbox.engine.builder import ensure_built
from infra.sandbox.engine.recipe import Workshop
from infra.sandbox.engine.tools import Copy, Tool
from infra.sandbox.waiting import wait_until

TOOL = Tool(
    name="anvil",
    module="example.org/anvil/v2",
    programs={"anvil": "example.org/anvil/v2/server"},
    variables={"example.org/anvil/v2/version.Version": "{version}"},
    copies=(Copy(module="example.org/anvil/v2", pattern="files/*.yaml", folder="share/anvil"),),
    seconds=3,
)
GO_MOD = """// a comment that names example.org/anvil/v2 v9.9.9
module tenantry.invalid/engine/anvil

go 1.25.8

tool example.org/anvil/v2/server

require (
\texample.org/anvil/v2/other v7.7.7 // indirect
\texample.org/anvil/v2 v2.3.4 // indirect
)
"""
BUILD = 'for target in $(targets); do echo "built with $flags" >"$target"; done'

_SCRIPT = """#!/usr/bin/env bash
# arguments of a build: build -trimpath -ldflags FLAGS -o OUTPUT PACKAGE...
here={here}
echo "$*" >>"$here/calls"
targets() {{ [[ $output == */ ]] && printf '%s\\n' "${{packages[@]##*/}}" | sed "s|^|$output|" || echo "$output"; }}
IFS=$'\\n'
case "$1 $2" in
  "env GOVERSION") echo {version} ;;
  "mod download") printf '{{"Dir": "%s"}}' "$here/module" ;;
  build*)
    env >"$here/environment"
    flags=$4 output=$6 packages=("${{@:7}}")
    {build} ;;
  *) exit 64 ;;
esac
"""


@dataclass
class Smithy:
    """A folder with a fake Go, one tool's module files and an empty sandbox.

    Args:
        root: the folder; its name has a space, so every test proves that one is harmless.
        tool: what is built in it.
    """

    root: Path
    tool: Tool = TOOL
    output: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        module = self.workshop.modules / self.tool.name
        module.mkdir(parents=True)
        (module / "go.mod").write_text(GO_MOD)
        (module / "go.sum").write_text("example.org/anvil/v2 v2.3.4 h1:abc=\n")
        (self.root / "module" / "files").mkdir(parents=True)
        (self.root / "module" / "files" / "one.yaml").write_text("one: 1\n")
        self.install_go()

    @property
    def workshop(self) -> Workshop:
        return Workshop(self.root / "modules", self.root / "sandbox")

    @property
    def path(self) -> str:
        """The PATH on which this Go is found, and no other."""
        return os.pathsep.join((str(self.root / "go" / "bin"), "/usr/bin", "/bin"))

    def install_go(self, *, version: str = "go1.26.8", build: str = BUILD) -> Path:
        """Write the fake Go.

        Args:
            version: what it calls itself.
            build: shell lines that stand for the compiler.
        """
        program = self.root / "go" / "bin" / "go"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(_SCRIPT.format(here=f"'{self.root}'", version=version, build=build))
        program.chmod(0o755)
        return program

    def build(self) -> str:
        """Build, and return what a user without a terminal has seen so far."""
        ensure_built(Console(file=self.output, width=200), tools=[self.tool], workshop=self.workshop)
        return self.output.getvalue()

    def start_build(self) -> subprocess.Popen[str]:
        """Build in another process, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.sandbox.engine.harness", str(self.root)],
            cwd=PROJECT_ROOT,
            env={**os.environ, "PATH": self.path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_for_compiler(self) -> int:
        """Wait until a fake compiler that writes its pid to the file `compiler` has begun, and return that pid."""
        path = self.root / "compiler"
        wait_until(
            lambda: path.exists() and path.read_text().endswith("\n"),
            seconds=20,
            what="no compiler began",
            where=str(path),
            remedy="read the log of the build",
        )
        return int(path.read_text())

    @property
    def calls(self) -> list[str]:
        """The command lines that the fake Go was called with."""
        try:
            return (self.root / "calls").read_text().splitlines()
        except FileNotFoundError:
            return []

    @property
    def builds(self) -> int:
        """How often something was compiled."""
        return sum(call.startswith("build") for call in self.calls)

    @property
    def environment(self) -> dict[str, str]:
        """The environment that the last build saw."""
        lines = (self.root / "environment").read_text().splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def files(self) -> set[str]:
        """Return every file in the sandbox but logs and locks."""
        found = (path.relative_to(self.workshop.sandbox) for path in self.workshop.sandbox.rglob("*") if path.is_file())
        return {str(path) for path in found if path.parts[0] != "logs" and path.suffix != ".lock"}


class Existing(Smithy):
    """A smithy that another process has set up."""

    def __post_init__(self) -> None:
        """Change nothing."""


if __name__ == "__main__":
    smithy = Existing(Path(sys.argv[1]))
    ensure_built(Console(width=200), tools=[smithy.tool], workshop=smithy.workshop)
