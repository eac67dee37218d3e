"""`postgresql.Role`: CREATE, ALTER and DROP ROLE, with its settings and memberships."""

import re
from collections.abc import Callable, Iterator
from typing import ClassVar, Final

from psycopg import sql
from psycopg.sql import SQL, Composable, Identifier, Literal

from infra.sandbox.plugins.postgresql.kind import Kind, flag, name_of
from infra.sandbox.plugins.postgresql.server import Cursor, Server, lock, membership, value
from infra.sandbox.plugins.postgresql.tags import Tag
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Failure, Properties
from infra.sandbox.plugins.values import Value

_FLAGS: Final = {
    "superuser": (SQL("SUPERUSER"), SQL("NOSUPERUSER")),
    "createDatabase": (SQL("CREATEDB"), SQL("NOCREATEDB")),
    "createRole": (SQL("CREATEROLE"), SQL("NOCREATEROLE")),
    "inherit": (SQL("INHERIT"), SQL("NOINHERIT")),
    "login": (SQL("LOGIN"), SQL("NOLOGIN")),
    "replication": (SQL("REPLICATION"), SQL("NOREPLICATION")),
    "bypassRowLevelSecurity": (SQL("BYPASSRLS"), SQL("NOBYPASSRLS")),
}
_SETTINGS: Final = {
    "searchPaths": "search_path",
    "statementTimeout": "statement_timeout",
    "idleInTransactionSessionTimeout": "idle_in_transaction_session_timeout",
    "assumeRole": "role",
}
_VERIFIER: Final = re.compile(r"SCRAM-SHA-256\$\d+:[^$]+\$[^:]+:.+|md5[0-9a-f]{32}")
_READ: Final = """
    SELECT oid, rolsuper, rolcreatedb, rolcreaterole, rolinherit, rolcanlogin, rolreplication, rolbypassrls,
           rolconnlimit, coalesce(rolvaliduntil::text, 'infinity'), coalesce(rolconfig, '{}'),
           ARRAY(SELECT DISTINCT r.rolname::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
                 WHERE m.member = pg_roles.oid ORDER BY 1),
           shobj_description(oid, 'pg_authid')
    FROM pg_roles WHERE rolname = %s
"""


