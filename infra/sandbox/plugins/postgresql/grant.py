"""`postgresql.Grant`: privileges of one role on databases, schemas, tables and other objects.

Requests about one object wait for each other, in this process and in others, by an advisory lock: PostgreSQL fails
concurrent grants on one object with "tuple concurrently updated". Such locks count per database, so grants on a
database itself are all made from the main one.
"""

import zlib
from collections.abc import Iterator
from typing import ClassVar, Final

from psycopg.sql import SQL, Composable, Identifier

from infra.sandbox.plugins.postgresql import privileges
from infra.sandbox.plugins.postgresql.kind import Kind, flag, name_of
from infra.sandbox.plugins.postgresql.server import Cursor, Server, lock, membership, value
from infra.sandbox.plugins.postgresql.tags import Tag
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Failure, Properties, ProviderError
from infra.sandbox.plugins.values import Value

_TYPES: Final = (
    "database",
    "function",
    "procedure",
    "routine",
    "schema",
    "sequence",
    "table",
    "foreign_data_wrapper",
    "foreign_server",
    "column",
)
_WITHOUT_SCHEMA: Final = ("database", "foreign_data_wrapper", "foreign_server")
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
# Each yields: the object's name, its access list, its owner. The arguments are database, schema, and object names.
_OBJECTS: Final = {
    "database": "SELECT datname::text, coalesce(datacl, acldefault('d', datdba)), datdba FROM pg_database"
    " WHERE datname = %(database)s",
    "schema": "SELECT nspname::text, coalesce(nspacl, acldefault('n', nspowner)), nspowner FROM pg_namespace"
    " WHERE nspname = %(schema)s",
    "table": "SELECT relname::text, coalesce(relacl, acldefault('r', relowner)), relowner FROM pg_class"
    " WHERE relnamespace = to_regnamespace(quote_ident(%(schema)s)) AND relkind IN ('r', 'p', 'v', 'm', 'f')",
    "sequence": "SELECT relname::text, coalesce(relacl, acldefault('s', relowner)), relowner FROM pg_class"
    " WHERE relnamespace = to_regnamespace(quote_ident(%(schema)s)) AND relkind = 'S'",
    "function": "SELECT proname::text, coalesce(proacl, acldefault('f', proowner)), proowner, oid FROM pg_proc"
    " WHERE pronamespace = to_regnamespace(quote_ident(%(schema)s)) AND prokind IN ('f', 'w', 'a')",
    "procedure": "SELECT proname::text, coalesce(proacl, acldefault('f', proowner)), proowner, oid FROM pg_proc"
    " WHERE pronamespace = to_regnamespace(quote_ident(%(schema)s)) AND prokind = 'p'",
    "routine": "SELECT proname::text, coalesce(proacl, acldefault('f', proowner)), proowner, oid FROM pg_proc"
    " WHERE pronamespace = to_regnamespace(quote_ident(%(schema)s))",
    "foreign_data_wrapper": "SELECT fdwname::text, coalesce(fdwacl, acldefault('F', fdwowner)), fdwowner"
    " FROM pg_foreign_data_wrapper",
    "foreign_server": "SELECT srvname::text, coalesce(srvacl, acldefault('S', srvowner)), srvowner"
    " FROM pg_foreign_server",
    "column": "SELECT attname::text, attacl, relowner FROM pg_attribute JOIN pg_class c"
    " ON c.oid = attrelid WHERE relnamespace = to_regnamespace(quote_ident(%(schema)s)) AND relname = %(object)s"
    " AND attnum > 0 AND NOT attisdropped",
}
_PRIVILEGES: Final = """
    SELECT o.name, ARRAY(SELECT DISTINCT a.privilege_type FROM aclexplode(o.acl) a WHERE a.grantee = %(grantee)s),
           NOT EXISTS (SELECT FROM aclexplode(o.acl) a WHERE a.grantee = %(grantee)s AND NOT a.is_grantable)
    FROM ({}) o (name, acl, owner) ORDER BY o.name
"""


