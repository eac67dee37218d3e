"""Which extensions the master role of an RDS instance may create.

PostgreSQL lets only a superuser create one that is not trusted; RDS lets `rds_superuser` create all that it offers, and
has a patched server for it. Here each is declared trusted for the one server, which is a little more than RDS allows:
whoever may create objects in a database may create the extension there.
"""

from pathlib import Path

from infra.sandbox import files
from infra.sandbox.servers.wheels import postgresql_extensions

OFFERED = ("vector",)
"""What the sandbox's PostgreSQL has and RDS offers too; `plpgsql` is there anyway."""


def settings(folder: Path) -> dict[str, str]:
    """Return the server's settings that offer the extensions, whose control files are written.

    Args:
        folder: the server's; below it are the control files.

    Raises:
        OSError: they cannot be read or written.
    """
    source = postgresql_extensions()
    place = folder / "extensions" / "extension"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in OFFERED:
        control = (source / f"{name}.control").read_text()
        files.replace(place / f"{name}.control", f"{control}trusted = true\ndirectory = {_quoted(source)}\n")
    return {"extension_control_path": _quoted(f"{place.parent}:$system")}


def _quoted(value: object) -> str:
    """Return a value as PostgreSQL's configuration files write it."""
    return "'" + str(value).replace("'", "''") + "'"