class Role(Kind):
    """A role whose password only ever leaves this process as a SCRAM verifier."""

    type_name: ClassVar[str] = "postgresql:index/role:Role"
    noun: ClassVar[str] = "role"
    table: ClassVar[Table] = {
        "name": name_of(automatic=True),
        "login": flag(False),
        "password": Property(shape=Shape.STRING, secret=True, conflicts=("passwordWo", "passwordWoVersion")),
        "passwordWo": Property(
            shape=Shape.STRING, secret=True, write_only=True, conflicts=("password",), needs=("passwordWoVersion",)
        ),
        "passwordWoVersion": Property(shape=Shape.STRING, conflicts=("password",), needs=("passwordWo",)),
        "encrypted": Property(shape=Shape.STRING),
        "encryptedPassword": flag(True),
        "roles": Property(shape=Shape.SET, shared=True, item=name_of()),
        "searchPaths": Property(shape=Shape.LIST, item=name_of()),
        "validUntil": Property(shape=Shape.STRING, default="infinity"),
        "connectionLimit": Property(shape=Shape.INTEGER, default=-1, minimum=-1),
        "superuser": flag(False),
        "createDatabase": flag(False),
        "createRole": flag(False),
        "inherit": flag(True),
        "replication": flag(False),
        "bypassRowLevelSecurity": flag(False),
        "statementTimeout": Property(shape=Shape.INTEGER, minimum=0),
        "idleInTransactionSessionTimeout": Property(shape=Shape.INTEGER, minimum=0),
        "assumeRole": name_of(),
        "skipDropRole": flag(False),
        "skipReassignOwned": flag(False),
    }

    def contradictions(self, inputs: Properties) -> list[Failure]:
        """Refuse what PostgreSQL no longer has."""
        if not inputs["encryptedPassword"]:
            return [Failure("encryptedPassword", "must be true: PostgreSQL keeps no password unencrypted since 10")]
        return []

    def identifier(self, inputs: Properties, main: str) -> str:
        """Return the role's name."""
        return str(inputs["name"])

    def described_by(self, id: str, main: str) -> Properties:
        """Take the id as the name."""
        return {"name": id}

    def create(self, server: Server, wanted: Properties, tag: Tag) -> None:
        """Create the role, or bring the one that this resource's interrupted creation left to the wanted state."""

        def work(cursor: Cursor) -> None:
            name = Identifier(wanted["name"])
            lock(cursor, _key(wanted["name"]))
            existing = _find(cursor, wanted["name"])
            if existing is not None and tag.owns(existing["comment"]):
                _alter(cursor, name, existing, wanted, _password(cursor, wanted) or [SQL("PASSWORD NULL")])
            else:
                options = [*_options({}, wanted), *_password(cursor, wanted)]
                cursor.execute(SQL("CREATE ROLE {} WITH {}").format(name, SQL(" ").join(options)))
                existing = {"roles": []}
            _configure(cursor, name, existing, wanted)
            _join(cursor, wanted["name"], existing["roles"], existing["roles"], wanted.get("roles"))
            cursor.execute(SQL("COMMENT ON ROLE {} IS {}").format(name, Literal(tag.text)))

        server.transaction(work)

    def read(self, server: Server, known: Properties) -> Properties | None:
        """Return the role's attributes; its password cannot be read."""
        actual = server.transaction(lambda cursor: _find(cursor, known["name"]))
        if actual is None:
            return None
        return {"name": known["name"], **{name: value for name, value in actual.items() if name != "comment"}}

    def update(self, server: Server, before: Properties, wanted: Properties) -> None:
        """Rename and alter the role; what already is as wanted is not touched."""

        def work(cursor: Cursor) -> None:
            old, new = before["name"], wanted["name"]
            lock(cursor, _key(old), _key(new))
            if old != new and _find(cursor, old) is not None:
                cursor.execute(SQL("ALTER ROLE {} RENAME TO {}").format(Identifier(old), Identifier(new)))
            existing = _find(cursor, new) or {}
            changed = [name for name in ("password", "passwordWoVersion") if before.get(name) != wanted.get(name)]
            password = _password(cursor, wanted) if changed else []
            _alter(cursor, Identifier(new), existing, wanted, password)
            _configure(cursor, Identifier(new), existing, wanted)
            _join(cursor, new, existing.get("roles", []), before.get("roles") or [], wanted.get("roles"))

        server.transaction(work)

    def delete(self, server: Server, known: Properties, tag: Tag) -> None:
        """Give what the role owns to the administrator, in every database, and drop it."""
        name = known["name"]

        def leave_database(cursor: Cursor) -> None:
            if value(cursor, "SELECT true FROM pg_roles WHERE rolname = %s", name):
                _disown(cursor, name)

        def drop(cursor: Cursor) -> None:
            lock(cursor, _key(name))
            if value(cursor, "SELECT true FROM pg_roles WHERE rolname = %s", name) is None:
                return
            if not known.get("skipReassignOwned"):
                _disown(cursor, name)
            if not known.get("skipDropRole"):
                cursor.execute(SQL("DROP ROLE {}").format(Identifier(name)))

        existing = server.transaction(lambda cursor: _find(cursor, name))
        if existing is None or tag.was_superseded(existing["comment"]):
            return
        if not known.get("skipReassignOwned"):
            for database in server.transaction(lambda cursor: _other_databases(cursor, name)):
                server.transaction(leave_database, database)
        server.transaction(drop)


def _key(name: str) -> str:
    return f"role:{name}"


def _find(cursor: Cursor, name: str) -> dict[str, Value] | None:
    row = cursor.execute(_READ, [name]).fetchone()
    if row is None:
        return None
    settings = dict(entry.split("=", 1) for entry in row[10])
    return {
        **dict(zip(_FLAGS, row[1:8], strict=True)),
        "connectionLimit": row[8],
        "validUntil": row[9],
        "searchPaths": _names(settings.get("search_path", "")),
        "statementTimeout": _milliseconds(settings.get("statement_timeout", "0")),
        "idleInTransactionSessionTimeout": _milliseconds(settings.get("idle_in_transaction_session_timeout", "0")),
        "assumeRole": settings.get("role", ""),
        "roles": row[11],
        "encryptedPassword": True,
        "comment": row[12],
    }


