"""Which names the shared database can have: those of which the server can make the database and the pool's roles.

The roles are `NAME_tenants`, `NAME_pool_owner`, `NAME_pool_reader`, `NAME_pool_app` and `NAME_pool_migrator`
(`components.tenant_pool`, `infra.naming`).
"""

LONGEST = 49
"""Characters: `_pool_migrator`, 14 of them, still fits behind it into a PostgreSQL name (`infra.naming`)."""

_THERE = ("postgres", "template0", "template1", "rdsadmin")
"""PostgreSQL documentation, "Creating a Database" and "Template Databases"; the last is RDS's own."""


def checked(name: str) -> str:
    """Return a name as it was given.

    Raises:
        ValueError: a server has that database already, or would refuse or share the roles that come of it.
    """
    if name in _THERE:
        raise ValueError("a database that servers have already; take another name")
    if f"{name}_".startswith("pg_"):  # its reference of CREATE ROLE
        raise ValueError("makes roles that begin with `pg_`, which PostgreSQL keeps for its own; take another name")
    if f"{name}_".startswith("tenant_"):
        raise ValueError("makes names that begin with `tenant_`, as those of tenants do; take another name")
    if name.startswith("cell_"):
        raise ValueError("makes names that begin with `cell_`, as those of cells' own databases do; take another name")
    return name
