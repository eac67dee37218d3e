"""TLS over a non-blocking socket, and the relay between it and a server's unix socket.

Part of the proxy's process. Done by hand over two memory buffers, because asyncio's own TLS keeps 256 KiB for every
connection and hides the half-close. Nothing that passes is kept, shown or logged.
"""

import asyncio
import contextlib
import socket
import ssl
from typing import Protocol

_CHUNK = 65536
_LINGER = 2.0  # seconds that a client has to take the last words before its connection is closed


class Stream(Protocol):
    """What the relay needs of a client's connection; `TlsStream` says what each does."""

    async def read(self) -> bytes:
        """Return what the client sent next; nothing when it has finished."""

    async def write(self, data: bytes) -> None:
        """Send `data`."""

    async def finish(self) -> None:
        """Tell the client that nothing more follows, and give it time to read that."""


class PlainStream:
    """The server's side of a connection without TLS, for servers that take such.

    Args:
        connection: the client's.
        first: what has been read of it already.
    """

    def __init__(self, connection: socket.socket, first: bytes) -> None:
        self.connection = connection
        self._first = first

    async def read(self) -> bytes:
        """Return what the client sent next; nothing when it has finished."""
        first, self._first = self._first, b""
        return first or await asyncio.get_running_loop().sock_recv(self.connection, _CHUNK)

    async def write(self, data: bytes) -> None:
        """Send `data`; returns when the network has taken it."""
        await asyncio.get_running_loop().sock_sendall(self.connection, data)

    async def finish(self) -> None:
        """Tell the client that nothing more follows, and give it time to read that."""
        await linger(self.connection)


class TlsStream:
    """The server's side of one TLS connection; one task may read while another one writes."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self.connection = connection
        self._received = ssl.MemoryBIO()
        self._unsent = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._unsent, server_side=True)
        self._sending = asyncio.Lock()

    async def handshake(self) -> None:
        """Agree on keys with the client.

        Raises:
            ssl.SSLError: the client speaks no acceptable TLS, or nothing like TLS.
            ConnectionError: it left.
        """
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._fill():
                    raise ConnectionResetError from None
            except ssl.SSLError:
                await self._flush()  # the alert that tells the client why
                raise
        await self._flush()

    def application_protocol(self) -> str | None:
        """Return the protocol agreed on by ALPN."""
        return self._tls.selected_alpn_protocol()

    async def read(self) -> bytes:
        """Return what the client sent next; nothing when it has finished."""
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                # A writer that waits for a slow client sends these bytes too; waiting for it would stop this direction.
                if not self._sending.locked():
                    await self._flush()
                if not await self._fill():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""

    async def write(self, data: bytes) -> None:
        """Send `data`; returns when the network has taken it."""
        view = memoryview(data)
        while view:
            view = view[self._tls.write(view) :]
        await self._flush()

    async def finish(self) -> None:
        """Tell the client that nothing more follows, and give it time to read that."""
        with contextlib.suppress(ssl.SSLError):  # the client need not answer
            self._tls.unwrap()
        await self._flush()
        await linger(self.connection)

    async def _fill(self) -> bool:
        data = await asyncio.get_running_loop().sock_recv(self.connection, _CHUNK)
        self._received.write(data)
        return bool(data)

    async def _flush(self) -> None:
        async with self._sending:
            while data := self._unsent.read():
                await asyncio.get_running_loop().sock_sendall(self.connection, data)


async def linger(connection: socket.socket) -> None:
    """End the sending side and wait until the client has closed: closing first could destroy what was just sent."""
    connection.shutdown(socket.SHUT_WR)
    try:
        async with asyncio.timeout(_LINGER):
            while await asyncio.get_running_loop().sock_recv(connection, _CHUNK):
                pass
    except TimeoutError:
        return


async def connect(path: str) -> socket.socket:
    """Return a connection to the unix socket `path`.

    Raises:
        OSError: nothing listens there.
    """
    with contextlib.ExitStack() as on_failure:
        upstream = on_failure.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        upstream.setblocking(False)
        while True:
            try:
                upstream.connect(path)
            except BlockingIOError:  # its queue is full; for unix sockets, no event tells when that is over
                await asyncio.sleep(0.01)
            else:
                on_failure.pop_all()
                return upstream


async def relay(client: Stream, upstream: socket.socket) -> None:
    """Pass bytes both ways until the server has closed its side, or the client is gone."""
    try:
        async with asyncio.TaskGroup() as group:
            uploading = group.create_task(_upload(client, upstream))
            await _download(client, upstream)
            uploading.cancel()
        await client.finish()
    except* (OSError, ssl.SSLError):
        upstream.close()  # the client is gone; the server finds out by this


async def _upload(client: Stream, upstream: socket.socket) -> None:
    while data := await client.read():
        try:
            await asyncio.get_running_loop().sock_sendall(upstream, data)
        except OSError:
            return  # the server closed; its last words are still on their way down
    with contextlib.suppress(OSError):  # likewise
        upstream.shutdown(socket.SHUT_WR)


async def _download(client: Stream, upstream: socket.socket) -> None:
    while data := await _receive(upstream):
        await client.write(data)


async def _receive(upstream: socket.socket) -> bytes:
    try:
        return await asyncio.get_running_loop().sock_recv(upstream, _CHUNK)
    except ConnectionResetError:  # how a unix socket says that the server closed without reading everything
        return b""
