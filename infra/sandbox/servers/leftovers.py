"""Server processes that no pid file knows of: children of a killed server, or a server whose pid file was deleted.

Knows them by their program's name and their working directory, which both servers set to their data.
"""

import signal
from pathlib import Path

import psutil

_PATIENCE = 10.0  # seconds; an orphan of PostgreSQL notices its parent's death at its next wait


def processes(data: Path, program: str) -> list[psutil.Process]:
    """Return the processes named `program` that work in the folder `data`, even if it was deleted meanwhile."""
    places = {str(data.resolve()), f"{data.resolve()} (deleted)"}
    return [process for process in psutil.process_iter() if _is(process, program) and _cwd(process) in places]


def resume(data: Path, program: str) -> None:
    """Wake the processes that `processes` finds from SIGSTOP: a frozen one heeds no other signal but SIGKILL."""
    for process in processes(data, program):
        _signal(process, signal.SIGCONT)


def end(data: Path, program: str) -> None:
    """End the processes that `processes` finds, politely first, and return when they are gone.

    SIGINT is a fast shutdown to a PostgreSQL server, cancels the query of one of its orphans, and ends Valkey.
    """
    found = processes(data, program)
    for process in found:
        _signal(process, signal.SIGINT)
        _signal(process, signal.SIGCONT)
    _, alive = psutil.wait_procs(found, timeout=_PATIENCE)
    for process in alive:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=_PATIENCE)


def _is(process: psutil.Process, program: str) -> bool:
    try:
        return process.name() == program
    except psutil.Error:
        return False


def _cwd(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except psutil.Error:
        return ""


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
