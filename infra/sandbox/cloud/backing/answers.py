"""Answers of EKS that are made or changed here: JSON documents, and refusals as AWS words them."""

import json
from typing import Any

from infra.sandbox.cloud.calls import Call
from infra.sandbox.cloud.refusals import Answer, Refusal


def of(document: dict[str, Any]) -> Answer:
    """Return the answer that tells `document`."""
    body = json.dumps(document).encode()
    return Answer("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))], body)


def again(answer: Answer, document: dict[str, Any]) -> Answer:
    """Return `answer` with another body; what is None is left out, as AWS leaves out what is not known yet."""
    content = {key: {name: it for name, it in value.items() if it is not None} for key, value in document.items()}
    body = json.dumps(content).encode()
    headers = [header for header in answer.headers if header[0].lower() != "content-length"]
    return Answer(answer.status, [*headers, ("Content-Length", str(len(body)))], body)


def refusal(call: Call, code: str, message: str) -> Answer:
    """Return EKS's refusal of `call`."""
    return Refusal(code, message, 409 if code == "ResourceInUseException" else 400).answer(call)
