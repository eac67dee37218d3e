"""A tenant's rows written into an archive: all tables at one moment, read as the tenant."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import TenantryError
from infra.tenancy.archives.catalog import StoredTable, tables
from infra.tenancy.archives.manifest import Column, Manifest, Table
from infra.tenancy.archives.rows import copied, selected, sorting
from infra.tenancy.archives.session import Access, Connection, session
from infra.tenancy.archives.writing import Writer, refuse_existing, written


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An archive that has been written.

    Args:
        file: where.
        sha256: of the whole file, which a tenant file has in `lifecycle.export`.
        size: in bytes.
        tables: what is in it.
        left_out: tables that it does not have, wanted or not.
    """

    file: Path
    sha256: str
    size: int
    tables: Sequence[Table]
    left_out: Sequence[str]


def export(access: Access, target: Path, only: Sequence[str] | None, report: Callable[[str], None]) -> Exported:
    """Write a tenant's rows into a new archive.

    Args:
        access: whose.
        target: the archive's place, where nothing may be.
        only: the tables to write; None for all that the role may read.
        report: is told what goes on.

    Raises:
        TenantryError: a table cannot be exported, the database cannot be reached, or the archive not be written.
    """
    refuse_existing(target)  # before anything is asked of the database
    with session(access, reading=True) as connection:
        stored = tables(connection, access)
        chosen = _chosen(stored, only, access)
        left_out = [table.name for table in stored if table not in chosen]
        with written(target) as writer:
            added = [_add(writer, connection, access, table, report) for table in chosen]
            writer.seal(
                Manifest(tenant=access.tenant, isolation=access.isolation, whole=not left_out, tables=tuple(added))
            )
    return Exported(file=target, sha256=writer.sha256, size=writer.size, tables=added, left_out=left_out)


def _chosen(stored: Sequence[StoredTable], only: Sequence[str] | None, access: Access) -> list[StoredTable]:
    if only is None:
        return [table for table in stored if table.readable and _columns(table)]
    by_name = {table.name: table for table in stored}
    for name in only:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"--only takes some of: {', '.join(by_name) or 'none'}"
            raise TenantryError(f"no such table: {name}", f"tenant {access.tenant}", remedy, 2)
        if not by_name[name].readable:
            remedy = f"let its owner grant SELECT on {access.schema}.{name}"
            raise TenantryError("the tenant's role may not read it", f"table {access.schema}.{name}", remedy)
    return [table for table in stored if table.name in only]


def _add(
    writer: Writer, connection: Connection, access: Access, table: StoredTable, report: Callable[[str], None]
) -> Table:
    columns, order = _columns(table), sorting(table)
    query = selected(access, table, [column.name for column in columns], order)
    report(f"reading {table.name}")
    return writer.add(table.name, columns, order, copied(connection, query))


def _columns(table: StoredTable) -> list[Column]:
    """Return what is archived of a table: all but what PostgreSQL computes anew."""
    return [Column(name=column.name, type=column.type) for column in table.columns if not column.generated]
