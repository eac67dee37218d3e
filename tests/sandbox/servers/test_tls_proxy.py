"""The TLS proxy against clients that are strange, slow, hostile or in a hurry, before a server made for the test."""

import hashlib
import json
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from infra.sandbox.addresses import free_block
from infra.sandbox.certificates import CertificateAuthority
from infra.sandbox.servers import tls_proxy
from infra.sandbox.waiting import wait_until

SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSS_REQUEST = struct.pack("!II", 8, 80877104)


CANCELLED: list[bytes] = []


class Upstream(socketserver.StreamRequestHandler):
    """Says what it was told: the digest of everything once the client has finished, or much at once when asked."""

    def handle(self) -> None:
        first = self.rfile.read(4)
        if first[:1] == b"\0":  # a cancel request begins with its length
            CANCELLED.append(first + self.rfile.read(int.from_bytes(first) - 4))
            return
        if first == b"much":
            self.wfile.write(b"y" * 50_000_000)
            return
        if first == b"last":  # closes without having read everything
            self.wfile.write(b"famous last words")
            return
        self.wfile.write(hashlib.sha256(first + self.rfile.read()).digest())


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 400

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave are part of the tests."""


@dataclass
class Proxy:
    address: str
    authority: Path
    process: subprocess.Popen[bytes]
    log: Path

    def plain(self, port: int = 5432) -> socket.socket:
        return socket.create_connection((self.address, port), timeout=30)

    def secure(
        self, port: int = 5432, alpn: list[str] | None = None, connection: socket.socket | None = None
    ) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.authority))
        if alpn:
            context.set_alpn_protocols(alpn)
        return context.wrap_socket(connection or self.plain(port), server_hostname=self.address)

    def postgresql(self) -> ssl.SSLSocket:
        connection = self.plain()
        connection.sendall(SSL_REQUEST)
        assert connection.recv(1) == b"S"
        return self.secure(connection=connection)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    root = tmp_path_factory.mktemp("proxy")
    address = f"{free_block(str(root), frozenset()).prefix}.9"
    authority = CertificateAuthority(root / "certificates")
    pair = authority.issue("server", common_name="server", hosts=[address])
    listeners = [
        {"protocol": protocol, "address": address, "port": port, "upstream": upstream, "patience": 5}
        | {"certificate": str(pair.certificate), "key": str(pair.key)}
        for protocol, port, upstream in [
            ("postgresql", 5432, "up"),
            ("postgresql", 5433, "gone"),
            ("valkey", 6379, "gone"),
        ]
    ]
    (root / "settings.json").write_text(json.dumps({"listeners": listeners}))
    server = Server(str(root / "up"), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with (root / "log").open("wb") as log:
        command = [sys.executable, "-P", "-m", tls_proxy.__name__, "settings.json"]
        process = subprocess.Popen(command, cwd=root, stdout=log, stderr=log)
    wait_until(lambda: _answers(address), seconds=30, what="no proxy", where=address, remedy="-")
    yield Proxy(address, authority.certificate, process, root / "log")
    process.terminate()
    assert process.wait(10) == 0
    server.shutdown()
    server.server_close()
    assert (root / "log").read_text() == ""


def _answers(address: str) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((address, 6379)) == 0


def _everything(connection: socket.socket) -> bytes:
    data = bytearray()
    while more := connection.recv(65536):
        data += more
    return bytes(data)


def _everything_or_reset(connection: socket.socket) -> bytes:
    try:
        return _everything(connection)
    except OSError:
        return b""


def _fields(packet: bytes) -> dict[str, str]:
    assert packet[:1] == b"E"
    assert struct.unpack("!I", packet[1:5]) == (len(packet) - 1,)
    return {field[:1].decode(): field[1:].decode() for field in packet[5:].split(b"\0") if field}


def test_a_finished_client_still_gets_its_answer(proxy: Proxy) -> None:
    data = b"data" + bytes(range(256)) * 40_000
    with proxy.postgresql() as connection:
        connection.sendall(data)
        socket.socket.shutdown(connection, socket.SHUT_WR)
        assert _everything(connection) == hashlib.sha256(data).digest()


def test_the_last_words_of_a_server_that_closes_early_arrive(proxy: Proxy) -> None:
    for number in range(40):
        with proxy.postgresql() as connection:
            connection.sendall(b"last" + b"x" * 5000)
            if number % 2:
                socket.socket.shutdown(connection, socket.SHUT_WR)
            assert _everything(connection) == b"famous last words"


def test_a_slow_reader_costs_no_memory_and_loses_nothing(proxy: Proxy) -> None:
    connections = [proxy.postgresql() for _ in range(10)]
    for connection in connections:
        connection.sendall(b"much")
    assert len(_everything(connections[0])) == 50_000_000  # meanwhile nobody reads from the others
    assert psutil.Process(proxy.process.pid).memory_info().rss < 60 * 2**20
    for connection in connections:
        connection.close()


def test_gss_encryption_is_declined_and_tls_follows(proxy: Proxy) -> None:
    with proxy.plain() as plain:
        plain.sendall(GSS_REQUEST)
        assert plain.recv(1) == b"N"
        plain.sendall(SSL_REQUEST)
        assert plain.recv(1) == b"S"
        with proxy.secure(connection=plain) as connection:
            connection.sendall(b"last")
            assert _everything(connection) == b"famous last words"


def test_direct_tls_needs_the_protocols_name(proxy: Proxy) -> None:
    with proxy.secure(alpn=["postgresql"]) as connection:
        assert connection.selected_alpn_protocol() == "postgresql"
        connection.sendall(b"last")
        assert _everything(connection) == b"famous last words"
    for names in (None, ["http/1.1"]):
        with proxy.secure(alpn=names) as connection:
            assert _everything_or_reset(connection) == b""


def test_bytes_smuggled_in_before_the_handshake_are_never_taken(proxy: Proxy) -> None:
    with proxy.plain() as plain:
        plain.sendall(SSL_REQUEST + b"last")
        assert plain.recv(1) == b"S"
        with pytest.raises(OSError, match=r"(?i)reset|eof|alert|wrong|version"):
            proxy.secure(connection=plain)


def test_a_start_without_tls_is_refused_with_who_and_where(proxy: Proxy) -> None:
    parameters = b"user\0an\xffna\0database\0shop\0\0"
    with proxy.plain() as plain:
        plain.sendall(struct.pack("!II", len(parameters) + 8, 196608) + parameters)
        fields = _fields(_everything(plain))
    assert (fields["S"], fields["V"], fields["C"]) == ("FATAL", "FATAL", "28000")
    assert fields["M"].startswith('no pg_hba.conf entry for host "127.')
    assert fields["M"].endswith('user "an\N{REPLACEMENT CHARACTER}na", database "shop", no encryption')


def test_a_cancel_request_in_clear_is_passed_on_whole(proxy: Proxy) -> None:
    for key in (b"k" * 8, b"k" * 260):
        with proxy.plain() as plain:
            request = struct.pack("!II", 8 + len(key), 80877102) + key
            plain.sendall(request)
            assert _everything(plain) == b""
            assert CANCELLED.pop() == request


def test_a_server_that_is_away_is_named_at_once(proxy: Proxy) -> None:
    with proxy.plain(5433) as plain:
        plain.sendall(SSL_REQUEST)
        assert plain.recv(1) == b"S"
        with proxy.secure(connection=plain) as connection:
            fields = _fields(_everything(connection))
    assert (fields["C"], fields["M"]) == ("57P03", "the database system is starting up")
    with proxy.secure(6379) as connection:
        assert _everything(connection).startswith(b"-LOADING ")


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0" * 4096,
        b"\xff" * 4096,
        struct.pack("!II", 9_999_999, 196608) + b"x" * 100,
        struct.pack("!II", 4, 196608),
        struct.pack("!II", 300, 80877102) + b"x" * 292,
        b"\x16\x03\x01\x00\x05hello",
        GSS_REQUEST * 50,
        b"",
    ],
)
@pytest.mark.parametrize("port", [5432, 6379])
def test_strangers_are_shown_the_door(proxy: Proxy, garbage: bytes, port: int) -> None:
    with proxy.plain(port) as plain:
        plain.sendall(garbage)
        with suppress(OSError):
            plain.shutdown(socket.SHUT_WR)
        answer = _everything_or_reset(plain)
    assert len(answer) < 20  # nothing, `N`, or a TLS alert


def test_silent_clients_are_dropped_while_others_are_served(proxy: Proxy) -> None:
    silent = [proxy.plain(port) for port in (5432, 6379) for _ in range(100)]
    silent[0].sendall(SSL_REQUEST[:3])
    silent[1].sendall(SSL_REQUEST)
    with proxy.postgresql() as connection:
        connection.sendall(b"last")
        assert _everything(connection) == b"famous last words"
    assert silent[1].recv(1) == b"S"
    for connection in silent:
        assert connection.recv(1) == b""
        connection.close()


def test_300_clients_are_served_at_once(proxy: Proxy) -> None:
    connections = [proxy.postgresql() for _ in range(300)]
    for connection in connections:
        connection.sendall(b"last")
    assert [_everything(connection) for connection in connections] == [b"famous last words"] * 300
    for connection in connections:
        connection.close()
    process = psutil.Process(proxy.process.pid)
    wait_until(lambda: process.num_fds() < 40, seconds=15, what="descriptors are left", where="-", remedy="-")
    assert process.memory_info().rss < 80 * 2**20


def test_clients_that_vanish_leave_nothing_behind(proxy: Proxy) -> None:
    for number in range(30):
        connection = proxy.postgresql()
        connection.sendall(b"much" if number % 2 else b"half of a")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes with a reset
        connection.close()
    process = psutil.Process(proxy.process.pid)
    wait_until(lambda: process.num_fds() < 40, seconds=15, what="descriptors are left", where="-", remedy="-")
    assert process.is_running()


def test_the_process_is_small_because_it_imports_little(proxy: Proxy) -> None:
    code = f"import sys, {tls_proxy.__name__}; print([m for m in sys.modules if m.startswith(('crypto', 'psutil'))])"
    run = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
