"""RDS instances with a real PostgreSQL behind them: what is declared is what a client meets."""

import datetime
import json
from collections.abc import Callable
from typing import Any

import httpx
import psutil
import psycopg
import pytest
from botocore.exceptions import ClientError

from infra.sandbox.cloud.backing import servers
from infra.sandbox.cloud.backing.site import Site
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.instance import Status
from infra.sandbox.servers import probe
from infra.sandbox.waiting import wait_until
from tests.sandbox.cloud.backed import PASSWORD, connect, create_database, kill_everything, processes, rows, told, write
from tests.sandbox.cloud.harness import OTHER_REGION, REGION, client, kill
from tests.sandbox.servers.harness import quiet

MakeCloud = Callable[[str], Cloud]


@pytest.fixture(scope="module")
def backed(make_cloud: MakeCloud) -> Cloud:
    """A cloud with servers, for all tests that break nothing."""
    cloud = Cloud(make_cloud("test-backed-databases").instance, backed=True)
    cloud.start(quiet)
    return cloud


@pytest.fixture(scope="module")
def database(backed: Cloud) -> dict[str, Any]:
    """A database with a parameter group of its own, for all tests that leave it as it was."""
    rds = client(backed, "rds")
    rds.create_db_parameter_group(DBParameterGroupName="own", DBParameterGroupFamily="postgres18", Description="own")
    set_parameters(backed, "pending-reboot", max_connections="77", log_min_duration_statement="1500")
    return create_database(backed, "first", DBParameterGroupName="own", EngineVersion="18")


@pytest.fixture(scope="module")
def resting(backed: Cloud) -> dict[str, Any]:
    """A database with one row, on a port of its own."""
    instance = create_database(backed, "resting", Port=5433)
    write(backed, instance, "kept")
    return instance


@pytest.fixture(scope="module")
def lived(backed: Cloud) -> tuple[dict[str, Any], datetime.datetime]:
    """A database with backups, and a moment and a snapshot between its two rows."""
    instance = create_database(backed, "source", BackupRetentionPeriod=1)
    write(backed, instance, "before")
    client(backed, "rds").create_db_snapshot(DBInstanceIdentifier="source", DBSnapshotIdentifier="taken")
    with connect(backed, instance) as connection:
        row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    # AWS takes whole seconds: the row after the moment is written in a later one.
    with connect(backed, instance) as connection:
        connection.execute("select pg_sleep_until(date_trunc('second', %s::timestamptz) + interval '2.1 s')", [row[0]])
    write(backed, instance, "after")
    return instance, row[0]


def set_parameters(cloud: Cloud, method: str, **values: str) -> None:
    """Change the parameter group, with dots in the names of parameters for double underscores."""
    said = [
        {"ParameterName": name.replace("__", "."), "ParameterValue": text, "ApplyMethod": method}
        for name, text in values.items()
    ]
    client(cloud, "rds").modify_db_parameter_group(DBParameterGroupName="own", Parameters=said)