class Grant(Kind):
    """Exactly the wanted privileges of one role; each change revokes and grants in one transaction."""

    type_name: ClassVar[str] = "postgresql:index/grant:Grant"
    noun: ClassVar[str] = "grant"
    table: ClassVar[Table] = {
        "role": name_of(required=True, replace=True),
        "database": name_of(required=True, replace=True),
        "schema": name_of(replace=True),
        "objectType": Property(shape=Shape.STRING, required=True, replace=True, choices=_TYPES),
        "objects": Property(shape=Shape.SET, replace=True, item=Property(shape=Shape.STRING, minimum=1)),
        "columns": Property(shape=Shape.SET, replace=True, item=name_of()),
        "privileges": Property(shape=Shape.SET, required=True, item=Property(shape=Shape.STRING)),
        "withGrantOption": flag(False, replace=True),
    }

    def contradictions(self, inputs: Properties) -> list[Failure]:
        """Judge what the object type asks for."""
        kind = inputs["objectType"]
        objects, columns = inputs.get("objects") or [], inputs.get("columns") or []
        rules = [
            ("schema", not inputs.get("schema") and kind not in _WITHOUT_SCHEMA, f"is required for a {kind}"),
            ("objects", objects and kind in ("database", "schema"), f"cannot be given for a {kind}"),
            ("columns", columns and kind != "column", "can only be given for the object type column"),
            ("columns", not columns and kind == "column", "is required for the object type column"),
            (
                "objects",
                len(objects) != 1 and kind in ("column", "foreign_data_wrapper", "foreign_server"),
                f"must name exactly one object for the object type {kind}",
            ),
            (
                "privileges",
                len(inputs["privileges"]) != 1 and kind == "column",
                "must be exactly one for the object type column",
            ),
        ]
        return [Failure(name, reason) for name, broken, reason in rules if broken] + privileges.judge(inputs)

    def identifier(self, inputs: Properties, main: str) -> str:
        """Return role, database, schema, type, objects and columns, joined as the official plugin joins them."""
        kind = inputs["objectType"]
        parts = [inputs["role"], inputs["database"]]
        if kind not in _WITHOUT_SCHEMA:
            parts.append(inputs.get("schema") or "")
        return "_".join([*parts, kind, *_in_set_order(inputs, "objects"), *_in_set_order(inputs, "columns")])

    def create(self, server: Server, wanted: Properties, tag: Tag) -> None:
        """Revoke and grant; doing it twice changes nothing, so there is nothing to take over."""
        self._apply(server, wanted["privileges"], wanted)

    def read(self, server: Server, known: Properties) -> Properties | None:
        """Return what the role has; when objects differ, what it has on the first that is not as wanted."""
        if not server.has_database(known["database"]):
            return None
        return server.transaction(lambda cursor: _find(cursor, known), _seat(server, known))

    def update(self, server: Server, before: Properties, wanted: Properties) -> None:
        """Revoke what it had and grant what is wanted."""
        self._apply(server, before.get("privileges") or [], wanted)

    def delete(self, server: Server, known: Properties, tag: Tag) -> None:
        """Revoke; with the role, the database, the schema or the object the privileges are gone too."""

        def work(cursor: Cursor) -> None:
            lock(cursor, *_keys(known))
            if privileges.grantee_oid(cursor, known["role"]) is None:
                return
            with membership(cursor, _owners(cursor, known)):
                for target in _targets(cursor, known, only_existing=True):
                    _revoke(cursor, known, known.get("privileges") or [], target)

        if server.has_database(known["database"]):
            server.transaction(work, _seat(server, known))

    def _apply(self, server: Server, old: list[str], wanted: Properties) -> None:
        def work(cursor: Cursor) -> None:
            lock(cursor, *_keys(wanted))
            privileges.require_role(cursor, wanted["role"])
            with membership(cursor, _owners(cursor, wanted)):
                for target in _targets(cursor, wanted, only_existing=False):
                    _revoke(cursor, wanted, old, target)
                    _grant(cursor, wanted, target)

        if not server.has_database(wanted["database"]):
            raise ProviderError(f'the database "{wanted["database"]}" does not exist; let the grant depend on it')
        server.transaction(work, _seat(server, wanted))


def _in_set_order(inputs: Properties, name: str) -> list[str]:
    """Return a set in the order of the official plugin: by the text of each item's CRC-32."""
    return sorted(inputs.get(name) or [], key=lambda item: str(zlib.crc32(item.encode())))


def _seat(server: Server, known: Properties) -> str:
    return server.main if known["objectType"] == "database" else str(known["database"])


def _keys(known: Properties) -> Iterator[str]:
    kind = known["objectType"]
    if kind == "database":
        yield f"database:{known['database']}"
    elif kind == "schema":
        yield f"schema:{known['schema']}"
    elif kind in ("foreign_data_wrapper", "foreign_server"):
        yield f"{kind}:{known['objects'][0]}"
    else:
        # ALL TABLES IN SCHEMA overlaps every table in it, so the whole schema's objects share one key
        yield f"objects:{known['schema']}"


def _arguments(known: Properties) -> dict[str, Value]:
    return {
        "database": known["database"],
        "schema": known.get("schema"),
        "object": (known.get("objects") or [None])[0],
    }


def _query(template: str, kind: str) -> str:
    """Return one of this module's own queries; the object types are its own table's."""
    columns = _OBJECTS[kind].replace(", oid FROM", " FROM")
    return template.format(columns)


