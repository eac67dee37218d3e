"""Asks the servers, through the TLS proxy and with its certificate verified, whether they answer.

Returns what is wrong in a few words. Holds no connection open.
"""

import contextlib
import socket
import ssl
import struct
from pathlib import Path

_SECONDS = 5.0

NO_ANSWER = "no answer"
"""What is returned for a server that takes a connection and stays silent."""


_SSL_REQUEST = struct.pack("!II", 8, 80877103)


def accepts(address: str, port: int) -> bool:
    """Whether someone listens at `address`."""
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=_SECONDS):
        return True
    return False


def offers_tls(address: str, port: int) -> bool:
    """Whether a PostgreSQL server or its proxy at `address` is awake and agrees to TLS; needs no server behind it."""
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=_SECONDS) as plain:
        plain.sendall(_SSL_REQUEST)
        return plain.recv(1) == b"S"
    return False


def postgresql(address: str, port: int, authority: Path) -> str:
    """Return an empty text when PostgreSQL asks for a password, or what it or the network said instead.

    Args:
        address: where it listens.
        port: its port.
        authority: the certificate that vouches for it (PEM).
    """
    parameters = b"user\0postgres\0database\0postgres\0application_name\0tenantry\0\0"
    startup = struct.pack("!II", len(parameters) + 8, 196608) + parameters
    try:
        with socket.create_connection((address, port), timeout=_SECONDS) as plain:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                return "TLS is refused"
            with _verified(plain, address, authority) as secure:
                secure.sendall(startup)
                return _first_answer(secure.recv(4096))
    except OSError as error:  # ssl.SSLError is one too
        return _reason(error)


def valkey(address: str, port: int, authority: Path, password: str) -> str:
    """Return an empty text when Valkey takes the password and answers, or what it or the network said instead.

    Args:
        address: where it listens.
        port: its port.
        authority: the certificate that vouches for it (PEM).
        password: of the user `default`.
    """
    try:
        with (
            socket.create_connection((address, port), timeout=_SECONDS) as plain,
            _verified(plain, address, authority) as secure,
        ):
            secure.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (more := secure.recv(4096)):
                answer += more
    except OSError as error:
        return _reason(error)
    return (
        "" if answer == b"+OK\r\n+PONG\r\n" else answer.decode(errors="replace").strip() or "it closed the connection"
    )


def greets(address: str, port: int, authority: Path | None) -> str:
    """Return an empty text when Valkey answers somebody without a password, or what it or the network said instead.

    Args:
        address: where it listens.
        port: its port.
        authority: the certificate that vouches for it (PEM); None when it speaks no TLS.
    """
    try:
        with (
            socket.create_connection((address, port), timeout=_SECONDS) as plain,
            _verified(plain, address, authority) if authority else plain as connection,
        ):
            connection.sendall(b"PING\r\n")
            answer = connection.recv(4096)
    except OSError as error:
        return _reason(error)
    expected = answer.startswith((b"+PONG", b"-NOAUTH"))
    return "" if expected else answer.decode(errors="replace").strip() or "it closed the connection"


def _verified(plain: socket.socket, address: str, authority: Path) -> ssl.SSLSocket:
    return ssl.create_default_context(cafile=str(authority)).wrap_socket(plain, server_hostname=address)


def _first_answer(answer: bytes) -> str:
    if answer[:1] == b"R":
        return ""
    messages = [field[1:] for field in answer[5:].split(b"\0") if field[:1] == b"M"]
    return messages[0].decode(errors="replace") if messages else "it closed the connection"


def _reason(error: OSError) -> str:
    return NO_ANSWER if isinstance(error, TimeoutError) else (error.strerror or str(error))
