"""What a grant is on: the objects of each type, as the catalogs list them and as SQL names them."""

from collections.abc import Iterable
from typing import Final

from psycopg.sql import SQL, Composable, Identifier

from infra.sandbox.plugins.postgresql.server import Cursor, value
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

WITHOUT_SCHEMA: Final = ("database", "foreign_data_wrapper", "foreign_server")
_SIGNATURE: Final = "to_regprocedure(format('%%I.%%I', %s::text, %s::text) || '(' || %s::text)"
_SPELLED: Final = "proname || '(' || oidvectortypes(proargtypes) || ')'"
_ROUTINES_IN_SCHEMA: Final = (
    f"SELECT {_SPELLED}, coalesce(proacl, acldefault('f', proowner)), proowner FROM pg_proc"  # noqa: S608  # constants
    " WHERE pronamespace = to_regnamespace(quote_ident(%(schema)s))"
)
_ROUTINES: Final = ("function", "procedure", "routine")
_KEYWORDS: Final = {
    "database": SQL("DATABASE"),
    "schema": SQL("SCHEMA"),
    "foreign_data_wrapper": SQL("FOREIGN DATA WRAPPER"),
    "foreign_server": SQL("FOREIGN SERVER"),
    "table": SQL("TABLE"),
    "column": SQL("TABLE"),
    "sequence": SQL("SEQUENCE"),
    "function": SQL("FUNCTION"),
    "procedure": SQL("PROCEDURE"),
    "routine": SQL("ROUTINE"),
}
_COLLECTIVES: Final = {
    "table": SQL("ALL TABLES"),
    "sequence": SQL("ALL SEQUENCES"),
    "function": SQL("ALL FUNCTIONS"),
    "procedure": SQL("ALL PROCEDURES"),
    "routine": SQL("ALL ROUTINES"),
}
# Each yields: the object's name (a routine's with its argument types), its access list, its owner.
_OBJECTS: Final = {
    "database": "SELECT datname::text, coalesce(datacl, acldefault('d', datdba)), datdba FROM pg_database"
    " WHERE datname = %(database)s",
    "schema": "SELECT nspname::text, coalesce(nspacl, acldefault('n', nspowner)), nspowner FROM pg_namespace"
    " WHERE nspname = %(schema)s",
    "table": "SELECT relname::text, coalesce(relacl, acldefault('r', relowner)), relowner FROM pg_class"
    " WHERE relnamespace = to_regnamespace(quote_ident(%(schema)s)) AND relkind IN ('r', 'p', 'v', 'm', 'f')",
    "sequence": "SELECT relname::text, coalesce(relacl, acldefault('s', relowner)), relowner FROM pg_class"
    " WHERE relnamespace = to_regnamespace(quote_ident(%(schema)s)) AND relkind = 'S'",
    "function": _ROUTINES_IN_SCHEMA + " AND prokind IN ('f', 'w', 'a')",
    "procedure": _ROUTINES_IN_SCHEMA + " AND prokind = 'p'",
    "routine": _ROUTINES_IN_SCHEMA,
    "foreign_data_wrapper": "SELECT fdwname::text, coalesce(fdwacl, acldefault('F', fdwowner)), fdwowner"
    " FROM pg_foreign_data_wrapper",
    "foreign_server": "SELECT srvname::text, coalesce(srvacl, acldefault('S', srvowner)), srvowner"
    " FROM pg_foreign_server",
    "column": "SELECT attname::text, attacl, relowner FROM pg_attribute JOIN pg_class c"
    " ON c.oid = attrelid WHERE relnamespace = to_regnamespace(quote_ident(%(schema)s)) AND relname = %(object)s"
    " AND attnum > 0 AND NOT attisdropped",
}


def arguments(known: Properties) -> dict[str, Value]:
    """Return what a listing's placeholders stand for."""
    return {
        "database": known["database"],
        "schema": known.get("schema"),
        "object": (known.get("objects") or [None])[0],
    }


def listing(template: str, kind: str) -> str:
    """Return `template` with the query for the objects of a type in it, as columns name, acl and owner."""
    return template.format(f"({_OBJECTS[kind]}) o (name, acl, owner)")


def owners(cursor: Cursor, known: Properties) -> list[str]:
    """Return who owns the objects, and so may grant."""
    if known["objectType"] in ("foreign_data_wrapper", "foreign_server"):
        return []
    query = listing("SELECT DISTINCT pg_get_userbyid(o.owner)::text FROM {}", known["objectType"])
    owners = [row[0] for row in cursor.execute(query, arguments(known)).fetchall()]
    database_owner = "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()"
    return [value(cursor, database_owner) if owner == "pg_database_owner" else owner for owner in owners]


def named(cursor: Cursor, known: Properties, *, only_existing: bool) -> list[Composable]:
    """Return what to grant on, as SQL; several names of one type are one target."""
    kind, objects = known["objectType"], known.get("objects") or []
    keyword = _KEYWORDS[kind]
    if kind == "database":
        return [SQL("{} {}").format(keyword, Identifier(known["database"]))]
    schema = str(known.get("schema") or "")
    if only_existing and schema and not value(cursor, "SELECT true FROM pg_namespace WHERE nspname = %s", schema):
        return []
    if kind == "schema":
        return [SQL("{} {}").format(keyword, Identifier(schema))]
    if not objects:
        return [SQL("{} IN SCHEMA {}").format(_COLLECTIVES[kind], Identifier(schema))]
    if only_existing:
        rows = cursor.execute(listing("SELECT o.name FROM {}", kind), arguments(known))
        there = {row[0] for row in rows.fetchall()}
        if kind == "column":
            objects = objects if set(known.get("columns") or []) <= there else []
        else:
            objects = [name for name in objects if meant(cursor, known, name, there)]
    if kind in _ROUTINES:
        names: list[Composable] = [_routine(cursor, schema, name) for name in objects]
    elif schema:
        names = [Identifier(schema, name) for name in objects]
    else:
        names = [Identifier(name) for name in objects]
    return [SQL("{} {}").format(keyword, SQL(", ").join(names))] if names else []


def meant(cursor: Cursor, known: Properties, name: str, listed: Iterable[str]) -> list[str]:
    """Return which of the listed objects `name` means; a routine may be named with or without argument types."""
    if known["objectType"] not in _ROUTINES:
        return [other for other in listed if other == name]
    plain, parenthesis, types = name.partition("(")
    if not parenthesis:
        return [other for other in listed if other.startswith(f"{plain}(")]
    query = f"SELECT {_SPELLED} FROM pg_proc WHERE oid = {_SIGNATURE}"  # noqa: S608  # constants
    canonical = value(cursor, query, known.get("schema"), plain, types)
    return [other for other in listed if other == canonical]


def _routine(cursor: Cursor, schema: str, name: str) -> Composable:
    """Return a routine's name; with argument types, the whole as PostgreSQL itself quotes it."""
    plain, parenthesis, types = name.partition("(")
    if not parenthesis:
        return Identifier(schema, plain)
    cursor.execute("SET LOCAL search_path = ''")
    text = value(cursor, f"SELECT {_SIGNATURE}::text", schema, plain, types)
    cursor.execute("RESET search_path")
    if text is None:
        raise ProviderError(f'the routine "{schema}.{name}" does not exist')
    return SQL(text)
