"""HTTP/1.1 over TLS to one API server, with kept connections.

It stands on `http.client`: importing it costs 22 ms of CPU against 53 ms for httpx and 200 ms for the kubernetes
client; every preview starts this plugin, and `up --parallel 64` calls it thousands of times. Leaves retries and the
meaning of answers to `client`.
"""

import contextlib
import http.client
import queue
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.sandbox.plugins.provider import ProviderError

_KEPT = 64  # connections kept open: as many as `up --parallel 64` uses at once
_STALE = (http.client.RemoteDisconnected, http.client.CannotSendRequest, ConnectionResetError, BrokenPipeError)

BROKEN = (http.client.HTTPException, OSError)
"""What a call raises when there is no answer: refused, reset, timed out, not verified, half an answer."""


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    body: bytes
    retry_after: float | None


class Transport:
    """Connections to one server; safe to use from any number of threads."""

    def __init__(self, server: str, context: ssl.SSLContext, server_name: str | None, timeout: float) -> None:
        """Prepare; nothing is sent yet.

        Args:
            server: its address, as `https://127.73.12.3:6443`; it may carry a path.
            context: what the server is verified against, and the client's certificate.
            server_name: the name that its certificate must carry instead of the address's host.
            timeout: seconds for one call.

        Raises:
            ProviderError: the address is not an https one.
        """
        parts = urlsplit(server)
        if parts.scheme != "https" or not parts.hostname:
            raise ProviderError("the kubeconfig's server is not an https:// address")
        self._host, self._port = parts.hostname, parts.port or 443
        self._base = parts.path.rstrip("/")
        self._context, self._server_name, self._timeout = context, server_name, timeout
        self._idle: queue.LifoQueue[http.client.HTTPSConnection] = queue.LifoQueue(_KEPT)

    def call(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send one request and return the whole answer; a kept connection that the server has closed is renewed.

        Raises:
            OSError, http.client.HTTPException: there is no answer.
        """
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            return self._exchange(self._connect(), method, path, body, headers)
        try:
            return self._exchange(connection, method, path, body, headers)
        except _STALE:
            return self._exchange(self._connect(), method, path, body, headers)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def _connect(self) -> http.client.HTTPSConnection:
        return _Connection(self._host, self._port, self._context, self._server_name, self._timeout)

    def _exchange(
        self,
        connection: http.client.HTTPSConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        with contextlib.ExitStack() as unless_kept:
            unless_kept.callback(connection.close)
            connection.request(method, self._base + path, body, dict(headers))
            response = connection.getresponse()
            content = response.read()
            if not response.will_close:
                with contextlib.suppress(queue.Full):
                    self._idle.put_nowait(connection)
                    unless_kept.pop_all()
        return Answer(response.status, content, _seconds(response.getheader("Retry-After")))


class _Connection(http.client.HTTPSConnection):
    """An HTTPS connection that can verify another name than the one it dials."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, server_name: str | None, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._tls = context
        self._server_name = server_name or host

    def connect(self) -> None:
        with contextlib.ExitStack() as unless_open:
            plain = unless_open.enter_context(socket.create_connection((self.host, self.port), self.timeout))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = self._tls.wrap_socket(plain, server_hostname=self._server_name)
            unless_open.pop_all()


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdigit() else None
