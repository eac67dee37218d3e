"""The statements that read a tenant's rows, in an order that is the same on every server."""

from collections.abc import Iterator, Sequence

from psycopg import sql

from infra.tenancy.archives.catalog import StoredTable
from infra.tenancy.archives.manifest import TENANT_COLUMN
from infra.tenancy.archives.session import Access, Connection


def own(access: Access) -> sql.Composable:
    """Return the condition of the tenant's rows; in shared tables beside row-level security, which says the same."""
    if access.isolation != "pool":
        return sql.SQL("true")
    return sql.SQL("{} = {}").format(sql.Identifier(TENANT_COLUMN), sql.Literal(access.tenant))


def sorting(table: StoredTable) -> list[str]:
    """Return the columns that a table's rows are sorted by: its key, without what is the same in all of them."""
    generated = {column.name for column in table.columns if column.generated}
    key = [name for name in table.key if name != TENANT_COLUMN]
    return [] if generated.intersection(key) else key


def selected(access: Access, table: StoredTable, columns: Sequence[str], order: Sequence[str]) -> sql.Composable:
    """Return the query of a tenant's rows.

    Args:
        access: whose.
        table: of which table.
        columns: which columns; `tenant_id` of a table that has none is the tenant.
        order: what they are sorted by; by all of `columns`, as text, if there is nothing.
    """
    expressions = {name: _expression(access, table, name) for name in columns}
    by = (
        [_sorted(table, name) for name in order]
        if order
        else [sql.SQL('({})::text COLLATE "C"').format(expression) for expression in expressions.values()]
    )
    return sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
        sql.SQL(", ").join(expressions.values()), table.source, own(access), sql.SQL(", ").join(by)
    )


def copied(connection: Connection, query: sql.Composable) -> Iterator[bytes]:
    """Return the rows of a query as COPY writes them, one at a time."""
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as rows:
        for row in rows:
            yield bytes(row)


def _expression(access: Access, table: StoredTable, name: str) -> sql.Composable:
    if table.column(name) is None and name == TENANT_COLUMN:
        return sql.SQL("{}::text").format(sql.Literal(access.tenant))
    return sql.Identifier(name)


def _sorted(table: StoredTable, name: str) -> sql.Composable:
    """Return what sorts by a column; texts by their bytes, as languages sort differently on every server."""
    column = table.column(name)
    collated = sql.SQL(' COLLATE "C"') if column and column.collated else sql.SQL("")
    return sql.Identifier(name) + collated
