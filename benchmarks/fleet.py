"""A fleet of 10,000 tenants in 16 cells, applied for real: `python -m benchmarks.fleet`.

The promises are those of issue 7, on 2 cores: 15 minutes for all of it from nothing; and one tenant more costs 15 s at
most, and 1.1 times what it costs in a fleet of 100. Of the tenants 95 % are of isolation `pool`, 4 % of `schema`, 1 %
of `database`. Every command is the user's. They run in a copy of the project, set up as any other, because a fleet is
files: its stack files and tenant files would stand in the work tree. The copy and its sandbox are deleted at the end.

A tenant is added where placement puts it: in the newest cell, which is about as full as the fleet of 100. In a cell
that is full the engine has more to look at, which is the row without a limit.
"""

import json
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.rows import Row, timed
from infra.paths import BIN, PROJECT_ROOT, SANDBOX_ROOT, SHARE
from infra.settings import SETTINGS_KEY, costs
from infra.settings.kinds import Isolation, Plan
from infra.settings.stack_file import EngineLoader
from infra.settings.tenants import ISOLATION_OF_PLAN

_TENANTS = 10_000
_SMALL = 100
_CELLS = 16
_BUDGET = 520  # resources of a cell: with many more, the engine's checkpoints cost too much (DESIGN section 6)
_MOST = 660  # tenants of a cell: of this mix they have as many resources
_FROM_NOTHING = 900.0  # seconds
_RATIO = 1.1
_ONE = 15.0  # seconds
_ADDED = 3  # tenants in each fleet, in turns; their median counts
_ENVIRONMENT = "fleet"
_SMALL_ENVIRONMENT = "few"
_COMMAND = "python -m benchmarks.fleet"
_PARALLEL = "3"  # cells at once; each is an engine, a program and plugins
_LEFT_OUT = ("services", "jobs", "flags", "tenancy", "gateway", "secrets")  # of local: what tenants do not cost


@dataclass(frozen=True)
class _Project:
    """A copy of the project, set up as a user would.

    Args:
        root: its folder.
    """

    root: Path

    def set_up(self) -> None:
        """Copy what the work tree has but its stacks, and what was built; install the rest."""
        shutil.rmtree(self.root, ignore_errors=True)
        listed = _run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], PROJECT_ROOT)
        for name in filter(None, listed.split("\0")):
            others = name.startswith(("Pulumi.", "stacks/tenants/")) and name != "Pulumi.yaml"
            if (PROJECT_ROOT / name).is_file() and not others:
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT_ROOT / name, self.root / name)
        for built in (BIN, SHARE):
            shutil.copytree(built, self.root / built.relative_to(PROJECT_ROOT), symlinks=True)
        _run(["make", "set-up"], self.root)

    def tenantry(self, *arguments: str) -> str:
        """Run `tenantry ARGUMENTS` in it, and return what it printed."""
        return _run([str(self.root / ".venv" / "bin" / "tenantry"), *arguments], self.root)

    def within(self, environment: str, *command: str) -> str:
        """Run a command in the shell of an environment's sandbox."""
        return self.tenantry("sandbox", "run", environment, "--", *command)

    def write(self, environment: str, cells: Sequence[Sequence[str]], octet: int) -> None:
        """Write the files of an environment whose cells have these tenants, a line each."""
        raw = yaml.load((PROJECT_ROOT / "Pulumi.local.yaml").read_text(), EngineLoader)["config"][SETTINGS_KEY]  # noqa: S506
        names = [f"cell-{number:02}" for number in range(1, len(cells) + 1)]
        self._stack(environment, {**_platform(raw, environment, octet), "cells": _budgets(names)})
        (self.root / "stacks" / "tenants").mkdir(exist_ok=True)
        (self.root / "stacks" / "tenants" / f"{environment}.yaml").write_text("- { slug: at-home, plan: free }\n")
        for name, tenants in zip(names, cells, strict=True):
            stack = f"{environment}-{name}"
            self._stack(stack, {"cell": {"of": environment, "name": name}})
            (self.root / "stacks" / "tenants" / f"{stack}.yaml").write_text("".join(tenants))

    def _stack(self, name: str, settings: dict[str, Any]) -> None:
        path = self.root / f"Pulumi.{name}.yaml"
        path.write_text(yaml.safe_dump({"config": {SETTINGS_KEY: settings}}, sort_keys=False))


