"""Read replicas: real servers that follow another, by PostgreSQL's own streaming."""

from collections.abc import Callable

import psycopg
import pytest
from botocore.exceptions import ClientError

from infra.sandbox.cloud.service import Cloud
from infra.sandbox.waiting import wait_until
from tests.sandbox.cloud.backed import PASSWORD, connect, create_database, kill_everything, rows, told, write
from tests.sandbox.cloud.conftest import MakeCloud
from tests.sandbox.cloud.harness import client
from tests.sandbox.servers.harness import quiet


@pytest.fixture(scope="module")
def backed(make_cloud: MakeCloud) -> Cloud:
    """A cloud with a database and its replica."""
    cloud = Cloud(make_cloud("test-backed-replicas").instance, backed=True)
    cloud.start(quiet)
    write(cloud, create_database(cloud, "first", BackupRetentionPeriod=1), "before")
    client(cloud, "rds").create_db_instance_read_replica(
        DBInstanceIdentifier="second", SourceDBInstanceIdentifier="first", DBInstanceClass="db.t4g.small"
    )
    return cloud


def _until(condition: Callable[[], bool]) -> None:
    wait_until(condition, seconds=30, what="the replica stays behind", where="second", remedy="look at its log")


def arrived(cloud: Cloud, expected: list[str]) -> None:
    """Wait until a replica shows these rows; it does within moments, not at once."""
    replica = told(cloud, "second")
    _until(lambda: rows(cloud, replica) == expected)
    assert rows(cloud, replica) == expected


def test_what_is_written_is_read_on_the_replica_which_takes_no_writes(backed: Cloud) -> None:
    arrived(backed, ["before"])
    write(backed, told(backed, "first"), "later")
    arrived(backed, ["before", "later"])
    with connect(backed, told(backed, "second")) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("delete from rows")


def test_it_is_told_as_an_instance_of_its_own_that_follows_the_other(backed: Cloud) -> None:
    first, second = told(backed, "first"), told(backed, "second")
    assert second["ReadReplicaSourceDBInstanceIdentifier"] == "first"
    assert first["ReadReplicaDBInstanceIdentifiers"] == ["second"]
    assert (second["DBInstanceClass"], second["BackupRetentionPeriod"]) == ("db.t4g.small", 0)
    for name in ("DbiResourceId", "DBInstanceArn"):
        assert first[name] != second[name]
    assert first["Endpoint"] != second["Endpoint"]


def test_a_password_that_is_changed_is_changed_on_the_replica_too(backed: Cloud) -> None:
    rds = client(backed, "rds")
    arrived(backed, rows(backed, told(backed, "first")))
    rds.modify_db_instance(DBInstanceIdentifier="first", MasterUserPassword="another password", ApplyImmediately=True)

    def is_known() -> bool:
        try:
            return bool(rows(backed, told(backed, "second"), password="another password"))
        except psycopg.OperationalError:
            return False

    _until(is_known)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(backed, told(backed, "second"), password=PASSWORD)
    rds.modify_db_instance(DBInstanceIdentifier="first", MasterUserPassword=PASSWORD, ApplyImmediately=True)


def test_it_follows_on_after_everything_was_killed(backed: Cloud) -> None:
    kill_everything(backed)
    backed.start(quiet)
    write(backed, told(backed, "first"), "restarted")
    known = rows(backed, told(backed, "first"))
    arrived(backed, known)
    assert rows(backed, told(backed, "second")) == known
    assert "restarted" in known


def test_one_without_a_source_or_of_one_without_backups_is_refused(backed: Cloud) -> None:
    rds = client(backed, "rds")
    with pytest.raises(ClientError, match="DBInstanceNotFound"):
        rds.create_db_instance_read_replica(DBInstanceIdentifier="third", SourceDBInstanceIdentifier="nobody")
    with pytest.raises(ClientError, match="Automated backups of the source are not enabled"):
        rds.create_db_instance_read_replica(DBInstanceIdentifier="third", SourceDBInstanceIdentifier="second")


def test_it_is_a_server_of_its_own_once_the_other_is_deleted(backed: Cloud) -> None:
    known = rows(backed, told(backed, "first"))
    arrived(backed, known)
    client(backed, "rds").delete_db_instance(DBInstanceIdentifier="first", SkipFinalSnapshot=True)
    second = told(backed, "second")
    assert "ReadReplicaSourceDBInstanceIdentifier" not in second
    write(backed, second, "written here")
    assert rows(backed, second) == sorted([*known, "written here"])
