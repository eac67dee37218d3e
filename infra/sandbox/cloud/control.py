"""The cloud's own HTTP interface, under a path that no AWS service uses: faults, quotas and state, in JSON.

GET, POST, DELETE /tenantry-sandbox/faults    list, add one, clear all
GET, PUT          /tenantry-sandbox/quotas    list, change some by name
POST              /tenantry-sandbox/identity  an account's number and who is to be known there; returns who is
POST              /tenantry-sandbox/rest      from now on no database or cache is started or stopped
GET               /tenantry-sandbox/state     the regions that were changed, and how many requests were replayed
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from infra.sandbox.cloud import faults
from infra.sandbox.cloud.account import Identity
from infra.sandbox.cloud.calls import Call
from infra.sandbox.cloud.faults import Faults
from infra.sandbox.cloud.journal import Application
from infra.sandbox.cloud.quotas import Quotas
from infra.sandbox.cloud.refusals import Answer

PREFIX = "/tenantry-sandbox/"


class Control:
    """An application that answers for the sandbox itself, and gives everything else on.

    Args:
        application: the cloud.
        faults: what is set by it.
        quotas: what is set by it.
        introduce: makes users and roles known.
        rest: lets what runs behind the cloud alone from now on.
        state: returns the state as a JSON object.
    """

    def __init__(
        self,
        application: Application,
        faults: Faults,
        quotas: Quotas,
        introduce: Callable[[Identity], Identity],
        *,
        rest: Callable[[], None],
        state: Callable[[], Mapping[str, object]],
    ) -> None:
        self._application = application
        self._faults = faults
        self._quotas = quotas
        self._introduce = introduce
        self._rest = rest
        self._state = state

    def __call__(self, call: Call) -> Answer:
        """Answer `call`: 400 with a text for bad input, 404 for an unknown path, 405 for an unknown method."""
        if not call.path.startswith(PREFIX):
            return self._application(call)
        methods = self._methods().get(call.path.removeprefix(PREFIX))
        if methods is None:
            return _json("404 Not Found", {"error": "no such path"})
        act = methods.get(call.method)
        if act is None:
            return _json("405 Method Not Allowed", {"error": f"use {', '.join(methods)}"})
        try:
            return _json("200 OK", act(_document(call)))
        except ValueError as error:
            return _json("400 Bad Request", {"error": str(error)})

    def _methods(self) -> dict[str, dict[str, Callable[[dict[str, Any]], object]]]:
        return {
            "faults": {
                "GET": lambda _document: self._faults.listed(),
                "POST": self._add_fault,
                "DELETE": self._clear_faults,
            },
            "quotas": {"GET": lambda _document: self._quotas.values(), "PUT": self._set_quotas},
            "identity": {"POST": self._make_known},
            "rest": {"POST": lambda _document: self._rest()},
            "state": {"GET": lambda _document: self._state()},
        }

    def _add_fault(self, document: dict[str, Any]) -> object:
        self._faults.add(faults.parsed(document))
        return self._faults.listed()

    def _clear_faults(self, _document: dict[str, Any]) -> object:
        self._faults.clear()
        return self._faults.listed()

    def _make_known(self, document: dict[str, Any]) -> object:
        if not isinstance(document.get("account"), str) or not isinstance(document.get("principals"), list):
            raise ValueError("an identity has account, a text, and principals, a list")
        return asdict(self._introduce(Identity(document["account"], tuple(map(str, document["principals"])))))

    def _set_quotas(self, document: dict[str, Any]) -> object:
        self._quotas.set(document)
        return self._quotas.values()


def _document(call: Call) -> dict[str, Any]:
    document = json.loads(call.body or b"{}")
    if not isinstance(document, dict):
        raise ValueError("the body must be one JSON object")
    return document


def _json(status: str, content: object) -> Answer:
    body = json.dumps(content).encode()
    return Answer(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))], body)
