"""A PostgreSQL that follows another, as PostgreSQL's manual has it ("Log-Shipping Standby Servers"): streaming, hot.

Both are on one machine, and meet by the unix socket of the one that is followed: the build has no TLS, and nothing but
the proxy before a server listens on an address. A replica keeps the passwords that the other has, whenever they change.
"""

import shutil
from pathlib import Path
from typing import Any

import psycopg

from infra.sandbox.cloud.backing import backups

_BEGINNING = "beginning"
_SIGNAL = "standby.signal"
# A socket's path has at most 107 bytes, which the project's may use up: from the data folder, where PostgreSQL works.
_SOCKETS = "/proc/self/cwd/../../{key}/socket"


def begin(connection: psycopg.Connection[Any], source: Path, target: Path) -> None:
    """Make a replica's data from a running server, so that the next start follows it.

    Args:
        connection: to the server, as its superuser, in autocommit mode.
        source: the server's folder.
        target: the replica's folder, without data.
    """
    backup = target / _BEGINNING
    shutil.rmtree(backup, ignore_errors=True)
    backups.take(connection, source, backup)
    (backup / "data" / _SIGNAL).touch(mode=0o600)
    backups.restore(backup, target)
    shutil.rmtree(backup)


def follows(folder: Path) -> bool:
    """Whether the data in a server's folder are those of a replica; false again once it is promoted."""
    return (folder / "data" / _SIGNAL).exists()


def settings(key: str, user: str, password: str) -> dict[str, str]:
    """Return the settings of a server that follows another.

    Args:
        key: the other's, whose folder is beside its own.
        user: the superuser of both.
        password: the superuser's; of letters and digits.
    """
    socket = _SOCKETS.format(key=key)
    return {
        "primary_conninfo": f"'host={socket} port=5432 user={user} password={password}'",
        "restore_command": f"'cp ../../{key}/wal/%f %p'",
    }