def test_the_master_gets_in_with_the_told_endpoint_and_nobody_else(backed: Cloud, database: dict[str, Any]) -> None:
    instance = database
    assert instance["Endpoint"]["Port"] == 5432
    assert instance["Endpoint"]["Address"].startswith(f"{backed.instance.addresses.prefix}.")
    with connect(backed, instance) as connection:
        assert connection.execute("select current_user, current_database()").fetchone() == ("postgres", "tenantry")
        connection.execute("create role app login password 'x'")
        connection.execute("grant app to postgres")
        connection.execute("create database other owner app")
        row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
        assert row == (False,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(backed, instance, password="wrong")
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(backed, instance, sslmode="disable")


def test_plain_connections_pass_while_force_ssl_is_off_and_a_change_interrupts_nobody(
    backed: Cloud, database: dict[str, Any]
) -> None:
    instance = database

    def force_ssl(value: str) -> None:
        set_parameters(backed, "immediate", rds__force_ssl=value)

    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba.conf entry .* no encryption"):
        connect(backed, instance, sslmode="disable")
    with connect(backed, instance) as other:
        force_ssl("0")
        with connect(backed, instance, sslmode="disable") as plain:
            assert plain.execute("select current_user").fetchone() == ("postgres",)
            assert not plain.pgconn.ssl_in_use
            force_ssl("1")
            assert plain.execute("select 1").fetchone() == (1,)
        assert other.execute("select 1").fetchone() == (1,)
    force_ssl("0")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(backed, instance, sslmode="disable", password="wrong")
    force_ssl("1")
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba.conf entry .* no encryption"):
        connect(backed, instance, sslmode="disable")


def test_the_master_creates_the_vector_extension_and_a_mere_reader_does_not(
    backed: Cloud, database: dict[str, Any]
) -> None:
    instance = database
    with connect(backed, instance) as connection:
        connection.execute("create extension vector")
        connection.execute("create table items (place vector(3))")
        connection.execute("insert into items values ('[1,0,0]'), ('[0,1,0]')")
        nearest = connection.execute("select place::text from items order by place <-> '[0,2,0]' limit 1").fetchone()
        assert nearest == ("[0,1,0]",)
        owner = connection.execute(
            "select rolname from pg_extension join pg_roles on pg_roles.oid = extowner where extname = 'vector'"
        ).fetchone()
        assert owner == ("postgres",)
        connection.execute("create role reader login password 'a reader'")
        connection.execute("create database bare")
    reader = {"user": "reader", "password": "a reader", "dbname": "bare"}
    with connect(backed, instance, **reader) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match='create extension "vector"'):
            connection.execute("create extension vector")
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="not available"):
            connection.execute("create extension file_fdw")


def test_parameters_are_honoured_at_creation_and_when_changed(backed: Cloud, database: dict[str, Any]) -> None:
    def shown(name: str) -> str:
        with connect(backed, database) as connection:
            row = connection.execute("select current_setting(%s)", [name]).fetchone()
        assert row is not None
        return str(row[0])

    assert (shown("max_connections"), shown("log_min_duration_statement")) == ("77", "1500ms")
    set_parameters(backed, "pending-reboot", max_connections="88", log_min_duration_statement="2500")
    assert shown("max_connections") == "77"
    client(backed, "rds").reboot_db_instance(DBInstanceIdentifier="first")
    assert (shown("max_connections"), shown("log_min_duration_statement")) == ("88", "2500ms")


def test_a_new_master_password_replaces_the_old_one(backed: Cloud, database: dict[str, Any]) -> None:
    def change(password: str) -> None:
        said = {"MasterUserPassword": password, "ApplyImmediately": True}
        client(backed, "rds").modify_db_instance(DBInstanceIdentifier="first", **said)

    change("another-one")
    with connect(backed, database, password="another-one") as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(backed, database, password=PASSWORD)
    change(PASSWORD)


def test_a_managed_password_is_in_the_secret_and_a_deleted_instance_leaves_its_address_to_the_next_and_no_server(
    backed: Cloud,
) -> None:
    rds = client(backed, "rds")
    said = {"Engine": "postgres", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "MasterUsername": "owner"}
    rds.create_db_instance(DBInstanceIdentifier="managed", ManageMasterUserPassword=True, DBName="tenantry", **said)
    instance = told(backed, "managed")
    secret = client(backed, "secretsmanager").get_secret_value(SecretId=instance["MasterUserSecret"]["SecretArn"])
    with connect(backed, instance, password=json.loads(secret["SecretString"])["password"]) as connection:
        assert connection.execute("select current_user").fetchone() == ("owner",)
        connection.execute("create table rows (text text)")
    endpoint = (instance["Endpoint"]["Address"], instance["Endpoint"]["Port"])
    before = processes(backed)
    rds.delete_db_instance(DBInstanceIdentifier="managed", SkipFinalSnapshot=True)
    assert not probe.accepts(*endpoint)
    assert len(processes(backed)) < len(before)
    assert not (backed.instance.directory / "backing" / "databases" / instance["DbiResourceId"]).exists()
    again = create_database(backed, "managed")
    assert again["Endpoint"]["Address"] == endpoint[0]
    with connect(backed, again) as connection:
        assert connection.execute("select to_regclass('rows')").fetchone() == (None,)