def _owners(cursor: Cursor, known: Properties) -> list[str]:
    if known["objectType"] in ("foreign_data_wrapper", "foreign_server"):
        return []
    query = _query("SELECT DISTINCT pg_get_userbyid(o.owner)::text FROM ({}) o (name, acl, owner)", known["objectType"])
    owners = [row[0] for row in cursor.execute(query, _arguments(known)).fetchall()]
    database_owner = "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()"
    return [value(cursor, database_owner) if owner == "pg_database_owner" else owner for owner in owners]


def _find(cursor: Cursor, known: Properties) -> dict[str, Value] | None:
    kind, objects = known["objectType"], known.get("objects") or []
    grantee = privileges.grantee_oid(cursor, known["role"])
    schema = known.get("schema") if kind not in _WITHOUT_SCHEMA else None
    if grantee is None or (schema and not value(cursor, "SELECT true FROM pg_namespace WHERE nspname = %s", schema)):
        return None
    rows = cursor.execute(_query(_PRIVILEGES, kind), {**_arguments(known), "grantee": grantee}).fetchall()
    found: dict[str, tuple[set[str], bool]] = {name: (set(granted), grantable) for name, granted, grantable in rows}
    expected = (known.get("columns") or []) if kind == "column" else [_bare(kind, name) for name in objects]
    wanted = set(known["privileges"])
    if "ALL" in wanted:
        wanted = privileges.everything(cursor, kind)
    result, grantable = set(known["privileges"]), bool(known.get("withGrantOption"))
    for name in expected or found:
        granted, can_grant = found.get(name, (set(), False))
        if kind == "column":
            granted = granted & wanted  # other grants may concern other privileges of the same column
        if granted != wanted or (granted and can_grant != grantable):
            result, grantable = granted, can_grant and bool(granted)
            break
    return {**known, "privileges": sorted(result), "withGrantOption": grantable}


def _targets(cursor: Cursor, known: Properties, *, only_existing: bool) -> list[Composable]:
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
        rows = cursor.execute(_query("SELECT o.name FROM ({}) o (name, acl, owner)", kind), _arguments(known))
        there = {row[0] for row in rows.fetchall()}
        if kind == "column":
            objects = objects if set(known.get("columns") or []) <= there else []
        else:
            objects = [name for name in objects if _bare(kind, name) in there]
    if kind in _ROUTINES:
        names: list[Composable] = [_routine(cursor, schema, name) for name in objects]
    elif schema:
        names = [Identifier(schema, name) for name in objects]
    else:
        names = [Identifier(name) for name in objects]
    return [SQL("{} {}").format(keyword, SQL(", ").join(names))] if names else []


def _bare(kind: str, name: str) -> str:
    """Return an object's name; a routine's may come with its argument types."""
    return name.partition("(")[0] if kind in _ROUTINES else name


def _routine(cursor: Cursor, schema: str, name: str) -> Composable:
    """Return a routine's name; with argument types, the whole as PostgreSQL itself quotes it."""
    plain, parenthesis, types = name.partition("(")
    if not parenthesis:
        return Identifier(schema, plain)
    cursor.execute("SET LOCAL search_path = ''")
    query = "SELECT to_regprocedure(format('%%I.%%I', %s::text, %s::text) || '(' || %s::text)::text"
    text = value(cursor, query, schema, plain, types)
    cursor.execute("RESET search_path")
    if text is None:
        raise ProviderError(f'the routine "{schema}.{name}" does not exist')
    return SQL(text)


def _revoke(cursor: Cursor, known: Properties, old: list[str], target: Composable) -> None:
    kind, role = known["objectType"], privileges.grantee(known["role"])
    statement = SQL("REVOKE {} ON {} FROM {}")
    if kind == "column":
        if old:
            cursor.execute(statement.format(_on_columns(old, known), target, role))
    elif known.get("objects") and old and kind not in ("foreign_data_wrapper", "foreign_server"):
        # only what was granted: REVOKE ALL on a table would also take away grants on its columns
        cursor.execute(statement.format(privileges.spelled(old), target, role))
    else:
        cursor.execute(statement.format(SQL("ALL PRIVILEGES"), target, role))


def _grant(cursor: Cursor, wanted: Properties, target: Composable) -> None:
    if not wanted["privileges"]:
        return
    if wanted["objectType"] == "column":
        granted = _on_columns(wanted["privileges"], wanted)
    else:
        granted = privileges.spelled(wanted["privileges"])
    ending = SQL(" WITH GRANT OPTION") if wanted["withGrantOption"] else SQL("")
    cursor.execute(SQL("GRANT {} ON {} TO {}{}").format(granted, target, privileges.grantee(wanted["role"]), ending))


def _on_columns(names: list[str], known: Properties) -> Composable:
    columns = SQL(", ").join(map(Identifier, known.get("columns") or []))
    return SQL(", ").join(SQL("{} ({})").format(privileges.spelled([name]), columns) for name in names)
