"""What tables a tenant has, as PostgreSQL's catalog tells it to the tenant's own role.

Owns which tables are a tenant's: those of its schema, and of a shared schema those with a `tenant_id` and forced
row-level security. A shared table with a `tenant_id` that is not guarded is refused by name, as it shows everybody's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql
from psycopg.rows import class_row

from infra.errors import TenantryError
from infra.tenancy.archives.manifest import TENANT_COLUMN
from infra.tenancy.archives.session import Access, Connection
from infra.tenant_guard import CLOSED_TENANTS


@dataclass(frozen=True, kw_only=True)
class StoredColumn:
    """A column of a table.

    Args:
        name: its name.
        type: with its length or precision; without its schema if that is the tenant's.
        base: the same without length and precision.
        generated: whether PostgreSQL computes it.
        required: whether a row must give it a value.
        nullable: whether it takes NULL.
        in_arrays: whether `unnest` gives the values back that an array of them is written with.
        collated: whether its values sort by a language's rules.
    """

    name: str
    type: str
    base: str
    generated: bool
    required: bool
    nullable: bool
    in_arrays: bool
    collated: bool


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A foreign key.

    Args:
        name: the constraint's.
        columns: that hold the key.
        target: the table that it leads to, by its oid.
        deferrable: whether it can be checked at the end of a transaction.
    """

    name: str
    columns: Sequence[str]
    target: int
    deferrable: bool


@dataclass(frozen=True, kw_only=True)
class StoredSequence:
    """A sequence that a column takes its values from."""

    schema: str
    name: str
    column: str
    increment: int
    may_use: bool
    may_set: bool


@dataclass(frozen=True, kw_only=True)
class StoredTable:
    """A table of a tenant.

    Args:
        oid: PostgreSQL's number for it.
        schema: where it is.
        name: its name.
        divided: whether its rows are in partitions.
        guarded: whether row-level security is forced on it.
        filtered: whether it holds for this role.
        readable, writable: what this role may.
        columns: all of them, as they follow each other.
        key: the columns of its primary key.
        references: its foreign keys.
    """

    oid: int
    schema: str
    name: str
    divided: bool
    guarded: bool
    filtered: bool
    readable: bool
    writable: bool
    columns: Sequence[StoredColumn]
    key: Sequence[str]
    references: Sequence[Reference]

    @property
    def identifier(self) -> sql.Identifier:
        """Its full name in a statement."""
        return sql.Identifier(self.schema, self.name)

    @property
    def source(self) -> sql.Composable:
        """What its rows are selected from: not those of tables that inherit from it."""
        return self.identifier if self.divided else sql.SQL("ONLY {}").format(self.identifier)

    def column(self, name: str) -> StoredColumn | None:
        """Return one of its columns; None if it has no such one."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class _Found:
    oid: int
    name: str
    divided: bool
    part: bool
    guarded: bool
    filtered: bool
    readable: bool
    writable: bool


_TABLES = """
SELECT c.oid::bigint AS oid, c.relname::text AS name, c.relkind = 'p' AS divided, c.relispartition AS part,
       c.relrowsecurity AND c.relforcerowsecurity AS guarded, row_security_active(c.oid) AS filtered,
       has_table_privilege(c.oid, 'SELECT') AS readable, has_table_privilege(c.oid, 'INSERT') AS writable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') ORDER BY c.relname COLLATE "C"
"""

# format_type with -1 says `bpchar` where with NULL it says `character`, which would mean one letter.
_COLUMNS = """
SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, format_type(a.atttypid, -1) AS base,
       a.attgenerated <> '' AS generated, NOT a.attnotnull AS nullable,
       a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS required,
       a.attcollation <> 0 AS collated,
       t.typtype NOT IN ('c', 'd') AND t.typcategory <> 'A' AND t.typdelim = ',' AND t.typarray <> 0 AS in_arrays
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""

_KEY = """
SELECT a.attname::text FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, position)
JOIN pg_attribute a ON a.attnum = k.number
WHERE i.indrelid = %s AND i.indisprimary AND a.attrelid = i.indrelid AND k.position <= i.indnkeyatts ORDER BY k.position
"""

_REFERENCES = """
SELECT conname::text AS name, confrelid::bigint AS target, condeferrable AS deferrable,
       ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey)) AS columns
FROM pg_constraint WHERE contype = 'f' AND conrelid = %s AND conparentid = 0 ORDER BY conname COLLATE "C"
"""

# A column owns its sequence (serial, identity), or its default only calls one.
_SEQUENCES = """
SELECT DISTINCT n.nspname::text AS schema, s.relname::text AS name, a.attname::text AS column,
       q.seqincrement AS increment, has_sequence_privilege(s.oid, 'USAGE') AS may_use,
       has_sequence_privilege(s.oid, 'UPDATE') AS may_set
FROM pg_attribute a
LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i')
              OR d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class s ON s.relkind = 'S' AND s.oid IN (d.objid, d.refobjid)
JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_sequence q ON q.seqrelid = s.oid
WHERE a.attrelid = %s AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) ORDER BY 1, 2, 3
"""


def tables(connection: Connection, access: Access) -> list[StoredTable]:
    """Return the tenant's tables by name, those that its role may not read among them.

    Args:
        connection: a session of the tenant's.
        access: whose.

    Raises:
        TenantryError: a shared table with a `tenant_id` is not guarded, or a name cannot be printed.
    """
    with connection.cursor(row_factory=class_row(_Found)) as cursor:
        found = cursor.execute(_TABLES, [access.schema]).fetchall()
    stored = [(one.part, _table(connection, access.schema, one)) for one in found]
    if access.isolation == "pool":
        stored = [
            (part, table) for part, table in stored if table.column(TENANT_COLUMN) and table.name != CLOSED_TENANTS
        ]
        for _, table in stored:
            _check_guard(table)
    for _, table in stored:
        if not all(text.isprintable() for text in (table.name, *(column.name for column in table.columns))):
            raise TenantryError("a name cannot be printed", f"table {table.name!a}", "rename it or its columns")
    return [table for part, table in stored if not part]


def sequences(connection: Connection, table: StoredTable) -> list[StoredSequence]:
    """Return the sequences that a table's columns take their values from."""
    with connection.cursor(row_factory=class_row(StoredSequence)) as cursor:
        return cursor.execute(_SEQUENCES, [table.oid]).fetchall()


def _table(connection: Connection, schema: str, found: _Found) -> StoredTable:
    with connection.cursor(row_factory=class_row(StoredColumn)) as cursor:
        columns = cursor.execute(_COLUMNS, [found.oid]).fetchall()
    with connection.cursor(row_factory=class_row(Reference)) as cursor:
        references = cursor.execute(_REFERENCES, [found.oid]).fetchall()
    return StoredTable(
        oid=found.oid,
        schema=schema,
        name=found.name,
        divided=found.divided,
        guarded=found.guarded,
        filtered=found.filtered,
        readable=found.readable,
        writable=found.writable,
        columns=columns,
        key=[name for (name,) in connection.execute(_KEY, [found.oid])],
        references=references,
    )


def _check_guard(table: StoredTable) -> None:
    if not table.guarded:
        where = f"table {table.schema}.{table.name}"
        remedy = f"guard it in a migration: SELECT {table.schema}.isolate_tenants('{table.schema}.{table.name}')"
        raise TenantryError("it has a tenant_id and no forced row-level security", where, remedy)
