"""Connections to one server: few, shared by all requests, and given up as soon as nobody needs them.

Why not `psycopg_pool`: its pool hides the server's reason for refusing a connection behind a time-out, and its null
pool opens connections one after the other and leaves waiters behind a broken one. A request here opens its own.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from infra.sandbox.plugins.postgresql.settings import Settings
from infra.sandbox.plugins.provider import ProviderError

Connection = psycopg.Connection[tuple[Any, ...]]


class Connections:
    """At most `settings.connections` at once; none stays open after the last request under way has ended.

    The official plugin keeps no idle connection either: one would stand in the way of dropping its database.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slots = threading.BoundedSemaphore(settings.connections)
        self._lock = threading.Lock()
        self._idle: list[tuple[str, Connection]] = []
        self._busy: set[Connection] = set()
        self._borrowers = 0
        self._closed = False

    @contextmanager
    def lend(self, database: str) -> Iterator[Connection]:
        """Give a connection to `database`, in autocommit mode; waits while all are in use.

        Raises:
            ProviderError: the plugin is about to end.
            psycopg.Error: the server cannot be reached or refuses.
        """
        with self._lock:
            self._borrowers += 1
        try:
            with self._slots:
                connection = self._take(database) or self._open(database)
                try:
                    yield connection
                finally:
                    self._give_back(database, connection)
        finally:
            self._leave()

    def forget(self, database: str) -> None:
        """Close the idle connections to `database`, which is about to go or to be renamed."""
        with self._lock:
            leaving = [connection for name, connection in self._idle if name == database]
            self._idle = [(name, connection) for name, connection in self._idle if name != database]
        for connection in leaving:
            connection.close()

    def cancel(self) -> None:
        """End every statement under way and lend nothing more."""
        with self._lock:
            self._closed = True
            busy = list(self._busy)
        for connection in busy:
            connection.cancel()

    def _take(self, database: str) -> Connection | None:
        with self._lock:
            if self._closed:
                raise ProviderError("the operation was cancelled")
            for index, (name, connection) in enumerate(self._idle):
                if name == database:
                    del self._idle[index]
                    self._busy.add(connection)
                    return connection
            surplus = self._idle[:1] if len(self._idle) + len(self._busy) >= self._settings.connections else []
            del self._idle[: len(surplus)]
        for _, connection in surplus:
            connection.close()
        return None

    def _open(self, database: str) -> Connection:
        connection = psycopg.connect(
            **self._settings.parameters,
            dbname=database,
            connect_timeout=self._settings.timeout,
            autocommit=True,
            prepare_threshold=None,
        )
        with self._lock:
            self._busy.add(connection)
        return connection

    def _give_back(self, database: str, connection: Connection) -> None:
        reusable = not connection.closed and connection.info.transaction_status is TransactionStatus.IDLE
        with self._lock:
            self._busy.discard(connection)
            if reusable and not self._closed:
                self._idle.append((database, connection))
                return
        connection.close()

    def _leave(self) -> None:
        with self._lock:
            self._borrowers -= 1
            leaving, self._idle = (self._idle, []) if self._borrowers == 0 else ([], self._idle)
        for _, connection in leaving:
            connection.close()
