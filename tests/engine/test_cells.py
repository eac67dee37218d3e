"""Two cells of one environment through the engine: planned, applied, applied again, and destroyed."""

import contextlib
import functools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.commands import cells as commands
from infra.errors import TenantryError
from infra.paths import BIN, PROJECT_ROOT
from infra.sandbox.environment import write_wrapper
from infra.sandbox.stack_file import CHOICE
from infra.settings import SETTINGS_KEY
from infra.tenancy import cell_stacks, placement
from tests.engine.services import Services
from tests.engine.stack import Settings
from tests.stack_files import dumped

pytestmark = pytest.mark.timeout(600)  # seconds: an environment and two cells, several updates each

CELLS = {"home": {"budget": 100}, "cell-02": {"budget": 100}, "cell-03": {"budget": 40}}
TENANTS: dict[str, list[dict[str, str]]] = {
    "local-cell-02": [{"slug": "acme", "plan": "pro"}, {"slug": "bolts", "plan": "enterprise"}],
    "local-cell-03": [{"slug": "corner", "plan": "free"}, {"slug": "dolls", "plan": "pro"}],
}


@dataclass(frozen=True)
class Fleet:
    """An environment that is applied, and a folder with its stack file and those of its cells, as a work tree has them.

    Args:
        services: the environment.
        root: the folder.
    """

    services: Services
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """What commands are run with: the sandbox's, but for a wrapper that knows this folder."""
        inherited = self.services.workspace.process_environment()
        copy = self.root / "copies" / "Pulumi.local.yaml"
        own = {CHOICE: str(copy), "PULUMI_SKIP_CHECKPOINTS": "true"}  # no update is killed
        return {**inherited, "PATH": f"{self.root}{os.pathsep}{inherited['PATH']}", **own}

    def write(self, stack: str, settings: dict[str, Any], tenants: list[dict[str, str]]) -> None:
        """Write the files of a stack."""
        listed = self.root / f"{stack}-tenants.yaml"
        listed.write_text(dumped(tenants))
        content = {"config": {SETTINGS_KEY: {**settings, "tenant_file": str(listed)}}}
        (self.root / f"Pulumi.{stack}.yaml").write_text(dumped(content))

    def pulumi(self, *arguments: str) -> str:
        """Run `pulumi ARGUMENTS`, as it is found on the path, and return what it said."""
        command = ["pulumi", *arguments, "--non-interactive"]
        done = subprocess.run(
            command, env=self.environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def outputs(self, stack: str) -> dict[str, Any]:
        """Return a stack's outputs, secrets shown."""
        return dict(json.loads(self.pulumi("stack", "output", "--json", "--show-secrets", "--stack", stack)))

    def up(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *only: str) -> dict[str, str]:
        """Run `tenantry cells up`, and return stack -> what became of it."""
        with monkeypatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr(commands, "fleet_of", functools.partial(placement.fleet_of, root=self.root))
            patch.setattr(commands, "CellStacks", functools.partial(cell_stacks.CellStacks, root=self.root))
            with contextlib.suppress(TenantryError):  # what is wrong is in the document
                commands.up("local", parallel=2, only=list(only), as_json=True)
        told = json.loads(capsys.readouterr().out)
        return {cell["stack"]: cell["state"] for cell in told["cells"]}


def without_services(settings: Settings) -> None:
    settings |= {"services": {}, "flags": {}, "cells": CELLS}


@pytest.fixture
def fleet(services: Services, tmp_path: Path) -> Iterator[Fleet]:
    services.begin(without_services)
    made = Fleet(services, tmp_path)
    shutil.copy(PROJECT_ROOT / "Pulumi.yaml", tmp_path)
    settings = services.settings()
    made.write("local", settings, settings.pop("tenants"))
    for stack, tenants in TENANTS.items():
        made.write(stack, {"cell": {"of": "local", "name": stack.removeprefix("local-")}}, tenants)
    write_wrapper(
        tmp_path / "pulumi", tmp_path / "Pulumi.local.yaml", tmp_path / "copies/Pulumi.local.yaml", BIN / "pulumi"
    )
    yield made
    known = {stack["name"] for stack in json.loads(made.pulumi("stack", "ls", "--json"))}
    for stack in known & TENANTS.keys():
        made.pulumi("destroy", "--yes", "--skip-preview", "--remove", "--stack", stack)


def registries(services: Services) -> dict[str, set[str]]:
    label = "app.kubernetes.io/component=tenant-registry"
    found = services.kubectl("get", "configmaps", "-n", "tenantry", "-l", label)["items"]
    return {one["metadata"]["name"]: set(one.get("data", {})) for one in found}


def test_cells_hold_tenants_of_their_environment_within_their_budgets(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fleet.up(monkeypatch, capsys) == dict.fromkeys(TENANTS, "applied")
    # They have as many resources as was planned, and as their budgets allow.
    planned = {cell.stack: cell for cell in placement.fleet_of("local", fleet.root).cells}
    for stack in TENANTS:
        state = json.loads(fleet.pulumi("stack", "export", "--stack", stack))["deployment"]
        found = sorted(resource["urn"] for resource in state["resources"])
        assert len(found) == planned[stack].used, found
        assert len(found) <= CELLS[stack.removeprefix("local-")]["budget"]
    # Each tenant reaches its own data, by the URL that its cell prints, and no neighbour's.
    urls = {slug: url for stack in TENANTS for slug, url in fleet.outputs(stack)["connections"].items()}
    assert urls.keys() == {"acme", "bolts", "dolls"}
    with fleet.services.connect(urls["acme"]) as acme, fleet.services.connect(urls["dolls"]) as dolls:
        acme.execute("SELECT 1 FROM pg_namespace WHERE nspname = current_schema()")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            dolls.execute("SELECT * FROM tenant_acme.anything")
    # Services find all of them by one label.
    found_in = registries(fleet.services)
    assert {name: found_in[name] for name in ("tenants-cell-02", "tenants-cell-03")} == {
        "tenants-cell-02": {"acme", "bolts"},
        "tenants-cell-03": {"corner", "dolls"},
    }
    # Again: nothing to do.
    assert fleet.up(monkeypatch, capsys) == dict.fromkeys(TENANTS, "unchanged")
