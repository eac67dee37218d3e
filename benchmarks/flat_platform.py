"""A stack against the same resources in one flat file, both from nothing: `python -m benchmarks.flat_platform [STACK]`.

What components and typed settings cost. Both are previewed by the same engine with the same plugins in turn, in one
run; the promise is a ratio of 1.15 for the preview, also of a stack with 20 services (issue 6), and 1.05 for what both
import (issue 5).

The program takes one turn of the event loop that spares the SDK much (`infra/__main__.py`), which nobody's flat file
does, and keeps the collector from what it builds up; second rows say what is left of the ratios when the flat file does
both too.
"""

import ast
import copy
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from benchmarks.flat_program import source
from benchmarks.rows import Row, timed
from infra.paths import PROJECT_ROOT, VIRTUALENV
from infra.sandbox import lifecycle
from infra.sandbox import pulumi as engine
from infra.sandbox import stack_file as asked
from infra.sandbox.cloud import account
from infra.sandbox.environment import Workspace
from infra.settings import SETTINGS_KEY, stack_file
from infra.settings.loader import load
from stacks.environment import deploy
from tests.harness import graph_of

_PREVIEW = 25.0  # seconds
_RATIO = 1.15  # of previews
_IMPORTS = 1.05  # of what both import
_RUNS = 5
_SERVICES = 20
_FLAT = "flat"
_AS_QUICK = "FLAT_IS_AS_QUICK"
_MAIN = f"""import asyncio, gc, os, pulumi
quick = bool(os.environ.get("{_AS_QUICK}"))
if quick:
    gc.disable()
import flat  # a module, so that it is byte-compiled too
if quick:
    gc.freeze()
    gc.enable()

    async def turn():
        await asyncio.sleep(0)

    pulumi.run(turn)
"""
_PYTHON = str(VIRTUALENV / "bin" / "python")
_COMMAND = "python -m benchmarks.flat_platform"
_DECLARED = "import stacks.region, stacks.platform_parts, stacks.edge"
"""What the program imports once a stack declares something in AWS."""


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
            raw = stack_file.read(stack_file.source_of(stack)).settings
            count = _write_flat(Path(folder), stack, raw)
            rows = [*_previews(workspace, Path(folder), count), *_imports(Path(folder))]
            return [*rows, *_many_services(workspace, Path(folder), raw)]
    finally:
        lifecycle.down(name, lambda _line: None, delete=True)


def _write_flat(folder: Path, stack: str, raw: object) -> int:
    """Write the flat project of a stack's settings, and return how many resources it has."""
    graph = graph_of(lambda: deploy(load(stack, raw, {})))
    runtime = f"{{name: python, options: {{toolchain: pip, virtualenv: {VIRTUALENV}}}}}"
    (folder / "Pulumi.yaml").write_text(f"name: {_FLAT}\nmain: program/\nruntime: {runtime}\n")
    (folder / "program").mkdir(exist_ok=True)
    (folder / "program" / "flat.py").write_text(source(graph))
    (folder / "program" / "__main__.py").write_text(_MAIN)
    subprocess.run([_PYTHON, "-m", "compileall", "-q", str(folder / "program")], check=True)
    return sum(node.custom for node in graph.nodes.values())


def _previews(workspace: Workspace, folder: Path, count: int) -> list[Row]:
    _pulumi(["stack", "init", _FLAT], folder, _environments(workspace)[1])
    plain, quick, whole = _compared(workspace, folder)
    what = f"first preview of {workspace.stack}, {count} resources"
    first = Row(f"{what}, median of {_RUNS}", f"{whole:.1f} s", f"{_PREVIEW:.0f} s", _COMMAND, kept=whole <= _PREVIEW)
    return [first, *_ratios(what, plain, quick, whole)]


def _compared(workspace: Workspace, folder: Path) -> list[float]:
    """Return the seconds of previews of the flat file, of one that does what the program does for speed, and of it."""
    environment, flat = _environments(workspace)
    return _medians(
        lambda: _preview(_FLAT, folder, flat),
        lambda: _preview(_FLAT, folder, {**flat, _AS_QUICK: "yes"}),
        lambda: _preview(workspace.stack, PROJECT_ROOT, environment),
    )


