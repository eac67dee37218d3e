"""A feature flag through the engine: its file changes in place, and pods live on."""

import json
from pathlib import Path
from typing import Any

from tests.engine.services import Services, named
from tests.engine.stack import Settings


def off(settings: Settings) -> None:
    settings["flags"]["ai_forecasting"]["on"] = False


def config_map(stack: Services) -> Any:
    return stack.kubectl("get", "configmap", "storefront-flags", "-n", "tenantry")


def told(stack: Services) -> Any:
    return json.loads(config_map(stack)["data"]["flags.json"])


def pods(stack: Services) -> set[str]:
    listed = stack.kubectl("get", "pods", "-n", "tenantry", "-l", "app.kubernetes.io/name=storefront")
    return {pod["metadata"]["uid"] for pod in listed["items"]}


def test_a_changed_flag_is_the_same_config_map_with_other_content_and_no_pod_restarts(
    services: Services, tmp_path: Path
) -> None:
    services.begin()
    before, first, running = config_map(services)["metadata"]["uid"], told(services), pods(services)
    assert running
    assert named(services.update(off, tmp_path / "events")) == [("flags-storefront", "update")]
    assert config_map(services)["metadata"]["uid"] == before
    assert first["flags"]["ai_forecasting"]["on"] is True
    assert told(services)["flags"]["ai_forecasting"] == {"on": False, "plans": [], "tenants": {}}
    assert told(services)["version"] != first["version"]
    assert pods(services) == running
    assert services.changes() == {}
