"""Builds whatever is out of date, one builder at a time; removes what a killed build left."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from rich.console import Console

from infra.sandbox.engine import failures
from infra.sandbox.engine.build import Build
from infra.sandbox.engine.display import Display
from infra.sandbox.engine.recipe import PROJECT, Workshop, is_current, pinned_version, required_go
from infra.sandbox.engine.toolchain import sufficient_go
from infra.sandbox.engine.tools import TOOLS, Tool

_GRACE = 5.0  # seconds that a killed compiler gets to disappear


def ensure_built(console: Console, *, tools: Sequence[Tool] = TOOLS, workshop: Workshop = PROJECT) -> None:
    """Build every tool whose recipe changed or whose products are missing; returns at once when there is none.

    Args:
        console: where progress is shown.
        tools: what must be there.
        workshop: the folders to read and write.

    Raises:
        TenantryError: Go is missing or too old, a module cannot be fetched, a folder cannot be written, or a build
            failed; the tools built before stay, and the failed one is as it was.
    """
    if all(is_current(tool, workshop) for tool in tools):
        return
    with _only_builder(workshop, console):
        outdated = [tool for tool in tools if not is_current(tool, workshop)]
        if not outdated:
            return
        go = sufficient_go(required_go(tools, workshop))
        display = Display(console, outdated)
        for tool in outdated:
            version = pinned_version(tool, workshop)
            with display.building(tool, version) as tick:
                Build(tool, version, workshop, go, tick).run()


@contextlib.contextmanager
def _only_builder(workshop: Workshop, console: Console) -> Iterator[None]:
    """Hold the lock, with an empty folder for temporary files: whatever was in it belonged to a dead build."""
    owner = workshop.lock.with_suffix(".pid")
    try:
        lock = _acquire(workshop.lock, owner, console)
        _end_compilers(workshop.scratch)
        shutil.rmtree(workshop.scratch, ignore_errors=True)
        workshop.scratch.mkdir(exist_ok=True)
        owner.write_text(str(os.getpid()))
    except OSError as error:
        raise failures.from_system("the engine", error) from error
    try:
        yield
    finally:
        shutil.rmtree(workshop.scratch, ignore_errors=True)
        owner.unlink(missing_ok=True)
        lock.release()


def _acquire(path: Path, owner: Path, console: Console) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        console.print(f"another build is under way (pid {_read_owner(owner)}), waiting", markup=False)
        lock.acquire()
    return lock


def _end_compilers(scratch: Path) -> None:
    """End what outlived a killed build; the caller holds the lock and has started nothing yet.

    Compilers are known by Go's temporary folder in their environment, which nothing but a build of this project sets.
    """
    for process in psutil.process_iter():
        try:
            if Path(process.environ().get("GOTMPDIR", "")).is_relative_to(scratch):
                process.kill()
                process.wait(_GRACE)
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or somebody else's


def _read_owner(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return "unknown"
