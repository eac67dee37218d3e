"""The cloud's side of HTTP: connections that stay open, each with a thread of its own.

The plugin makes several calls for one resource; werkzeug's own handler would close the connection after each, and wait
10 ms before. Here a request is read whole before it is answered, so that the next one begins where it ends.
"""

import socket
import sys
import traceback

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.exceptions import ClientDisconnected
from werkzeug.serving import BaseWSGIServer, make_server

from infra.errors import TenantryError
from infra.sandbox.cloud import calls
from infra.sandbox.cloud.journal import Application
from infra.sandbox.cloud.refusals import Answer, Refusal

_OWN = {"connection", "content-length", "transfer-encoding"}  # headers that are this module's to say
_BODILESS = ("1", "204", "304")  # statuses that have no body by RFC 9110


class Connection(MotoRequestHandler):
    """One client's connection. Logs no requests: they are many, and their queries may hold secrets."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    application: Application

    def run_wsgi(self) -> None:
        """Answer one request."""
        environ = self.make_environ()
        if "HTTP_TRANSFER_ENCODING" in environ:
            self.close_connection = True  # where the last chunk ends, nobody has looked
        try:
            call = calls.receive(environ)
        except ClientDisconnected:
            self.close_connection = True
            return
        try:
            answer = self.application(call)
        except (LookupError, ValueError, TypeError, AttributeError, RuntimeError, OSError):
            traceback.print_exc(file=sys.stderr)
            answer = Refusal("InternalFailure", "The simulated AWS has failed; see its log.", 500).answer(call)
        self._send(answer)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""

    def _send(self, answer: Answer) -> None:
        """Write the answer in one piece, so that the client is woken once."""
        headers = [(name, value) for name, value in answer.headers if name.lower() not in _OWN]
        bodiless = answer.status.startswith(_BODILESS)
        body = b"" if bodiless or self.command == "HEAD" else answer.body
        if self.command == "HEAD":  # tells the length of what a GET would get
            headers += [header for header in answer.headers if header[0].lower() == "content-length"]
        elif not bodiless:
            headers.append(("Content-Length", str(len(body))))
        if self.close_connection:
            headers.append(("Connection", "close"))
        lines = [f"{self.protocol_version} {answer.status}", *(f"{name}: {value}" for name, value in headers)]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


def listen(address: str, port: int) -> socket.socket:
    """Return the listening socket; clients may connect already, and wait until they are served.

    Raises:
        TenantryError: the address is taken or cannot be used.
    """
    try:
        return socket.create_server((address, port), backlog=1024)
    except OSError as error:
        what = f"the cloud cannot listen ({error.strerror})"
        raise TenantryError(what, f"{address}:{port}", "stop the process that holds the address") from error


def server(listening: socket.socket, application: Application) -> BaseWSGIServer:
    """Return a server of `application` on the socket that `listen` has made."""
    address, port = listening.getsockname()
    handler = type("CloudConnection", (Connection,), {"application": staticmethod(application)})
    return make_server(address, port, _unused, threaded=True, request_handler=handler, fd=listening.fileno())


def _unused(_environ: object, _start_response: object) -> list[bytes]:
    """Stand where werkzeug wants an application; connections ask their own."""
    return []
