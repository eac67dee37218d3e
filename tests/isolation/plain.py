"""A small fleet made by plain SQL, as the components make one: to break it, and to see that the attacks notice."""

from collections.abc import Collection, Iterator

from infra import tenant_guard
from infra.naming import application_role, owner_role, reader_role, tenant_database, tenant_schema, tenants_role
from tests.isolation.fleet import Fleet
from tests.isolation.model import DATABASE, ISOLATIONS, POOL, SCHEMA, Tenant
from tests.plugins.postgresql.harness import Database

_CLOSED = "CREATE DATABASE {database}; REVOKE ALL ON DATABASE {database} FROM PUBLIC"
_ISOLATED = """
CREATE ROLE {owner} NOLOGIN;
CREATE ROLE {reader} NOLOGIN;
CREATE ROLE {role} LOGIN PASSWORD '{password}' IN ROLE {reader};
ALTER ROLE {role} SET search_path = {schema}, public;
CREATE SCHEMA {schema} AUTHORIZATION {owner};
GRANT USAGE ON SCHEMA {schema} TO {reader};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT SELECT ON TABLES TO {reader};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role};
GRANT {access};
"""


def make(server: Database, name: str, isolations: Collection[str] = ISOLATIONS) -> Fleet:
    """Make a fleet with databases and roles of its own.

    Args:
        server: where.
        name: what all its names begin with.
        isolations: of which there are two tenants each.
    """
    shared = f"{name}_shared"
    group = tenants_role(shared)
    _run(server, "postgres", _CLOSED.format(database=shared))
    _run(server, "postgres", f"CREATE ROLE {group} NOLOGIN; GRANT CONNECT ON DATABASE {shared} TO {group}")
    tenants = tuple(_tenants(name, shared, isolations))
    for tenant in {(tenant.database, tenant.schema): tenant for tenant in tenants}.values():
        own = tenant.isolation == DATABASE
        if own:
            _run(server, "postgres", _CLOSED.format(database=tenant.database))
        access = f"CONNECT ON DATABASE {tenant.database} TO {tenant.reader}" if own else f"{group} TO {tenant.role}"
        _run(server, tenant.database, _ISOLATED.format(access=access, **vars(tenant)))
    for statement in tenant_guard.statements() if POOL in isolations else ():
        server.run(statement, shared)
    return Fleet(server.cluster.socket.parent, server.cluster.password(), shared, group, tenants)


def _tenants(name: str, shared: str, isolations: Collection[str]) -> Iterator[Tenant]:
    for isolation in (one for one in ISOLATIONS if one in isolations):
        for number in range(2):
            slug = f"{name}-{isolation}-{number}"
            prefix = f"{shared}_pool" if isolation == POOL else tenant_schema(slug)
            schema = {POOL: "pool", SCHEMA: tenant_schema(slug), DATABASE: "shop"}[isolation]
            yield Tenant(
                slug=slug,
                isolation=isolation,
                database=tenant_database(slug) if isolation == DATABASE else shared,
                schema=schema,
                owner=owner_role(prefix),
                reader=reader_role(prefix),
                role=application_role(prefix),
                password=f"password-of-{prefix}",
            )


def _run(server: Database, database: str, statements: str) -> None:
    with server.connect(database) as connection:
        for statement in statements.split(";"):
            if statement.strip():
                connection.execute(statement.encode())
