"""Who is not served from the pool: the table that its guard looks into; and sessions of those with logins of their own.

Owns `pool.closed_tenants`. Leaves what its rows do to `infra.tenant_guard`.
"""

import datetime
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from infra.naming import application_role, tenant_schema
from infra.tenancy.registry import RegisteredTenant
from infra.tenant_guard import CLOSED_TENANTS, POOL_SCHEMA, TENANT_SETTING

_TABLE: Final = Identifier(POOL_SCHEMA, CLOSED_TENANTS)

# A services' session sees its own tenant's row, no list of the others. The owner's see all.
_MAKE: Final = """
    CREATE TABLE {table} (
        tenant_id text PRIMARY KEY,
        reason text NOT NULL,
        closed_at timestamptz NOT NULL DEFAULT now(),
        purged_at timestamptz
    );
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own_row ON {table} FOR SELECT USING (tenant_id = current_setting({setting}, true));
"""
_OTHERS: Final = """
    SELECT DISTINCT a.grantee::regrole::text FROM pg_class t, aclexplode(t.relacl) a
    WHERE t.oid = %s::regclass AND a.grantee NOT IN (t.relowner, 0)
"""


def agree(
    connection: psycopg.Connection[Any], tenants: Sequence[RegisteredTenant], now: datetime.datetime
) -> Sequence[str]:
    """Make the table agree with the registry, in one transaction.

    One that is closed and that the registry has no more stays closed, and so does one that was deleted until nothing is
    left of it: whoever has its slug by then must find no rows of another.

    Args:
        connection: as the owner of the pool.
        tenants: the registry's.
        now: the moment that trials are held against.

    Returns:
        What was changed, for the log.

    Raises:
        psycopg.Error: the server refused.
    """
    # A cell may have a database of its own, whose pool another job looks after.
    here = (None, connection.info.dbname)
    shared = [tenant for tenant in tenants if tenant.isolation == "pool" and tenant.database in here]
    wanted = {tenant.slug: tenant.closed_because(now) for tenant in shared}
    changes = []
    with connection.transaction():
        _ensure_table(connection)
        known = SQL("SELECT tenant_id, reason, purged_at IS NULL FROM {} FOR UPDATE").format(_TABLE)
        rows = connection.execute(known).fetchall()
        closed: dict[str, str] = {slug: reason for slug, reason, _ in rows}
        kept = {slug for slug, reason, unpurged in rows if reason == "deleted" and unpurged}
        for slug, reason in wanted.items():
            if reason is None and slug in closed and slug not in kept:
                connection.execute(SQL("DELETE FROM {} WHERE tenant_id = %s").format(_TABLE), [slug])
                changes.append(f"opened {slug}")
            elif reason is not None and closed.get(slug) != reason:
                _close(connection, slug, reason)
                changes.append(f"closed {slug}: {reason}")
    return changes


def unpurged(connection: psycopg.Connection[Any]) -> Sequence[str]:
    """Return the tenants that are deleted, and whose rows may still be there.

    Args:
        connection: as the owner of the pool.

    Raises:
        psycopg.Error: the server refused.
    """
    query = SQL("SELECT tenant_id FROM {} WHERE reason = 'deleted' AND purged_at IS NULL ORDER BY 1").format(_TABLE)
    return [slug for (slug,) in connection.execute(query)]


def note_purged(connection: psycopg.Connection[Any], slug: str) -> None:
    """Remember that nothing of a tenant is left, so that nobody looks again.

    Args:
        connection: as the owner of the pool.
        slug: the tenant.

    Raises:
        psycopg.Error: the server refused.
    """
    connection.execute(SQL("UPDATE {} SET purged_at = now() WHERE tenant_id = %s").format(_TABLE), [slug])


def end_sessions(
    connection: psycopg.Connection[Any], tenants: Sequence[RegisteredTenant], now: datetime.datetime
) -> Sequence[str]:
    """End sessions of tenants with a login of their own that are closed: a role that may not log in keeps those it has.

    Args:
        connection: as a login that is a member of `pg_signal_backend`; another one may not, and is told so.
        tenants: the registry's.
        now: the moment that trials are held against.

    Returns:
        What was done, or could not be, for the log.

    Raises:
        psycopg.Error: the server refused something else.
    """
    told = []
    for tenant in tenants:
        reason = tenant.closed_because(now)
        if reason is None or tenant.isolation == "pool":
            continue
        count = _end(connection, application_role(tenant_schema(tenant.slug)))
        if count is None:
            told.append(
                f"cannot end sessions of {tenant.slug} ({reason}): this login is no member of pg_signal_backend"
            )
        elif count:
            told.append(f"ended {count} session{'s' if count > 1 else ''} of {tenant.slug}: {reason}")
    return told


def _ensure_table(connection: psycopg.Connection[Any]) -> None:
    name = f"{POOL_SCHEMA}.{CLOSED_TENANTS}"
    if connection.execute("SELECT to_regclass(%s)", [name]).fetchone() != (None,):
        return
    connection.execute(SQL(_MAKE).format(table=_TABLE, setting=TENANT_SETTING))
    # The pool's default privileges let services write what the owner makes.
    for (role,) in connection.execute(_OTHERS, [name]).fetchall():
        connection.execute(SQL("REVOKE ALL ON {} FROM " + role).format(_TABLE))
        connection.execute(SQL("GRANT SELECT ON {} TO " + role).format(_TABLE))


def _close(connection: psycopg.Connection[Any], slug: str, reason: str) -> None:
    statement = """
        INSERT INTO {} AS known (tenant_id, reason) VALUES (%s, %s)
        ON CONFLICT (tenant_id) DO UPDATE SET reason = excluded.reason, purged_at = NULL
    """
    connection.execute(SQL(statement).format(_TABLE), [slug, reason])


def _end(connection: psycopg.Connection[Any], role: str) -> int | None:
    """End the sessions of a role; return how many, or None if that is not allowed."""
    try:
        with connection.transaction():
            # The migrator's sessions are the owner's; the right to end others is the login's own.
            connection.execute("SET LOCAL ROLE NONE")
            ended = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [role]
            ).fetchall()
    except psycopg.errors.InsufficientPrivilege:
        return None
    return len(ended)
