"""The stack `local` on a sandbox of its own, which is deleted at the end: `python -m benchmarks.local_stack`.

`local` declares its cluster, database and Redis in the simulated AWS, so its times hold their start and its memory
holds them. Every command is the user's, with an instance of another name; `make up` is `tenantry sandbox up --apply`
once everything is set up. The limits are those of issues 3 and 4, on 2 cores.
"""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil

from benchmarks.rows import Row, timed
from infra.paths import PROJECT_ROOT, VIRTUALENV
from infra.sandbox import instance as instances
from infra.sandbox import lifecycle
from infra.sandbox.instance import Instance

_UNCHANGED = 30.0  # seconds
_PREVIEWED = 12.0  # seconds
_IDLE = 286  # MiB
_EVERYTHING = 1430  # MiB
_MIB = 2**20
_PLUGIN = "infra.sandbox.plugins.aws"
_SAMPLING = 0.2  # seconds between two looks at the plugin's memory
_COMMAND = "python -m benchmarks.local_stack"


def measure() -> list[Row]:
    """Return one row per figure, from no instance to none."""
    name = f"bench-local-{os.getpid()}"
    try:
        return _measure(name)
    finally:
        lifecycle.down(name, lambda _line: None, delete=True)


def _measure(name: str) -> list[Row]:
    up = ("sandbox", "up", "local", "--instance", name)
    preview = ("sandbox", "run", "local", "--instance", name, "--", "pulumi", "preview", "--stack", "local")
    first, _ = timed(lambda: _tenantry(*up))
    applied, plugin = timed(lambda: _tenantry(*up, "--apply"))
    instance = instances.load(name)
    assert instance is not None, name
    cloud, everything = _memory_of(instance)
    unchanged, _ = timed(lambda: _tenantry(*up, "--apply"))
    previewed, _ = timed(lambda: _tenantry(*preview, "--expect-no-changes"))
    idle = cloud + plugin
    parts = f"{idle / _MIB:.0f} MiB ({cloud / _MIB:.0f} + {plugin / _MIB:.0f})"
    return [
        Row("sandbox of local from nothing, engine built", f"{first:.1f} s", "", "tenantry sandbox up local"),
        Row("pulumi up of local from nothing, sandbox up", f"{applied:.1f} s", "", "make up"),
        Row(
            "make up of local, nothing to do",
            f"{unchanged:.1f} s",
            f"{_UNCHANGED:.0f} s (issue 4: 120 s)",
            "make up",
            kept=unchanged <= _UNCHANGED,
        ),
        Row(
            "pulumi preview of local, nothing to do",
            f"{previewed:.1f} s",
            f"{_PREVIEWED:.0f} s",
            "make preview STACK=local",
            kept=previewed <= _PREVIEWED,
        ),
        Row(
            "idle memory after local: cloud + largest aws plugin (PSS)",
            parts,
            f"{_IDLE} MiB (300 MB)",
            _COMMAND,
            kept=idle <= _IDLE * _MIB,
        ),
        Row(
            "memory of the sandbox with local: cloud, control plane, PostgreSQL, Valkeys (PSS)",
            f"{everything / _MIB:.0f} MiB",
            f"{_EVERYTHING:,} MiB (1.5 GB)",
            _COMMAND,
            kept=everything <= _EVERYTHING * _MIB,
        ),
    ]


def _tenantry(*arguments: str) -> int:
    """Run a command, and return the largest PSS, in bytes, that the aws plugin had meanwhile."""
    command = [str(VIRTUALENV / "bin" / "tenantry"), *arguments]
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, stdout=told, stderr=told)
        largest = _watched(process)
        if process.returncode != 0:
            told.seek(0)
            raise SystemExit(f"tenantry {' '.join(arguments)} failed:\n{told.read()[-3000:]}")
        return largest


def _watched(process: subprocess.Popen[bytes]) -> int:
    """Return the largest PSS of the plugin among a process's children, once the process has ended."""
    largest = 0
    while process.returncode is None:
        largest = max(largest, _plugin_memory(process.pid))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_SAMPLING)
    return largest


def _plugin_memory(pid: int) -> int:
    try:
        return _pss(child for child in psutil.Process(pid).children(recursive=True) if _is_plugin(child))
    except psutil.NoSuchProcess:
        return 0


def _is_plugin(process: psutil.Process) -> bool:
    try:
        return _PLUGIN in process.cmdline()
    except psutil.Error:
        return False


def _memory_of(instance: Instance) -> tuple[int, int]:
    """Return the PSS in bytes of the cloud's process, and of all that works in the instance's folder."""
    cloud = instance.daemon("cloud").process()
    assert cloud is not None, "the cloud runs"
    folder = instance.directory.resolve()
    return _pss([cloud]), _pss(process for process in psutil.process_iter() if _works_in(process, folder))


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(folder)
    except (psutil.Error, OSError):
        return False


def _pss(processes: Iterable[psutil.Process]) -> int:
    total = 0
    for process in processes:
        try:
            total += int(process.memory_full_info().pss)
        except psutil.Error:
            continue  # it has ended, or is no process of ours
    return total


if __name__ == "__main__":
    for row in measure():
        print(*row.cells(), sep="\t")  # noqa: T201
