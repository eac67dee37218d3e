"""Switching the active slot through the engine: traffic moves only to a slot that is ready."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.sandbox.waiting import wait_until
from tests.engine.events import operations
from tests.engine.stack import Settings, Stack

GREEN_IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "2" * 64
OTHER_IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "3" * 64


def add_green(settings: Settings) -> None:
    settings["services"]["storefront"]["slots"]["green"] = {"image": GREEN_IMAGE, "replicas": 2}


def activate_green(settings: Settings) -> None:
    settings["services"]["storefront"]["active"] = "green"


def other_green(settings: Settings) -> None:
    settings["services"]["storefront"]["slots"]["green"]["image"] = OTHER_IMAGE


def canary(settings: Settings) -> None:
    settings["services"]["storefront"]["canary"] = {"slot": "green", "weight": 10}


def smaller_green(settings: Settings) -> None:
    settings["services"]["storefront"]["slots"]["green"]["replicas"] = 1


def without_idle_pods(settings: Settings) -> None:
    settings["services"]["storefront"]["scale_down"] = "immediately"


def blue_alone(settings: Settings) -> None:
    settings["services"]["storefront"]["active"] = "blue"
    settings["services"]["storefront"]["slots"].pop("green", None)
    for changed in ("ready_timeout", "canary", "scale_down", "autoscaling"):
        settings["services"]["storefront"].pop(changed, None)


@pytest.fixture
def switching(stack: Stack) -> Iterator[Stack]:
    """The shared stack, with a candidate in green; blue alone again afterwards."""
    stack.configure(add_green)
    stack.up()
    yield stack
    stack.configure(blue_alone)
    stack.up()


def selected_slot(stack: Stack) -> str:
    return str(stack.kubectl("get", "service", "storefront", "-n", "tenantry")["spec"]["selector"]["tenantry.dev/slot"])


def pods(stack: Stack) -> dict[str, int]:
    """Return the number of ready pods of each slot that has a Deployment."""
    found = stack.kubectl("get", "deployments", "-n", "tenantry", "-l", "app.kubernetes.io/name=storefront")["items"]
    return {item["metadata"]["labels"]["tenantry.dev/slot"]: item["status"].get("readyReplicas", 0) for item in found}


def wait_for_pods(stack: Stack, wanted: dict[str, int]) -> None:
    wait_until(
        lambda: pods(stack) == wanted,
        seconds=90,
        what=f"there are not {wanted} pods",
        where="namespace tenantry",
        remedy="look at the autoscaler's events",
        every=0.5,
    )


def finished(log: Path) -> list[tuple[str, str]]:
    """Return the names of what has changed, and how, in the order in which that was done."""
    return [(item.name, item.operation) for item in operations(log) if item.finished]


def test_a_new_candidate_takes_no_traffic(switching: Stack) -> None:
    assert selected_slot(switching) == "blue"
    assert switching.changes() == {}


def test_a_switch_moves_the_service_after_the_other_slot_is_ready_and_before_the_old_one_changes(
    switching: Stack, tmp_path: Path
) -> None:
    switching.configure(activate_green)
    switching.up("--event-log", str(tmp_path / "events"))
    changes = finished(tmp_path / "events")
    done = [name for name, operation in changes if operation == "update" and name.startswith("storefront")]
    assert sorted(done) == [
        "storefront-blue",
        "storefront-blue-budget",
        "storefront-blue-service",
        "storefront-green",
        "storefront-green-budget",
        "storefront-green-service",
        "storefront-service",
    ]
    assert done.index("storefront-green") < done.index("storefront-service") < done.index("storefront-blue")
    assert done.index("storefront-green") < done.index("storefront-green-service")
    assert selected_slot(switching) == "green"
    assert switching.outputs()["services"]["storefront"]["active"] == "green"
    assert switching.changes() == {}


def test_another_candidate_changes_the_candidate_alone(switching: Stack) -> None:
    switching.configure(other_green)
    assert [(operation, name) for operation, name, _ in switching.differences()] == [("update", "storefront-green")]


def test_a_canary_is_ready_and_known_by_its_own_service_before_any_route_gives_it_a_weight(
    switching: Stack, tmp_path: Path
) -> None:
    switching.configure(canary)
    switching.up("--event-log", str(tmp_path / "events"))
    assert finished(tmp_path / "events") == [("storefront-green", "update"), ("storefront-green-service", "update")]
    assert selected_slot(switching) == "blue"
    assert switching.changes() == {}


def test_a_slot_without_traffic_loses_its_pods_after_the_switch_and_gets_them_back_before_the_next(
    switching: Stack, tmp_path: Path
) -> None:
    switching.configure(without_idle_pods)
    switching.up()
    assert pods(switching) == {"blue": 2}
    switching.configure(activate_green)
    switching.up("--event-log", str(tmp_path / "events"))
    done = finished(tmp_path / "events")
    order = [("storefront-green", "create"), ("storefront-service", "update"), ("storefront-blue", "delete")]
    assert sorted(order, key=done.index) == order
    assert pods(switching) == {"green": 2}
    assert selected_slot(switching) == "green"
    assert switching.changes() == {}


def test_a_switch_to_fewer_pods_than_serve_is_refused_in_the_preview_and_in_the_update(switching: Stack) -> None:
    switching.configure(smaller_green)
    switching.up()
    switching.configure(activate_green)
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        result = switching.pulumi(*command, expect=None)
        assert result.code != 0
        assert "storefront-green has fewer pods ready than storefront-blue, which serves (1, not 2)" in result.text
        assert selected_slot(switching) == "blue"


def autoscaled(settings: Settings) -> None:
    settings["services"]["storefront"]["autoscaling"] = {"minimum": 1, "maximum": 4}


def raised_green(settings: Settings) -> None:
    settings["services"]["storefront"]["active"] = "blue"
    settings["services"]["storefront"]["slots"]["green"]["floor"] = 3


def test_a_slot_takes_over_from_one_that_has_grown_once_its_floor_is_raised(switching: Stack) -> None:
    switching.configure(autoscaled)
    switching.up()
    switching.kubectl("scale", "deployment", "storefront-blue", "-n", "tenantry", "--replicas=3")
    wait_for_pods(switching, {"blue": 3, "green": 2})
    switching.configure(activate_green)
    refused = switching.up(expect=None)
    assert refused.code != 0
    assert "(2, not 3)" in refused.text
    assert selected_slot(switching) == "blue"

    switching.configure(raised_green)
    switching.up()
    wait_for_pods(switching, {"blue": 3, "green": 3})
    switching.configure(activate_green)
    switching.up()
    assert selected_slot(switching) == "green"
    assert pods(switching) == {"blue": 3, "green": 3}
    assert switching.changes() == {}


def allow_pods(stack: Stack, most: int) -> None:
    """Let the namespace of the services take so many pods in all."""
    named = [quota["metadata"]["name"] for quota in stack.kubectl("get", "quota", "-n", "tenantry")["items"]]
    if "full" not in named:
        stack.kubectl("create", "quota", "full", f"--hard=pods={most}", "-n", "tenantry")
    patch = f'-p={{"spec":{{"hard":{{"pods":"{most}"}}}}}}'
    stack.kubectl("patch", "quota", "full", "-n", "tenantry", "--type=merge", patch)


@pytest.fixture
def full_namespace(switching: Stack) -> Iterator[Stack]:
    """The stack with both slots, in a namespace that takes no further pod."""
    allow_pods(switching, 4)
    yield switching
    allow_pods(switching, 50)


def test_a_switch_to_a_slot_that_never_becomes_ready_fails_moves_nothing_and_says_why_and_is_judged_anew(
    full_namespace: Stack,
) -> None:
    def to_another_green(settings: Settings) -> None:
        autoscaled(settings)
        activate_green(settings)
        other_green(settings)
        settings["services"]["storefront"]["ready_timeout"] = 10

    full_namespace.configure(to_another_green)
    failed = full_namespace.up(expect=None)  # there is no room for the pod more that a rollout takes
    assert failed.code != 0
    assert "storefront-green" in failed.text
    assert "exceeded quota" in failed.text
    assert selected_slot(full_namespace) == "blue"
    assert "storefront-green" in {resource["urn"].rpartition("::")[2] for resource in full_namespace.resources()}

    allow_pods(full_namespace, 50)
    full_namespace.kubectl("scale", "deployment", "storefront-blue", "-n", "tenantry", "--replicas=3")
    wait_for_pods(full_namespace, {"blue": 3, "green": 2})
    refused = full_namespace.up(expect=None)
    assert refused.code != 0
    assert "(2, not 3)" in refused.text  # as many as serve now, not when it was tried first
    assert selected_slot(full_namespace) == "blue"
