"""The cloud's memory: every request that may change something, written down and played again at the next start.

Owns the file `journal.jsonl`: a first line with the cloud's salt and beginning, then one line a request with the seed
and the moment that its ids and dates follow from. moto's own recorder keeps neither, so its replay gives other ids.
"""

import base64
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY

from infra.errors import TenantryError
from infra.sandbox.cloud import calls
from infra.sandbox.cloud.calls import Call
from infra.sandbox.cloud.refusals import Answer, Refusal
from infra.sandbox.cloud.reproducible import pinned, take_over

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Application = Callable[[Call], Answer]
"""Answers one call; called by one thread at a time."""

_FORMAT = 1
_FULL = Refusal("ServiceUnavailable", "The cloud's journal cannot be written: free some space.", 503)


class Journal:
    """An application whose effects survive kill -9: same requests, same ids, same dates.

    Args:
        application: what is kept, given one call at a time.
        path: the journal's file, made with mode 0600: bodies hold passwords.

    Raises:
        TenantryError: the file is damaged elsewhere than in its last line.
    """

    def __init__(self, application: Application, path: Path) -> None:
        self._application = application
        self._path = path
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b", buffering=0)
        self.regions: set[str] = set()

    def replay(self) -> int:
        """Do everything again that is written, before the first request; return how many requests that was."""
        lines = _whole_lines(self._path)
        header = self._parsed(next(lines, b"{}"), 1) or self._begin()
        take_over(str(header["salt"]), float(header["began"]))
        count = 0
        for number, line in enumerate(lines, start=2):
            entry = self._parsed(line, number)
            self._perform(calls.of(_restored(entry["environ"]), base64.b64decode(entry["body"])), entry)
            count += 1
        return count

    def __call__(self, call: Call) -> Answer:
        """Answer `call`; what may change something is written down first."""
        entry: dict[str, Any] = {"seed": secrets.randbits(64), "moment": time.time()}
        if not call.is_read:
            kept = {"environ": _kept(call.environ), "body": base64.b64encode(call.body).decode()}
            if not self._append(entry | kept):
                return _FULL.answer(call)
        return self._perform(call, entry)

    def _perform(self, call: Call, entry: dict[str, Any]) -> Answer:
        if not call.is_read and call.region:
            self.regions.add(call.region)
        with pinned(entry["seed"], entry["moment"]):
            return self._application(call)

    def _begin(self) -> dict[str, Any]:
        header = {"format": _FORMAT, "salt": secrets.token_hex(8), "began": time.time()}
        if not self._append(header):
            raise TenantryError("the cloud's journal cannot be written", str(self._path), "free some space")
        return header

    def _append(self, entry: dict[str, Any]) -> bool:
        """Write a whole line or nothing, and return whether it is there; the kernel keeps it when this process dies."""
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        try:
            written = self._file.write(line)
        except OSError:
            written = 0
        if written != len(line):
            self._file.truncate(end)
        return written == len(line)

    def _parsed(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            entry = json.loads(line)
            if isinstance(entry, dict):
                return entry
        except ValueError:
            pass
        raise TenantryError(
            f"the cloud's journal is damaged in line {number}",
            str(self._path),
            f"restore it, or begin anew with `tenantry sandbox down {self._path.parent.parent.name} --delete`",
        )


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines, and cut off a last one that a kill left unfinished: its request was never answered."""
    end = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                os.truncate(path, end)
                return
            end += len(line)
            yield line


def _kept(environ: "WSGIEnvironment") -> dict[str, Any]:
    """Return what makes the request: method, path, query and headers, as texts."""
    texts = {name: value for name, value in environ.items() if isinstance(value, str)}
    return texts | {PRESERVED_HEADER_NAMES_ENVIRON_KEY: environ.get(PRESERVED_HEADER_NAMES_ENVIRON_KEY, {})}


def _restored(environ: dict[str, Any]) -> "WSGIEnvironment":
    return environ | {"wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": False}
