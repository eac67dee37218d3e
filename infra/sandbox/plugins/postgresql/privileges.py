"""Privileges: which there are for which kind of object, and how they are spelled in SQL."""

from collections.abc import Iterable
from typing import Final

from psycopg.sql import SQL, Composable, Identifier

from infra.sandbox.plugins.postgresql.server import Cursor, value
from infra.sandbox.plugins.provider import Failure, Properties, ProviderError
from infra.sandbox.plugins.values import Value

PUBLIC: Final = "public"

_ALLOWED: Final = {
    "database": ("CREATE", "CONNECT", "TEMPORARY"),
    "table": ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"),
    "sequence": ("USAGE", "SELECT", "UPDATE"),
    "schema": ("CREATE", "USAGE"),
    "function": ("EXECUTE",),
    "procedure": ("EXECUTE",),
    "routine": ("EXECUTE",),
    "type": ("USAGE",),
    "foreign_data_wrapper": ("USAGE",),
    "foreign_server": ("USAGE",),
    "column": ("SELECT", "INSERT", "UPDATE", "REFERENCES"),
}
_KEYWORDS: Final = {
    "SELECT": SQL("SELECT"),
    "INSERT": SQL("INSERT"),
    "UPDATE": SQL("UPDATE"),
    "DELETE": SQL("DELETE"),
    "TRUNCATE": SQL("TRUNCATE"),
    "REFERENCES": SQL("REFERENCES"),
    "TRIGGER": SQL("TRIGGER"),
    "MAINTAIN": SQL("MAINTAIN"),
    "CREATE": SQL("CREATE"),
    "CONNECT": SQL("CONNECT"),
    "TEMPORARY": SQL("TEMPORARY"),
    "USAGE": SQL("USAGE"),
    "EXECUTE": SQL("EXECUTE"),
    "ALL": SQL("ALL"),
}


def judge(inputs: Properties) -> list[Failure]:
    """Return what is wrong with `privileges` for the object type of `inputs`, and with granting to PUBLIC."""
    kind = inputs["objectType"]
    allowed = ("ALL", *_ALLOWED[kind])
    failures = [
        Failure(f"privileges[{index}]", f"must be one of {', '.join(allowed)} for a {kind}")
        for index, privilege in enumerate(inputs["privileges"])
        if privilege not in allowed
    ]
    if inputs["withGrantOption"] and inputs["role"] == PUBLIC:
        failures.append(Failure("withGrantOption", "must be false for the role public"))
    return failures


def spelled(privileges: Iterable[str]) -> Composable:
    """Return privileges as SQL."""
    return SQL(", ").join(_KEYWORDS[privilege] for privilege in privileges)


def grantee(role: str) -> Composable:
    """Return whom to grant to."""
    return SQL("PUBLIC") if role == PUBLIC else Identifier(role)


def grantee_oid(cursor: Cursor, role: str) -> Value:
    """Return the role's number in access lists, 0 for PUBLIC, or None when there is no such role."""
    return 0 if role == PUBLIC else value(cursor, "SELECT oid FROM pg_roles WHERE rolname = %s", role)


def require_role(cursor: Cursor, role: str) -> None:
    """Refuse a role that does not exist, before anything is taken from it.

    Raises:
        ProviderError: there is no such role.
    """
    if grantee_oid(cursor, role) is None:
        raise ProviderError(f'the role "{role}" does not exist; let the grant depend on its Role')


def everything(cursor: Cursor, kind: str) -> set[str]:
    """Return what ALL means for a kind of object on this server."""
    maintain = cursor.connection.info.server_version >= 170000  # MAINTAIN came with 17
    return {privilege for privilege in _ALLOWED[kind] if maintain or privilege != "MAINTAIN"}
