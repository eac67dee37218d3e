"""A cloud for the session, and the plugin before it."""

import os
from collections.abc import Callable, Iterator

import pytest

from infra.sandbox.addresses import free_block
from infra.sandbox.cloud.service import Cloud
from tests.plugins.aws.world import CREDENTIALS, MODULE, REGION, World
from tests.plugins.client import running
from tests.sandbox.servers.harness import TestInstance


@pytest.fixture(scope="session")
def new_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cloud]]:
    """Return a maker of empty clouds; all are stopped at the end."""
    root = tmp_path_factory.mktemp("clouds") / "a path with spaces"
    made: list[Cloud] = []

    def make() -> Cloud:
        taken = frozenset(cloud.instance.addresses.prefix for cloud in made)
        name = f"test-aws-{len(made)}"
        made.append(Cloud(TestInstance(name, free_block(f"{root}/{name}", taken), root)))
        made[-1].start(lambda _line: None)
        return made[-1]

    yield make
    for cloud in made:
        cloud.stop()


@pytest.fixture(scope="session")
def endpoint(new_cloud: Callable[[], Cloud]) -> str:
    """Return where an account answers that tests share, and that may hold much."""
    cloud = new_cloud()
    cloud.set_quotas(**dict.fromkeys((name.replace("-", "_") for name in cloud.quotas()), 1000))
    return cloud.url


@pytest.fixture(scope="session")
def world(endpoint: str) -> Iterator[World]:
    """Return the plugin in an account that tests share."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with running(MODULE, environment | CREDENTIALS | {"AWS_ENDPOINT_URL": endpoint}) as plugin:
        plugin.configure(region=REGION)
        yield World(plugin, endpoint)


@pytest.fixture(scope="session")
def lone_cloud(new_cloud: Callable[[], Cloud]) -> Cloud:
    """Return an account that one test uses at a time."""
    return new_cloud()


@pytest.fixture
def cloud(lone_cloud: Cloud) -> Iterator[Cloud]:
    """Return that account, which each test leaves empty."""
    yield lone_cloud
    lone_cloud.clear_faults()
    assert lone_cloud.contents() == []
