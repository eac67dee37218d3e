"""Errors in AWS's wire formats, as botocore and the other SDKs read them.

Formats: the error sections of the protocols at smithy.io (awsQuery, ec2Query, awsJson, restJson1, restXml, rpcv2Cbor).
"""

import json
import struct
from dataclasses import dataclass
from xml.sax.saxutils import escape

from infra.sandbox.cloud.calls import Call

_REQUEST_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Answer:
    """A whole HTTP response.

    Args:
        status: the status line without the protocol, as `400 Bad Request`.
        headers: names and values.
        body: the whole body.
    """

    status: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Refusal:
    """An error that a service answers instead of a result.

    Args:
        code: AWS's error code.
        message: AWS's text.
        status: the HTTP status.
    """

    code: str
    message: str
    status: int = 400

    def answer(self, call: Call) -> Answer:
        """Return the response in the protocol that `call` came in."""
        kind, body = self._body(call.protocol)
        headers = [("Content-Type", kind), ("x-amzn-ErrorType", self.code), ("x-amzn-RequestId", _REQUEST_ID)]
        if call.protocol.startswith("smithy"):
            headers.append(("smithy-protocol", "rpc-v2-cbor"))
        content = b"" if call.method == "HEAD" else body
        reason = {400: "Bad Request", 500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable"}
        line = f"{self.status} {reason.get(self.status, 'Error')}"
        return Answer(line, [*headers, ("Content-Length", str(len(content)))], content)

    def _body(self, protocol: str) -> tuple[str, bytes]:
        code, message = escape(self.code), escape(self.message)
        stated = f"<Code>{code}</Code><Message>{message}</Message>"
        if protocol == "ec2":
            text = f"<Response><Errors><Error>{stated}</Error></Errors><RequestID>{_REQUEST_ID}</RequestID></Response>"
            return "text/xml", text.encode()
        if protocol == "query":
            side = "Sender" if self.status < 500 else "Receiver"
            error = f"<Error><Type>{side}</Type>{stated}</Error>"
            text = f"<ErrorResponse>{error}<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
            return "text/xml", text.encode()
        if protocol == "rest-xml":
            return "application/xml", f"<Error>{stated}<RequestId>{_REQUEST_ID}</RequestId></Error>".encode()
        plain = {"__type": self.code, "message": self.message}
        if protocol.startswith("smithy"):
            return "application/cbor", _cbor(plain)
        return "application/x-amz-json-1.1", json.dumps(plain).encode()


def _cbor(texts: dict[str, str]) -> bytes:
    """Encode a map of fewer than 24 texts, each shorter than 64 KiB (RFC 8949)."""
    parts = [bytes([0xA0 | len(texts)])]
    for text in (part for pair in texts.items() for part in pair):
        data = text.encode()
        parts += [b"\x79", struct.pack("!H", len(data)), data]
    return b"".join(parts)
