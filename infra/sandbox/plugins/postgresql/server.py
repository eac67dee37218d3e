"""Work on a server: transactions that survive its restart, and locks that keep concurrent requests apart.

Owns what is tried again, for how long, and how PostgreSQL's errors are told. Leaves SQL to the kinds.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import psycopg
import tenacity
from psycopg import errors, sql

from infra.sandbox.plugins.postgresql.connections import Connection, Connections
from infra.sandbox.plugins.postgresql.settings import Settings
from infra.sandbox.plugins.provider import ProviderError

Cursor = psycopg.Cursor[tuple[Any, ...]]
Result = TypeVar("Result")

_PATIENCE: Final = 60.0
"""Seconds to wait for a server that has answered before: a restart with recovery takes a few."""

_FIRST_PATIENCE: Final = 15.0
"""Seconds to wait for a server that never answered: it may be starting, but the address may be wrong too."""

_PASSING_STATES: Final = frozenset(
    {
        "40001",  # serialization failure
        "40P01",  # deadlock
        "53300",  # too many connections
        "55006",  # object in use: somebody is connected to a template
        "57P01",  # administrator shutdown
        "57P02",  # crash shutdown
        "57P03",  # starting up
    }
)
_PASSING_REFUSALS: Final = re.compile(
    r"starting up|shutting down|in recovery|recovery mode|not yet accepting|too many clients|"
    r"remaining connection slots|terminating connection"
)
_LASTING_FAILURES: Final = re.compile(
    r"certificate|could not translate host|SSL is not enabled|does not support SSL|no password supplied|invalid|"
    r"authentication|root\.crt|private key"
)


class Server:
    """One PostgreSQL server; every method may be called by many threads at once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._connections = Connections(settings)
        self._stopping = threading.Event()
        self._answered = False

    @property
    def main(self) -> str:
        """The database that work without one of its own is done in."""
        return self.settings.database

    def transaction(self, work: Callable[[Cursor], Result], database: str | None = None) -> Result:
        """Run `work` in one transaction, again if it was lost or collided with another; it must bear repetition.

        Args:
            work: what to do with the cursor.
            database: where; the main database when it is left out.

        Raises:
            psycopg.Error: it failed for good.
            ProviderError: the server did not come back, or the operation was cancelled.
        """

        def attempt() -> Result:
            with self._connections.lend(database or self.main) as connection:
                self._answered = True
                with connection.transaction(), connection.cursor() as cursor:
                    cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
                    return work(cursor)

        return self._insist(attempt)

    def alone(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` on the main database outside a transaction, for what PostgreSQL refuses inside one."""

        def attempt() -> Result:
            with self._connections.lend(self.main) as connection:
                self._answered = True
                return work(connection)

        return self._insist(attempt)

    def has_database(self, database: str) -> bool:
        """Whether there is a database of that name."""
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return self.transaction(lambda cursor: cursor.execute(query, [database]).fetchone() is not None)

    def forget(self, database: str) -> None:
        """Close this process's idle connections to `database`."""
        self._connections.forget(database)

    def cancel(self) -> None:
        """End all work soon."""
        self._stopping.set()
        self._connections.cancel()

    def _insist(self, attempt: Callable[[], Result]) -> Result:
        started = time.monotonic()

        def is_over(state: tenacity.RetryCallState) -> bool:
            del state
            patience = _PATIENCE if self._answered else _FIRST_PATIENCE
            return self._stopping.is_set() or time.monotonic() - started > patience

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_passing),
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=2),
            stop=is_over,
            sleep=tenacity.sleep_using_event(self._stopping),
            reraise=True,
        )
        try:
            return retrying(attempt)
        except psycopg.OperationalError as error:
            if error.sqlstate is None and is_passing(error) and not self._stopping.is_set():
                waited = time.monotonic() - started
                raise ProviderError(
                    f"PostgreSQL at {self.settings.address} could not be reached for {waited:.0f} s: {_line(error)}"
                ) from error
            raise


def lock(cursor: Cursor, *keys: str) -> None:
    """Wait until no other transaction in this database, of any process, holds one of `keys`; held until the end.

    Keys are taken in order, so that two requests with several of them cannot wait for each other.
    """
    for key in sorted(set(keys)):
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"tenantry:{key}"])


@contextmanager
def membership(cursor: Cursor, roles: Iterable[str | None]) -> Iterator[None]:
    """Be a member of `roles` for a while, as an administrator that is no superuser must be to change their objects."""
    added = []
    if not value(cursor, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        usable = "SET" if cursor.connection.info.server_version >= 160000 else "MEMBER"
        query = (
            "SELECT NOT rolsuper AND NOT (pg_has_role(oid, 'USAGE') AND pg_has_role(oid, %s))"
            " FROM pg_roles WHERE rolname = %s"
        )
        for role in sorted({role for role in roles if role}):
            if value(cursor, query, usable, role):
                cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
                added.append(role)
    yield
    for role in added:
        if value(cursor, "SELECT true FROM pg_roles WHERE rolname = %s", role):
            cursor.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(sql.Identifier(role)))


def explain(error: psycopg.Error) -> str:
    """Return PostgreSQL's own account of a failure on one line: message, detail, hint and SQLSTATE."""
    diagnosis = error.diag
    if error.sqlstate is None:
        return _line(error)
    parts = [diagnosis.message_primary or _line(error), diagnosis.message_detail, diagnosis.message_hint]
    text = "; ".join(" ".join(part.split()) for part in parts if part)
    return f"{text} (SQLSTATE {error.sqlstate})"


def value(cursor: Cursor, query: str, *arguments: Any) -> Any:
    """Return the first column of the first row, or None when there is no row."""
    row = cursor.execute(query, arguments).fetchone()
    return row[0] if row else None


def is_passing(error: BaseException) -> bool:
    """Whether trying again may help.

    Args:
        error: a refused connection has no SQLSTATE, only libpq's text.
    """
    if not isinstance(error, psycopg.Error):
        return False
    state = error.sqlstate
    if state is not None:
        collided = isinstance(error, errors.InternalError_) and "concurrently" in str(error)
        return collided or state in _PASSING_STATES or state.startswith("08")
    if not isinstance(error, psycopg.OperationalError):
        return False
    if "FATAL" in str(error):
        return _PASSING_REFUSALS.search(str(error)) is not None
    return _LASTING_FAILURES.search(str(error)) is None


def _line(error: psycopg.Error) -> str:
    return "; ".join(part.strip() for part in str(error).splitlines() if part.strip())
