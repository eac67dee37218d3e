"""`postgresql.Schema`: CREATE, ALTER and DROP SCHEMA, and the policies that `postgresql.Grant` has replaced."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from psycopg.sql import SQL, Composable, Identifier, Literal

from infra.sandbox.plugins.postgresql.kind import Kind, flag, name_of
from infra.sandbox.plugins.postgresql.server import Cursor, Server, lock, membership, value
from infra.sandbox.plugins.postgresql.tags import Tag
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_READ: Final = """
    SELECT pg_get_userbyid(nspowner)::text, obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s
"""
_POLICIES: Final = {
    "create": (SQL("CREATE"), SQL("")),
    "createWithGrant": (SQL("CREATE"), SQL(" WITH GRANT OPTION")),
    "usage": (SQL("USAGE"), SQL("")),
    "usageWithGrant": (SQL("USAGE"), SQL(" WITH GRANT OPTION")),
}


class Schema(Kind):
    """A schema; by default one that exists already is used as it is, as with the official plugin."""

    type_name: ClassVar[str] = "postgresql:index/schema:Schema"
    noun: ClassVar[str] = "schema"
    table: ClassVar[Table] = {
        "name": name_of(automatic=True),
        "database": name_of(computed=True, replace=True),
        "owner": name_of(computed=True),
        "ifNotExists": flag(True),
        "dropCascade": flag(False),
        "policies": Property(
            shape=Shape.SET,
            shared=True,
            item=Property(
                shape=Shape.OBJECT,
                fields={**{name: flag(False) for name in _POLICIES}, "role": Property(shape=Shape.STRING, default="")},
            ),
        ),
    }

    def identifier(self, inputs: Properties, main: str) -> str:
        """Return `DATABASE.SCHEMA`."""
        return f"{inputs.get('database') or main}.{inputs['name']}"

    def described_by(self, id: str, main: str) -> Properties:
        """Split `DATABASE.SCHEMA`."""
        database, dot, name = id.partition(".")
        if not (database and dot and name) or "." in name:
            raise ProviderError("the import id must be DATABASE.SCHEMA")
        return {"database": database, "name": name}

    def create(self, server: Server, wanted: Properties, tag: Tag) -> None:
        """Create the schema, or use the one that exists."""

        def work(cursor: Cursor) -> None:
            name, owner = wanted["name"], wanted.get("owner")
            lock(cursor, _key(name))
            existing = cursor.execute(_READ, [name]).fetchone()
            with membership(cursor, [_database_owner(cursor), owner]):
                if existing is None:
                    authorization = SQL(" AUTHORIZATION {}").format(Identifier(owner)) if owner else SQL("")
                    cursor.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)) + authorization)
                elif not (wanted["ifNotExists"] or tag.owns(existing[1])):
                    raise ProviderError("it already exists; set ifNotExists to use it, or choose another name")
                else:
                    _set_owner(cursor, name, existing[0], owner)
                if existing is None or existing[1] is None or tag.owns(existing[1]):
                    cursor.execute(SQL("COMMENT ON SCHEMA {} IS {}").format(Identifier(name), Literal(tag.text)))
                _apply(cursor, name, [], wanted.get("policies", []))

        server.transaction(work, wanted.get("database"))

    def read(self, server: Server, known: Properties) -> Properties | None:
        """Return the schema's owner."""
        database, name = known.get("database") or server.main, known["name"]
        if not server.has_database(database):
            return None
        owner = server.transaction(lambda cursor: value(cursor, _READ, name), database)
        return None if owner is None else {"name": name, "database": database, "owner": owner}

    def update(self, server: Server, before: Properties, wanted: Properties) -> None:
        """Rename the schema, give it another owner, and apply what changed in its policies."""

        def work(cursor: Cursor) -> None:
            old, new = before["name"], wanted["name"]
            lock(cursor, _key(old), _key(new))
            if old != new and cursor.execute(_READ, [old]).fetchone():
                with membership(cursor, [value(cursor, _READ, old), _database_owner(cursor)]):
                    cursor.execute(SQL("ALTER SCHEMA {} RENAME TO {}").format(Identifier(old), Identifier(new)))
            owner = value(cursor, _READ, new)
            with membership(cursor, [owner, wanted.get("owner"), _database_owner(cursor)]):
                _set_owner(cursor, new, owner, wanted.get("owner"))
                _apply(cursor, new, before.get("policies") or [], wanted.get("policies") or [])

        server.transaction(work, before.get("database"))

    def delete(self, server: Server, known: Properties, tag: Tag) -> None:
        """Drop the schema, with what is in it if the program says so."""

        def work(cursor: Cursor) -> None:
            name = known["name"]
            lock(cursor, _key(name))
            row = cursor.execute(_READ, [name]).fetchone()
            if row is None or tag.was_superseded(row[1]):
                return
            with membership(cursor, [row[0]]):
                mode = SQL("CASCADE") if known.get("dropCascade") else SQL("RESTRICT")
                cursor.execute(SQL("DROP SCHEMA {} {}").format(Identifier(name), mode))

        database = known.get("database") or server.main
        if server.has_database(database):
            server.transaction(work, database)


def _key(name: str) -> str:
    return f"schema:{name}"


def _database_owner(cursor: Cursor) -> Value:
    return value(cursor, "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()")


def _set_owner(cursor: Cursor, name: str, now: str | None, owner: str | None) -> None:
    if owner and owner != now:
        cursor.execute(SQL("ALTER SCHEMA {} OWNER TO {}").format(Identifier(name), Identifier(owner)))


def _apply(
    cursor: Cursor, name: str, before: Iterable[Mapping[str, Value]], wanted: Iterable[Mapping[str, Value]]
) -> None:
    """Take back the policies that are no longer wanted and grant those that are."""
    wanted = list(wanted)
    schema = Identifier(name)
    for policy in before:
        role = policy.get("role", "")
        known = not role or value(cursor, "SELECT true FROM pg_roles WHERE rolname = %s", role)
        if policy not in wanted and known:
            cursor.execute(SQL("REVOKE CREATE, USAGE ON SCHEMA {} FROM {}").format(schema, _grantee(role)))
    for policy in wanted:
        for option, (privilege, ending) in _POLICIES.items():
            if policy.get(option):
                grantee = _grantee(policy.get("role", ""))
                cursor.execute(SQL("GRANT {} ON SCHEMA {} TO {}{}").format(privilege, schema, grantee, ending))


def _grantee(role: str) -> Composable:
    return Identifier(role) if role and role != "public" else SQL("PUBLIC")
