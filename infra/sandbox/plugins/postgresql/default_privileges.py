"""`postgresql.DefaultPrivileges`: what one role may do with the objects that another will create."""

from typing import ClassVar, Final

from psycopg.sql import SQL, Composable, Identifier

from infra.sandbox.plugins.postgresql import privileges
from infra.sandbox.plugins.postgresql.kind import Kind, flag, name_of
from infra.sandbox.plugins.postgresql.server import Cursor, Server, lock, membership, value
from infra.sandbox.plugins.postgresql.tags import Tag
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import Failure, Properties, ProviderError
from infra.sandbox.plugins.values import Value

_LETTERS: Final = {"table": "r", "sequence": "S", "function": "f", "routine": "f", "type": "T", "schema": "n"}
_COLLECTIVES: Final = {
    "table": SQL("TABLES"),
    "sequence": SQL("SEQUENCES"),
    "function": SQL("FUNCTIONS"),
    "routine": SQL("ROUTINES"),
    "type": SQL("TYPES"),
    "schema": SQL("SCHEMAS"),
}
# Without a schema, a missing entry means PostgreSQL's own defaults; within one, entries only add to those.
_READ: Final = """
    WITH entry AS (
        SELECT coalesce(
            (SELECT defaclacl FROM pg_default_acl WHERE defaclrole = o.oid AND defaclobjtype = %(letter)s
                AND defaclnamespace = coalesce((SELECT oid FROM pg_namespace WHERE nspname = %(schema)s), 0)),
            CASE WHEN %(schema)s::text IS NULL THEN acldefault(%(default)s, o.oid) END) AS acl
        FROM pg_roles o WHERE o.rolname = %(owner)s)
    SELECT ARRAY(SELECT DISTINCT a.privilege_type FROM aclexplode(entry.acl) a WHERE a.grantee = %(grantee)s),
           NOT EXISTS (SELECT FROM aclexplode(entry.acl) a WHERE a.grantee = %(grantee)s AND NOT a.is_grantable)
    FROM entry
"""


class DefaultPrivileges(Kind):
    """Exactly the wanted default privileges of one role on one owner's future objects of one type."""

    type_name: ClassVar[str] = "postgresql:index/defaultPrivileges:DefaultPrivileges"
    noun: ClassVar[str] = "default privileges"
    table: ClassVar[Table] = {
        "role": name_of(required=True, replace=True),
        "database": name_of(required=True, replace=True),
        "owner": name_of(required=True, replace=True),
        "schema": name_of(replace=True),
        "objectType": Property(shape=Shape.STRING, required=True, replace=True, choices=tuple(_LETTERS)),
        "privileges": Property(shape=Shape.SET, required=True, item=Property(shape=Shape.STRING)),
        "withGrantOption": flag(False, replace=True),
    }

    def contradictions(self, inputs: Properties) -> list[Failure]:
        """Judge what the object type asks for."""
        failures = privileges.judge(inputs)
        if inputs.get("schema") and inputs["objectType"] == "schema":
            failures.append(Failure("schema", "cannot be given for the object type schema"))
        return failures

    def identifier(self, inputs: Properties, main: str) -> str:
        """Return role, database, schema, owner and type, joined as the official plugin joins them."""
        schema = inputs.get("schema") or "noschema"
        return "_".join([inputs["role"], inputs["database"], schema, inputs["owner"], inputs["objectType"]])

    def create(self, server: Server, wanted: Properties, tag: Tag) -> None:
        """Revoke and grant; doing it twice changes nothing."""

        def work(cursor: Cursor) -> None:
            lock(cursor, _key(wanted))
            privileges.require_role(cursor, wanted["role"])
            privileges.require_role(cursor, wanted["owner"])
            with membership(cursor, [wanted["owner"]]):
                _revoke(cursor, wanted)
                if wanted["privileges"]:
                    ending = SQL(" WITH GRANT OPTION") if wanted["withGrantOption"] else SQL("")
                    statement = SQL("{} GRANT {} ON {} TO {}{}")
                    cursor.execute(
                        statement.format(
                            _prefix(wanted),
                            privileges.spelled(wanted["privileges"]),
                            _COLLECTIVES[wanted["objectType"]],
                            privileges.grantee(wanted["role"]),
                            ending,
                        )
                    )

        if not server.has_database(wanted["database"]):
            raise ProviderError(f'the database "{wanted["database"]}" does not exist; let this depend on it')
        server.transaction(work, wanted["database"])

    def read(self, server: Server, known: Properties) -> Properties | None:
        """Return the default privileges, or None when none are left of those that were wanted."""
        if not server.has_database(known["database"]):
            return None
        return server.transaction(lambda cursor: _find(cursor, known), known["database"])

    def update(self, server: Server, before: Properties, wanted: Properties) -> None:
        """Grant anew."""
        self.create(server, wanted, Tag("", ""))

    def delete(self, server: Server, known: Properties, tag: Tag) -> None:
        """Revoke; with a role, the database or the schema the entry is gone too."""

        def work(cursor: Cursor) -> None:
            lock(cursor, _key(known))
            roles = (known["role"], known["owner"])
            if all(privileges.grantee_oid(cursor, role) is not None for role in roles) and _has_schema(cursor, known):
                with membership(cursor, [known["owner"]]):
                    _revoke(cursor, known)

        if server.has_database(known["database"]):
            server.transaction(work, known["database"])


def _key(known: Properties) -> str:
    letter = _LETTERS[known["objectType"]]
    return f"default privileges:{known['owner']}:{known.get('schema') or ''}:{letter}"


def _prefix(known: Properties) -> Composable:
    prefix = SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {}").format(Identifier(known["owner"]))
    schema = known.get("schema")
    return prefix + SQL(" IN SCHEMA {}").format(Identifier(schema)) if schema else prefix


def _revoke(cursor: Cursor, known: Properties) -> None:
    collective = _COLLECTIVES[known["objectType"]]
    role = privileges.grantee(known["role"])
    cursor.execute(SQL("{} REVOKE ALL ON {} FROM {}").format(_prefix(known), collective, role))


def _has_schema(cursor: Cursor, known: Properties) -> bool:
    schema = known.get("schema")
    return not schema or bool(value(cursor, "SELECT true FROM pg_namespace WHERE nspname = %s", schema))


def _find(cursor: Cursor, known: Properties) -> dict[str, Value] | None:
    grantee = privileges.grantee_oid(cursor, known["role"])
    if grantee is None or not _has_schema(cursor, known):
        return None
    letter = _LETTERS[known["objectType"]]
    arguments = {
        "letter": letter,
        "default": {"S": "s"}.get(letter, letter),  # acldefault spells a sequence in lower case
        "schema": known.get("schema") or None,
        "owner": known["owner"],
        "grantee": grantee,
    }
    row = cursor.execute(_READ, arguments).fetchone()
    if row is None:
        return None
    granted, can_grant = set(row[0]), bool(row[0]) and row[1]
    wanted = set(known["privileges"])
    if wanted and not granted:
        return None
    implied = privileges.everything(cursor, known["objectType"]) if "ALL" in wanted else wanted
    result = wanted if granted == implied else granted
    return {**known, "privileges": sorted(result), "withGrantOption": can_grant if granted else False}
