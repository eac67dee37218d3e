"""Files that appear whole or not at all, whoever else writes them at the same moment.

Imports nothing heavy: each plain `pulumi` in a sandbox shell waits for this.
"""

import os
import tempfile
from pathlib import Path


def replace(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` to `path` in one step; the last of several writers wins.

    Args:
        path: the file.
        text: all that it will hold.
        mode: its permissions; by default only its owner may read it.
    """
    temporary = _written(path, text)
    try:
        temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def create(path: Path, text: str) -> None:
    """Write `text` to `path` in one step, readable by its owner only, unless it exists; the first writer wins."""
    temporary = _written(path, text)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    finally:
        temporary.unlink()


def _written(path: Path, text: str) -> Path:
    """Return a new file beside `path` that holds `text`."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())  # or a crash of the machine may leave it empty
    except OSError:
        Path(name).unlink()
        raise
    return Path(name)
