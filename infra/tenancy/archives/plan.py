"""Whether an archive fits a tenant's tables, and in which order they are filled; found out before anything is written.

Owns every refusal that the database's shape asks for. Leaves the archive's own form to `reading`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from psycopg import sql

from infra.errors import TenantryError
from infra.tenancy.archives.catalog import Reference, StoredColumn, StoredTable, tables
from infra.tenancy.archives.manifest import CHUNK, TENANT_COLUMN, Manifest, Table
from infra.tenancy.archives.rows import own
from infra.tenancy.archives.session import Access, Connection


@dataclass(frozen=True, kw_only=True)
class Step:
    """One table to fill.

    Args:
        rows: what the archive has of it.
        table: the one in the database.
        postponed: columns that are filled once all rows are there, as they lead to rows of the same table.
    """

    rows: Table
    table: StoredTable
    postponed: Sequence[str] = ()

    @property
    def dropped(self) -> int | None:
        """The position of the tenant's column in the archive, if the table has none."""
        return self.rows.names.index(TENANT_COLUMN) if self._has_tenant and not self._takes_tenant else None

    @property
    def added(self) -> bool:
        """Whether the table has the tenant's column and the archive has not."""
        return self._takes_tenant and not self._has_tenant

    @property
    def columns(self) -> Sequence[str]:
        """The columns to fill, in the order of the values."""
        names = [name for name in self.rows.names if self.table.column(name) or name != TENANT_COLUMN]
        return [TENANT_COLUMN, *names] if self.added else names

    @property
    def _has_tenant(self) -> bool:
        return TENANT_COLUMN in self.rows.names

    @property
    def _takes_tenant(self) -> bool:
        return self.table.column(TENANT_COLUMN) is not None


def planned(connection: Connection, access: Access, manifest: Manifest) -> list[Step]:
    """Return the tables in the order in which they can be filled.

    Args:
        connection: a session of the tenant's.
        access: whose.
        manifest: of an archive that has been checked.

    Raises:
        TenantryError: a table or column is not there or of another type, a table has rows, the role lacks a right, or
            foreign keys go round in a circle.
    """
    by_name = {table.name: table for table in tables(connection, access)}
    steps = []
    for rows in manifest.tables:
        table = by_name.get(rows.name)
        if table is None:
            where = f"schema {access.schema}"
            raise TenantryError(f"no such table: {rows.name}", where, "let the migrations make it first")
        _check_columns(rows, table, manifest)
        if not (table.readable and table.writable):
            raise _unfit(table, "the role lacks SELECT or INSERT", "let its owner grant both")
        steps.append(Step(rows=rows, table=table, postponed=_postponed(rows, table)))
    for step in steps:
        if connection.execute(_any_row(access, step.table)).fetchone() == (True,):
            remedy = f"an import fills empty tables: delete the rows of {access.tenant} first"
            raise _unfit(step.table, "it has rows", remedy)
    return _ordered(steps)


def _check_columns(rows: Table, table: StoredTable, manifest: Manifest) -> None:
    remedy = "migrate the tables to where they were when it was exported"
    for archived in rows.columns:
        column = table.column(archived.name)
        if column is None and archived.name == TENANT_COLUMN and manifest.isolation == "pool" and len(rows.columns) > 1:
            continue
        if column is None or column.generated:
            raise _unfit(table, f"no column to fill: {archived.name}", remedy)
        if column.type != archived.type:
            raise _unfit(table, f"column {column.name} is {column.type}, in the archive {archived.type}", remedy)
    for column in table.columns:
        if column.required and column.name not in (*rows.names, TENANT_COLUMN) and not column.generated:
            raise _unfit(table, f"column {column.name} needs a value that the archive has not", remedy)
    if not all(table.column(name) for name in rows.order):
        raise _unfit(table, "no column to sort by", remedy)


def _any_row(access: Access, table: StoredTable) -> sql.Composed:
    return sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {})").format(table.identifier, own(access))


def _postponed(rows: Table, table: StoredTable) -> Sequence[str]:
    """Return the columns that must wait where rows come in several statements, each of which is checked at its end."""
    inner = [ref for ref in table.references if ref.target == table.oid and not ref.deferrable]
    if not (table.filtered and rows.size > CHUNK):
        return ()
    return sorted({_emptied(table, reference).name for reference in inner})


def _emptied(table: StoredTable, reference: Reference) -> StoredColumn:
    """Return a column of a foreign key without which the key says nothing."""
    for name in reference.columns:
        column = table.column(name)
        if column and column.nullable and name not in table.key and table.key:
            return column
    remedy = f"make it deferrable: ALTER TABLE {table.name} ALTER CONSTRAINT {reference.name} DEFERRABLE"
    raise _unfit(table, f"its rows refer to each other by {reference.name}, which cannot wait", remedy)


def _ordered(steps: Sequence[Step]) -> list[Step]:
    """Sort tables so that none refers to a later one; keys that can wait until the end do not count."""
    by_oid = {step.table.oid: step for step in steps}
    graph = {
        step.table.oid: {
            reference.target
            for reference in step.table.references
            if reference.target in by_oid and reference.target != step.table.oid and not reference.deferrable
        }
        for step in steps
    }
    try:
        return [by_oid[oid] for oid in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = " -> ".join(by_oid[oid].table.name for oid in error.args[1])
        remedy = "make one of them deferrable: ALTER TABLE ... ALTER CONSTRAINT ... DEFERRABLE"
        raise TenantryError("foreign keys go round in a circle", f"tables {circle}", remedy) from error


def _unfit(table: StoredTable, what: str, remedy: str) -> TenantryError:
    return TenantryError(what, f"table {table.schema}.{table.name}", remedy)
