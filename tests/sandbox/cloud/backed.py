"""Clouds with real servers behind them, and clients of those servers."""

import contextlib
from typing import Any

import psutil
import psycopg
import redis

from infra.sandbox.cloud.service import Cloud
from tests.sandbox.cloud.harness import client

PASSWORD = "a master's password"
TOKEN = "a-token-of-sixteen-or-more"


def create_database(cloud: Cloud, name: str, **options: Any) -> dict[str, Any]:
    """Create a PostgreSQL instance, wait as programs do, and return what the cloud tells of it."""
    usual = {
        "DBInstanceClass": "db.t4g.micro",
        "Engine": "postgres",
        "AllocatedStorage": 20,
        "MasterUsername": "postgres",
        "MasterUserPassword": PASSWORD,
        "DBName": "tenantry",
    }
    client(cloud, "rds").create_db_instance(DBInstanceIdentifier=name, **(usual | options))
    return told(cloud, name)


def told(cloud: Cloud, name: str) -> dict[str, Any]:
    """Return what the cloud tells of a database once it is available."""
    rds = client(cloud, "rds")
    rds.get_waiter("db_instance_available").wait(
        DBInstanceIdentifier=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    (instance,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return dict(instance)


def connect(cloud: Cloud, instance: dict[str, Any], **options: Any) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect as a program does: with the endpoint that is told, and nothing but the instance's CA trusted."""
    usual = {
        "host": instance["Endpoint"]["Address"],
        "port": instance["Endpoint"]["Port"],
        "user": instance["MasterUsername"],
        "password": PASSWORD,
        "dbname": "tenantry",
        "sslmode": "verify-full",
        "sslrootcert": str(cloud.instance.authority.certificate),
        "autocommit": True,
        "connect_timeout": 20,
    }
    return psycopg.connect(**(usual | options))


def write(cloud: Cloud, instance: dict[str, Any], text: str) -> None:
    """Add a row."""
    with connect(cloud, instance) as connection:
        connection.execute("create table if not exists rows (text text)")
        connection.execute("insert into rows values (%s)", [text])


def rows(cloud: Cloud, instance: dict[str, Any], **options: Any) -> list[str]:
    """Return what `write` has added."""
    with connect(cloud, instance, **options) as connection:
        return [row[0] for row in connection.execute("select text from rows order by text")]


def valkey(cloud: Cloud, group: dict[str, Any], token: str | None = TOKEN, *, tls: bool = True) -> redis.Redis:
    """Return a client of a replication group's primary endpoint."""
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    secure = {"ssl": True, "ssl_ca_certs": str(cloud.instance.authority.certificate)} if tls else {}
    return redis.Redis(host=endpoint["Address"], port=endpoint["Port"], password=token, socket_timeout=20, **secure)


def processes(cloud: Cloud) -> list[str]:
    """Return the names of all processes that work in the cloud's instance folder."""
    names = []
    for process in _processes(cloud):
        with contextlib.suppress(psutil.NoSuchProcess):  # one that PostgreSQL has forked for a connection, say
            names.append(process.name())
    return names


def kill_everything(cloud: Cloud) -> None:
    """End all processes of the instance as a power failure would."""
    found = _processes(cloud)
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):  # PostgreSQL's own go with their server
            process.kill()
    psutil.wait_procs(found, timeout=10)


def _processes(cloud: Cloud) -> list[psutil.Process]:
    folder = str(cloud.instance.directory.resolve())
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd().startswith(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found
