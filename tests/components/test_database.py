"""The PostgreSQL server: what is encrypted, kept and refused, and what may change without replacing it."""

import json
from typing import Any

import pytest

from components.backup_copy import BackupCopy, BackupCopyArgs
from components.database import Database, Replica
from components.restore import PointInTimeRestore, SnapshotRestore
from infra.sandbox.plugins.values import has_secret, reveal
from tests.cloud_examples import database_args
from tests.harness import Graph, Node, graph_of

KEY = "arn:aws:kms:eu-central-1:123456789012:key/database-encryption-key"
BACKUPS = "arn:aws:rds:eu-central-1:123456789012:auto-backup:ab-1"


def database(**changes: Any) -> Graph:
    args = database_args(**changes)

    def declare() -> dict[str, Any]:
        created = Database("database", args)
        created.allow_from("cluster", "sg-of-cluster")
        created.grant_credentials("migrations", "role-of-migrations")
        return {"host": created.host}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return database()


@pytest.fixture(scope="module")
def instance(graph: Graph) -> Node:
    return graph.named("database-instance")


def parameters(graph: Graph) -> dict[str, str]:
    return {part["name"]: part["value"] for part in graph.named("database-parameters").plain("parameters")}


def test_everything_on_a_disk_is_encrypted_with_a_key_of_our_own(graph: Graph, instance: Node) -> None:
    assert instance.plain("storageEncrypted") is True
    assert instance.plain("kmsKeyId") == KEY
    assert instance.plain("performanceInsightsKmsKeyId") == KEY
    assert {node.plain("kmsKeyId") for node in graph.of_type(":LogGroup")} == {KEY}
    assert graph.named("database-credentials-secret").plain("kmsKeyId") == KEY


def test_a_connection_without_tls_is_refused(graph: Graph) -> None:
    given = graph.named("database-parameters").plain("parameters")
    assert {"name": "rds.force_ssl", "value": "1", "applyMethod": "pending-reboot"} in given


def test_a_major_version_takes_minor_upgrades_and_a_whole_one_stays() -> None:
    upgrades = [
        database(engine_version=version).named("database-instance").plain("autoMinorVersionUpgrade")
        for version in ("18", "18.1")
    ]
    assert upgrades == [True, False]


def test_slow_statements_are_logged_from_half_a_second(graph: Graph) -> None:
    assert parameters(graph)["log_min_duration_statement"] == "500"


def test_the_limit_of_connections_is_explicit_and_waits_for_a_restart(graph: Graph) -> None:
    given = graph.named("database-parameters").plain("parameters")
    assert {"name": "max_connections", "value": "450", "applyMethod": "pending-reboot"} in given


def test_what_changes_tables_or_rights_is_audited_and_statements_are_counted(graph: Graph) -> None:
    given = graph.named("database-parameters").plain("parameters")
    libraries = "pg_stat_statements,pgaudit"
    assert {"name": "shared_preload_libraries", "value": libraries, "applyMethod": "pending-reboot"} in given
    assert parameters(graph)["pgaudit.log"] == "ddl,role"
    assert parameters(database(audit=["all"]))["pgaudit.log"] == "all"
    assert parameters(database(audit=[]))["pgaudit.log"] == "none"


def test_backups_are_taken_at_two_and_maintenance_waits_for_sunday(instance: Node) -> None:
    assert instance.plain("backupWindow") == "02:00-03:00"
    assert instance.plain("maintenanceWindow") == "sun:04:00-sun:05:00"


def test_a_new_moment_makes_a_new_password_and_replaces_nothing_else(graph: Graph) -> None:
    assert "keepers" not in graph.named("database-password").inputs
    rotated = database(password_rotated_at="2026-11-21T10:00:00Z")
    assert rotated.named("database-password").plain("keepers") == {"rotated_at": "2026-11-21T10:00:00Z"}
    for node in rotated.nodes.values():
        if node.name != "database-password":
            assert node.inputs == graph.named(node.name).inputs


def replicated() -> Graph:
    def declare() -> None:
        Database("database", database_args()).replicate("replica", Replica(instance_class="db.r8g.xlarge"))

    return graph_of(declare)


def test_a_replica_follows_the_server_and_is_let_in_to_and_encrypted_as_it_is() -> None:
    graph = replicated()
    replica, server = graph.named("replica-instance"), graph.named("database-instance")
    assert replica.plain("replicateSourceDb") == server.plain("identifier") == "shop"
    assert (replica.plain("identifier"), replica.plain("instanceClass")) == ("shop-replica", "db.r8g.xlarge")
    assert (replica.plain("multiAz"), replica.plain("storageEncrypted")) == (True, True)
    assert replica.plain("publiclyAccessible") is False
    for shared in ("vpcSecurityGroupIds", "parameterGroupName", "maxAllocatedStorage"):
        assert replica.plain(shared) == server.plain(shared)
    assert not {"username", "password", "allocatedStorage", "dbSubnetGroupName"} & replica.inputs.keys()
    assert graph.reaches(replica, server)


def test_a_replica_is_protected_and_leaves_no_snapshot_which_rds_refuses() -> None:
    replica = replicated().named("replica-instance")
    assert replica.protect
    assert replica.plain("deletionProtection") is True
    assert replica.plain("skipFinalSnapshot") is True


@pytest.mark.parametrize(("version", "family"), [("17", "postgres17"), ("16.4", "postgres16")])
def test_the_parameters_are_of_the_major_version(version: str, family: str) -> None:
    assert database(engine_version=version).named("database-parameters").plain("family") == family


