"""The first packets of a connection to the proxy, before any byte is passed on.

Part of the proxy's process. Owns the promise that nothing but a cancel request goes on without TLS, unless a server
says that it takes plain connections.
"""

import asyncio
import socket
import ssl
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.sandbox.servers.tls_stream import PlainStream, Stream, TlsStream, connect, linger, relay

_CANCEL_REQUEST = 80877102
_SSL_REQUEST = 80877103
_GSS_REQUEST = 80877104
_TLS_RECORD = 0x16
_LONGEST_START = 10_000  # bytes; PostgreSQL's own limit of a start-up packet
_LONGEST_CANCEL = 16 + 256  # bytes; protocol 3.2 allows cancel keys of 256


class Gate(Protocol):
    """How the connections of one protocol are taken."""

    async def serve(self, connection: socket.socket) -> None:
        """Serve one connection until it ends; the caller closes it."""


@dataclass(frozen=True)
class PostgreSQLGate:
    """Takes PostgreSQL connections: TLS on request or at once; plain ones are refused as RDS does with `force_ssl`.

    Args:
        context: the server's certificate and TLS versions.
        upstream: the path of the server's unix socket.
        patience: seconds for the handshake, and then for the server to take the connection.
        plain: a file; while it exists, plain connections are passed on. Empty for never.
    """

    context: ssl.SSLContext
    upstream: str
    patience: float
    plain: str = ""

    async def serve(self, connection: socket.socket) -> None:
        """Serve one connection until it ends."""
        async with asyncio.timeout(self.patience):
            client = await self._secure(connection)
        if client is not None:
            starting = error_packet("57P03", "the database system is starting up")
            await _forward(client, self.upstream, self.patience, starting)

    async def _secure(self, connection: socket.socket) -> Stream | None:
        """Return the client's stream, or None when the connection has been dealt with."""
        for _ in range(2):  # a GSS request may come before the TLS request
            if await _first_byte(connection) == _TLS_RECORD:
                return await self._direct(connection)
            length, code = struct.unpack("!II", await _exactly(connection, 8))
            if (length, code) == (8, _SSL_REQUEST):
                return await self._requested(connection)
            if (length, code) != (8, _GSS_REQUEST):
                return await self._plain(connection, length, code)
            await asyncio.get_running_loop().sock_sendall(connection, b"N")
        return None

    async def _requested(self, connection: socket.socket) -> TlsStream:
        # Exactly the request was read: what a man in the middle sent behind it meets the TLS engine and fails there.
        await asyncio.get_running_loop().sock_sendall(connection, b"S")
        client = TlsStream(connection, self.context)
        await client.handshake()
        return client

    async def _direct(self, connection: socket.socket) -> TlsStream | None:
        client = TlsStream(connection, self.context)
        await client.handshake()
        # PostgreSQL demands ALPN here, so that a browser cannot be tricked into speaking to it.
        return client if client.application_protocol() == "postgresql" else None

    async def _plain(self, connection: socket.socket, length: int, code: int) -> PlainStream | None:
        if code == _CANCEL_REQUEST and 12 < length <= _LONGEST_CANCEL:
            rest = await _exactly(connection, length - 8)
            await _cancel(self.upstream, struct.pack("!II", length, code) + rest)
        elif code >> 16 == 3 and 8 < length <= _LONGEST_START:
            packet = await _exactly(connection, length - 8)
            if self.plain and Path(self.plain).exists():
                return PlainStream(connection, struct.pack("!II", length, code) + packet)
            await asyncio.get_running_loop().sock_sendall(connection, _no_encryption(connection, packet))
            await linger(connection)
        return None


@dataclass(frozen=True)
class ValkeyGate:
    """Takes connections that begin with TLS at once, as `rediss://` does.

    Args:
        context: the server's certificate and TLS versions.
        upstream: the path of the server's unix socket.
        patience: seconds for the handshake, and then for the server to take the connection.
    """

    context: ssl.SSLContext
    upstream: str
    patience: float

    async def serve(self, connection: socket.socket) -> None:
        """Serve one connection until it ends."""
        client = TlsStream(connection, self.context)
        async with asyncio.timeout(self.patience):
            await client.handshake()
        await _forward(client, self.upstream, self.patience, b"-LOADING Valkey is starting\r\n")


def error_packet(code: str, message: str) -> bytes:
    """Return a PostgreSQL ErrorResponse of severity FATAL.

    Args:
        code: the SQLSTATE.
        message: one line.
    """
    fields = (b"SFATAL", b"VFATAL", b"C" + code.encode(), b"M" + message.encode(), b"")
    body = b"".join(field + b"\0" for field in fields)
    return b"E" + struct.pack("!I", len(body) + 4) + body


async def _forward(client: Stream, path: str, patience: float, refusal: bytes) -> None:
    try:
        async with asyncio.timeout(patience):
            upstream = await connect(path)
    except OSError:  # TimeoutError is one too
        await client.write(refusal)
        await client.finish()
        return
    with upstream:
        await relay(client, upstream)


async def _cancel(path: str, request: bytes) -> None:
    with await connect(path) as upstream:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(upstream, request)
        await loop.sock_recv(upstream, 1)  # the server closes when it has passed the signal on


def _no_encryption(connection: socket.socket, packet: bytes) -> bytes:
    words = packet.split(b"\0")
    parameters = dict(zip(words[::2], words[1::2], strict=False))
    user = parameters.get(b"user", b"").decode(errors="replace")
    database = parameters.get(b"database", b"").decode(errors="replace") or user
    host = connection.getpeername()[0]
    message = f'no pg_hba.conf entry for host "{host}", user "{user}", database "{database}", no encryption'
    return error_packet("28000", message)


async def _first_byte(connection: socket.socket) -> int:
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(connection, _settle, readable)
    try:
        await readable
    finally:
        loop.remove_reader(connection)
    seen = connection.recv(1, socket.MSG_PEEK)
    if not seen:
        raise ConnectionResetError
    return seen[0]


def _settle(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)


async def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = await asyncio.get_running_loop().sock_recv(connection, count - len(data))
        if not more:
            raise ConnectionResetError
        data += more
    return data