def test_a_stopped_instance_answers_again_when_it_is_started(backed: Cloud, resting: dict[str, Any]) -> None:
    rds, instance = client(backed, "rds"), resting
    endpoint = f"{instance['Endpoint']['Address']}:5433"
    runs = Status("RDS resting", endpoint, running=True, healthy=True, detail=REGION)
    assert runs in backed.status()
    rds.stop_db_instance(DBInstanceIdentifier="resting")
    assert not probe.accepts(instance["Endpoint"]["Address"], 5433)
    rests = Status("RDS resting", endpoint, running=False, healthy=True, detail=f"{REGION}: stopped in AWS")
    assert rests in backed.status()
    rds.start_db_instance(DBInstanceIdentifier="resting")
    assert runs in backed.status()
    assert rows(backed, told(backed, "resting")) == ["kept"]


@pytest.mark.usefixtures("lived")
def test_a_snapshot_its_copy_and_the_final_one_bring_back_what_was_there(backed: Cloud) -> None:
    rds = client(backed, "rds")
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier="taken", TargetDBSnapshotIdentifier="copied")
    rds.delete_db_snapshot(DBSnapshotIdentifier="taken")
    elsewhere = client(backed, "rds", OTHER_REGION)
    arn = rds.describe_db_snapshots(DBSnapshotIdentifier="copied")["DBSnapshots"][0]["DBSnapshotArn"]
    elsewhere.copy_db_snapshot(SourceDBSnapshotIdentifier=arn, TargetDBSnapshotIdentifier="far", SourceRegion=REGION)
    elsewhere.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="far", DBSnapshotIdentifier="far")
    (far,) = elsewhere.describe_db_instances(DBInstanceIdentifier="far")["DBInstances"]
    assert rows(backed, far) == ["before"]
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="from-copied", DBSnapshotIdentifier="copied")
    copied = told(backed, "from-copied")
    assert rows(backed, copied) == ["before"]
    write(backed, copied, "last")
    rds.delete_db_instance(DBInstanceIdentifier="from-copied", FinalDBSnapshotIdentifier="final")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="from-final", DBSnapshotIdentifier="final")
    assert rows(backed, told(backed, "from-final")) == ["before", "last"]


def test_a_restore_to_a_moment_has_what_was_written_before_and_nothing_after(
    backed: Cloud, lived: tuple[dict[str, Any], datetime.datetime]
) -> None:
    rds = client(backed, "rds")
    target = {"SourceDBInstanceIdentifier": "source", "TargetDBInstanceIdentifier": "then"}
    whole = lived[1].replace(microsecond=0) + datetime.timedelta(seconds=1)
    rds.restore_db_instance_to_point_in_time(**target, RestoreTime=whole)
    then = told(backed, "then")
    assert rows(backed, then) == ["before"]
    write(backed, then, "own")
    latest = target | {"TargetDBInstanceIdentifier": "latest"}
    rds.restore_db_instance_to_point_in_time(**latest, UseLatestRestorableTime=True)
    assert rows(backed, told(backed, "latest")) == ["after", "before"]
    never = target | {"TargetDBInstanceIdentifier": "never"}
    with pytest.raises(ClientError, match="restorable period"):
        rds.restore_db_instance_to_point_in_time(**never, RestoreTime=whole + datetime.timedelta(days=1))


def test_other_engines_are_refused(backed: Cloud) -> None:
    with pytest.raises(ClientError) as refused:
        create_database(backed, "mysql", Engine="mysql")
    assert refused.value.response["Error"] == {
        "Type": "Sender",
        "Code": "InvalidParameterValue",
        "Message": "The sandbox runs no mysql: only Engine postgres is available here.",
    }


