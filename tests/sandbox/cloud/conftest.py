"""Real clouds for the tests, in instances outside the project."""

from collections.abc import Callable, Iterator

import pytest

from infra.sandbox.addresses import free_block
from infra.sandbox.cloud.service import Cloud
from tests.sandbox.servers.harness import TestInstance, quiet

MakeCloud = Callable[[str], Cloud]


@pytest.fixture(scope="module")
def make_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeCloud]:
    """Makes clouds that are not started yet, and stops them in the end."""
    root = tmp_path_factory.mktemp("clouds") / "a path with spaces"
    made: list[Cloud] = []

    def make(name: str) -> Cloud:
        taken = frozenset(cloud.instance.addresses.prefix for cloud in made)
        instance = TestInstance(name, free_block(f"{root}/{name}", taken), root)
        made.append(Cloud(instance))
        return made[-1]

    yield make
    for cloud in made:
        cloud.stop()


@pytest.fixture(scope="module")
def shared(make_cloud: MakeCloud) -> Cloud:
    """A cloud that runs for all tests of a file."""
    cloud = make_cloud("test-cloud-shared")
    cloud.start(quiet)
    return cloud


@pytest.fixture
def cloud(shared: Cloud) -> Iterator[Cloud]:
    """The file's cloud, healed after each test."""
    yield shared
    shared.clear_faults()
