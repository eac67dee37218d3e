"""Instances outside the project, and clients of their servers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import redis

from infra.sandbox.instance import Instance
from infra.sandbox.servers.postgresql import PostgreSQL
from infra.sandbox.servers.valkey import Valkey

DAEMONS = ("postgresql", "valkey", "tls-proxy")


@dataclass(frozen=True)
class TestInstance(Instance):
    """An instance outside the project."""

    __test__ = False
    root: Path = Path()

    @property
    def directory(self) -> Path:
        return self.root / self.name


def quiet(_line: str) -> None:
    """A report that nobody reads."""


def family(instance: Instance) -> list[psutil.Process]:
    """Every process of the instance."""
    found = [instance.daemon(name).process() for name in DAEMONS]
    return [member for process in found if process for member in (process, *process.children(recursive=True))]


def connect(postgresql: PostgreSQL, **options: Any) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect as `sandbox env` would make psql connect."""
    environment = postgresql.environment()
    usual = {
        "host": environment["PGHOST"],
        "port": environment["PGPORT"],
        "user": environment["PGUSER"],
        "password": environment["PGPASSWORD"],
        "dbname": environment["PGDATABASE"],
        "sslmode": environment["PGSSLMODE"],
        "sslrootcert": environment["PGSSLROOTCERT"],
        "autocommit": True,
        "connect_timeout": 20,
    }
    return psycopg.connect(**(usual | options))


def client(valkey: Valkey) -> redis.Redis:
    """Connect as the platform's services do."""
    return redis.Redis.from_url(valkey.url(), ssl_ca_certs=valkey.environment()["REDIS_CA_FILE"], socket_timeout=20)
