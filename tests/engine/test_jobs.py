"""Warm-ups and scheduled jobs through the engine, executed for real by the sandbox's host runner."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.sandbox.control_plane.images import TOOLS_REPOSITORY
from infra.sandbox.waiting import wait_until
from tests.engine.stack import Settings, Stack

TOOLS = f"{TOOLS_REPOSITORY}@sha256:{'7' * 64}"

WORK = """
import os, pathlib
import psycopg
with psycopg.connect(os.environ["DATABASE_URL"], sslrootcert={authority!r}) as connection:
    role = connection.execute("SELECT current_user").fetchone()[0]
pathlib.Path({target!r}).write_text(role + " " + os.environ["LEVEL"])
"""


@pytest.fixture
def working(stack: Stack, tmp_path: Path) -> Iterator[Stack]:
    """The shared stack with a warm-up that fails and two scheduled jobs; as it was afterwards."""
    authority = str(stack.workspace.instance.authority.certificate)

    def job(name: str, **more: Any) -> dict[str, Any]:
        # In the text of the program: an argument that begins with /tmp would be the pod's own.
        program = WORK.format(authority=authority, target=str(tmp_path / name))
        due = {"schedule": "0 3 * * *", "time_zone": "Europe/Berlin", "service": "storefront", "image": TOOLS}
        return {**due, "command": [sys.executable, "-c", program], **more}

    before = stack.settings()

    def change(settings: Settings) -> None:
        warm_up = {"image": TOOLS, "command": ["sh", "-c", "echo nobody answers; exit 4"]}
        settings["services"]["storefront"] |= {"warm_up": warm_up, "environment": {"LEVEL": "info"}}
        settings["jobs"] = {"as-service": job("as-service"), "as-owner": job("as-owner", as_owner=True)}

    def back(settings: Settings) -> None:
        settings.clear()
        settings.update(before)

    stack.configure(change)
    yield stack
    stack.configure(back)
    stack.up()


def ended(stack: Stack, name: str) -> str:
    """Return how a Job has ended: the type of its condition."""
    found: list[str] = []

    def over() -> bool:
        conditions = stack.kubectl("get", "job", name, "-n", "tenantry").get("status", {}).get("conditions", [])
        found[:] = [entry["type"] for entry in conditions if entry["type"] in ("Complete", "Failed")]
        return bool(found)

    wait_until(over, seconds=60, what=f"the job {name} to end", where="the cluster", remedy="see the test", every=0.2)
    return found[0]


def test_a_warm_up_that_fails_undoes_nothing_and_scheduled_jobs_work_as_their_service_or_as_the_owner(
    working: Stack, tmp_path: Path
) -> None:
    working.up()
    label = "app.kubernetes.io/component=warm-up"
    (warm_up,) = working.kubectl("get", "jobs", "-n", "tenantry", "-l", label)["items"]
    assert ended(working, warm_up["metadata"]["name"]) == "Failed"
    assert working.changes() == {}

    for name in ("as-service", "as-owner"):
        working.kubectl("create", "job", f"{name}-now", f"--from=cronjob/{name}", "-n", "tenantry")
        assert ended(working, f"{name}-now") == "Complete"
    assert (tmp_path / "as-service").read_text() == "tenantry_pool_app info"
    assert (tmp_path / "as-owner").read_text() == "tenantry_pool_owner info"
