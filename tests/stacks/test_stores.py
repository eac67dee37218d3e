"""Database, Redis and pooler as an environment composes them: who connects where, and where data comes from."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.connections import available
from infra.sandbox.plugins.values import has_secret
from tests.examples import declared_graph, environment_graph
from tests.harness import Graph

POOLER = {"image": "registry.tenantry.invalid/pgbouncer@sha256:" + "3" * 64}
AUTHORITY = "-----BEGIN CERTIFICATE-----\nan example's\n-----END CERTIFICATE-----\n"
MOMENT = {"rotated_at": "2026-11-21T10:00:00Z"}
REPLICA = {"instance_class": "db.r8g.large"}


@pytest.fixture(scope="module")
def authority_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("authority") / "authority.pem"
    file.write_text(AUTHORITY)
    return file


@pytest.fixture
def authority(authority_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PGSSLROOTCERT", str(authority_file))
    return authority_file


def database(**changes: Any) -> Graph:
    """Return the graph with changes of the database's settings."""
    return declared_graph(lambda raw: raw["database"].update(changes))


@pytest.fixture(scope="module")
def varied() -> Graph:
    """A replica, a recovery region, a rotation of two passwords, and a small node."""

    def change(raw: dict[str, Any]) -> None:
        raw["aws"]["recovery_region"] = "eu-west-1"
        raw["database"] |= {"read_replica": REPLICA, "master_password": MOMENT}
        raw["redis"]["cache"]["node_type"] = "cache.t4g.small"
        raw["redis"]["sessions"]["auth_token"] = {**MOMENT, "retire_previous": True}

    return declared_graph(change)


def secrets(graph: Graph) -> dict[str, dict[str, str]]:
    """Return the Secrets with URLs by name."""
    found = {node.name: node.plain("stringData") for node in graph.of_type("v1:Secret")}
    return {name: data for name, data in found.items() if "DATABASE_URL" in data}


@pytest.mark.usefixtures("authority")
def test_services_and_tenants_connect_through_the_pooler_and_migrations_to_the_server() -> None:
    urls = secrets(database(pooler=POOLER))
    assert len(urls) == 3
    for data in urls.values():
        assert "@database-pooler.tenantry.svc:6432/" in data["DATABASE_URL"]
        assert data["DATABASE_URL"].endswith("?sslmode=disable")
        assert "@database.rds.example.invalid:5432/" in data["DIRECT_DATABASE_URL"]
        assert data["DIRECT_DATABASE_URL"].endswith("?sslmode=verify-full")
        assert "READ_DATABASE_URL" not in data


@pytest.mark.usefixtures("authority")
def test_with_a_certificate_clients_of_the_pooler_use_tls() -> None:
    graph = database(pooler={**POOLER, "certificate": "pooler-tls"})
    assert all(data["DATABASE_URL"].endswith("?sslmode=require") for data in secrets(graph).values())


def test_without_a_pooler_everyone_connects_to_the_server() -> None:
    graph = database()
    assert not graph.of_type(":Pooler")
    for data in secrets(graph).values():
        assert data["DATABASE_URL"] == data["DIRECT_DATABASE_URL"]


@pytest.mark.usefixtures("authority")
def test_connections_that_the_stack_exports_are_direct() -> None:
    urls = database(pooler=POOLER).exports["connections"]
    assert {url.partition("@")[2].partition("/")[0] for url in urls.values()} == {"database.rds.example.invalid:5432"}


@pytest.mark.usefixtures("authority")
def test_everyone_who_logs_in_is_known_to_the_pooler() -> None:
    users = database(pooler=POOLER).named("database-pooler-users")
    assert has_secret(users.inputs["stringData"])
    listed = [line.split()[0].strip('"') for line in users.plain("stringData", "userlist.txt").splitlines()]
    assert listed == ["tenant_book_store_app", "tenant_department_store_app", "tenantry_pool_app"]


@pytest.mark.usefixtures("authority")
def test_no_role_has_fewer_connections_than_the_pooler_opens_for_it_and_all_fit_the_server() -> None:
    graph = database(pooler=POOLER)
    ini = graph.named("database-pooler-configuration").plain("data", "pgbouncer.ini")
    lines = dict(line.split(" = ", 1) for line in ini.splitlines() if " = " in line)
    shared, tenant, pods = int(lines["tenantry_pool_app"].partition("=")[2]), int(lines["default_pool_size"]), 4
    assert graph.named("tenants-pool-app").plain("connectionLimit") >= shared * pods
    assert graph.named("tenant-book-store-data-app").plain("connectionLimit") >= tenant * pods
    assert (shared + 10 * tenant) * pods <= 0.7 * available(450)


