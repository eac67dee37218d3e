"""A stack against the same resources in one flat file, both from nothing: `python -m benchmarks.flat_platform [STACK]`.

What components and typed settings cost. Both are previewed by the same engine with the same plugins in turn, in one
run; the promise is a ratio of 1.15 for the preview, and 1.05 for what both import (issue 5).
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.flat_program import source
from benchmarks.rows import Row, timed
from infra.paths import PROJECT_ROOT, VIRTUALENV
from infra.sandbox import lifecycle
from infra.sandbox import pulumi as engine
from infra.sandbox import stack_file as asked
from infra.sandbox.cloud import account
from infra.sandbox.environment import Workspace
from infra.settings import stack_file
from infra.settings.loader import load
from stacks.environment import deploy
from tests.harness import graph_of

_RUNS = 5
_FLAT = "flat"
_PYTHON = str(VIRTUALENV / "bin" / "python")
_COMMAND = "python -m benchmarks.flat_platform"


def measure(stack: str = "production") -> list[Row]:
    """Return the rows of preview and imports.

    Args:
        stack: whose resources are declared twice.
    """
    name = f"bench-flat-{os.getpid()}"
    try:
        identity = account.of_stack(asked.sections(stack_file.source_of(stack)))
        workspace = Workspace(lifecycle.up(name, lambda _line: None, {"cloud"}, identity), stack)
        workspace.prepare()
        engine.ensure_stack(workspace)
        # The program reads the file where it declares a pooler; here it runs in this process, against mocks.
        os.environ["PGSSLROOTCERT"] = workspace.variables()["PGSSLROOTCERT"]
        with tempfile.TemporaryDirectory() as folder:
            count = _write_flat(Path(folder), stack)
            return [*_previews(workspace, Path(folder), count), _imports(Path(folder))]
    finally:
        lifecycle.down(name, lambda _line: None, delete=True)


def _write_flat(folder: Path, stack: str) -> int:
    """Write the flat project, and return how many resources it has."""
    raw = stack_file.read(stack_file.source_of(stack)).settings
    graph = graph_of(lambda: deploy(load(stack, raw, {})))
    runtime = f"{{name: python, options: {{toolchain: pip, virtualenv: {VIRTUALENV}}}}}"
    (folder / "Pulumi.yaml").write_text(f"name: {_FLAT}\nmain: program/\nruntime: {runtime}\n")
    (folder / "program").mkdir()
    (folder / "program" / "flat.py").write_text(source(graph))
    (folder / "program" / "__main__.py").write_text("import flat\n")  # a module, so that it is byte-compiled too
    subprocess.run([_PYTHON, "-m", "compileall", "-q", str(folder / "program")], check=True)
    return sum(node.custom for node in graph.nodes.values())


def _previews(workspace: Workspace, folder: Path, count: int) -> list[Row]:
    environment = workspace.process_environment()
    flat = {
        key: value for key, value in environment.items() if key not in ("PULUMI_OPTION_CONFIG_FILE", "PULUMI_STACK")
    }
    _pulumi(["stack", "init", _FLAT], folder, flat)
    times: dict[str, list[float]] = {"whole": [], "flat": []}
    commands = {
        "flat": lambda: _preview(_FLAT, folder, flat),
        "whole": lambda: _preview(workspace.stack, PROJECT_ROOT, environment),
    }
    for _ in range(_RUNS):
        for which, preview in commands.items():
            times[which].append(timed(preview)[0])
    whole, flat_time = statistics.median(times["whole"]), statistics.median(times["flat"])
    return [
        Row(
            f"first preview of {workspace.stack}, {count} resources, median of {_RUNS}",
            f"{whole:.1f} s",
            "25 s",
            _COMMAND,
        ),
        Row("the same against one flat file", f"{whole / flat_time:.2f} x {flat_time:.1f} s", "1.15 x", _COMMAND),
    ]


def _preview(stack: str, folder: Path, environment: dict[str, str]) -> None:
    _pulumi(["preview", "--non-interactive", "--stack", stack], folder, environment)


def _pulumi(arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["pulumi", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"pulumi {' '.join(arguments)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def _imports(folder: Path) -> Row:
    """Compare what both import, without what they then do: the program's modules and settings, and the flat file's."""
    text = (folder / "program" / "flat.py").read_text()
    modules = re.findall("^import .*", text, re.MULTILINE)
    # The SDK loads a module when the first name in it is asked for.
    classes = sorted(set(re.findall(r"^r\[.*\] = (.*)\($", text, re.MULTILINE)))
    flat = "\n".join([*modules, *classes])
    whole = "import infra.settings.loader, stacks.environment, stacks.region, stacks.platform_parts, stacks.edge"
    times: dict[str, list[float]] = {flat: [], whole: []}
    for _ in range(2 * _RUNS):
        for program, taken in times.items():
            taken.append(timed(lambda program=program: subprocess.run([_PYTHON, "-c", program], check=True))[0])
    mine, theirs = statistics.median(times[whole]), statistics.median(times[flat])
    return Row(
        "imports of the program against those of the flat file",
        f"{mine / theirs:.2f} x {theirs:.2f} s",
        "1.05 x",
        _COMMAND,
    )


if __name__ == "__main__":
    for row in measure(*sys.argv[1:2]):
        print(*row, sep="\t")  # noqa: T201
