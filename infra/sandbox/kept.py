"""What is worked out from installed packages, kept for the processes that come after.

Each run of the engine starts plugins, and each start of a cloud a server; all read the same models and sources, which
took much of their processor time. What is kept is a convenience: what is damaged or out of date is worked out anew, and
so is everything where nothing can be written. Leaves to its callers what a result is made from.
"""

import contextlib
import functools
import hashlib
import marshal
import os
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.paths import SANDBOX_ROOT

FOLDER = SANDBOX_ROOT / "kept"
"""Where it is, a file each; may be deleted at any time."""

_SUM = 4  # bytes of a CRC-32


def kept(name: str, made_from: str, work_out: Callable[[], Any]) -> Any:
    """Return what `work_out` returns, or has returned to another process for the same.

    Args:
        name: what the result is called; no other has it.
        made_from: whatever decides the result, as versions and digests.
        work_out: gives dicts, lists, tuples, sets, texts, numbers, truth values and None, and nothing else.
    """
    file = FOLDER / hashlib.sha256(name.encode()).hexdigest()[:32]
    origin = hashlib.sha256(f"{sys.version}\n{made_from}".encode()).digest()
    with contextlib.suppress(OSError):
        content = memoryview(file.read_bytes())
        data = content[len(origin) + _SUM :]
        if content[: len(origin) + _SUM] == origin + _sum(data):
            return marshal.loads(data)  # noqa: S302 - a file of the project's own, as its bytecode is
    result = work_out()
    worked_out = marshal.dumps(result)
    with contextlib.suppress(OSError):
        _write(file, origin + _sum(worked_out) + worked_out)
    return result


def of_file(path: Path) -> str:
    """Return what tells a file's content from another: its path, size and time of change.

    Raises:
        OSError: there is no such file.
    """
    told = path.stat()
    return f"{path} {told.st_size} {told.st_mtime_ns}"


@functools.cache
def of_sources(*paths: Path) -> str:
    """Return the digest of small files, as a program's own sources.

    Raises:
        OSError: one cannot be read.
    """
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def _sum(data: bytes | memoryview) -> bytes:
    """Return what tells whole data from damaged ones, which `marshal` may not survive."""
    return zlib.crc32(data).to_bytes(_SUM, "big")


def _write(file: Path, content: bytes) -> None:
    """Write it as a whole; after a crash of the machine it may be damaged, which a reader sees."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(name).replace(file)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
