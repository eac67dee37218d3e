"""Base backups of a running PostgreSQL, and data made from them, also as they were at a moment.

The low-level way of PostgreSQL's manual, "Continuous Archiving and Point-in-Time Recovery": the files are copied while
the server runs, between `pg_backup_start` and `pg_backup_stop`, with the log (WAL) that makes them consistent.
"""

import datetime
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from infra.sandbox import files

_SKIPPED = {"postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot"}
_UNFINISHED = "data.new-"  # what `Cluster` clears away
_LOG = "restored-wal"


def take(connection: psycopg.Connection[Any], source: Path, target: Path) -> None:
    """Write a base backup of a running server.

    Args:
        connection: to the server, as its superuser, in autocommit mode.
        source: the server's folder.
        target: the backup's folder, which appears whole or not at all: `data`, and the superuser's `password`.
    """
    unfinished = target.with_name(f"{target.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "data" / "pg_wal").mkdir(mode=0o700, parents=True)
    (unfinished / "data" / "pg_replslot").mkdir(mode=0o700)
    connection.execute("select pg_backup_start('tenantry', fast => true)")
    _copy(source / "data", unfinished / "data")
    row = connection.execute("select labelfile from pg_backup_stop(wait_for_archive => false)").fetchone()
    assert row is not None
    (unfinished / "data" / "backup_label").write_text(row[0])
    _copy_log(source / "data" / "pg_wal", unfinished / "data" / "pg_wal")
    for folder in (unfinished / "data", *(path for path in (unfinished / "data").rglob("*") if path.is_dir())):
        folder.chmod(0o700)
    shutil.copy2(source / "password", unfinished / "password")
    unfinished.rename(target)


def copy(source: Path, target: Path) -> None:
    """Copy a backup, whole or not at all."""
    unfinished = target.with_name(f"{target.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(source, unfinished)
    unfinished.rename(target)


def restore(backup: Path, target: Path) -> None:
    """Make a server's data from a backup; the first start makes them consistent.

    Args:
        backup: the backup's folder.
        target: the server's folder, without data.
    """
    unfinished = _copied(backup, target)
    unfinished.rename(target / "data")


def seal(connection: psycopg.Connection[Any]) -> None:
    """End the log of a running server with a commit, as recovery to a moment needs one after that moment.

    Args:
        connection: to it, as its superuser, in autocommit mode.
    """
    connection.execute("select pg_current_xact_id()")
    connection.execute("select pg_switch_wal()")


def retire(backup: Path, logs: list[Path], target: Path) -> None:
    """Keep a backup and the whole log of a server that goes away.

    Args:
        backup: a backup of the server; its files are not copied but linked, as none of them ever changes.
        logs: folders with its log.
        target: what appears, whole or not at all: `base` and `wal`.
    """
    unfinished = target.with_name(f"{target.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "wal").mkdir(mode=0o700, parents=True)
    shutil.copytree(backup, unfinished / "base", copy_function=os.link)
    for log in logs:
        _copy_log(log, unfinished / "wal")
    unfinished.rename(target)


def restore_until(backup: Path, logs: list[Path], target: Path) -> None:
    """Make a server's data from a backup and the log that follows it, to be replayed up to a moment.

    Args:
        backup: the backup.
        logs: folders with the log; a later one knows better.
        target: the new server's folder, without data.
    """
    log = target / _LOG
    shutil.rmtree(log, ignore_errors=True)
    log.mkdir(mode=0o700)
    for source in logs:
        _copy_log(source, log)
    unfinished = _copied(backup, target)
    (unfinished / "recovery.signal").touch()
    unfinished.rename(target / "data")


def settings(folder: Path, moment: datetime.datetime | None) -> dict[str, str]:
    """Return the settings of a server that has yet to replay its log; none when it has.

    Args:
        folder: the server's folder.
        moment: where to stop; None for the log's end.
    """
    if not (folder / "data" / "recovery.signal").exists():
        return {}
    found = {
        "hot_standby": "off",  # so that it is not taken for ready before it is promoted
        "restore_command": f"'cp ../{_LOG}/%f %p'",
        "recovery_target_action": "'promote'",
    }
    if moment is not None:
        found["recovery_target_time"] = f"'{moment.astimezone(datetime.UTC).strftime('%Y-%m-%d %H:%M:%S.%f+00')}'"
    return found


def is_promoted(folder: Path) -> bool:
    """Whether a server that replays its log has come to the end, and takes connections."""
    try:
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return lines[7:8] == ["ready   "] and not (folder / "data" / "recovery.signal").exists()


def forget_log(folder: Path) -> None:
    """Delete the log that a server was made from, once it is promoted."""
    if not (folder / "data" / "recovery.signal").exists():
        shutil.rmtree(folder / _LOG, ignore_errors=True)


def _copied(backup: Path, target: Path) -> Path:
    password = (backup / "password").read_text()
    files.replace(target / "password", password)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=target))
    shutil.copytree(backup / "data", unfinished, dirs_exist_ok=True)
    unfinished.chmod(0o700)
    return unfinished


def _copy(source: Path, target: Path) -> None:
    """Copy files of a running server; one that vanishes meanwhile is in the log."""
    for path in source.iterdir():
        if path.name in _SKIPPED or path.is_socket():
            continue
        if path.is_dir():
            (target / path.name).mkdir(mode=0o700)
            _copy(path, target / path.name)
        else:
            _copy_file(path, target / path.name)


def _copy_log(source: Path, target: Path) -> None:
    for path in source.iterdir():
        if path.is_file() and not path.name.endswith(".part"):
            _copy_file(path, target / path.name)


def _copy_file(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        return
    target.chmod(0o600)
