"""Calls to the API server: JSON in and out, its refusals as `ApiError`, bounded patience when it is away.

Every call made here may be repeated: reads, applies, dry runs and deletions by name. Leaves URLs to `discovery`.
"""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from infra.sandbox.plugins.kubernetes.kubeconfig import Target, authorization, tls_context
from infra.sandbox.plugins.kubernetes.transport import BROKEN, Answer, Transport
from infra.sandbox.plugins.provider import ProviderError

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

APPLY = "application/apply-patch+yaml"

_CALL_SECONDS = 60.0
_PATIENCE = 60.0  # seconds that a server which answered before may be away: a restart takes about ten
_FIRST_PATIENCE = 3.0  # seconds for one that never answered: it is more likely a wrong address
_BUSY_TRIES = 8
_BUSY = frozenset({429, 502, 503, 504})
_UNAUTHORIZED, _INTERNAL, _FIRST_ERROR = 401, 500, 400
_LONGEST_PAUSE = 2.0


class ApiError(Exception):
    """The API server refused a request; its words may quote the request's values: see `secrets.scrub`."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        """Take the server's Status object."""
        self.status = status
        self.reason = str(document.get("reason") or "")
        self.message = str(document.get("message") or f"HTTP {status}")
        details = document.get("details") or {}
        self.kind = str(details.get("kind") or "")
        self.causes: list[Mapping[str, Any]] = details.get("causes") or []
        super().__init__(self.message)


class Unreachable(ProviderError):
    """The API server gives no answer."""


class Cancelled(ProviderError):
    """The user cancelled the update."""


class ApiClient:
    """One identity at one API server; safe to use from any number of threads."""

    def __init__(self, target: Target, timeout: float | None = None) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            ProviderError: the kubeconfig's certificates cannot be used.
        """
        name = target.cluster.get("tls-server-name")
        self._transport = Transport(target.server, tls_context(target), name, timeout or _CALL_SECONDS)
        self._server = target.server
        self._authorization = authorization(target)
        self._lock = threading.Lock()
        self._answered = False
        self._away_since: float | None = None
        self._gave_up = False
        self.cancelled = threading.Event()

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        media: str = "application/json",
        accept: str = "application/json",
    ) -> Object:
        """Send one request and return the answer's object.

        Raises:
            ApiError: the server refuses.
            Unreachable: it does not answer.
            Cancelled: the user cancelled while it was away.
        """
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {"Accept": accept, "User-Agent": "pulumi-kubernetes"}
        if content is not None:
            headers["Content-Type"] = media
        url = f"{path}?{urlencode(query)}" if query else path
        answer = self._patiently(method, url, content, headers)
        document = _document(answer)
        if answer.status >= _FIRST_ERROR:
            raise ApiError(answer.status, document)
        return document

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the user cancels.

        Raises:
            Cancelled: the user cancelled.
        """
        if self.cancelled.wait(seconds):
            raise Cancelled("the update was cancelled")

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _patiently(self, method: str, url: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        attempt = 0
        while True:
            attempt += 1
            try:
                answer = self._once(method, url, content, headers)
            except BROKEN as error:
                self._note_absence(error)
                self.pause(_backoff(attempt))
                continue
            self._note_answer()
            if not _transient(answer) or attempt >= _BUSY_TRIES:
                return answer
            self.pause(min(answer.retry_after or _backoff(attempt), 5.0))

    def _once(self, method: str, url: str, content: bytes | None, headers: dict[str, str]) -> Answer:
        header = self._authorization(False)
        answer = self._transport.call(method, url, content, _authorized(headers, header))
        if answer.status == _UNAUTHORIZED and header is not None:
            answer = self._transport.call(method, url, content, _authorized(headers, self._authorization(True)))
        return answer

    def _note_absence(self, error: BaseException) -> None:
        """Count the outage for all callers together, so that a hundred resources do not each wait their minute."""
        now = time.monotonic()
        with self._lock:
            self._away_since = self._away_since or now
            patience = _PATIENCE if self._answered else _FIRST_PATIENCE
            if self._gave_up or now - self._away_since > patience:
                self._gave_up = True
                raise Unreachable(f"configured Kubernetes cluster is unreachable: {self._server}: {error}")

    def _note_answer(self) -> None:
        if self._answered and self._away_since is None:
            return
        with self._lock:
            self._answered, self._away_since, self._gave_up = True, None, False


def _authorized(headers: dict[str, str], header: str | None) -> dict[str, str]:
    return headers if header is None else {**headers, "Authorization": header}


def _backoff(attempt: int) -> float:
    return float(min(0.1 * 2 ** (attempt - 1), _LONGEST_PAUSE))


def _transient(answer: Answer) -> bool:
    if answer.status == _INTERNAL:  # what an apply of an unknown field gets too, which no retry mends
        return b"typed patch" not in answer.body and (b"etcdserver" in answer.body or b"connect" in answer.body)
    return answer.status in _BUSY


def _document(answer: Answer) -> Object:
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    if isinstance(document, dict):
        return document
    text = answer.body[:200].decode(errors="replace").strip()
    return {"message": text or f"HTTP {answer.status}"}
