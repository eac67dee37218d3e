"""One transaction as a tenant's own role: what it sees is the tenant's, and what it prints is the same everywhere.

Owns the connection and the settings that the text of values depends on. Leaves what is done to the caller.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import IsolationLevel, sql

from infra.errors import TenantryError
from infra.tenancy.archives.manifest import Isolation
from infra.tenant_guard import TENANT_SETTING

Connection = psycopg.Connection[tuple[Any, ...]]

_PATIENCE = 15
"""Seconds to connect."""

_TEXT = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",  # the shortest text that is the same number again
    "lc_monetary": "C",
    "xmlbinary": "base64",
}
_LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout", "lock_timeout")

LOCK_TIMEOUT = "60s"
"""An import that waits for a lock any longer is told that it does; ours."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """The way to a tenant's rows.

    Args:
        tenant: its slug.
        isolation: pool, schema or database.
        schema: where its tables are.
        url: of its role, or for the pool of the services' role; a secret.
    """

    tenant: str
    isolation: Isolation
    schema: str
    url: str = field(repr=False)


@contextlib.contextmanager
def session(access: Access, *, reading: bool) -> Iterator[Connection]:
    """Give a connection in a transaction, which ends with it: rolled back, unless the caller commits.

    Args:
        access: whose.
        reading: whether it must write nothing, and see one moment throughout.

    Raises:
        TenantryError: the server does not let the role in, or refuses a statement.
    """
    try:
        with contextlib.closing(_connected(access)) as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ if reading else IsolationLevel.READ_COMMITTED
            connection.read_only = reading
            _settle(connection, access)
            yield connection
    except psycopg.Error as error:
        told = error.diag.message_primary or str(error) or type(error).__name__
        table = f": table {error.diag.table_name}" if error.diag.table_name else ""
        raise TenantryError(f"PostgreSQL: {told}", f"tenant {access.tenant}{table}", "mend that, and repeat") from error


def _connected(access: Access) -> Connection:
    try:
        return psycopg.connect(
            access.url,
            connect_timeout=_PATIENCE,
            application_name=f"tenantry tenants {access.tenant}",
            client_encoding="utf8",
        )
    except psycopg.OperationalError as error:
        raise _unconnected(access, str(error)) from error
    except psycopg.ProgrammingError as error:  # its message quotes the URL
        raise TenantryError("its URL is none", f"tenant {access.tenant}", "apply the stack again") from error


def _unconnected(access: Access, told: str) -> TenantryError:
    tenant = f"tenant {access.tenant}"
    if "not permitted to log in" in told:
        remedy = "its logins are closed; set lifecycle.state: offboarding, which opens them, and apply it"
        return TenantryError("its role may not log in", tenant, remedy)
    if "password authentication failed" in told:
        remedy = "apply the stack, which sets the password; if its trial has ended, move the end or its state"
        return TenantryError("the server does not take the password", tenant, remedy)
    if "certificate" in told:
        remedy = "name the server's authority in PGSSLROOTCERT; `tenantry sandbox run STACK -- ...` does"
        return TenantryError(f"TLS fails: {told}", tenant, remedy)
    return TenantryError(f"no connection: {told}", tenant, "run this where the database can be reached")


def _settle(connection: Connection, access: Access) -> None:
    """Make the session the tenant's, for the length of the transaction."""
    wanted = {**_TEXT, "row_security": "on" if access.isolation == "pool" else "off"}  # off: an error, not fewer rows
    for name, value in wanted.items():
        _set(connection, name, value)
    for (name,) in connection.execute("SELECT name FROM pg_settings WHERE name = ANY(%s)", [list(_LIMITS)]).fetchall():
        _set(
            connection, name, LOCK_TIMEOUT if name == "lock_timeout" else "0"
        )  # the role's limits are for services' queries
    connection.execute("SELECT set_config('search_path', quote_ident(%s), true)", [access.schema])
    if access.isolation == "pool":
        _set(connection, TENANT_SETTING, access.tenant)
        _check_guard(connection, access)


def _set(connection: Connection, name: str, value: str) -> None:
    connection.execute("SELECT set_config(%s, %s, true)", [name, value])


def _check_guard(connection: Connection, access: Access) -> None:
    """Make sure that row-level security holds for this role, and that it shows this tenant's rows."""
    tenant = f"tenant {access.tenant}"
    free = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    if connection.execute(free).fetchone() != (False,):
        remedy = "use the services' role: pool_connection of the stack's outputs"
        raise TenantryError("row-level security does not hold for the role", tenant, remedy)
    guard = "SELECT to_regprocedure(quote_ident(%s) || '.current_tenant()') IS NOT NULL"
    if connection.execute(guard, [access.schema]).fetchone() == (True,):
        shown = sql.SQL("SELECT {}.current_tenant()").format(sql.Identifier(access.schema))
        if connection.execute(shown).fetchone() != (access.tenant,):
            remedy = (
                "set lifecycle.state: offboarding, which opens it for an export, and apply it; who was closed and is "
                "not any more is let in by the next run of the CronJob tenants-lifecycle"
            )
            raise TenantryError("it is closed: its rows cannot be seen", tenant, remedy)
