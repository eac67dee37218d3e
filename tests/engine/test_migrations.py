"""Migrations through the engine: run once, before anything changes, as the owner of the tables; by the tools image.

The sandbox's host runner executes them for real, against the real PostgreSQL.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.sandbox.control_plane.images import TOOLS_REPOSITORY
from tests.engine.stack import Settings, Stack

GREEN_IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "2" * 64

MIGRATE = """
import os, pathlib, sys
import psycopg
folder, authority = pathlib.Path({folder!r}), {authority!r}
if (folder / "broken").exists():
    sys.exit("no such table: wishlists")
with psycopg.connect(os.environ["DIRECT_DATABASE_URL"], sslrootcert=authority) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS pool.wishlists (tenant_id text)")
    connection.execute("SELECT pool.isolate_tenants('pool.wishlists')")
with (folder / "runs").open("a") as runs:
    runs.write(os.environ["MIGRATION_PHASE"] + " " + os.environ["LEVEL"] + "\\n")
"""


@dataclass(frozen=True)
class Migrating:
    """The shared stack, with a service that has a migration.

    Args:
        stack: the stack.
        folder: where the migration notes its runs, and finds out whether it fails.
    """

    stack: Stack
    folder: Path

    def configure(self, digit: str = "7", level: str = "info") -> None:
        """Give the service the migration of an image, and its configuration."""
        authority = str(self.stack.workspace.instance.authority.certificate)
        # In the text of the program: an argument that begins with /tmp would be the pod's own.
        program = MIGRATE.format(folder=str(self.folder), authority=authority)
        migration = {
            "image": f"{TOOLS_REPOSITORY}@sha256:{digit * 64}",
            "command": [sys.executable, "-c", program],
            "deadline_seconds": 60,
        }

        def change(settings: Settings) -> None:
            settings["services"]["storefront"] |= {"migration": migration, "environment": {"LEVEL": level}}

        self.stack.configure(change)

    def runs(self) -> list[str]:
        """Return how it was run, in order."""
        notes = self.folder / "runs"
        return notes.read_text().splitlines() if notes.exists() else []

    def jobs(self) -> list[dict[str, Any]]:
        """Return the Jobs of migrations in the cluster."""
        label = "app.kubernetes.io/component=migration"
        return list(self.stack.kubectl("get", "jobs", "-n", "tenantry", "-l", label)["items"])

    def selected_slot(self) -> str:
        """Return the slot that the stable Service points to."""
        service = self.stack.kubectl("get", "service", "storefront", "-n", "tenantry")
        return str(service["spec"]["selector"]["tenantry.dev/slot"])


def as_before(settings: Settings) -> None:
    service = settings["services"]["storefront"]
    for key in ("migration", "environment"):
        service.pop(key, None)
    service["slots"].pop("green", None)
    service["active"] = "blue"


@pytest.fixture
def migrating(stack: Stack, tmp_path: Path) -> Iterator[Migrating]:
    """The shared stack with a migration that has not been applied yet; as it was afterwards."""
    made = Migrating(stack, tmp_path)
    made.configure()
    yield made
    with stack.administrator("tenantry") as administrator:
        administrator.execute("DROP TABLE IF EXISTS pool.wishlists")
    stack.configure(as_before)
    stack.up()


def test_a_migration_runs_once_as_the_owner_of_the_tables(migrating: Migrating) -> None:
    stack = migrating.stack
    stack.up()
    assert migrating.runs() == ["expand info"]
    with stack.administrator("tenantry") as administrator:
        owner = administrator.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'wishlists'").fetchone()
    assert owner == ("tenantry_pool_owner",)
    with stack.tenant("corner-shop") as services:
        assert services.execute("SELECT count(*) FROM pool.wishlists").fetchone() == (0,)
    assert stack.changes() == {}
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    migrating.configure(level="debug")
    stack.up()
    assert migrating.runs() == ["expand info"]

    migrating.configure(digit="8", level="debug")
    stack.up()
    assert migrating.runs() == ["expand info", "expand debug"]
    (job,) = migrating.jobs()
    assert job["spec"]["template"]["spec"]["containers"][0]["image"].endswith("8" * 64)


def test_one_that_fails_stops_the_update_before_anything_changes_and_is_run_again_by_the_next(
    migrating: Migrating,
) -> None:
    stack, broken = migrating.stack, migrating.folder / "broken"
    stack.up()
    broken.touch()
    migrating.configure(digit="8")

    def switched(settings: Settings) -> None:
        service = settings["services"]["storefront"]
        service["slots"]["green"] = {"image": GREEN_IMAGE, "replicas": 2}
        service["active"] = "green"

    stack.configure(switched)
    result = stack.up(expect=None)
    assert result.code != 0
    assert "BackoffLimitExceeded" in result.text
    assert "Error (exit code 1): no such table: wishlists" in result.text
    assert migrating.selected_slot() == "blue"
    names = {item["metadata"]["name"] for item in stack.kubectl("get", "deployments", "-n", "tenantry")["items"]}
    assert names == {"storefront-blue"}

    broken.unlink()
    stack.up()
    assert migrating.runs() == ["expand info", "expand info"]
    assert migrating.selected_slot() == "green"
    (job,) = migrating.jobs()
    assert job["status"]["succeeded"] == 1
    assert stack.changes() == {}
