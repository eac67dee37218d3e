"""`postgresql.Database`: CREATE, ALTER and DROP DATABASE.

CREATE DATABASE cannot be part of a transaction, so a database could exist without its mark. It is therefore made
under a temporary name that belongs to its resource, closed to connections, and one transaction then gives it name,
owner, limits and mark: whoever sees the name sees a finished database. A temporary one that was left over is dropped.
"""

from typing import ClassVar, Final

from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier, Literal

from infra.sandbox.plugins.postgresql.connections import Connection
from infra.sandbox.plugins.postgresql.kind import Kind, flag, name_of
from infra.sandbox.plugins.postgresql.server import Cursor, Server, lock, membership, value
from infra.sandbox.plugins.postgresql.tags import Tag
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_FIXED: Final = {"encoding": "encoding", "lcCollate": "LC_COLLATE", "lcCtype": "LC_CTYPE"}
_READ: Final = """
    SELECT pg_get_userbyid(d.datdba)::text, pg_encoding_to_char(d.encoding)::text, d.datcollate, d.datctype,
           t.spcname::text, d.datconnlimit, d.datallowconn, d.datistemplate, shobj_description(d.oid, 'pg_database')
    FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = %s
"""
_COLUMNS: Final = (
    "owner",
    "encoding",
    "lcCollate",
    "lcCtype",
    "tablespaceName",
    "connectionLimit",
    "allowConnections",
    "isTemplate",
    "comment",
)


class Database(Kind):
    """A database that appears under its name complete, or not at all."""

    type_name: ClassVar[str] = "postgresql:index/database:Database"
    noun: ClassVar[str] = "database"
    table: ClassVar[Table] = {
        "name": name_of(automatic=True),
        "owner": name_of(computed=True),
        "template": name_of(computed=True, replace=True),
        "encoding": Property(shape=Shape.STRING, computed=True, replace=True),
        "lcCollate": Property(shape=Shape.STRING, computed=True, replace=True),
        "lcCtype": Property(shape=Shape.STRING, computed=True, replace=True),
        "tablespaceName": name_of(computed=True),
        "connectionLimit": Property(shape=Shape.INTEGER, default=-1, minimum=-1),
        "allowConnections": flag(True),
        "isTemplate": flag(None, computed=True),
        "alterObjectOwnership": flag(False),
    }

    def identifier(self, inputs: Properties, main: str) -> str:
        """Return the database's name."""
        return str(inputs["name"])

    def described_by(self, id: str, main: str) -> Properties:
        """Take the id as the name."""
        return {"name": id}

    def create(self, server: Server, wanted: Properties, tag: Tag) -> None:
        """Create the database, or finish the one that this resource's interrupted creation left."""

        def work(connection: Connection) -> None:
            with connection.cursor() as cursor:
                key = f"tenantry:{tag.temporary_name}"
                cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [key])
                try:
                    _make(cursor, wanted, tag)
                finally:
                    if not connection.closed:
                        cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [key])

        server.alone(work)

    def read(self, server: Server, known: Properties) -> Properties | None:
        """Return the database's attributes."""
        actual = server.transaction(lambda cursor: _find(cursor, known["name"]))
        if actual is None:
            return None
        template = known.get("template") or "template0"  # the server does not remember it
        return {"name": known["name"], "template": template, **_without_comment(actual)}

    def update(self, server: Server, before: Properties, wanted: Properties) -> None:
        """Rename and alter the database."""
        old, new = before["name"], wanted["name"]
        server.forget(old)

        def alter(cursor: Cursor) -> None:
            lock(cursor, _key(old), _key(new))
            existing = _find(cursor, old)
            if old != new and existing is not None:
                with membership(cursor, [existing["owner"]]):
                    cursor.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(old), Identifier(new)))
            _alter(cursor, Identifier(new), _find(cursor, new) or {}, wanted)

        _reassign(server, before, wanted)
        server.transaction(alter)
        space = wanted.get("tablespaceName")
        if space and space.upper() != "DEFAULT" and space != before.get("tablespaceName"):
            statement = SQL("ALTER DATABASE {} SET TABLESPACE {}").format(Identifier(new), Identifier(space))
            server.alone(lambda connection: connection.execute(statement))

    def delete(self, server: Server, known: Properties, tag: Tag) -> None:
        """Drop the database, ending the sessions in it."""
        name = known["name"]
        server.forget(name)

        def open_up(cursor: Cursor) -> bool:
            lock(cursor, _key(name))
            existing = _find(cursor, name)
            if existing is None or tag.was_superseded(existing["comment"]):
                return False
            may_drop = value(cursor, "SELECT pg_has_role(%s, 'USAGE')", existing["owner"])
            with membership(cursor, [existing["owner"]]):
                if existing["isTemplate"]:
                    cursor.execute(SQL("ALTER DATABASE {} IS_TEMPLATE false").format(Identifier(name)))
                if not may_drop:  # and DROP DATABASE cannot be in this transaction
                    cursor.execute(SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(Identifier(name)))
            return True

        if server.transaction(open_up):
            statement = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name))
            server.alone(lambda connection: connection.execute(statement))