def _ratios(what: str, plain: float, quick: float, whole: float) -> list[Row]:
    ratio = whole / plain
    return [
        Row(
            f"{what}, against one flat file",
            f"{ratio:.2f} x {plain:.1f} s",
            f"{_RATIO} x",
            _COMMAND,
            kept=ratio <= _RATIO,
        ),
        Row("against one with its turn and its collector", f"{whole / quick:.2f} x {quick:.1f} s", "-", _COMMAND),
    ]


def _many_services(workspace: Workspace, folder: Path, raw: Mapping[str, Any]) -> list[Row]:
    """Compare the previews of a stack with many services, most of which have nothing but pods, in place of its own."""
    like = next(iter(raw["services"].values()))
    own = {key: like[key] for key in ("port", "active", "slots")} | {"database_connections": 0}
    more = {f"service-{number}": copy.deepcopy(own) for number in range(_SERVICES - len(raw["services"]))}
    many = {**raw, "services": {**raw["services"], **more}}
    content = yaml.safe_load(workspace.stack_file.read_text())
    content["config"][SETTINGS_KEY] = many
    workspace.stack_file.write_text(yaml.safe_dump(content, sort_keys=False))
    count = _write_flat(folder, workspace.stack, many)
    plain, quick, whole = _compared(workspace, folder)
    return _ratios(f"preview of {workspace.stack} with {_SERVICES} services, {count} resources", plain, quick, whole)


def _environments(workspace: Workspace) -> tuple[dict[str, str], dict[str, str]]:
    """Return the environments in which the program and the flat file are run."""
    whole = workspace.process_environment()
    own = ("PULUMI_OPTION_CONFIG_FILE", "PULUMI_STACK")
    return whole, {key: value for key, value in whole.items() if key not in own}


def _medians(*commands: Callable[[], object]) -> list[float]:
    """Run each in turn, again and again, and return the seconds that each took."""
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(_RUNS):
        for taken, command in zip(times, commands, strict=True):
            taken.append(timed(command)[0])
    return [statistics.median(taken) for taken in times]


def _preview(stack: str, folder: Path, environment: dict[str, str]) -> None:
    _pulumi(["preview", "--non-interactive", "--stack", stack], folder, environment)


def _pulumi(arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["pulumi", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"pulumi {' '.join(arguments)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def _imports(folder: Path) -> list[Row]:
    """Compare what both import, without what they then do: the program's modules and settings, and the flat file's."""
    text = (folder / "program" / "flat.py").read_text()
    modules = re.findall("^import .*", text, re.MULTILINE)
    # The SDK loads a module when the first name in it is asked for, which both do.
    classes = sorted(set(re.findall(r"^r\[.*\] = (.*)\($", text, re.MULTILINE)))
    flat = "\n".join([*modules, *classes])
    whole = "\n".join([_head(), "with resting():", *(f"    {line}" for line in (_DECLARED, *modules, *classes))])
    resting = f"import gc\ngc.disable()\n{flat}"
    times: dict[str, list[float]] = {flat: [], whole: [], resting: []}
    for _ in range(2 * _RUNS):
        for program, taken in times.items():
            taken.append(timed(partial(subprocess.run, [_PYTHON, "-c", program], check=True))[0])
    mine, theirs, rested = (statistics.median(times[program]) for program in (whole, flat, resting))
    return [
        Row(
            "imports of the program against those of the flat file",
            f"{mine / theirs:.2f} x {theirs:.2f} s",
            f"{_IMPORTS} x",
            _COMMAND,
            kept=mine / theirs <= _IMPORTS,
        ),
        Row("against them with the collector at rest too", f"{mine / rested:.2f} x {rested:.2f} s", "-", _COMMAND),
    ]


def _head() -> str:
    """Return what the program does first: imports, in the way it does them."""
    body = ast.parse((PROJECT_ROOT / "infra" / "__main__.py").read_text()).body
    return "\n".join(ast.unparse(part) for part in body if isinstance(part, ast.Import | ast.ImportFrom | ast.With))


if __name__ == "__main__":
    for row in measure(*sys.argv[1:2]):
        print(*row.cells(), sep="\t")  # noqa: T201
