"""`postgresql.Grant`: privileges of one role on databases, schemas, tables and other objects.

Requests about one object wait for each other, in this process and in others, by an advisory lock: PostgreSQL fails
concurrent grants on one object with "tuple concurrently updated". Such locks count per database, so grants on a
database itself are all made from the main one.
"""

import zlib
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from psycopg.sql import SQL, Composable, Identifier

from infra.sandbox.plugins.postgresql import privileges, targets
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
_PRIVILEGES: Final = """
    SELECT o.name, ARRAY(SELECT DISTINCT a.privilege_type FROM aclexplode(o.acl) a WHERE a.grantee = %(grantee)s),
           NOT EXISTS (SELECT FROM aclexplode(o.acl) a WHERE a.grantee = %(grantee)s AND NOT a.is_grantable)
    FROM {} ORDER BY o.name
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
            ("schema", not inputs.get("schema") and kind not in targets.WITHOUT_SCHEMA, f"is required for a {kind}"),
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
        if kind not in targets.WITHOUT_SCHEMA:
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
            with membership(cursor, targets.owners(cursor, known)):
                for target in targets.named(cursor, known, only_existing=True):
                    _revoke(cursor, known, known.get("privileges") or [], target)

        if server.has_database(known["database"]):
            server.transaction(work, _seat(server, known))

    def _apply(self, server: Server, old: list[str], wanted: Properties) -> None:
        def work(cursor: Cursor) -> None:
            lock(cursor, *_keys(wanted))
            privileges.require_role(cursor, wanted["role"])
            with membership(cursor, targets.owners(cursor, wanted)):
                for target in targets.named(cursor, wanted, only_existing=False):
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


def _find(cursor: Cursor, known: Properties) -> dict[str, Value] | None:
    kind = known["objectType"]
    grantee = privileges.grantee_oid(cursor, known["role"])
    schema = known.get("schema") if kind not in targets.WITHOUT_SCHEMA else None
    if grantee is None or (schema and not value(cursor, "SELECT true FROM pg_namespace WHERE nspname = %s", schema)):
        return None
    arguments = {**targets.arguments(known), "grantee": grantee}
    found = cursor.execute(targets.listing(_PRIVILEGES, kind), arguments).fetchall()
    named = (known.get("columns") if kind == "column" else known.get("objects")) or []
    wanted = set(known["privileges"])
    if "ALL" in wanted:
        wanted = privileges.everything(cursor, kind)
    grantable = bool(known.get("withGrantOption"))
    for granted, can_grant in _relevant(cursor, known, named, found):
        # other grants may concern other privileges of the same column
        relevant = granted & wanted if kind == "column" else granted
        if relevant != wanted or (relevant and can_grant != grantable):
            return {**known, "privileges": sorted(relevant), "withGrantOption": can_grant and bool(relevant)}
    return dict(known)


def _relevant(
    cursor: Cursor, known: Properties, named: list[str], found: list[tuple[Any, ...]]
) -> Iterator[tuple[set[str], bool]]:
    """Yield what the role has on each object that the grant is on; nothing at all on one that is gone."""
    rows = {name: (set(granted), can_grant) for name, granted, can_grant in found}
    if not named:
        yield from rows.values()
    for name in named:
        meant = targets.meant(cursor, known, name, rows)
        yield from [rows[other] for other in meant] or [(set[str](), False)]


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
