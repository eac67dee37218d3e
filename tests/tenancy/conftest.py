"""A real PostgreSQL with the pool's roles in it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.postgresql.harness import Database
from tests.tenancy.pool import Pool


@pytest.fixture(scope="session")
def server() -> Iterator[Database]:
    """A server for the whole session; each test takes a database of its own."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-tenancy-"))  # short: it holds a socket
    database = Database.start(folder)
    database.run("ALTER SYSTEM SET fsync = off")  # of many databases that nobody misses
    database.run("ALTER SYSTEM SET log_statement = 'none'")
    database.run("SELECT pg_reload_conf()")
    yield database
    database.cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_pool(server: Database) -> Pool:
    """A pool with the sample and rows of two tenants, `a-shop` and `b-shop`: look, and roll back what you write."""
    pool = Pool.make(server, "shared")
    pool.install()
    for slug in ("a-shop", "b-shop"):
        pool.fill(slug)
    return pool


@pytest.fixture
def pool(server: Database, request: pytest.FixtureRequest) -> Pool:
    """A pool of the test's own, with no table in it."""
    return Pool.make(server, f"own_{abs(hash(request.node.nodeid)) % 10**8}")
