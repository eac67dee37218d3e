"""A pool as the stack declares one, made by plain SQL: schema, owner, application role, migrator, guard."""

from dataclasses import dataclass
from typing import Any

import psycopg

from infra import tenant_guard
from infra.naming import application_role, migration_role, owner_role
from infra.tenancy import sample
from tests.plugins.postgresql.harness import Database

PASSWORD = "a-password-of-tests"

_MAKE = """
REVOKE ALL ON DATABASE {name} FROM PUBLIC;
CREATE ROLE {owner} NOLOGIN;
CREATE ROLE {app} LOGIN PASSWORD '{password}';
ALTER ROLE {app} SET search_path = pool, public;
CREATE ROLE {migrator} LOGIN PASSWORD '{password}' IN ROLE {owner};
ALTER ROLE {migrator} SET role = {owner};
ALTER ROLE {migrator} SET search_path = pool, public;
GRANT CONNECT ON DATABASE {name} TO {app}, {migrator};
CREATE SCHEMA pool AUTHORIZATION {owner};
GRANT USAGE ON SCHEMA pool TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA pool GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA pool GRANT USAGE, SELECT ON SEQUENCES TO {app};
"""


@dataclass(frozen=True)
class Pool:
    """One database with a pool in it; the roles are the database's own, as roles belong to the whole server."""

    server: Database
    name: str

    @classmethod
    def make(cls, server: Database, name: str) -> "Pool":
        pool = cls(server, name)
        server.run(f"CREATE DATABASE {name}")
        names = {"name": name, "owner": pool.owner, "app": pool.app, "migrator": pool.migrator, "password": PASSWORD}
        server.run(_MAKE.format(**names), name)
        for statement in tenant_guard.statements():
            server.run(statement, name)
        return pool

    @property
    def owner(self) -> str:
        return owner_role(f"{self.name}_pool")

    @property
    def app(self) -> str:
        return application_role(f"{self.name}_pool")

    @property
    def migrator(self) -> str:
        return migration_role(f"{self.name}_pool")

    def url(self, role: str) -> str:
        return f"postgresql://{role}:{PASSWORD}@/{self.name}?host={self.server.cluster.socket.parent}"

    def connect(self, role: str) -> psycopg.Connection[Any]:
        """Log in; a transaction begins with the first statement."""
        return psycopg.connect(self.url(role))

    def install(self) -> bool:
        with self.connect(self.migrator) as connection:
            return sample.install(connection, "pool", pool=True)

    def fill(self, slug: str, **more: Any) -> None:
        with self.connect(self.app) as connection:
            sample.fill(connection, slug, schema="pool", **({"rows": 20} | more))


def act_as(connection: psycopg.Connection[Any], slug: str) -> None:
    """Say for the rest of the transaction whose it is, as services do."""
    connection.execute("SELECT set_config('app.current_tenant_id', %s, true)", [slug])
