"""A small shop to try tenants with: 9 tables, 14 indexes beside the primary keys, and as many rows as asked for.

Owns its tables (`tables.sql`) and rows (`rows.sql`), one source for the pool and for a tenant's own schema. It stands
in for the product, whose own migrations make the real tables; `python -m infra.tenancy.sample` is such a migration.
"""

from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from infra.tenant_guard import POOL_SCHEMA, TENANT_SETTING

TABLES: Final = (
    "categories",
    "products",
    "product_images",
    "customers",
    "addresses",
    "carts",
    "cart_items",
    "orders",
    "order_items",
)
"""Each after those that it refers to; `categories` refers to itself."""

SEQUENCE: Final = "order_numbers"

_FOLDER: Final = Path(__file__).parent
_BATCH: Final = 2000  # rows of each table that one round of statements makes
_START: Final = "2026-01-01 00:00:00+00"
_LOCK: Final = 0x73616D70  # "samp"; any number that nobody else in the database locks by


def install(connection: psycopg.Connection[Any], schema: str, *, pool: bool) -> bool:
    """Make the tables, all or none; two callers at once make them once.

    Args:
        connection: as the role that is to own them.
        schema: where; it must be there.
        pool: whether many tenants share them: every row then has a `tenant_id`, and `pool.isolate_tenants` guards it.

    Returns:
        Whether they were made; False when they were there.

    Raises:
        psycopg.Error: the server refused.
    """
    tenant = SQL("\n    tenant_id text NOT NULL DEFAULT {}(),").format(Identifier(POOL_SCHEMA, "current_tenant"))
    parts = {"tenant": tenant if pool else SQL(""), "key": SQL("tenant_id, " if pool else "")}
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        _enter(connection, schema)
        if connection.execute("SELECT to_regclass(%s)", [TABLES[0]]).fetchone() != (None,):
            return False
        connection.execute(_source("tables.sql").format(**parts))
        for table in TABLES if pool else ():
            connection.execute(SQL("SELECT {}(%s)").format(Identifier(POOL_SCHEMA, "isolate_tenants")), [table])
    return True


def fill(
    connection: psycopg.Connection[Any],
    slug: str,
    *,
    schema: str,
    rows: int = 100,
    seed: int = 0,
    image_bytes: int = 256,
) -> None:
    """Make rows of a tenant in one transaction; this process holds none of them.

    The same arguments make the same rows, but for `orders.number`, which is the sequence's. An application role may do
    it, in the pool as elsewhere.

    Args:
        connection: as a role that may insert.
        slug: the tenant.
        schema: where the tables are.
        rows: of each table at most, but twice as many `order_items`; a fiftieth of it are `categories`, at most 2,000.
        seed: another one makes rows with other ids; the SKUs, slugs and mail addresses are unique, and not of it.
        image_bytes: of each picture, a multiple of 16; the rest of a row of each table has about 1.5 KB.

    Raises:
        psycopg.Error: the server refused, as for rows that are there.
    """
    image = SQL("decode(repeat(md5({} || n), {}), 'hex')").format(f"{slug}/{seed}/", max(1, image_bytes // 16))
    parts = {"seed": Literal(f"{slug}/{seed}"), "slug": Literal(slug), "start": Literal(_START), "image": image}
    source = _source("rows.sql")
    with connection.transaction():
        _enter(connection, schema)
        connection.execute("SELECT set_config(%s, %s, true)", [TENANT_SETTING, slug])
        for first in range(1, rows + 1, _BATCH):
            ends = {
                "first": first,
                "last": min(rows, first + _BATCH - 1),
                "categories": max(1, min(rows // 50, _BATCH)),
            }
            connection.execute(source.format(**parts, **ends))


def _enter(connection: psycopg.Connection[Any], schema: str) -> None:
    connection.execute(SQL("SET LOCAL search_path = {}").format(Identifier(schema)))


def _source(name: str) -> SQL:
    # No text of a caller's: the file is part of the program.
    return SQL((_FOLDER / name).read_text(encoding="utf-8"))
