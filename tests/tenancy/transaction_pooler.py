"""A pooler in transaction mode, as small as it can be: all its clients share one connection to the real server.

It stands in for PgBouncer, of which no package or Go module can be had where the tests run, and does what PgBouncer
does with `pool_mode = transaction`: a server connection is a client's from its first message until the server says
that no transaction is open, is not reset between clients (`server_reset_query` counts in session mode alone), and is
closed when a client goes away in the middle of a transaction. It asks clients for no password, and knows no COPY FROM.
"""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104
_ANSWERED = (b"Q", b"S")  # Query and Sync: the server ends its answer to them with ReadyForQuery
_IDLE = b"I"


class _Stream:
    """Messages over a socket, each a type, its length and its content."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected

    def exactly(self, count: int) -> bytes:
        """Raise EOFError where the other end is gone."""
        parts = b""
        while len(parts) < count:
            part = self.socket.recv(count - len(parts))
            if not part:
                raise EOFError
            parts += part
        return parts

    def message(self) -> tuple[bytes, bytes]:
        """Return the type and the whole of the next message."""
        head = self.exactly(5)
        return head[:1], head + self.exactly(struct.unpack("!I", head[1:])[0] - 4)

    def startup(self) -> bytes:
        """Return the first message of a client, which has no type, without its length."""
        return self.exactly(struct.unpack("!I", self.exactly(4))[0] - 4)


class TransactionPooler:
    """One server connection for whoever connects."""

    def __init__(self, url: str, folder: Path) -> None:
        """Log in at `url`; listen on a unix socket in `folder`."""
        self.folder = folder
        self.served = 0
        """How many transactions, or statements outside of one, it has seen."""
        self.turns = 0
        """How often the server connection went to another client."""
        self._last: _Stream | None = None
        self._url = url
        self._free = threading.Lock()
        self._log_in()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        self._listener.close()
        for one in (*self._clients, self._server.socket):
            one.close()
        self._login.close()

    def _log_in(self) -> None:
        # libpq logs in, by SCRAM; from then on its socket is ours, until the end, which it says.
        self._login = psycopg.connect(self._url, autocommit=True)
        self._server = _Stream(socket.socket(fileno=os.dup(self._login.pgconn.socket)))
        self._server.socket.setblocking(True)

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(_Stream(client),), daemon=True).start()

    def _serve(self, client: _Stream) -> None:
        try:
            while struct.unpack("!I", client.startup()[:4])[0] in (_SSL_REQUEST, _GSS_REQUEST):
                client.socket.sendall(b"N")
            client.socket.sendall(_welcome())
            while True:
                kind, message = client.message()
                if kind == b"X":
                    return
                with self._free:
                    self._transaction(client, kind, message)
        except (EOFError, OSError):
            return
        finally:
            client.socket.close()

    def _transaction(self, client: _Stream, kind: bytes, message: bytes) -> None:
        """Give the server connection to a client until no transaction is open."""
        self.served += 1
        self.turns += client is not self._last
        self._last = client
        try:
            while True:
                self._server.socket.sendall(message)
                if kind in _ANSWERED and self._answer(client) == _IDLE:
                    return
                kind, message = client.message()
                if kind == b"X":
                    raise EOFError
        except (EOFError, OSError):
            self._server.socket.close()
            self._login.close()
            self._log_in()
            raise

    def _answer(self, client: _Stream) -> bytes:
        """Hand on what the server says until it is ready; return whether a transaction is open."""
        while True:
            kind, message = self._server.message()
            client.socket.sendall(message)
            if kind == b"Z":
                return message[5:]


def _welcome() -> bytes:
    """Return that the client is in, what it must know of the server, and that it may ask."""
    known = {"server_version": "18.0", "client_encoding": "UTF8", "standard_conforming_strings": "on"}
    told = [b"%s\0%s\0" % (name.encode(), value.encode()) for name, value in known.items()]
    messages = [(b"R", struct.pack("!I", 0)), *((b"S", content) for content in told), (b"Z", _IDLE)]
    return b"".join(kind + struct.pack("!I", len(content) + 4) + content for kind, content in messages)


@contextmanager
def pooling(url: str, folder: Path) -> Iterator[TransactionPooler]:
    """Have a pooler before the server until the end of the block."""
    pooler = TransactionPooler(url, folder)
    try:
        yield pooler
    finally:
        pooler.close()
