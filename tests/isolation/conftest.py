"""A real PostgreSQL for fleets of plain SQL."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.postgresql.harness import Database


@pytest.fixture(scope="session")
def server() -> Iterator[Database]:
    """A server for the whole session; each fleet has databases and roles of its own."""
    folder = Path(tempfile.mkdtemp(prefix="tenantry-isolation-"))  # short: it holds a socket
    database = Database.start(folder)
    yield database
    database.cluster.stop()
    shutil.rmtree(folder, ignore_errors=True)
