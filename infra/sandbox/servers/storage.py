"""Files of the servers: locks, and what to say when the disk refuses. Passwords are those of `passwords`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from infra.errors import TenantryError
from infra.sandbox.instance import Instance

_LOCK_SECONDS = 180  # a start that recovers much data takes this long at worst


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn an error of the file system into one that the user can mend.

    Args:
        folder: what the user knows of the files below it.

    Raises:
        TenantryError: in place of any `OSError`.
    """
    try:
        yield
    except PermissionError as error:
        raise TenantryError(
            "the files belong to another user or are read-only",
            str(error.filename or folder),
            f"run as the user who owns {folder}, or delete it as that user",
        ) from error
    except OSError as error:
        raise TenantryError(
            f"the files cannot be written ({error.strerror})",
            str(error.filename or folder),
            "free some space or make the folder writable",
        ) from error


@contextmanager
def exclusive(instance: Instance, name: str) -> Iterator[None]:
    """Let one process at a time start or stop the part `name` of `instance`.

    Raises:
        TenantryError: another process held it for too long.
    """
    path = instance.folder("run") / f"{name}.lock"
    try:
        with FileLock(path, timeout=_LOCK_SECONDS):
            yield
    except Timeout as error:
        raise TenantryError(
            f"another command has been starting or stopping {name} for {_LOCK_SECONDS} s", str(path), "wait or stop it"
        ) from error