def test_without_a_pooler_the_services_role_has_what_its_pods_may_open() -> None:
    limit = database().named("tenants-pool-app").plain("connectionLimit")
    assert limit >= 75


@pytest.mark.usefixtures("authority")
def test_services_wait_for_the_pooler_and_the_pooler_for_the_roles_that_it_knows() -> None:
    graph = database(pooler=POOLER)
    pods = graph.named("database-pooler-pods")
    assert graph.reaches(graph.named("storefront-blue"), pods)
    for role in ("tenants-pool-app", "tenant-book-store-data-app", "tenant-department-store-data-app"):
        assert graph.reaches(pods, graph.named(role))


def test_the_pooler_trusts_whom_the_program_trusts(authority: Path) -> None:
    del authority
    data = database(pooler=POOLER).named("database-pooler-configuration").plain("data")
    assert data["server-ca.pem"] == AUTHORITY
    assert "server_tls_sslmode = verify-full\n" in data["pgbouncer.ini"]


def test_without_a_named_authority_it_is_said_what_to_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    with pytest.raises(pulumi.RunError, match=r"PGSSLROOTCERT is not set, database\.pooler, name the certificates"):
        database(pooler=POOLER)
    monkeypatch.setenv("PGSSLROOTCERT", "/nowhere/authority.pem")
    with pytest.raises(pulumi.RunError, match=r"cannot be read \(FileNotFoundError\), database\.pooler"):
        database(pooler=POOLER)


def test_readers_are_told_where_the_replica_is_and_nothing_else_waits_for_it(varied: Graph) -> None:
    assert varied.exports["database_replica"] == "database.rds.example.invalid"
    assert all("READ_DATABASE_URL" in data for data in secrets(varied).values())
    replica = varied.named("database-replica-instance")
    assert varied.reaches(replica, varied.named("database-instance"))
    assert not varied.reaches(varied.named("tenants-pool-app"), replica)


def test_backups_are_copied_where_there_is_a_recovery_region_and_the_copy_is_told(varied: Graph) -> None:
    copy = varied.named("database-copy-replication")
    assert (copy.plain("region"), copy.plain("retentionPeriod")) == ("eu-west-1", 30)
    assert copy.plain("sourceDbInstanceArn").endswith(":database-instance")
    assert varied.exports["database_backups"] == "id-of-database-copy-replication"
    assert "database_backups" not in database().exports


@pytest.mark.parametrize(
    ("restore", "expected"),
    [
        ({"snapshot": "before-migration"}, {"snapshotIdentifier": "before-migration"}),
        (
            {"backups": "arn:aws:rds:eu-central-1:123456789012:auto-backup:ab-1"},
            {
                "restoreToPointInTime": {
                    "sourceDbInstanceAutomatedBackupsArn": "arn:aws:rds:eu-central-1:123456789012:auto-backup:ab-1",
                    "useLatestRestorableTime": True,
                }
            },
        ),
        (
            {"stack": "production", "time": "2026-03-01T12:00:00Z"},
            {
                "restoreToPointInTime": {
                    "sourceDbInstanceAutomatedBackupsArn": "database_backups of organization/tenantry/production",
                    "restoreTime": "2026-03-01T12:00:00Z",
                }
            },
        ),
    ],
)
def test_a_restore_is_read_at_the_start_and_can_be_removed_later(restore: Any, expected: dict[str, Any]) -> None:
    instance = database(restore=restore).named("database-instance")
    assert {key: instance.plain(key) for key in expected} == expected
    later = database().named("database-instance")
    assert not expected.keys() & later.inputs.keys()
    assert expected.keys() <= later.ignore_changes == instance.ignore_changes


def test_rotations_reach_what_they_rotate(varied: Graph) -> None:
    assert varied.named("database-password").plain("keepers") == MOMENT
    assert varied.named("sessions-token").plain("keepers") == MOMENT
    assert "keepers" not in varied.named("cache-token").inputs
    strategies = [varied.named(f"{store}-nodes").plain("authTokenUpdateStrategy") for store in ("cache", "sessions")]
    assert strategies == ["ROTATE", "SET"]


def test_a_small_node_reserves_what_the_headroom_needs(varied: Graph) -> None:
    parameters = varied.named("cache-parameters").plain("parameters")
    assert {"name": "reserved-memory-percent", "value": "37"} in parameters


def test_a_pool_with_tables_in_it_is_removed_only_with_a_declared_database_that_is_not_protected() -> None:
    for graph, removed in (
        (database(), False),
        (database(protect=False), True),
        (environment_graph(), False),
    ):
        assert graph.named("tenants-pool-schema").plain("dropCascade") is removed
        assert graph.named("tenants-current-tenant").plain("dropCascade") is removed
        assert graph.named("tenant-book-store-data-schema").plain("dropCascade") is False
