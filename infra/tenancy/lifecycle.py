"""The scheduled job that ends trials, closes suspended and deleted tenants of the pool, and purges the deleted.

`python -m infra.tenancy.lifecycle`, in a pod of the tools image with the registry mounted and the pool's migration
login. It changes nothing when it is run again, and leaves the work to another run that is at it. Owns the order of what
it does; leaves each part to `registry`, `closing` and `purge`.
"""

import datetime
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psycopg

from infra.errors import TenantryError
from infra.tenancy import closing, purge, registry
from infra.tenancy.programs import log_in, run, say
from infra.tenancy.registry import RegisteredTenant

REGISTRY_FOLDER = "REGISTRY_DIRECTORY"
"""The environment variable that names the folder with the registry."""

_WAIT: Final = "--wait"

_LOCK: Final = 0x6C696665  # "life"; any number that nobody else in the database locks by


def settle(
    connection: psycopg.Connection[Any],
    tenants: Sequence[RegisteredTenant],
    now: datetime.datetime,
    *,
    wait: bool = False,
) -> Sequence[str]:
    """Make the database agree with the registry.

    Args:
        connection: as the pool's migrator, each statement a transaction of its own.
        tenants: the registry's.
        now: the moment that trials are held against.
        wait: whether to wait for another run that is at work, which may not know of these tenants yet.

    Returns:
        What was done, for the log; a purge may have ended sooner, and is gone on with by the next run.

    Raises:
        TenantryError: tables refer to each other in a circle, and somebody is to be purged.
        psycopg.Error: the server refused.
    """
    if wait:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
    elif connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
        return ["another run is at work, and has this one's too"]
    try:
        told = [*closing.agree(connection, tenants, now), *closing.end_sessions(connection, tenants, now)]
        purged = _purge(connection)
        # Who was deleted and is a new tenant by now is let in when nothing is left.
        return [*told, *purged, *(closing.agree(connection, tenants, now) if purged else [])]
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _purge(connection: psycopg.Connection[Any]) -> Sequence[str]:
    slugs = closing.unpurged(connection)
    if not slugs:
        return []
    wanted = purge.plan(connection)
    told = [f"table {table} is not guarded: call pool.isolate_tenants for it" for table in wanted.unguarded]
    for slug in slugs:
        removed = purge.purge(connection, slug, wanted)
        if removed:
            # What began before it was closed may still have written: only a run that finds nothing is the last.
            rows = ", ".join(f"{count} of {table}" for table, count in sorted(removed.items()))
            told.append(f"purged {slug}: {sum(removed.values())} rows, {rows}")
        else:
            closing.note_purged(connection, slug)
            told.append(f"purged {slug}: nothing is left of it")
    return told


def main() -> None:
    """Run the job once.

    Raises:
        TenantryError: the environment does not say where registry and database are, or the registry is broken.
        psycopg.Error: the server cannot be reached, or refuses.
    """
    folder = os.environ.get(REGISTRY_FOLDER)
    if not folder:
        raise TenantryError(f"{REGISTRY_FOLDER} is not set", "the environment", "name the registry's folder in it", 2)
    tenants = registry.read(Path(folder))
    now = datetime.datetime.now(datetime.UTC)
    with log_in() as connection:
        told = settle(connection, tenants, now, wait=_WAIT in sys.argv[1:])
    for line in told:
        say(line)
    closed = sum(tenant.closed_because(now) is not None for tenant in tenants)
    say(f"{len(tenants)} tenant{'s' if len(tenants) != 1 else ''}, {closed} closed; {len(told) or 'nothing'} to report")


if __name__ == "__main__":
    run(main)
