"""Real servers for the tests: instances of their own, below a path that is long and holds a space."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from infra.sandbox.addresses import free_block
from infra.sandbox.servers import leftovers, probe
from infra.sandbox.servers.postgresql import PostgreSQL
from infra.sandbox.servers.valkey import Valkey
from tests.sandbox.servers.harness import TestInstance, family, quiet


@pytest.fixture(scope="session")
def make_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], TestInstance]]:
    """Makes instances, and stops and deletes them in the end."""
    root = tmp_path_factory.mktemp("servers") / "a path with spaces" / ("and-long-beyond-what-a-socket-may-have" * 3)
    root.mkdir(parents=True)
    made: list[TestInstance] = []

    def make(name: str) -> TestInstance:
        taken = frozenset(other.addresses.prefix for other in made)
        instance = TestInstance(name, free_block(f"{root}/{name}", taken), root)
        made.append(instance)
        return instance

    yield make
    for instance in made:
        PostgreSQL(instance).stop()
        Valkey(instance).stop()
    shutil.rmtree(root.parent)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the command give up soon on what does not answer, so that tests of frozen processes are quick."""
    monkeypatch.setattr(probe, "_SECONDS", 1.0)
    monkeypatch.setattr(leftovers, "_PATIENCE", 2.0)


@pytest.fixture(scope="session")
def shared(make_instance: Callable[[str], TestInstance]) -> TestInstance:
    """An instance whose servers run for the whole session: look, do not break."""
    instance = make_instance("test-servers-shared")
    PostgreSQL(instance).start(quiet)
    Valkey(instance).start(quiet)
    return instance


@pytest.fixture
def own(make_instance: Callable[[str], TestInstance], request: pytest.FixtureRequest) -> Iterator[TestInstance]:
    """An instance of the test's own, with nothing in it."""
    name = f"test-servers-{abs(hash(request.node.nodeid)) % 10**8}"
    instance = make_instance(name)
    yield instance
    PostgreSQL(instance).stop()
    Valkey(instance).stop()
    assert family(instance) == []
    shutil.rmtree(instance.directory, ignore_errors=True)