def _names(text: str) -> list[str]:
    """Split a list of quoted identifiers, as search_path keeps it."""
    found = re.findall(r'"((?:[^"]|"")*)"|([^\s,]+)', text)
    return [quoted.replace('""', '"') if quoted else plain for quoted, plain in found if quoted or plain]


def _milliseconds(text: str) -> Value:
    return int(text) if text.isdigit() else text  # somebody may have set '5s'


def _options(existing: Properties, wanted: Properties) -> Iterator[Composable]:
    """Yield the options of CREATE or ALTER ROLE that `existing` lacks.

    Options that are as wanted are left out: naming SUPERUSER or REPLICATION at all needs a superuser.
    """
    for name, (yes, no) in _FLAGS.items():
        if existing.get(name, False if name != "inherit" else None) != wanted[name]:
            yield yes if wanted[name] else no
    if existing.get("connectionLimit") != wanted["connectionLimit"]:
        yield SQL("CONNECTION LIMIT {}").format(Literal(wanted["connectionLimit"]))
    until = "infinity" if wanted["validUntil"].upper() == "NULL" else wanted["validUntil"]
    if existing.get("validUntil") != until:
        yield SQL("VALID UNTIL {}").format(Literal(until))


def _password(cursor: Cursor, wanted: Properties) -> list[Composable]:
    """Return the password option, already a verifier: the server's log shows statements as they arrive."""
    text = wanted.get("password") or wanted.get("passwordWo")
    if not text:
        return []
    if text.upper() == "NULL":
        return [SQL("PASSWORD NULL")]
    if not _VERIFIER.fullmatch(text):
        verifier = cursor.connection.pgconn.encrypt_password(text.encode(), wanted["name"].encode(), b"scram-sha-256")
        text = verifier.decode()
    return [SQL("PASSWORD {}").format(Literal(text))]


def _alter(
    cursor: Cursor, name: Identifier, existing: Properties, wanted: Properties, password: list[Composable]
) -> None:
    options = [*_options(existing, wanted), *password]
    if options:
        cursor.execute(SQL("ALTER ROLE {} WITH {}").format(name, SQL(" ").join(options)))


def _configure(cursor: Cursor, name: Identifier, existing: Properties, wanted: Properties) -> None:
    composers: dict[str, Callable[[Value], Composable]] = {
        "searchPaths": lambda paths: SQL(", ").join(map(Identifier, paths)),
        "assumeRole": Identifier,
    }
    for option, setting in _SETTINGS.items():
        now, then = existing.get(option), wanted.get(option)
        if (now or None) == (then or None):
            continue
        target = sql.SQL("ALTER ROLE {} ").format(name)
        if then:
            composed = composers.get(option, Literal)(then)
            cursor.execute(target + SQL("SET {} TO {}").format(Identifier(setting), composed))
        else:
            cursor.execute(target + SQL("RESET {}").format(Identifier(setting)))


def _join(cursor: Cursor, name: str, now: list[str], before: list[str], wanted: list[str] | None) -> None:
    """Make the role a member of exactly `wanted`; without that list, only leave what it used to name."""
    leaving = set(now) & set(before) if wanted is None else set(now) - set(wanted)
    for role in sorted(leaving):
        cursor.execute(SQL("REVOKE {} FROM {}").format(Identifier(role), Identifier(name)))
    for role in sorted(set(wanted or []) - set(now)):
        cursor.execute(SQL("GRANT {} TO {}").format(Identifier(role), Identifier(name)))


def _other_databases(cursor: Cursor, name: str) -> list[str]:
    """Return the databases, beside this one, that hold anything which depends on the role."""
    rows = cursor.execute(
        """
        SELECT DISTINCT d.datname::text FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid
        WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = (SELECT oid FROM pg_roles WHERE rolname = %s)
          AND d.datname <> current_database() AND d.datallowconn
        """,
        [name],
    )
    return [row[0] for row in rows]


def _disown(cursor: Cursor, name: str) -> None:
    with membership(cursor, [name]):
        cursor.execute(SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(Identifier(name)))
        cursor.execute(SQL("DROP OWNED BY {}").format(Identifier(name)))
