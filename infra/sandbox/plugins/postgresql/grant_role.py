"""`postgresql.GrantRole`: membership of one role in another."""

from typing import ClassVar

from psycopg.sql import SQL, Identifier

from infra.sandbox.plugins.postgresql.kind import Kind, flag, name_of
from infra.sandbox.plugins.postgresql.server import Cursor, Server, lock, value
from infra.sandbox.plugins.postgresql.tags import Tag
from infra.sandbox.plugins.properties import Table
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value


class GrantRole(Kind):
    """One role's membership in another."""

    type_name: ClassVar[str] = "postgresql:index/grantRole:GrantRole"
    noun: ClassVar[str] = "membership"
    table: ClassVar[Table] = {
        "role": name_of(required=True, replace=True),
        "grantRole": name_of(required=True, replace=True),
        "withAdminOption": flag(False, replace=True),
    }

    def identifier(self, inputs: Properties, main: str) -> str:
        """Return `ROLE_GRANTED_ADMIN`."""
        return f"{inputs['role']}_{inputs['grantRole']}_{str(inputs['withAdminOption']).lower()}"

    def place(self, inputs: Properties, main: str) -> Value:
        """Return the two roles: deleting the old membership later would take away the new one."""
        return [inputs["role"], inputs["grantRole"]]

    def create(self, server: Server, wanted: Properties, tag: Tag) -> None:
        """Grant the membership, with exactly the wanted option."""

        def work(cursor: Cursor) -> None:
            granted, role = Identifier(wanted["grantRole"]), Identifier(wanted["role"])
            lock(cursor, _key(wanted))
            if _find(cursor, wanted) is not None:
                cursor.execute(SQL("REVOKE {} FROM {}").format(granted, role))
            ending = SQL(" WITH ADMIN OPTION") if wanted["withAdminOption"] else SQL("")
            cursor.execute(SQL("GRANT {} TO {}{}").format(granted, role, ending))

        server.transaction(work)

    def read(self, server: Server, known: Properties) -> Properties | None:
        """Return the membership, if there is one."""
        admin = server.transaction(lambda cursor: _find(cursor, known))
        if admin is None:
            return None
        return {"role": known["role"], "grantRole": known["grantRole"], "withAdminOption": admin}

    def update(self, server: Server, before: Properties, wanted: Properties) -> None:
        """Do nothing: every change replaces."""

    def delete(self, server: Server, known: Properties, tag: Tag) -> None:
        """Revoke the membership."""

        def work(cursor: Cursor) -> None:
            lock(cursor, _key(known))
            if _find(cursor, known) is not None:
                granted, role = Identifier(known["grantRole"]), Identifier(known["role"])
                cursor.execute(SQL("REVOKE {} FROM {}").format(granted, role))

        server.transaction(work)


def _key(known: Properties) -> str:
    return f"role:{known['role']}"


def _find(cursor: Cursor, known: Properties) -> Value:
    query = """
        SELECT bool_or(admin_option) FROM pg_auth_members
        WHERE pg_get_userbyid(member) = %s AND pg_get_userbyid(roleid) = %s
    """
    return value(cursor, query, known["role"], known["grantRole"])
