"""Switching the active slot through the engine: traffic moves only to a slot that is ready."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.events import operations
from tests.engine.stack import Settings, Stack

GREEN_IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "2" * 64


def add_green(settings: Settings) -> None:
    settings["services"]["storefront"]["slots"]["green"] = {"image": GREEN_IMAGE, "replicas": 2}


def activate_green(settings: Settings) -> None:
    settings["services"]["storefront"]["active"] = "green"


def blue_alone(settings: Settings) -> None:
    settings["services"]["storefront"]["active"] = "blue"
    settings["services"]["storefront"]["slots"].pop("green", None)
    settings["services"]["storefront"].pop("ready_timeout", None)


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


def test_a_new_candidate_takes_no_traffic(switching: Stack) -> None:
    assert selected_slot(switching) == "blue"
    assert switching.changes() == {}


def test_a_switch_moves_the_service_after_the_other_slot_is_ready_and_before_the_old_one_changes(
    switching: Stack, tmp_path: Path
) -> None:
    switching.configure(activate_green)
    switching.up("--event-log", str(tmp_path / "events"))
    done = [(item.name, item.operation) for item in operations(tmp_path / "events") if item.finished]
    assert [name for name, operation in done if operation == "update"] == [
        "storefront-green",
        "storefront-service",
        "storefront-blue",
    ]
    assert selected_slot(switching) == "green"
    assert switching.outputs()["services"]["storefront"]["active"] == "green"
    assert switching.changes() == {}


@pytest.fixture
def full_namespace(switching: Stack) -> Iterator[Stack]:
    """The stack with both slots, in a namespace that takes no further pod."""
    switching.kubectl("create", "quota", "full", "--hard=pods=4", "-n", "tenantry")
    yield switching
    switching.kubectl("patch", "quota", "full", "-n", "tenantry", "--type=merge", '-p={"spec":{"hard":{"pods":"50"}}}')


def test_a_switch_to_a_slot_that_never_becomes_ready_fails_moves_nothing_and_says_why(full_namespace: Stack) -> None:
    def to_a_larger_green(settings: Settings) -> None:
        activate_green(settings)
        settings["services"]["storefront"]["ready_timeout"] = 10
        settings["services"]["storefront"]["slots"]["green"]["replicas"] = 3

    full_namespace.configure(to_a_larger_green)
    result = full_namespace.up(expect=None)
    assert result.code != 0
    assert "storefront-green" in result.text
    assert "exceeded quota" in result.text
    assert selected_slot(full_namespace) == "blue"
    assert "storefront-green" in {resource["urn"].rpartition("::")[2] for resource in full_namespace.resources()}
