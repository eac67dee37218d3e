"""Removes a deleted tenant's rows from the pool's tables: those that refer to others first, some at a time.

Works as that tenant, so that row-level security keeps it from any other's rows, and names the tenant besides, for a
table that nobody guarded. Leaves who may be purged to the caller.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from infra.errors import TenantryError
from infra.tenant_guard import CLOSED_TENANTS, POOL_SCHEMA, TENANT_SETTING

BATCH: Final = 5000
"""Rows of one transaction: some tenths of a second. Ours."""

_TABLES: Final = """
    SELECT t.relname::text, t.relrowsecurity AND t.relforcerowsecurity
    FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
    WHERE t.relnamespace = %s::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition
      AND a.attname = 'tenant_id' AND NOT a.attisdropped AND t.relname <> %s
    ORDER BY 1
"""
_REFERENCES: Final = """
    SELECT referring.relname::text, referred.relname::text
    FROM pg_constraint c JOIN pg_class referring ON referring.oid = c.conrelid
    JOIN pg_class referred ON referred.oid = c.confrelid
    WHERE c.contype = 'f' AND referring.relnamespace = %s::regnamespace AND referred.relnamespace = %s::regnamespace
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """In which order tables are emptied.

    Args:
        tables: each before those that it refers to.
        whole: those that refer to themselves; one statement has to take all rows of a tenant there.
        unguarded: those that `pool.isolate_tenants` was not called for.
    """

    tables: Sequence[str]
    whole: frozenset[str]
    unguarded: Sequence[str]


def plan(connection: psycopg.Connection[Any]) -> Plan:
    """Look at which tables there are, and what refers to what.

    Args:
        connection: as the owner of the pool.

    Raises:
        TenantryError: tables refer to each other in a circle.
        psycopg.Error: the server refused.
    """
    guarded: dict[str, bool] = dict(connection.execute(_TABLES, [POOL_SCHEMA, CLOSED_TENANTS]).fetchall())
    references = connection.execute(_REFERENCES, [POOL_SCHEMA, POOL_SCHEMA]).fetchall()
    referring: dict[str, set[str]] = {table: set() for table in guarded}
    for source, target in references:
        if source != target and source in guarded and target in guarded:
            referring[target].add(source)
    return Plan(
        tables=_ordered(referring),
        whole=frozenset(source for source, target in references if source == target),
        unguarded=[table for table, is_guarded in guarded.items() if not is_guarded],
    )


def purge(connection: psycopg.Connection[Any], slug: str, wanted: Plan) -> Mapping[str, int]:
    """Remove a tenant's rows; what was removed stays so when a later batch fails.

    Args:
        connection: as the owner of the pool, each statement a transaction of its own.
        slug: the tenant.
        wanted: the order.

    Returns:
        Table -> how many rows; tables that had none are left out.

    Raises:
        psycopg.Error: the server refused.
    """
    removed = {table: sum(_batches(connection, slug, table, whole=table in wanted.whole)) for table in wanted.tables}
    return {table: count for table, count in removed.items() if count}


def _batches(connection: psycopg.Connection[Any], slug: str, table: str, *, whole: bool) -> Iterable[int]:
    name = Identifier(POOL_SCHEMA, table)
    some = SQL("ctid = ANY (ARRAY(SELECT ctid FROM {} WHERE tenant_id = %(slug)s LIMIT %(batch)s)) AND ").format(name)
    # Rows of two partitions may have one ctid: hence the tenant again.
    statement = SQL("DELETE FROM {} WHERE {}tenant_id = %(slug)s").format(name, SQL("") if whole else some)
    while True:
        with connection.transaction():
            connection.execute("SELECT set_config(%s, %s, true)", [TENANT_SETTING, slug])
            count = connection.execute(statement, {"slug": slug, "batch": BATCH}).rowcount
        yield count
        if whole or count == 0:
            return


def _ordered(referring: Mapping[str, set[str]]) -> Sequence[str]:
    try:
        return list(TopologicalSorter(referring).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise TenantryError(
            f"tables refer to each other in a circle: {circle}",
            f"schema {POOL_SCHEMA}",
            "purge the tenant by the product's own means, or break the circle",
        ) from None
