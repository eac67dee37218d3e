"""One update of a stack after the other.

The CLI refuses a stack that another update has locked, and a killed one leaves its lock. Here a command waits for its
turn instead, and a lock whose owner is dead is removed, so that the same command works again after any kill.
"""

import contextlib
import json
import math
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from infra.sandbox.environment import Workspace
from infra.sandbox.instance import Report
from infra.sandbox.waiting import wait_until

_WRITING = 10.0  # seconds; the CLI writes a lock of 100 bytes in one piece


@contextlib.contextmanager
def turn(workspace: Workspace, report: Report) -> Iterator[None]:
    """Let one `sandbox up` at a time make and update stacks in the workspace's instance.

    Args:
        workspace: where.
        report: receives one line when there is somebody to wait for.
    """
    lock = FileLock(workspace.instance.folder("pulumi") / "turn.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report(f"another command is applying to {workspace.instance.name}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def settle(workspace: Workspace, report: Report) -> None:
    """Wait until no update of the workspace's stack is under way, and remove the locks of those that were killed.

    A lock of another machine is left to the CLI, which names it.

    Args:
        workspace: the stack.
        report: receives one line for each lock.
    """
    folder = workspace.instance.folder("pulumi") / "state" / ".pulumi" / "locks"
    for path in sorted(folder.glob(f"*/*/{workspace.stack}/*")):
        owner = _owner(path)
        if owner is not None and _is_cli(owner):
            report(f"another update of {workspace.stack} is under way (pid {owner}); waiting for it")
            _wait_end(owner)
        if (owner is not None or _is_broken(path)) and path.exists():
            report(f"the last update of {workspace.stack} was killed; unlocking the stack")
            path.unlink(missing_ok=True)


def _owner(path: Path) -> int | None:
    """Return the process of this machine that made a lock, or None."""
    try:
        lock = json.loads(path.read_text())
        return int(lock["pid"]) if lock["hostname"] == socket.gethostname() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_broken(path: Path) -> bool:
    """Whether a lock is not whole, as a full disk leaves it, and nobody is just writing it."""
    try:
        json.loads(path.read_text())
    except FileNotFoundError:
        return False
    except ValueError:
        return time.time() - path.stat().st_mtime > _WRITING
    return False


def _is_cli(pid: int) -> bool:
    """Whether a Pulumi CLI runs as `pid`; a number that went to another program since is not it."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.name() == "pulumi"
    except psutil.NoSuchProcess:
        return False


def _wait_end(pid: int) -> None:
    wait_until(lambda: not _is_cli(pid), seconds=math.inf, what="", where="", remedy="")
