"""What the API server serves: the URL and scope of every kind, asked once per API version and again on a miss."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from infra.sandbox.plugins.kubernetes.client import ApiClient, ApiError
from infra.sandbox.plugins.kubernetes.kinds import Kind

_NOT_FOUND = 404
_FRESH = 0.5  # seconds that a miss is believed; a CRD created meanwhile shows after that


@dataclass(frozen=True)
class Endpoint:
    """Where the objects of a kind are.

    Args:
        base: `/api/v1` or `/apis/GROUP/VERSION`.
        plural: as `deployments`.
        namespaced: whether a namespace is a part of the URL.
    """

    base: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str = "") -> str:
        """Return the path of the collection, of one namespace or of all."""
        inside = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        return f"{self.base}{inside}/{self.plural}"

    def item(self, namespace: str, name: str) -> str:
        """Return the path of one object."""
        return f"{self.collection(namespace)}/{quote(name, safe='')}"


class Discovery:
    """The kinds of one API server; safe to use from any number of threads."""

    def __init__(self, client: ApiClient) -> None:
        """Prepare; nothing is asked yet."""
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[str, Mapping[str, Endpoint]] = {}
        self._asked: dict[str, float] = {}

    def find(self, kind: Kind) -> Endpoint | None:
        """Return where the kind's objects are, or None when the server has no such kind (yet)."""
        known = self._known.get(kind.api_version, {}).get(kind.name)
        if known is not None:
            return known
        with self._lock:  # one question at a time: sixty resources of a kind wait for one answer
            found = self._known.get(kind.api_version, {}).get(kind.name)
            recent = time.monotonic() - self._asked.get(kind.api_version, -_FRESH) < _FRESH
            if found is None and not recent:
                self._known[kind.api_version] = self._ask(kind.api_version)
                self._asked[kind.api_version] = time.monotonic()
                found = self._known[kind.api_version].get(kind.name)
            return found

    def wait_for(self, kind: Kind, seconds: float) -> Endpoint | None:
        """Return where the kind's objects are, waiting for a CRD that is being registered."""
        deadline = time.monotonic() + seconds
        while (endpoint := self.find(kind)) is None and time.monotonic() < deadline:
            self._client.pause(_FRESH)
        return endpoint

    def namespaced(self, kind: Kind) -> bool | None:
        """Whether the kind's objects live in namespaces; None when nobody knows (yet)."""
        known = kind.namespaced()
        if known is not None:
            return known
        endpoint = self.find(kind)
        return None if endpoint is None else endpoint.namespaced

    def _ask(self, api_version: str) -> dict[str, Endpoint]:
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            answer = self._client.call("GET", base)
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return {}
            raise
        return {
            resource["kind"]: Endpoint(base, resource["name"], bool(resource["namespaced"]))
            for resource in answer.get("resources", [])
            if "/" not in resource["name"]
        }
