"""Migrations, warm-ups and scheduled jobs through the engine, executed for real by the sandbox's host runner.

Migrations run once, before anything changes, as the owner of the tables; jobs have the rights that they are given. All
that need the database are against the real PostgreSQL.
"""

import sys
from typing import Any

from infra.sandbox.control_plane.images import TOOLS_REPOSITORY
from infra.sandbox.waiting import wait_until
from tests.engine.services import Services
from tests.engine.stack import Settings

TOOLS = f"{TOOLS_REPOSITORY}@sha256:"
GREEN_IMAGE = "registry.tenantry.invalid/api@sha256:" + "2" * 64

WORK = """
import os, pathlib
import psycopg
with psycopg.connect(os.environ["DATABASE_URL"], sslrootcert={authority!r}) as connection:
    role = connection.execute("SELECT current_user").fetchone()[0]
(pathlib.Path({folder!r}) / {name!r}).write_text(role + " " + os.environ["LEVEL"])
"""

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


def working(stack: Services) -> Services:
    """Begin with a service that has a migration, a warm-up that fails and two scheduled jobs."""
    authority = str(stack.workspace.instance.authority.certificate)

    def python(program: str, **values: str) -> dict[str, Any]:
        # In the text of the program: an argument that begins with /tmp would be the pod's own.
        text = program.format(authority=authority, folder=str(stack.folder), **values)
        return {"image": TOOLS + "7" * 64, "command": [sys.executable, "-c", text]}

    def job(name: str, **more: Any) -> dict[str, Any]:
        due = {"schedule": "0 3 * * *", "time_zone": "Europe/Berlin", "service": "api"}
        return {**due, **python(WORK, name=name), **more}

    def change(settings: Settings) -> None:
        settings["services"]["api"] |= {
            "migration": {**python(MIGRATE), "deadline_seconds": 60},
            "warm_up": {"image": TOOLS + "7" * 64, "command": ["sh", "-c", "echo nobody answers; exit 4"]},
            "environment": {"LEVEL": "info"},
        }
        settings["jobs"] = {"as-service": job("as-service"), "as-owner": job("as-owner", as_owner=True)}

    return stack.begin(change)


def verbose(settings: Settings) -> None:
    settings["services"]["api"]["environment"] = {"LEVEL": "debug"}


def released(settings: Settings) -> None:
    """Give the service another migration, and switch it to a candidate that is new as well."""
    service = settings["services"]["api"]
    service["migration"]["image"] = TOOLS + "8" * 64
    service["slots"]["green"] = {"image": GREEN_IMAGE, "replicas": 2}
    service["active"] = "green"


def jobs(stack: Services, component: str) -> list[dict[str, Any]]:
    """Return the Jobs of one kind in the cluster."""
    label = f"app.kubernetes.io/component={component}"
    return list(stack.kubectl("get", "jobs", "-n", "tenantry", "-l", label)["items"])


def ended(stack: Services, name: str) -> str:
    """Return how a Job has ended: the type of its condition."""
    found: list[str] = []

    def over() -> bool:
        conditions = stack.kubectl("get", "job", name, "-n", "tenantry").get("status", {}).get("conditions", [])
        found[:] = [entry["type"] for entry in conditions if entry["type"] in ("Complete", "Failed")]
        return bool(found)

    wait_until(over, seconds=60, what=f"the job {name} to end", where="the cluster", remedy="see the test", every=0.2)
    return found[0]


def migrations(stack: Services) -> list[str]:
    """Return how the migration was run, in order."""
    return (stack.folder / "runs").read_text().splitlines()


def test_a_warm_up_that_fails_undoes_nothing_and_scheduled_jobs_work_as_their_service_or_as_the_owner(
    services: Services,
) -> None:
    working(services)
    (warm_up,) = jobs(services, "warm-up")
    assert ended(services, warm_up["metadata"]["name"]) == "Failed"
    assert services.changes() == {}

    for name in ("as-service", "as-owner"):
        services.kubectl("create", "job", f"{name}-now", f"--from=cronjob/{name}", "-n", "tenantry")
        assert ended(services, f"{name}-now") == "Complete"
    assert (services.folder / "as-service").read_text() == "tenantry_pool_app info"
    assert (services.folder / "as-owner").read_text() == "tenantry_pool_owner info"


def test_a_migration_runs_once_as_the_owner_of_the_tables_and_one_that_fails_stops_the_update_until_it_succeeds(
    services: Services,
) -> None:
    working(services)
    assert migrations(services) == ["expand info"]
    with services.administrator("tenantry") as administrator:
        owner = administrator.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'wishlists'").fetchone()
    assert owner == ("tenantry_pool_owner",)
    with services.tenant("corner-shop") as connection:
        assert connection.execute("SELECT count(*) FROM pool.wishlists").fetchone() == (0,)
    services.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    services.configure(verbose)
    services.up()
    assert migrations(services) == ["expand info"]

    broken = services.folder / "broken"
    broken.touch()
    services.configure(released)
    result = services.up(expect=None)
    assert result.code != 0
    assert "BackoffLimitExceeded" in result.text
    assert "Error (exit code 1): no such table: wishlists" in result.text
    assert services.selected_slot("api") == "blue"
    assert set(services.ready("api")) == {"blue"}

    broken.unlink()
    services.up()
    assert migrations(services) == ["expand info", "expand debug"]
    assert services.selected_slot("api") == "green"
    (job,) = jobs(services, "migration")
    assert job["spec"]["template"]["spec"]["containers"][0]["image"].endswith("8" * 64)
    assert job["status"]["succeeded"] == 1
    assert services.changes() == {}
