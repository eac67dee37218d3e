"""A real PostgreSQL for the plugin's tests, and the engine's side of the plugin."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from infra.sandbox.daemon import Daemon
from infra.sandbox.servers.cluster import Cluster
from tests.plugins.client import Object, Plugin, running, without_pg

MODULE = "infra.sandbox.plugins.postgresql"


@dataclass(frozen=True)
class Database:
    """One server on a unix socket, whose log shows every statement."""

    cluster: Cluster

    @classmethod
    def start(cls, folder: Path) -> "Database":
        folder.mkdir(parents=True, exist_ok=True)
        daemon = Daemon(name="postgresql", pid_file=folder / "pid", log=folder / "log")
        database = cls(Cluster(directory=folder / "cluster", daemon=daemon))
        database.cluster.start(lambda line: None)
        database.run("ALTER SYSTEM SET log_statement = 'all'")
        database.run("ALTER SYSTEM SET log_parameter_max_length = -1")
        database.run("ALTER SYSTEM SET log_error_verbosity = 'verbose'")
        database.run("ALTER SYSTEM SET log_min_error_statement = 'error'")
        database.run("SELECT pg_reload_conf()")
        return database

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "host": str(self.cluster.socket.parent),
            "username": "postgres",
            "password": self.cluster.password(),
            "sslmode": "disable",
        }

    @property
    def log(self) -> str:
        return self.cluster.daemon.log.read_text()

    def connect(self, database: str = "postgres", **more: Any) -> psycopg.Connection[Any]:
        settings = {"user": "postgres", "password": self.cluster.password()} | more
        return psycopg.connect(host=str(self.cluster.socket.parent), dbname=database, autocommit=True, **settings)

    def run(self, statement: str, database: str = "postgres", **more: Any) -> list[tuple[Any, ...]]:
        with self.connect(database, **more) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str, database: str = "postgres") -> Any:
        rows = self.run(query, database)
        return rows[0][0] if rows else None

    def can_log_in(self, user: str, password: str, database: str = "postgres") -> bool:
        try:
            self.run("SELECT 1", database, user=user, password=password)
        except psycopg.OperationalError:
            return False
        return True

    def crash(self) -> None:
        """Kill the server as a power cut would."""
        process = self.cluster.daemon.process()
        assert process is not None
        family = [process, *process.children(recursive=True)]
        for member in family:
            member.send_signal(signal.SIGKILL)
        for member in family:
            member.wait(timeout=20)

    def restart(self) -> None:
        self.cluster.start(lambda line: None)


@dataclass(frozen=True)
class Engine:
    """One plugin, configured for one server."""

    plugin: Plugin

    def __call__(self, kind: str, name: str, stack: str = "test") -> Object:
        return Object(self.plugin, f"postgresql:index/{kind[0].lower()}{kind[1:]}:{kind}", name, stack=stack)


@contextmanager
def engine_for(database: Database, /, **more: Any) -> Iterator[Engine]:
    with running(MODULE, without_pg(os.environ)) as plugin:
        plugin.configure(**(database.settings | more))
        yield Engine(plugin)
