"""A real PostgreSQL server and the plugin before it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.postgresql.harness import Database, Engine, engine_for


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """A server for the whole session: look, do not break."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-pg-"))  # short: it holds a socket
    database = Database.start(folder)
    yield database
    database.cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_database() -> Iterator[Database]:
    """A server of the test's own, to break."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-pg-"))
    database = Database.start(folder)
    yield database
    database.cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def engine(database: Database) -> Iterator[Engine]:
    with engine_for(database) as engine:
        yield engine
