"""Recovery as a program declares it, with the real engine and real databases: points in time, snapshots, copies."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.paths import BIN
from infra.sandbox.addresses import free_block
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.plugins import installation
from infra.sandbox.plugins.language.install import install as install_language_host
from tests.plugins.aws.world import REGION
from tests.plugins.language.harness import Project
from tests.sandbox.cloud.backed import PASSWORD, connect, rows, write
from tests.sandbox.cloud.harness import client
from tests.sandbox.servers.harness import TestInstance, quiet

_PROGRAM = """
import json, os
import pulumi
from pulumi_aws import rds

settings = json.loads(os.environ["SETTINGS"])
usual = {
    "instance_class": "db.t4g.micro",
    "password": settings["password"],
    "skip_final_snapshot": True,
    "backup_retention_period": 1,
}
if settings.get("source"):
    rds.Instance(
        settings["source"],
        identifier=settings["source"],
        engine="postgres",
        engine_version=settings.get("version", "18"),
        allocated_storage=20,
        username="postgres",
        db_name="tenantry",
        delete_automated_backups=False,
        **usual,
    )
for name, point in settings.get("points", {}).items():
    restored = rds.Instance(name, identifier=name, restore_to_point_in_time=point, **usual)
    pulumi.export(name, restored.endpoint)
if settings.get("snapshot"):
    taken = rds.Snapshot("taken", db_instance_identifier=settings["source"], db_snapshot_identifier="taken")
    copied = rds.SnapshotCopy(
        "copied",
        source_db_snapshot_identifier=taken.db_snapshot_identifier,
        target_db_snapshot_identifier="copied",
    )
    rds.Instance(
        "from-copy", identifier="from-copy", snapshot_identifier=copied.target_db_snapshot_identifier, **usual
    )
"""


@dataclass(frozen=True)
class Recovery(Project):
    """A project in a backed account of its own."""

    cloud: Cloud
    settings: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_", "PYTHON"))}
        return (
            kept
            | {name: value for name, value in super().environment.items() if name.startswith("PULUMI_")}
            | self.cloud.environment()
            | {
                "AWS_REGION": REGION,
                "AWS_MAX_ATTEMPTS": "2",
                "SETTINGS": json.dumps(self.settings),
                "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            }
        )

    def apply(self, **settings: Any) -> None:
        """Apply the program with other settings."""
        self.settings.clear()
        self.settings.update(settings, password=PASSWORD)
        self.pulumi("up", "--yes", "--skip-preview")

    def up(self, **settings: Any) -> None:
        """Apply it; afterwards nothing is left to do."""
        self.apply(**settings)
        self.pulumi("preview", "--expect-no-changes")

    def rows(self, name: str) -> list[str]:
        """Return the rows in a database."""
        return rows(self.cloud, self.told(name))

    def told(self, name: str) -> dict[str, Any]:
        """Return what the cloud tells of a database."""
        (instance,) = client(self.cloud, "rds", REGION).describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
        return dict(instance)


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud with servers, which all tests of a file use."""
    root = tmp_path_factory.mktemp("clouds") / "a cloud"
    cloud = Cloud(TestInstance("test-recovery", free_block(f"{root}/test-recovery", frozenset()), root), backed=True)
    cloud.start(quiet)
    yield cloud
    cloud.stop()


@pytest.fixture
def recovery(tmp_path: Path, backed: Cloud) -> Iterator[Recovery]:
    """A project in that cloud, where each test has databases of other names; what it leaves goes with the cloud."""
    install_language_host(BIN)
    installation.install(tmp_path / "home")
    project = Recovery(Project.create(tmp_path).root, backed, {})
    project.program(_PROGRAM)
    project.pulumi("stack", "init", "dev")
    yield project
    backed.clear_faults()


def test_a_version_that_is_not_built_fails_in_the_preview_and_a_lost_region_until_it_is_back(
    recovery: Recovery,
) -> None:
    before = recovery.cloud.contents()
    recovery.settings.update(source="lost", version="17.6", password=PASSWORD)
    previewed = recovery.pulumi("preview", code=1)
    assert "aws:rds/instance:Instance resource 'lost'" in previewed.stdout + previewed.stderr
    assert "must be a version of postgres that this cloud has: 18." in previewed.stdout + previewed.stderr
    assert recovery.cloud.contents() == before
    recovery.apply(source="lost")
    write(recovery.cloud, recovery.told("lost"), "kept")
    recovery.cloud.add_fault(kind="lost-region", region=REGION)
    lost = f"ServiceUnavailable: The region {REGION} does not answer: it is lost."
    refreshed = recovery.pulumi("refresh", "--yes", "--skip-preview", code=1)
    assert f"reading RDS DB Instance lost: {lost}" in refreshed.stdout + refreshed.stderr
    previewed = recovery.pulumi("preview", "--refresh", code=1)
    assert f"reading RDS DB Instance lost: {lost}" in previewed.stdout + previewed.stderr
    points = {"back": {"sourceDbInstanceIdentifier": "lost", "useLatestRestorableTime": True}}
    recovery.settings["points"] = points
    applied = recovery.pulumi("up", "--yes", "--skip-preview", code=1)
    assert f"creating RDS DB Instance back: {lost}" in applied.stdout + applied.stderr
    recovery.cloud.clear_faults()
    recovery.up(source="lost", points=points)
    assert recovery.rows("lost") == recovery.rows("back") == ["kept"]


def test_a_program_restores_to_a_moment_and_from_snapshots_also_when_the_source_is_gone(recovery: Recovery) -> None:
    before = recovery.cloud.contents()
    recovery.apply(source="source")
    source = recovery.told("source")
    write(recovery.cloud, source, "before")
    with connect(recovery.cloud, source) as connection:
        row = connection.execute("select date_trunc('second', clock_timestamp()) + interval '1 s'").fetchone()
        assert row is not None
        connection.execute("select pg_sleep_until(%s::timestamptz + interval '0.1 s')", [row[0]])
    moment = row[0].strftime("%Y-%m-%dT%H:%M:%SZ")
    write(recovery.cloud, source, "after")
    then = {"sourceDbInstanceIdentifier": "source", "restoreTime": moment}
    recovery.up(source="source", snapshot=True, points={"then": then})
    recovery.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert recovery.rows("from-copy") == ["after", "before"]
    assert recovery.rows("then") == ["before"]
    assert recovery.rows("source") == ["after", "before"]
    recovery.apply()
    assert recovery.cloud.contents() == before
    gone = {"sourceDbiResourceId": source["DbiResourceId"]}
    points = {"again": {**gone, "restoreTime": moment}, "latest": {**gone, "useLatestRestorableTime": True}}
    recovery.up(points=points)
    assert recovery.rows("again") == ["before"]
    assert recovery.rows("latest") == ["after", "before"]
