"""A feature flag through the engine: its file changes in place, and pods live on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.stack import Settings, Stack


def turn(settings: Settings, on: bool) -> None:
    settings["flags"]["ai_forecasting"]["on"] = on


@pytest.fixture
def flagged(stack: Stack) -> Iterator[Stack]:
    """The shared stack, whose flag is on; so again afterwards."""
    assert stack.settings()["flags"]["ai_forecasting"]["on"] is True
    yield stack
    stack.configure(lambda settings: turn(settings, True))
    stack.up()


def config_map(stack: Stack) -> Any:
    return stack.kubectl("get", "configmap", "storefront-flags", "-n", "tenantry")


def told(stack: Stack) -> Any:
    return json.loads(config_map(stack)["data"]["flags.json"])


def pods(stack: Stack) -> set[str]:
    listed = stack.kubectl("get", "pods", "-n", "tenantry", "-l", "app.kubernetes.io/name=storefront")
    return {pod["metadata"]["uid"] for pod in listed["items"]}


def test_a_changed_flag_is_the_same_config_map_with_other_content_and_no_pod_restarts(flagged: Stack) -> None:
    before, first, running = config_map(flagged)["metadata"]["uid"], told(flagged), pods(flagged)
    assert running
    flagged.configure(lambda settings: turn(settings, False))
    assert [(operation, name) for operation, name, _ in flagged.differences()] == [("update", "flags-storefront")]
    flagged.up()
    assert config_map(flagged)["metadata"]["uid"] == before
    assert first["flags"]["ai_forecasting"]["on"] is True
    assert told(flagged)["flags"]["ai_forecasting"] == {"on": False, "plans": [], "tenants": {}}
    assert told(flagged)["version"] != first["version"]
    assert pods(flagged) == running
    assert flagged.changes() == {}
