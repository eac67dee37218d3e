"""Tenants of all three isolations with the sample in them, and what is in their tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from infra.naming import application_role, owner_role
from infra.tenancy import sample
from infra.tenancy.archives.exporting import Exported, export
from infra.tenancy.archives.importing import import_archive
from infra.tenancy.archives.manifest import Isolation
from infra.tenancy.archives.session import Access
from tests.plugins.postgresql.harness import Database
from tests.tenancy.archive_files import nothing
from tests.tenancy.pool import PASSWORD, Pool, act_as

_ISOLATED = """
CREATE ROLE {owner} NOLOGIN;
CREATE ROLE {app} LOGIN PASSWORD '{password}';
GRANT CONNECT ON DATABASE {database} TO {app};
CREATE SCHEMA {schema} AUTHORIZATION {owner};
GRANT USAGE ON SCHEMA {schema} TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {app};
"""


@dataclass(frozen=True)
class Home:
    """Where a tenant's rows are.

    Args:
        server: the database server.
        database: the database's name.
        access: the way of exports and imports.
        owner: the role that owns the tables.
    """

    server: Database
    database: str
    access: Access
    owner: str

    def as_owner(self, *statements: str) -> None:
        """Run statements as the owner, as migrations do."""
        with self.server.connect(self.database) as connection:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(self.owner)))
            connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(self.access.schema)))
            for statement in statements:
                connection.execute(statement.encode())

    @contextmanager
    def acting(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """Log in as the tenant's services do, for one transaction that is kept."""
        with psycopg.connect(self.access.url) as connection:
            act_as(connection, self.access.tenant)
            connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(self.access.schema)))
            yield connection

    def fill(self, rows: int = 20, image_bytes: int = 256) -> None:
        """Give it rows of the sample."""
        with self.acting() as connection:
            sample.fill(connection, self.access.tenant, schema=self.access.schema, rows=rows, image_bytes=image_bytes)

    def empty(self) -> None:
        """Delete all rows of the sample, each table before those that it refers to."""
        with self.acting() as connection:
            for table in reversed(sample.TABLES):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))

    def content(self) -> dict[str, list[str]]:
        """Return every row of every table of the sample as text, but for whose it is."""
        with self.acting() as connection:
            return {
                table: sorted(
                    str(row)
                    for (row,) in connection.execute(
                        sql.SQL("SELECT to_jsonb(t) - 'tenant_id' FROM {} t").format(sql.Identifier(table))
                    )
                )
                for table in sample.TABLES
            }


def pooled(pool: Pool, slug: str) -> Home:
    """Return where a tenant's rows are in a pool."""
    access = Access(tenant=slug, isolation="pool", schema="pool", url=pool.url(pool.app))
    return Home(pool.server, pool.name, access, pool.owner)


def isolated(server: Database, database: str, slug: str, isolation: Isolation) -> Home:
    """Make a schema of a tenant's own, with the sample's tables.

    Args:
        server: the database server.
        database: the database, made here if the isolation asks for one of its own.
        slug: the tenant.
        isolation: schema or database.
    """
    schema = "shop" if isolation == "database" else f"tenant_{slug.replace('-', '_')}"
    prefix = f"{database}_{schema}"
    if isolation == "database":
        server.run(f"CREATE DATABASE {database}")
        server.run(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    owner, app = owner_role(prefix), application_role(prefix)
    parts = {"owner": owner, "app": app, "password": PASSWORD, "database": database, "schema": schema}
    server.run(_ISOLATED.format(**parts), database)
    url = f"postgresql://{app}:{PASSWORD}@/{database}?host={server.cluster.socket.parent}"
    home = Home(server, database, Access(tenant=slug, isolation=isolation, schema=schema, url=url), owner)
    with server.connect(database) as connection:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(owner)))
        sample.install(connection, schema, pool=False)
    return home


def exported(home: Home, path: Path, only: list[str] | None = None) -> Exported:
    """Export a tenant's rows."""
    return export(home.access, path, only, nothing)


def imported(home: Home, path: Path) -> None:
    """Import an archive."""
    import_archive(home.access, path, dry_run=False, report=nothing)
