"""An archive's rows put back: checked whole before the first is written, then all or none of them.

Owns the writing. Under row-level security, where PostgreSQL has no COPY, rows are inserted from arrays, about 1 MiB a
statement. Before the end the rows are read back, and must give the archive's checksums.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import RawCursor, sql

from infra.errors import TenantryError
from infra.tenancy.archives import copy_text
from infra.tenancy.archives.catalog import StoredColumn, StoredSequence, sequences
from infra.tenancy.archives.manifest import Table
from infra.tenancy.archives.plan import Step, planned
from infra.tenancy.archives.reading import Archive, opened, wrong
from infra.tenancy.archives.rows import copied, own, selected
from infra.tenancy.archives.session import LOCK_TIMEOUT, Access, Connection, session

_MOST_STEPS = 20_000_000
"""By which a sequence is moved one by one, at about 3 million a second; ours. So it never goes back under others."""

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('tenantry tenants import'), hashtext(%s))"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """An archive that has been imported, or would be.

    Args:
        sha256: of the whole archive.
        tables: what is in it.
    """

    sha256: str
    tables: Sequence[Table]


def import_archive(access: Access, path: Path, *, dry_run: bool, report: Callable[[str], None]) -> Imported:
    """Put an archive's rows into a tenant's tables, which must be empty.

    Args:
        access: whose.
        path: the archive.
        dry_run: whether to look only.
        report: is told what goes on.

    Raises:
        TenantryError: the archive is damaged, another tenant's or does not fit, or PostgreSQL refuses a row; nothing
            has been written then.
    """
    with opened(path) as archive:
        if archive.manifest.tenant != access.tenant:
            remedy = f"name an archive of {access.tenant}"
            raise TenantryError(f"these are the rows of {archive.manifest.tenant}", str(path), remedy, 2)
        report("checking the archive")
        archive.check(of_tenant="pool" in {archive.manifest.isolation, access.isolation})
        with session(access, reading=dry_run) as connection:
            if not dry_run and connection.execute(_LOCK, [access.tenant]).fetchone() != (True,):
                raise TenantryError("another import is under way", f"tenant {access.tenant}", "wait for its end")
            steps = planned(connection, access, archive.manifest)
            if not dry_run:
                _fill(connection, access, archive, steps, report)
                connection.commit()
        return Imported(sha256=archive.sha256, tables=archive.manifest.tables)


def _fill(
    connection: Connection, access: Access, archive: Archive, steps: Sequence[Step], report: Callable[[str], None]
) -> None:
    _keep_statistics(connection, steps)
    connection.execute("SET CONSTRAINTS ALL DEFERRED")
    connection.execute("SET LOCAL enable_seqscan = off")  # plans are made while tables are empty, and kept
    for step in steps:
        report(f"writing {step.rows.name}: {step.rows.rows} rows")
        load = _insert if step.table.filtered else _copy
        load(connection, step, _shaped(archive, step, access))
        if step.postponed:
            _complete(connection, step, _shaped(archive, step, access))
    connection.execute("SET LOCAL enable_seqscan = on")
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for step in steps:
        report(f"comparing {step.rows.name}")
        _compare(connection, access, archive, step)
    for step in steps:
        for sequence in sequences(connection, step.table):
            if sequence.column in step.columns:
                _move(connection, access, step, sequence)


def _keep_statistics(connection: Connection, steps: Sequence[Step]) -> None:
    """Keep autovacuum off the tables while they are filled, and nobody else.

    It would see none of the rows, and tell the planner so: checks of foreign keys were then seen to read all of a
    tenant's rows for each row. Where the lock is another import's, autovacuum is kept off by that one.
    """
    names = sql.SQL(", ").join(step.table.identifier for step in sorted(steps, key=lambda step: step.rows.name))
    if not steps:
        return
    with (
        contextlib.suppress(psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege),
        connection.transaction(),
    ):
        connection.execute("SET LOCAL lock_timeout = '3s'")  # autovacuum gives way after 1 s (deadlock_timeout)
        connection.execute(sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE").format(names))
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))


def _shaped(archive: Archive, step: Step, access: Access) -> Iterator[bytes]:
    """Return the rows of a table as it takes them, with the tenant's column or without."""
    for chunk in archive.chunks(step.rows):
        if step.dropped is not None:
            yield copy_text.without(chunk, step.dropped)
        else:
            yield copy_text.preceded(chunk, access.tenant) if step.added else chunk


def _copy(connection: Connection, step: Step, chunks: Iterator[bytes]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(step.table.identifier, _names(step.columns))
    with connection.cursor() as cursor, cursor.copy(statement) as rows:
        for chunk in chunks:
            rows.write(chunk)


def _insert(connection: Connection, step: Step, chunks: Iterator[bytes]) -> None:
    values = [
        sql.SQL("NULL") if name in step.postponed else value
        for name, value in zip(step.columns, _values(step), strict=True)
    ]
    statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}").format(
        step.table.identifier, _names(step.columns), sql.SQL(", ").join(values), _given(step)
    )
    _run(connection, statement, step, chunks)


