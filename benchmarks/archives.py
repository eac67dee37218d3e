"""1 GB of a pool tenant's rows exported and imported: `python -m benchmarks.archives`.

The promise is 200 MB of memory for each command (issue 7). The rows are the sample's, on a PostgreSQL of its own,
deleted at the end; pulumi is a script that prints the stack's outputs. Measured is the command itself, from its start
to its end; the server's memory is the server's.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.rows import Row, timed
from infra.paths import PROJECT_ROOT
from infra.tenancy import sample
from infra.tenancy.archives.reading import opened
from tests.plugins.postgresql.harness import Database
from tests.tenancy.pool import Pool
from tests.tenancy.rows import Home, pooled

PROMISED = 200  # MB of memory
SIZE = 10**9  # bytes of rows, as COPY writes them
_ROWS = 118_000  # of each of 9 tables at most: 1.09 GB
_IMAGE = 4096  # bytes of each picture
_SLUG = "acme"
_STACK = "local"  # one that has a file, as every command asks for
_COMMAND = "python -m benchmarks.archives"
_MEASURED = """
import sys
from infra.cli import main
try:
    main()
finally:
    with open("/proc/self/status") as status:  # of this program alone, unlike what a parent is told of its children
        sys.stderr.write(status.read())
"""


def measure() -> list[Row]:
    """Return memory and time of an export and an import."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-bench-"))  # short: it holds a socket
    try:
        with _tenant(folder) as home:
            return _measured(home, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _tenant(folder: Path) -> Iterator[Home]:
    server = Database.start(folder / "server")
    try:
        server.run("ALTER SYSTEM SET log_statement = 'none'")
        server.run("SELECT pg_reload_conf()")
        pool = Pool.make(server, "bench")
        pool.install()
        pool.fill(_SLUG, rows=_ROWS, image_bytes=_IMAGE)
        yield pooled(pool, _SLUG)
    finally:
        server.cluster.stop()


def _measured(home: Home, folder: Path) -> list[Row]:
    environment = {**os.environ, "PATH": f"{_pulumi(home, folder)}:{os.environ['PATH']}"}
    archive = folder / "acme.zip"
    exported = timed(lambda: _peak(["export", _SLUG, "--stack", _STACK, "--output", str(archive)], environment))
    with opened(archive) as found:
        size = sum(table.size for table in found.manifest.tables)
    assert size >= SIZE, f"{size} bytes of rows are fewer than promised"
    home.server.run(f"TRUNCATE {', '.join(f'pool.{table}' for table in sample.TABLES)}", home.database)
    imported = timed(lambda: _peak(["import", _SLUG, str(archive), "--stack", _STACK], environment))
    what = f"{size / 10**9:.2f} GB of a pool tenant's rows"
    return [*_rows(f"{what} exported", *exported), *_rows(f"{what} imported and compared", *imported)]


def _rows(what: str, seconds: float, peak: int) -> list[Row]:
    kept = peak <= PROMISED * 10**6
    return [
        Row(f"{what}: memory of the command", f"{peak / 10**6:.0f} MB", f"{PROMISED} MB", _COMMAND, kept=kept),
        Row(what, f"{seconds:.0f} s", "-", _COMMAND),
    ]


def _pulumi(home: Home, folder: Path) -> Path:
    """Return a folder with a `pulumi` that prints the outputs of a stack with this tenant."""
    access = home.access
    tenant = {"isolation": access.isolation, "state": "active", "schema": access.schema}
    outputs = {"tenants": {access.tenant: tenant}, "connections": {}, "pool_connection": access.url}
    (folder / "outputs.json").write_text(json.dumps(outputs))
    script = folder / "bin" / "pulumi"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\nexec cat '{folder}/outputs.json'\n")
    script.chmod(0o700)
    return script.parent


def _peak(arguments: list[str], environment: dict[str, str]) -> int:
    """Run a command, and return the most memory that it had, in bytes."""
    command = [sys.executable, "-c", _MEASURED, "tenants", *arguments]
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"tenantry tenants {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    (peak,) = re.findall(r"^VmHWM:\s+(\d+) kB$", done.stderr, re.MULTILINE)
    return int(peak) * 1024


if __name__ == "__main__":
    for row in measure():
        print(*row.cells(), sep="\t")  # noqa: T201