def measure() -> list[Row]:
    """Return the rows of the fleet, from no file to none."""
    project = _Project(SANDBOX_ROOT / "bench-fleet")
    project.set_up()
    try:
        return _measure(project)
    finally:
        project.tenantry("sandbox", "down", "--delete")
        shutil.rmtree(project.root, ignore_errors=True)


def _measure(project: _Project) -> list[Row]:
    cells = _placed(_TENANTS)
    assert len(cells) == _CELLS, len(cells)
    project.write(_ENVIRONMENT, cells, 40)
    project.write(_SMALL_ENVIRONMENT, _placed(_SMALL), 41)
    environment, _ = timed(lambda: project.tenantry("sandbox", "up", _ENVIRONMENT, "--apply"))
    fleet, _ = timed(lambda: _cells_up(project, _ENVIRONMENT))
    project.tenantry("sandbox", "up", _SMALL_ENVIRONMENT, "--apply")
    _cells_up(project, _SMALL_ENVIRONMENT)
    counts = _resources(project)
    return [
        _fleet_row(environment + fleet, sum(counts.values())),
        _slope_row(project, counts),
        *_onboarding_rows(project),
        _full_row(project),
    ]


def _fleet_row(seconds: float, resources: int) -> Row:
    what = f"{_TENANTS} tenants from nothing: an environment, then {resources} resources in {_CELLS} cells"
    return Row(what, f"{seconds:.0f} s", f"{_FROM_NOTHING:.0f} s", _COMMAND, kept=seconds <= _FROM_NOTHING)


def _slope_row(project: _Project, counts: dict[str, int]) -> Row:
    """Preview every cell with nothing to do, and fit a line: seconds by resources."""
    seconds = {stack: timed(lambda stack=stack: _preview(project, stack))[0] for stack in counts}  # type: ignore[misc]
    line = statistics.linear_regression(list(counts.values()), list(seconds.values()))
    what = f"preview of all {len(counts)} cells, one after the other, nothing to do"
    figure = f"{sum(seconds.values()):.0f} s; each {line.intercept:.1f} s + {1000 * line.slope:.1f} ms a resource"
    return Row(what, figure, "", _COMMAND)


def _onboarding_rows(project: _Project) -> Iterator[Row]:
    """Add tenants in turns to the fleet and to the small one; what is added is what is compared."""
    taken: dict[str, list[float]] = {_ENVIRONMENT: [], _SMALL_ENVIRONMENT: []}
    for number in range(_ADDED):
        for environment, seconds in taken.items():
            seconds.append(_added(project, environment, f"new-{number}", "pro"))
    large, small = (statistics.median(taken[name]) for name in (_ENVIRONMENT, _SMALL_ENVIRONMENT))
    what = f"one tenant more (schema) among {_TENANTS}: tenants add, pulumi up; median of {_ADDED}"
    yield Row(what, f"{large:.1f} s", f"{_ONE:.0f} s", _COMMAND, kept=large <= _ONE)
    what = f"the same against one more among {_SMALL} ({small:.1f} s)"
    yield Row(what, f"{large / small:.2f} x", f"{_RATIO} x", _COMMAND, kept=large <= _RATIO * small)


def _full_row(project: _Project) -> Row:
    """Change a pool tenant of a full cell, where the engine has most to look at."""
    stack = f"{_ENVIRONMENT}-cell-01"
    path = project.root / "stacks" / "tenants" / f"{stack}.yaml"
    path.write_text(path.read_text() + "- { slug: zz-late, plan: free }\n")
    seconds, _ = timed(lambda: _up(project, stack))
    return Row("one tenant more (pool) in a cell that is full", f"{seconds:.1f} s", "", _COMMAND)


