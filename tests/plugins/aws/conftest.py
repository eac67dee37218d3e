"""A cloud for the session, and the plugin before it."""

import os
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from tests.plugins.aws.world import CREDENTIALS, MODULE, REGION, World
from tests.plugins.client import running

# Their assertions are explained as a test's own are.
pytest.register_assert_rewrite("tests.plugins.aws.life")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def world(endpoint: str) -> Iterator[World]:
    """Return the plugin in an account that tests share."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with running(MODULE, environment | CREDENTIALS | {"AWS_ENDPOINT_URL": endpoint}) as plugin:
        plugin.configure(region=REGION)
        yield World(plugin, endpoint)