def _complete(connection: Connection, step: Step, chunks: Iterator[bytes]) -> None:
    """Fill the columns that had to wait for all rows."""
    values = dict(zip(step.columns, _values(step), strict=True))
    late = [sql.SQL("{} = {}").format(sql.Identifier(name), values[name]) for name in step.postponed]
    same = [
        sql.SQL("{}.{} = {}").format(sql.Identifier("stored"), sql.Identifier(name), values[name])
        for name in step.table.key
    ]
    there = [sql.SQL("{} IS NOT NULL").format(values[name]) for name in step.postponed]
    statement = sql.SQL("UPDATE {} AS stored SET {} FROM {} WHERE {} AND ({})").format(
        step.table.identifier,
        sql.SQL(", ").join(late),
        _given(step),
        sql.SQL(" AND ").join(same),
        sql.SQL(" OR ").join(there),
    )
    _run(connection, statement, step, chunks)


def _run(connection: Connection, statement: sql.Composed, step: Step, chunks: Iterator[bytes]) -> None:
    with RawCursor(connection) as cursor:  # whose placeholders are PostgreSQL's own: a name may have a % in it
        for chunk in chunks:
            cursor.execute(statement, copy_text.arrays(chunk, len(step.columns)))


def _given(step: Step) -> sql.Composed:
    """Return the rows of a statement's parameters, one array for each column."""
    columns = _stored(step)
    arrays = [
        sql.SQL("${}::{}[]").format(sql.Literal(number), _type(column.base if column.in_arrays else "text"))
        for number, column in enumerate(columns, 1)
    ]
    aliases = [sql.Identifier(f"value_{number}") for number in range(len(columns))]
    return sql.SQL("unnest({}) AS given ({})").format(sql.SQL(", ").join(arrays), sql.SQL(", ").join(aliases))


def _values(step: Step) -> list[sql.Composable]:
    """Return the expression of each column's value in those rows."""
    return [
        sql.SQL("given.{}{}").format(
            sql.Identifier(f"value_{number}"),
            sql.SQL("") if column.in_arrays else sql.SQL("::") + _type(column.base),
        )
        for number, column in enumerate(_stored(step))
    ]


def _type(name: str) -> sql.SQL:
    """Return a type's name as the catalog spells it; never an archive's."""
    return sql.SQL(name)


def _stored(step: Step) -> list[StoredColumn]:
    found = (step.table.column(name) for name in step.columns)
    return [column for column in found if column is not None]


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _compare(connection: Connection, access: Access, archive: Archive, step: Step) -> None:
    """Read back what was written."""
    digest, rows = hashlib.sha256(), 0
    for row in copied(connection, selected(access, step.table, step.rows.names, step.rows.order)):
        digest.update(row)
        rows += 1
    if (rows, digest.hexdigest()) != (step.rows.rows, step.rows.sha256):
        what = f"{rows} rows that are not the archive's {step.rows.rows}: a trigger or a session changed them"
        raise wrong(what, f"{archive.path}: table {step.rows.name}")


def _move(connection: Connection, access: Access, step: Step, sequence: StoredSequence) -> None:
    """Move a sequence past the imported values."""
    rising = sequence.increment > 0
    last = sql.SQL("SELECT {}({})::bigint FROM {} WHERE {}").format(
        sql.SQL("max" if rising else "min"),
        sql.Identifier(sequence.column),
        step.table.identifier,
        own(access),
    )
    name = sql.Identifier(sequence.schema, sequence.name).as_string(connection)
    (wanted,) = connection.execute(last).fetchone() or (None,)
    if wanted is None:
        return
    if not sequence.may_use:
        remedy = f"let its owner grant USAGE on sequence {name}"
        raise TenantryError("the role may not move it past the imported values", f"sequence {name}", remedy)
    (now,) = connection.execute("SELECT nextval(%s::regclass)", [name]).fetchone() or (wanted,)
    left = -((now - wanted) // sequence.increment)
    if left > _MOST_STEPS:
        _set(connection, name, wanted, sequence)
    elif left > 0:
        connection.execute("SELECT count(nextval(%s::regclass)) FROM generate_series(1, %s)", [name, left])


def _set(connection: Connection, name: str, wanted: int, sequence: StoredSequence) -> None:
    if not sequence.may_set:
        remedy = f"let its owner run SELECT setval('{name}', {wanted}), and import again"
        raise TenantryError("it is too far behind the imported values for the role", f"sequence {name}", remedy)
    connection.execute("SELECT setval(%s::regclass, %s)", [name, wanted])
