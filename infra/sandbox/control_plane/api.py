"""A small client of the Kubernetes API, for the sandbox's own use.

It exists beside the official client because that one takes over a second to import, which every `sandbox up` and
`status` would pay. It verifies the server and offers what the sandbox needs: read, create, apply, patch, delete, watch.
"""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from tenacity import retry, retry_if_exception, stop_after_delay, wait_fixed

from infra.sandbox.certificates import KeyPair

FIELD_MANAGER = "tenantry-sandbox"

_TIMEOUT = httpx.Timeout(10.0)
_BUSY_SECONDS = 60.0
_PAUSE = wait_fixed(1)  # second
_WATCH_TIMEOUT = httpx.Timeout(10.0, read=90.0)  # the server sends a bookmark about once a minute


class ApiError(Exception):
    """The API server refused a request."""

    def __init__(self, status: int, message: str) -> None:
        """Describe the refusal.

        Args:
            status: the HTTP status code.
            message: what the server said.
        """
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, ApiError) and error.status == httpx.codes.TOO_MANY_REQUESTS


class ApiClient:
    """A connection to one API server, as one identity; safe to use from several threads."""

    def __init__(self, server: str, authority: Path, identity: KeyPair | None = None) -> None:
        """Prepare the connection; nothing is sent yet.

        Args:
            server: the address, as `https://127.73.12.3:6443`.
            authority: the CA certificate (PEM) that the server is verified against.
            identity: the client certificate; None for an anonymous client.
        """
        self._http = httpx.Client(
            base_url=server, verify=tls_context(authority, identity), timeout=_TIMEOUT, trust_env=False
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        """Return the object or list at `path`."""
        return self._call("GET", path, parameters=parameters)

    @retry(retry=retry_if_exception(_is_passing), stop=stop_after_delay(_BUSY_SECONDS), wait=_PAUSE, reraise=True)
    def metadata(self, path: str) -> list[dict[str, Any]]:
        """Return the metadata of every object in the collection at `path`, without the objects.

        A server that has no time, as one that has just learnt a definition, says so and is asked again.
        """
        accepted = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        response = self._http.get(path, headers={"Accept": accepted})
        if response.is_error:
            raise _refusal(response)
        return [item["metadata"] for item in response.json()["items"] or []]  # null where there is none

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create `body` in the collection at `path`."""
        return self._call("POST", path, json.dumps(body))

    def apply(self, path: str, body: Mapping[str, Any] | str) -> dict[str, Any]:
        """Apply `body` (an object, or its YAML) at `path` by server-side apply, taking over conflicting fields."""
        content = body if isinstance(body, str) else json.dumps(body)
        parameters = {"fieldManager": FIELD_MANAGER, "force": "true"}
        return self._call("PATCH", path, content, "application/apply-patch+yaml", parameters)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Patch the object at `path` by strategic merge."""
        return self._call("PATCH", path, json.dumps(body), "application/strategic-merge-patch+json")

    def delete(self, path: str, options: Mapping[str, Any] | None = None) -> None:
        """Delete the object at `path`; does nothing when it is gone."""
        try:
            self._call("DELETE", path, json.dumps(options or {}))
        except ApiError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise

    def watch(self, path: str, version: str, **parameters: str) -> Iterator[dict[str, Any]]:
        """Yield the events after resource version `version` until the server ends the stream."""
        options = {"watch": "true", "resourceVersion": version, "allowWatchBookmarks": "true", **parameters}
        with self._http.stream("GET", path, params=options, timeout=_WATCH_TIMEOUT) as response:
            if response.is_error:
                response.read()
                raise _refusal(response)
            for line in response.iter_lines():
                yield json.loads(line)

    def _call(
        self,
        method: str,
        path: str,
        content: str | None = None,
        content_type: str = "application/json",
        parameters: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        headers = {"Content-Type": content_type} if content is not None else {}
        response = self._http.request(method, path, content=content, headers=headers, params=parameters)
        if response.is_error:
            raise _refusal(response)
        document: dict[str, Any] = response.json()
        return document


def answers(url: str, authority: Path, identity: KeyPair | None = None) -> bool:
    """Whether `url` answers 200 to `identity` over TLS that `authority` vouches for."""
    if not _listens(url):
        return False  # while a process starts this is asked again and again, and a TLS context takes long to make
    try:
        answer = httpx.get(url, verify=tls_context(authority, identity), timeout=2.0, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK


def _listens(url: str) -> bool:
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "", place.port or 443), timeout=2.0).close()
    except OSError:
        return False
    return True


def tls_context(authority: Path, identity: KeyPair | None = None) -> ssl.SSLContext:
    """Return a TLS context that trusts `authority` alone and shows `identity`."""
    context = ssl.create_default_context(cafile=str(authority))
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    return context


def _refusal(response: httpx.Response) -> ApiError:
    try:
        message = str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        message = response.text[:200]
    return ApiError(response.status_code, message)