def _added(project: _Project, environment: str, slug: str, plan: str) -> float:
    """Return how long it takes until a new tenant is there."""
    adding, told = timed(lambda: project.tenantry("tenants", "add", slug, "--plan", plan, "--stack", environment))
    stack = next(name for name in _stacks(project, environment)[::-1] if f"stacks/tenants/{name}.yaml" in told)
    applying, _ = timed(lambda: _up(project, stack))
    return adding + applying


def _cells_up(project: _Project, environment: str) -> None:
    project.within(environment, "tenantry", "cells", "up", "--stack", environment, "--parallel", _PARALLEL)


def _up(project: _Project, stack: str) -> None:
    command = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack)
    project.within(stack.partition("-")[0], *command)


def _preview(project: _Project, stack: str) -> None:
    command = ("pulumi", "preview", "--non-interactive", "--expect-no-changes", "--stack", stack)
    project.within(stack.partition("-")[0], *command)


def _resources(project: _Project) -> dict[str, int]:
    """Return how many resources each cell of the fleet has."""
    found = {}
    for stack in _stacks(project, _ENVIRONMENT):
        state = json.loads(project.within(_ENVIRONMENT, "pulumi", "stack", "export", "--stack", stack))
        found[stack] = len(state["deployment"]["resources"])
    return found


def _stacks(project: _Project, environment: str) -> list[str]:
    return sorted(path.name.split(".")[1] for path in project.root.glob(f"Pulumi.{environment}-cell-*.yaml"))


def _placed(count: int) -> list[list[str]]:
    """Return the tenants of a fleet by cell, each in the first one with room, as `tenantry tenants add` places them."""
    cells: list[list[str]] = []
    held: list[list[Isolation]] = []
    for number in range(count):
        plan: Plan = "enterprise" if number % 100 == 0 else "pro" if number % 100 < 5 else "free"
        isolation = ISOLATION_OF_PLAN[plan]
        room = (place for place, tenants in enumerate(held) if _has_room([*tenants, isolation]))
        place = next(room, len(held))
        if place == len(held):
            cells.append([])
            held.append([])
        held[place].append(isolation)
        cells[place].append(f"- {{ slug: shop-{number:05}, plan: {plan} }}\n")
    return cells


def _has_room(isolations: Sequence[Isolation]) -> bool:
    return len(isolations) <= _MOST and costs.of_cell(isolations, in_aws=True) <= _BUDGET


def _platform(raw: dict[str, Any], name: str, octet: int) -> dict[str, Any]:
    """Return an environment like `local`, without services, and with room for connections."""
    settings = {key: section for key, section in raw.items() if key not in _LEFT_OUT}
    settings["aws"] = {**raw["aws"], "name": f"tenantry-{name}"}
    settings["network"] = {**raw["network"], "block": f"10.{octet}.0.0/16"}
    settings["dns"] = None
    settings["queues"] = {}
    database = {key: value for key, value in raw["database"].items() if key != "pooler"}
    settings["database"] = {**database, "instance_class": "db.r8g.2xlarge", "max_connections": 1000}
    return settings


def _budgets(cells: Sequence[str]) -> dict[str, dict[str, int]]:
    home = {"budget": 20, "tenants": 1}  # the one that it has
    return {"home": home, **{name: {"budget": _BUDGET, "tenants": _MOST} for name in cells}}


def _run(command: Sequence[str], folder: Path) -> str:
    """Run a command to its end, and return what it printed.

    Raises:
        SystemExit: it failed; with what it said last.
    """
    ran = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{ran.stdout[-2000:]}{ran.stderr[-3000:]}")
    return ran.stdout


if __name__ == "__main__":
    for row in measure():
        print(*row.cells(), sep="\t")  # noqa: T201
