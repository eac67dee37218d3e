"""`postgresql.Extension`: CREATE, ALTER and DROP EXTENSION."""

from typing import ClassVar, Final

from psycopg.sql import SQL, Identifier, Literal

from infra.sandbox.plugins.postgresql.kind import Kind, flag, name_of
from infra.sandbox.plugins.postgresql.server import Cursor, Server, lock
from infra.sandbox.plugins.postgresql.tags import Tag
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Properties, ProviderError

_READ: Final = """
    SELECT n.nspname::text, e.extversion FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = %s
"""


class Extension(Kind):
    """An extension in one database; one that is there already is used and brought to the wanted state."""

    type_name: ClassVar[str] = "postgresql:index/extension:Extension"
    noun: ClassVar[str] = "extension"
    table: ClassVar[Table] = {
        "name": name_of(automatic=True, replace=True),
        "database": name_of(computed=True, replace=True),
        "schema": name_of(computed=True),
        "version": Property(shape=Shape.STRING, computed=True),
        "createCascade": flag(False),
        "dropCascade": flag(False),
    }

    def identifier(self, inputs: Properties, main: str) -> str:
        """Return `DATABASE.EXTENSION`."""
        return f"{inputs.get('database') or main}.{inputs['name']}"

    def described_by(self, id: str, main: str) -> Properties:
        """Split `DATABASE.EXTENSION`."""
        database, dot, name = id.partition(".")
        if not (database and dot and name) or "." in name:
            raise ProviderError("the import id must be DATABASE.EXTENSION")
        return {"database": database, "name": name}

    def create(self, server: Server, wanted: Properties, tag: Tag) -> None:
        """Create the extension unless it is there; needs no mark, as nothing can be there twice."""

        def work(cursor: Cursor) -> None:
            lock(cursor, _key(wanted["name"]))
            statement = SQL("CREATE EXTENSION IF NOT EXISTS {}").format(Identifier(wanted["name"]))
            if wanted.get("schema"):
                statement += SQL(" SCHEMA {}").format(Identifier(wanted["schema"]))
            if wanted.get("version"):
                statement += SQL(" VERSION {}").format(Literal(wanted["version"]))
            if wanted["createCascade"]:
                statement += SQL(" CASCADE")
            cursor.execute(statement)
            _alter(cursor, wanted)

        server.transaction(work, wanted.get("database"))

    def read(self, server: Server, known: Properties) -> Properties | None:
        """Return the extension's schema and version."""
        database, name = known.get("database") or server.main, known["name"]
        if not server.has_database(database):
            return None
        row = server.transaction(lambda cursor: cursor.execute(_READ, [name]).fetchone(), database)
        return None if row is None else {"name": name, "database": database, "schema": row[0], "version": row[1]}

    def update(self, server: Server, before: Properties, wanted: Properties) -> None:
        """Move the extension to another schema or version."""

        def work(cursor: Cursor) -> None:
            lock(cursor, _key(wanted["name"]))
            _alter(cursor, wanted)

        server.transaction(work, before.get("database"))

    def delete(self, server: Server, known: Properties, tag: Tag) -> None:
        """Drop the extension, with what depends on it if the program says so."""

        def work(cursor: Cursor) -> None:
            lock(cursor, _key(known["name"]))
            mode = SQL("CASCADE") if known.get("dropCascade") else SQL("RESTRICT")
            cursor.execute(SQL("DROP EXTENSION IF EXISTS {} {}").format(Identifier(known["name"]), mode))

        database = known.get("database") or server.main
        if server.has_database(database):
            server.transaction(work, database)


def _key(name: str) -> str:
    return f"extension:{name}"


def _alter(cursor: Cursor, wanted: Properties) -> None:
    row = cursor.execute(_READ, [wanted["name"]]).fetchone()
    if row is None:
        raise ProviderError("it is not in the database any more; run `pulumi refresh`")
    name, schema, version = Identifier(wanted["name"]), wanted.get("schema"), wanted.get("version")
    if schema and schema != row[0]:
        cursor.execute(SQL("ALTER EXTENSION {} SET SCHEMA {}").format(name, Identifier(schema)))
    if version and version != row[1]:
        cursor.execute(SQL("ALTER EXTENSION {} UPDATE TO {}").format(name, Literal(version)))
