"""Automated backups that outlive their RDS instance, and those that do not."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.sandbox.cloud.service import Cloud
from tests.sandbox.cloud.backed import connect, create_database, processes, rows, told, write
from tests.sandbox.cloud.harness import OTHER_REGION, client, kill
from tests.sandbox.servers.harness import quiet

MakeCloud = Callable[[str], Cloud]


@pytest.fixture(scope="module")
def backed(make_cloud: MakeCloud) -> Cloud:
    """A cloud with servers."""
    cloud = Cloud(make_cloud("test-retained").instance, backed=True)
    cloud.start(quiet)
    return cloud


def moment_between(cloud: Cloud, instance: dict[str, Any]) -> datetime.datetime:
    """Write a row, return a whole second after it, as AWS takes them, and write another row later than that."""
    write(cloud, instance, "before")
    with connect(cloud, instance) as connection:
        row = connection.execute("select date_trunc('second', clock_timestamp()) + interval '1 s'").fetchone()
        assert row is not None
        connection.execute("select pg_sleep_until(%s::timestamptz + interval '0.1 s')", [row[0]])
    write(cloud, instance, "after")
    return row[0]  # type: ignore[no-any-return]


def backups(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    """Return what is told of the automated backups of a name."""
    found = client(cloud, "rds").describe_db_instance_automated_backups(DBInstanceIdentifier=name)
    return list(found["DBInstanceAutomatedBackups"])


def restore(cloud: Cloud, target: str, **source: Any) -> dict[str, Any]:
    client(cloud, "rds").restore_db_instance_to_point_in_time(TargetDBInstanceIdentifier=target, **source)
    return told(cloud, target)


def test_a_deleted_instance_is_restored_to_a_moment_of_its_life_from_what_it_left(backed: Cloud) -> None:
    rds = client(backed, "rds")
    source = create_database(backed, "mortal", BackupRetentionPeriod=1)
    moment = moment_between(backed, source)
    (active,) = backups(backed, "mortal")
    assert (active["Status"], active["DbiResourceId"]) == ("active", source["DbiResourceId"])
    rds.delete_db_instance(DBInstanceIdentifier="mortal", SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    assert "postgres" not in processes(backed)
    (left,) = backups(backed, "mortal")
    assert left["Status"] == "retained"
    assert left["DBInstanceAutomatedBackupsArn"] == active["DBInstanceAutomatedBackupsArn"]
    by_arn = {"SourceDBInstanceAutomatedBackupsArn": left["DBInstanceAutomatedBackupsArn"]}
    assert rows(backed, restore(backed, "then", **by_arn, RestoreTime=moment)) == ["before"]
    by_id = {"SourceDbiResourceId": source["DbiResourceId"]}
    assert rows(backed, restore(backed, "last", **by_id, UseLatestRestorableTime=True)) == ["after", "before"]
    with pytest.raises(ClientError, match="restorable period"):
        restore(backed, "never", **by_id, RestoreTime=left["RestoreWindow"]["LatestTime"] + datetime.timedelta(hours=1))
    with pytest.raises(ClientError, match="DBInstanceNotFound"):
        restore(backed, "never", SourceDBInstanceIdentifier="mortal", UseLatestRestorableTime=True)


def test_of_two_instances_of_one_name_each_has_its_own_backups_which_survive_a_crash_and_go_when_they_are_deleted(
    backed: Cloud,
) -> None:
    rds = client(backed, "rds")
    first = create_database(backed, "twin", BackupRetentionPeriod=1)
    moment = moment_between(backed, first)
    rds.stop_db_instance(DBInstanceIdentifier="twin")
    rds.delete_db_instance(DBInstanceIdentifier="twin", SkipFinalSnapshot=True, DeleteAutomatedBackups=False)
    second = create_database(backed, "twin", BackupRetentionPeriod=1)
    write(backed, second, "second")
    assert {told["Status"] for told in backups(backed, "twin")} == {"active", "retained"}
    rds.delete_db_instance(DBInstanceIdentifier="twin", SkipFinalSnapshot=True, DeleteAutomatedBackups=True)
    assert not (backed.instance.directory / "backing" / "retained" / second["DbiResourceId"]).exists()
    kill(backed)
    backed.start(quiet)
    (left,) = backups(backed, "twin")
    assert left["DbiResourceId"] == first["DbiResourceId"]
    by_id = {"SourceDbiResourceId": first["DbiResourceId"]}
    assert rows(backed, restore(backed, "reborn", **by_id, RestoreTime=moment)) == ["before"]
    assert rows(backed, restore(backed, "latest", **by_id, UseLatestRestorableTime=True)) == ["after", "before"]
    client(backed, "rds").delete_db_instance_automated_backup(DbiResourceId=first["DbiResourceId"])
    assert backups(backed, "twin") == []
    assert not (backed.instance.directory / "backing" / "retained" / first["DbiResourceId"]).exists()
    with pytest.raises(ClientError, match="DBInstanceAutomatedBackupNotFound"):
        restore(backed, "never", **by_id, UseLatestRestorableTime=True)


def test_a_copy_in_another_region_outlives_the_instance_and_all_its_own_backups(backed: Cloud) -> None:
    away = client(backed, "rds", OTHER_REGION)
    source = create_database(backed, "far", BackupRetentionPeriod=1)
    copy = away.start_db_instance_automated_backups_replication(SourceDBInstanceArn=source["DBInstanceArn"])
    moment = moment_between(backed, source)
    client(backed, "rds").delete_db_instance(DBInstanceIdentifier="far", SkipFinalSnapshot=True)
    assert backups(backed, "far") == []
    away.restore_db_instance_to_point_in_time(
        SourceDBInstanceAutomatedBackupsArn=copy["DBInstanceAutomatedBackup"]["DBInstanceAutomatedBackupsArn"],
        TargetDBInstanceIdentifier="near",
        RestoreTime=moment,
    )
    (near,) = away.describe_db_instances(DBInstanceIdentifier="near")["DBInstances"]
    assert rows(backed, near) == ["before"]
    away.stop_db_instance_automated_backups_replication(SourceDBInstanceArn=source["DBInstanceArn"])
    assert not (backed.instance.directory / "backing" / "retained" / source["DbiResourceId"]).exists()