def test_only_the_built_major_version_runs_and_the_refusal_names_it(backed: Cloud, database: dict[str, Any]) -> None:
    rds = client(backed, "rds")
    (built,) = rds.describe_db_engine_versions(Engine="postgres")["DBEngineVersions"]
    assert (built["MajorEngineVersion"], built["DBParameterGroupFamily"]) == ("18", "postgres18")
    assert rds.describe_db_engine_versions(Engine="postgres", EngineVersion="17.6")["DBEngineVersions"] == []
    with pytest.raises(ClientError, match=r"Cannot find version 17\.6 for postgres: the sandbox has 18") as refused:
        create_database(backed, "older", EngineVersion="17.6")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterCombination"
    with connect(backed, database) as connection:
        row = connection.execute("select current_setting('server_version')").fetchone()
    assert row is not None
    assert database["EngineVersion"] == built["EngineVersion"] == row[0].split()[0]
    with pytest.raises(ClientError, match="Cannot find version 17"):
        rds.modify_db_instance(DBInstanceIdentifier="first", EngineVersion="17", ApplyImmediately=True)


@pytest.fixture(scope="module")
def ending(make_cloud: MakeCloud) -> tuple[Cloud, dict[str, Any]]:
    """A cloud whose processes tests end, and its database."""
    cloud = Cloud(make_cloud("test-backed-restarts").instance, backed=True)
    cloud.start(quiet)
    instance = create_database(cloud, "kept")
    write(cloud, instance, "kept")
    return cloud, instance


def test_a_killed_cloud_finds_its_databases_again_and_a_stopped_one_leaves_no_process(
    ending: tuple[Cloud, dict[str, Any]],
) -> None:
    cloud, instance = ending
    kill(cloud)
    assert rows(cloud, instance) == ["kept"]
    cloud.start(quiet)
    assert told(cloud, "kept")["Endpoint"] == instance["Endpoint"]
    assert rows(cloud, instance) == ["kept"]
    httpx.post(f"{cloud.url}/tenantry-sandbox/rest", trust_env=False).raise_for_status()
    servers.stop_all(Site(cloud.instance.directory, cloud.instance.addresses.prefix))
    client(cloud, "rds").modify_db_instance(DBInstanceIdentifier="kept", BackupRetentionPeriod=3)
    assert not probe.accepts(instance["Endpoint"]["Address"], instance["Endpoint"]["Port"]), (
        "whoever stops it begins so"
    )
    cloud.stop()
    assert processes(cloud) == []
    cloud.start(quiet)
    assert told(cloud, "kept")["Endpoint"] == instance["Endpoint"]
    assert rows(cloud, instance) == ["kept"]


def test_after_everything_was_killed_a_start_brings_all_back(ending: tuple[Cloud, dict[str, Any]]) -> None:
    cloud, instance = ending
    kill_everything(cloud)
    assert processes(cloud) == []
    cloud.start(quiet)
    assert told(cloud, "kept")["Endpoint"] == instance["Endpoint"]
    assert rows(cloud, instance) == ["kept"]
    client(cloud, "rds").delete_db_instance(DBInstanceIdentifier="kept", SkipFinalSnapshot=True)
    cloud.stop()
    assert processes(cloud) == []


def test_a_server_that_dies_is_started_again_with_its_data(backed: Cloud, resting: dict[str, Any]) -> None:
    instance = resting
    folder = backed.instance.directory / "backing" / "databases" / instance["DbiResourceId"]
    server = psutil.Process(json.loads((folder / "server.pid").read_text())["pid"])
    server.kill()
    server.wait(10)

    def answers() -> bool:
        try:
            return rows(backed, instance) == ["kept"]
        except psycopg.OperationalError:
            return False

    wait_until(answers, seconds=60, what="no new server", where="resting", remedy="see the cloud's log")
    assert json.loads((folder / "server.pid").read_text())["pid"] != server.pid
    assert rows(backed, instance) == ["kept"]
