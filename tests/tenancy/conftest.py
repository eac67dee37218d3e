"""A real PostgreSQL with the pool's roles in it, and a project with a list of tenants."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.commands import tenants as commands
from infra.settings import stack_file
from tests.plugins.postgresql.harness import Database
from tests.stack_files import write_stack
from tests.tenancy.pool import Pool
from tests.tenancy.rows import Home, isolated, pooled
from tests.tenancy.tenant_project import FILE, LISTED, NOW, settings


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


@pytest.fixture(scope="session")
def made(server: Database) -> dict[str, Home]:
    """The same tenant in each isolation, beside it in the pool a neighbour with rows."""
    pool = Pool.make(server, "archives")
    pool.install()
    pooled(pool, "neighbour").fill()
    return {
        "pool": pooled(pool, "acme"),
        "schema": isolated(server, "archives", "acme", "schema"),
        "database": isolated(server, "archives_acme", "acme", "database"),
    }


@pytest.fixture
def homes(made: dict[str, Home]) -> Iterator[dict[str, Home]]:
    """The same with nothing in the tenant's tables, and no other tables than the sample's."""
    yield made
    for home in made.values():
        home.empty()
        home.as_owner(
            'DROP TABLE IF EXISTS odd, visits, "reviews; DROP TABLE orders"',
            "DROP TYPE IF EXISTS mood, two",
            "DROP DOMAIN IF EXISTS positive",
        )


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own with the stack `example`, at a known time."""
    original = stack_file.source_of
    monkeypatch.setattr(stack_file, "source_of", lambda stack, _root=None: original(stack, tmp_path))
    monkeypatch.setattr(commands, "_now", lambda: NOW)
    monkeypatch.setenv("PULUMI_STACK", "example")
    write_stack(tmp_path, "example", settings())
    (tmp_path / FILE).write_text(LISTED)
    return tmp_path
