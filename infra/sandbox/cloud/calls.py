"""One request to the cloud, read the way AWS's wire protocols mean it.

Owns the question which service, region and action a request is for. Leaves the answer to others.
"""

import io
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from werkzeug.wsgi import get_input_stream

from infra.sandbox.cloud import operations

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_SCOPE = re.compile(r"Credential=[^/,\s]+/\d+/([^/,\s]+)/([^/,\s]+)/aws4_request")
_RPC = re.compile(r"/service/[^/]+/operation/(\w+)")
_READ = re.compile(r"(Describe|List|Get|Head)[A-Z]")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Call:
    """A request whose body has been read; the environ can still be given to an application.

    Args:
        environ: the WSGI environ; its input stands at the body's beginning.
        body: the whole body.
    """

    environ: "WSGIEnvironment"
    body: bytes

    @property
    def method(self) -> str:
        """The HTTP method, in capitals."""
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        """The path, decoded."""
        return str(self.environ.get("PATH_INFO", ""))

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters; those without a value too."""
        return parse_qs(str(self.environ.get("QUERY_STRING", "")), keep_blank_values=True)

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters of the query protocol, from query and body; empty for other protocols."""
        found = {name: values[0] for name, values in self.query.items()}
        if str(self.environ.get("CONTENT_TYPE", "")).startswith(_FORM):
            body = parse_qs(self.body.decode(errors="replace"), keep_blank_values=True)
            found |= {name: values[0] for name, values in body.items()}
        return found if "Action" in found else {}

    @property
    def region(self) -> str:
        """The region that the request was signed for; empty for an unsigned one."""
        return self._scope[0]

    @property
    def service(self) -> str:
        """The service that it was signed for, by its signing name as `ec2`; empty for an unsigned one."""
        return self._scope[1]

    @property
    def protocol(self) -> str:
        """The wire protocol, as botocore calls it: ec2, query, json, smithy-rpc-v2-cbor, rest-xml or rest-json."""
        if self.environ.get("HTTP_SMITHY_PROTOCOL"):
            return str(self.environ["HTTP_SMITHY_PROTOCOL"]).replace("rpc-v2", "smithy-rpc-v2")
        if "HTTP_X_AMZ_TARGET" in self.environ:
            return "json"
        if self.form:
            return "ec2" if self.service == "ec2" else "query"
        return "rest-xml" if self.service in {"s3", "route53", "cloudfront", ""} else "rest-json"

    @property
    def stated_action(self) -> str:
        """The action that the request itself names; empty where method and path mean one."""
        rpc = _RPC.fullmatch(self.path) if self.protocol.startswith("smithy") else None
        if rpc:
            return rpc[1]
        target = str(self.environ.get("HTTP_X_AMZ_TARGET", ""))
        return target.rpartition(".")[2] or self.form.get("Action", "")

    @cached_property
    def action(self) -> str:
        """The action, as `CreateVpc`; for REST services looked up in AWS's own models. Empty when nothing fits."""
        return self.stated_action or operations.name_of(self.service, self.method, self.path, frozenset(self.query))

    @property
    def is_read(self) -> bool:
        """Whether it surely changes nothing; in doubt it may."""
        if self.stated_action:
            return bool(_READ.match(self.stated_action))
        return self.method in {"GET", "HEAD", "OPTIONS"}

    @cached_property
    def _scope(self) -> tuple[str, str]:
        signed = str(self.environ.get("HTTP_AUTHORIZATION", ""))
        presigned = self.query.get("X-Amz-Credential")
        found = _SCOPE.search(f"Credential={presigned[0]}" if presigned and not signed else signed)
        return (found[1], found[2].lower()) if found else ("", "")


def receive(environ: "WSGIEnvironment") -> Call:
    """Read a request's body, and leave the environ as if a client had sent it in one piece.

    Args:
        environ: as the server made it.
    """
    return of(environ, get_input_stream(environ).read())


def of(environ: "WSGIEnvironment", body: bytes) -> Call:
    """Return the call of an environ and its body, which becomes the environ's input."""
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("wsgi.input_terminated", None)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return Call(environ, body)