def _key(name: str) -> str:
    return f"database:{name}"


def _find(cursor: Cursor, name: str) -> dict[str, Value] | None:
    row = cursor.execute(_READ, [name]).fetchone()
    return None if row is None else dict(zip(_COLUMNS, row, strict=True))


def _without_comment(actual: Properties) -> dict[str, Value]:
    return {name: content for name, content in actual.items() if name != "comment"}


def _make(cursor: Cursor, wanted: Properties, tag: Tag) -> None:
    connection, name, temporary = cursor.connection, Identifier(wanted["name"]), Identifier(tag.temporary_name)
    existing = _find(cursor, wanted["name"])
    if existing is not None and not tag.owns(existing["comment"]):
        raise ProviderError("it already exists, and this program did not make it; import it or choose another name")
    if existing is None:
        cursor.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(temporary))
        cursor.execute(
            SQL("CREATE DATABASE {} ALLOW_CONNECTIONS false {}").format(temporary, SQL(" ").join(_options(wanted)))
        )
    else:
        _require_fixed(cursor, existing, wanted)
    with connection.transaction():
        lock(cursor, _key(wanted["name"]))
        if existing is None:
            cursor.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(temporary, name))
        current = _find(cursor, wanted["name"]) or {}
        with membership(cursor, [current.get("owner")]):
            cursor.execute(SQL("COMMENT ON DATABASE {} IS {}").format(name, Literal(tag.text)))
        _alter(cursor, name, current, wanted)


def _options(wanted: Properties) -> list[Composable]:
    template = wanted.get("template") or "template0"
    default = SQL("DEFAULT")
    options: list[Composable] = [
        SQL("TEMPLATE {}").format(default if template.upper() == "DEFAULT" else Identifier(template))
    ]
    for option, keyword in (
        ("encoding", SQL("ENCODING")),
        ("lcCollate", SQL("LC_COLLATE")),
        ("lcCtype", SQL("LC_CTYPE")),
    ):
        text = wanted.get(option) or ("UTF8" if option == "encoding" else None)
        if text:
            options.append(keyword + SQL(" ") + (default if text.upper() == "DEFAULT" else Literal(text)))
    space = wanted.get("tablespaceName")
    if space:
        options.append(SQL("TABLESPACE {}").format(default if space.upper() == "DEFAULT" else Identifier(space)))
    return options


def _require_fixed(cursor: Cursor, existing: Properties, wanted: Properties) -> None:
    """Refuse to take over a database whose fixed attributes are not the wanted ones."""
    for option, label in _FIXED.items():
        text = wanted.get(option)
        if not text or text.upper() == "DEFAULT":
            continue
        if option == "encoding":
            row = cursor.execute(
                "SELECT pg_char_to_encoding(%s) = pg_char_to_encoding(%s)", [text, existing[option]]
            ).fetchone()
            same = bool(row and row[0])
        else:
            same = text == existing[option]
        if not same:
            raise ProviderError(f"an interrupted update left it with another {label}; drop the database and try again")


def _alter(cursor: Cursor, name: Identifier, existing: Properties, wanted: Properties) -> None:
    """Set limits, flags and owner where they differ; the owner last, as only an owner may do the rest."""
    keywords = {
        "connectionLimit": SQL("CONNECTION LIMIT"),
        "allowConnections": SQL("ALLOW_CONNECTIONS"),
        "isTemplate": SQL("IS_TEMPLATE"),
    }
    options = [
        keyword + SQL(" ") + Literal(wanted[option])
        for option, keyword in keywords.items()
        if wanted.get(option) is not None and wanted[option] != existing.get(option)
    ]
    owner = wanted.get("owner")
    with membership(cursor, [owner, existing.get("owner")]):
        if options:
            cursor.execute(SQL("ALTER DATABASE {} WITH {}").format(name, SQL(" ").join(options)))
        if owner and owner != existing.get("owner"):
            cursor.execute(SQL("ALTER DATABASE {} OWNER TO {}").format(name, Identifier(owner)))


def _reassign(server: Server, before: Properties, wanted: Properties) -> None:
    """Give the objects in the database to its new owner, if the program asks for it."""
    owner = wanted.get("owner")
    if not owner or not wanted["alterObjectOwnership"]:
        return

    def work(cursor: Cursor) -> None:
        existing = _find(cursor, before["name"])
        if existing is None or existing["owner"] == owner:
            return
        with membership(cursor, [existing["owner"], owner]):
            cursor.execute(
                sql.SQL("REASSIGN OWNED BY {} TO {}").format(Identifier(existing["owner"]), Identifier(owner))
            )

    server.transaction(work, before["name"])
    server.forget(before["name"])