def test_no_address_reaches_it_and_only_groups_that_were_let_in_do(graph: Graph, instance: Node) -> None:
    assert instance.plain("publiclyAccessible") is False
    assert instance.plain("vpcSecurityGroupIds") == ["id-of-database-port-group"]
    (rule,) = graph.of_type("IngressRule")
    assert rule.plain("referencedSecurityGroupId") == "sg-of-cluster"
    assert (rule.plain("fromPort"), rule.plain("toPort"), rule.plain("ipProtocol")) == (5432, 5432, "tcp")
    assert not {"cidrIpv4", "cidrIpv6"} & rule.inputs.keys()
    assert not {"ingress", "egress"} & graph.named("database-port-group").inputs.keys()


def test_backups_are_kept_for_30_days_and_outlive_the_instance(instance: Node) -> None:
    assert instance.plain("backupRetentionPeriod") == 30
    assert instance.plain("deleteAutomatedBackups") is False


def test_a_standby_is_in_another_zone(instance: Node) -> None:
    assert instance.plain("multiAz") is True


def test_deletion_is_refused_twice_and_leaves_a_snapshot_of_its_own_name(graph: Graph, instance: Node) -> None:
    assert instance.protect
    assert instance.plain("deletionProtection") is True
    assert instance.plain("skipFinalSnapshot") is False
    assert instance.plain("finalSnapshotIdentifier") == "shop-final-text-of-database-final-suffix"
    assert graph.named("database-encryption-key").protect


def test_without_protection_it_goes_without_a_trace() -> None:
    graph = database(protect=False)
    instance = graph.named("database-instance")
    assert not instance.protect
    assert not graph.named("database-encryption-key").protect
    assert instance.plain("deletionProtection") is False
    assert instance.plain("skipFinalSnapshot") is True
    assert "finalSnapshotIdentifier" not in instance.inputs


@pytest.mark.parametrize(
    "restore",
    [None, SnapshotRestore(snapshot="before-migration"), PointInTimeRestore(backups_arn=BACKUPS)],
)
def test_where_the_data_came_from_can_be_removed_without_replacing_the_database(restore: Any) -> None:
    instance = database(restore=restore).named("database-instance")
    assert instance.ignore_changes == {"snapshotIdentifier", "restoreToPointInTime", "kmsKeyId"}


def test_a_new_database_is_empty(instance: Node) -> None:
    assert not {"snapshotIdentifier", "restoreToPointInTime"} & instance.inputs.keys()


def test_it_can_start_from_a_snapshot() -> None:
    instance = database(restore=SnapshotRestore(snapshot="before-migration")).named("database-instance")
    assert instance.plain("snapshotIdentifier") == "before-migration"
    assert "restoreToPointInTime" not in instance.inputs


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (None, {"useLatestRestorableTime": True}),
        ("2026-03-01T12:00:00Z", {"restoreTime": "2026-03-01T12:00:00Z"}),
    ],
)
def test_it_can_start_from_a_point_in_time(time: str | None, expected: dict[str, Any]) -> None:
    instance = database(restore=PointInTimeRestore(backups_arn=BACKUPS, time=time)).named("database-instance")
    assert instance.plain("restoreToPointInTime") == {"sourceDbInstanceAutomatedBackupsArn": BACKUPS, **expected}
    assert "snapshotIdentifier" not in instance.inputs


def test_its_log_groups_are_there_first_with_an_end_to_their_records(graph: Graph, instance: Node) -> None:
    groups = graph.of_type(":LogGroup")
    assert {node.plain("name").rpartition("/")[2] for node in groups} == set(
        instance.plain("enabledCloudwatchLogsExports")
    )
    assert {node.plain("name").rpartition("/")[0] for node in groups} == {"/aws/rds/instance/shop"}
    assert {node.plain("retentionInDays") for node in groups} == {90}
    assert all(graph.reaches(instance, node) for node in groups)


def test_the_password_is_in_a_secret_with_all_that_a_client_needs(graph: Graph, instance: Node) -> None:
    version = graph.named("database-credentials-version")
    assert has_secret(version.inputs["secretString"])
    assert has_secret(instance.inputs["password"])
    assert json.loads(version.plain("secretString")) == {
        "host": "database.rds.example.invalid",
        "port": 5432,
        "username": "tenantry",
        "password": "password-of-database-password",
    }


def test_a_role_that_was_granted_the_credentials_reads_that_secret_and_no_other(graph: Graph) -> None:
    attachment = graph.named("database-credentials-migrations-reads-attachment")
    assert attachment.plain("role") == "role-of-migrations"
    policy = json.loads(graph.named("database-credentials-migrations-reads-policy").plain("policy"))
    rights = {tuple(part["Action"]): part["Resource"] for part in policy["Statement"]}
    assert rights == {
        ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"): [
            "arn:aws:secretsmanager:eu-central-1:123456789012:database-credentials-secret"
        ],
        ("kms:Decrypt",): [KEY],
    }


def test_its_backups_are_copied_to_another_region_under_a_key_of_that_region() -> None:
    def declare() -> None:
        BackupCopy("copy", BackupCopyArgs(instance_arn="arn:of:database", region="eu-west-1", retention_days=30))

    graph = graph_of(declare)
    replication, key = graph.named("copy-replication"), graph.named("copy-encryption-key")
    assert replication.plain("region") == key.plain("region") == "eu-west-1"
    assert replication.plain("sourceDbInstanceArn") == "arn:of:database"
    assert replication.plain("kmsKeyId").endswith("/copy-encryption-key")
    assert replication.plain("retentionPeriod") == 30
    assert replication.protect
    assert key.protect
    assert graph.named("copy").outputs is not None
    assert reveal(dict(graph.named("copy").outputs or {}))["arn"] == "id-of-copy-replication"
