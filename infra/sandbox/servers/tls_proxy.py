"""The TLS proxy of one instance: a process that takes TLS on loopback addresses and passes bytes to unix sockets.

Run as `python -P -m infra.sandbox.servers.tls_proxy SETTINGS` in the instance's folder, to which all paths relate.
Imports nothing but the standard library: it lives as long as the instance does. Logs no address, name or byte of a
client, only what stops the proxy itself.
"""

import asyncio
import json
import resource
import signal
import socket
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.sandbox.servers.greeting import Gate, PostgreSQLGate, ValkeyGate

_BACKLOG = 512
_MOST_CONNECTIONS = 2000  # far above what both servers accept, so that they refuse first and say why


@dataclass(frozen=True, kw_only=True)
class Listener:
    """One address on which the proxy listens.

    Args:
        protocol: `postgresql` or `valkey`.
        address: an IPv4 address.
        port: a TCP port.
        upstream: the server's unix socket.
        certificate: the file of the certificate (PEM).
        key: the file of its key (PEM).
        patience: seconds for a client's handshake.
        plain: a file; while it exists, PostgreSQL's clients may do without TLS. Empty for never.
    """

    protocol: str
    address: str
    port: int
    upstream: str
    certificate: str
    key: str
    patience: float = 10.0
    plain: str = ""

    def gate(self) -> Gate:
        """Return how its connections are taken."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
        context.num_tickets = 0  # a ticket that nobody reads would reset connections that close early
        context.load_cert_chain(self.certificate, self.key)
        if self.protocol == "postgresql":
            context.set_alpn_protocols(["postgresql"])
            return PostgreSQLGate(context, self.upstream, self.patience, self.plain)
        return ValkeyGate(context, self.upstream, self.patience)

    def listen(self) -> socket.socket:
        """Return the listening socket.

        Raises:
            OSError: the address is taken.
        """
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setblocking(False)
        listening.bind((self.address, self.port))
        listening.listen(_BACKLOG)
        return listening


async def run(listeners: list[Listener]) -> None:
    """Serve all `listeners` until SIGTERM."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    pairs = [(listener.gate(), listener.listen()) for listener in listeners]
    accepting = [asyncio.create_task(_accept(gate, listening)) for gate, listening in pairs]
    waiting = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait([waiting, *accepting], return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _accept(gate: Gate, listening: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    serving: set[asyncio.Task[None]] = set()
    while True:
        try:
            connection, _ = await loop.sock_accept(listening)
        except OSError:  # no file descriptor left, or the client has left already
            await asyncio.sleep(0.05)
            continue
        if len(serving) >= _MOST_CONNECTIONS:
            connection.close()
            continue
        task = loop.create_task(_serve(gate, connection))
        serving.add(task)
        task.add_done_callback(serving.discard)


async def _serve(gate: Gate, connection: socket.socket) -> None:
    with connection:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            await gate.serve(connection)
        except (OSError, ssl.SSLError):
            return  # port scans, slow clients, strangers and dropped connections: nothing that the user could mend


def main(settings: Path) -> None:
    """Run the proxy.

    Args:
        settings: a JSON file whose `listeners` are those of `Listener`.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listeners = [Listener(**entry) for entry in json.loads(settings.read_text())["listeners"]]
    asyncio.run(run(listeners))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
