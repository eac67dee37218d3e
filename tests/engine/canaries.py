"""Planted secrets, and the search for them: in texts, in files, and in the arguments of every process.

A secret is looked for as it is, as base64 (at each of the three positions in which it can lie in a longer text) and
URL-encoded. Leaves running commands to the tests.
"""

import base64
import contextlib
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import psutil

_LOOK_EVERY = 0.03  # seconds
_LOOKS = 10  # at a process that is seen for the first time, so that it has executed its own program by the last


def spellings(secret: str) -> set[bytes]:
    """Return every form in which `secret` could be told."""
    raw = secret.encode()
    found = {raw, quote(secret, safe="").encode(), quote_plus(secret).encode()}
    for shift in range(3):
        # Characters that also depend on the neighbours' bits are cut off on both sides.
        encoded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        inner = encoded[-(-shift * 8 // 6) : len(encoded) if (shift + len(raw)) % 3 == 0 else -1]
        found |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return found


@dataclass
class Canaries:
    """The secrets to look for, each under a name that a failure may show."""

    secrets: dict[str, str] = field(default_factory=dict)

    def in_text(self, text: str | bytes) -> list[str]:
        """Return the names of the secrets that `text` tells."""
        content = text.encode() if isinstance(text, str) else text
        return [name for name, secret in self.secrets.items() if any(form in content for form in spellings(secret))]

    def in_files(self, roots: Iterable[Path]) -> list[tuple[str, str]]:
        """Return (file, name of the secret) for every file below `roots` that tells one."""
        return [(str(path), name) for root in roots for path in _files(root) for name in self.in_text(_content(path))]


def _files(root: Path) -> list[Path]:
    """Every file below `root`, sorted; a folder that its server removes meanwhile is passed over by `os.walk`."""
    found = (Path(folder, name) for folder, _folders, names in os.walk(root) for name in names)
    return sorted(path for path in found if path.is_file())


def _content(path: Path) -> bytes:
    """What `path` holds; nothing once its server has removed it, as PostgreSQL does with the files of its relations."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


@contextlib.contextmanager
def watched_arguments() -> Iterator[set[str]]:
    """Collect the command line of every process that is seen to run during the block."""
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        looks: Counter[int] = Counter()  # a process first shows the arguments of the one that it was forked from
        while not done.wait(_LOOK_EVERY):
            for pid in psutil.pids():
                looks[pid] += 1
                if looks[pid] <= _LOOKS:
                    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                        seen.add(" ".join(psutil.Process(pid).cmdline()))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()
