"""Switching the active slot through the engine: traffic moves only to a slot that is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.engine.endpoints import EndpointWatch
from tests.engine.services import Services, named
from tests.engine.stack import Settings

pytestmark = pytest.mark.timeout(600)  # seconds: several updates, one after the other

IMAGE = "registry.tenantry.invalid/storefront@sha256:"


def candidates(settings: Settings) -> None:
    for service in settings["services"].values():
        service["slots"]["green"] = {"image": IMAGE + "2" * 64, "replicas": 2}
    settings["services"]["storefront"]["after"] = ["api"]


def other_green(settings: Settings) -> None:
    settings["services"]["storefront"]["slots"]["green"]["image"] = IMAGE + "3" * 64


def both_switched(settings: Settings) -> None:
    for service in settings["services"].values():
        service["active"] = "green"


def canary(settings: Settings) -> None:
    settings["services"]["storefront"]["canary"] = {"slot": "blue", "weight": 10}


def without_idle_pods(settings: Settings) -> None:
    del settings["services"]["storefront"]["canary"]
    settings["services"]["storefront"]["scale_down"] = "immediately"


def back(settings: Settings) -> None:
    settings["services"]["storefront"]["active"] = "blue"


@dataclass(frozen=True)
class Step:
    """What one update did, and what there was after it.

    Args:
        done: what changed, and how, in order.
        slot: the slot of the storefront that took traffic.
        pods: how many were ready in each slot of it that had a Deployment.
    """

    done: list[tuple[str, str]]
    slot: str
    pods: Mapping[str, int]

    def updated(self, service: str) -> list[str]:
        """Return what was updated of a service, in order."""
        return [name for name, how in self.done if how == "update" and name.startswith(service)]


@dataclass(frozen=True)
class Story:
    """Two services with candidates that take over in one update, and what became of one of them.

    Args:
        began: the slot that took traffic when the candidates were there.
        other_candidate: what a preview of another candidate would have changed then.
        steps: name -> what an update did.
        changes: name of a step -> what a preview would have done after it.
        outputs: the stack's, after the switch.
        watched: service -> its endpoints, from beginning to end.
    """

    began: str
    other_candidate: list[tuple[str, str, dict[str, Any]]]
    steps: Mapping[str, Step]
    changes: Mapping[str, Mapping[str, int]]
    outputs: Mapping[str, Any]
    watched: Mapping[str, EndpointWatch]


@pytest.fixture(scope="module")
def story(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The updates of the story, one after the other: each begins with what the one before it has left."""
    folder = tmp_path_factory.mktemp("logs")

    def step(change: Callable[[Settings], None]) -> Step:
        done = named(services.update(change, folder / change.__name__))
        return Step(done, services.selected_slot("storefront"), services.ready("storefront"))

    services.begin(candidates)
    began = services.selected_slot("storefront")
    with services.watched("storefront", "api") as watched:
        services.configure(other_green)
        other_candidate = services.differences()
        services.configure(candidates)
        steps = {"switched": step(both_switched)}
        changes = {"switched": services.changes()}
        outputs = services.outputs()
        steps |= {change.__name__: step(change) for change in (canary, without_idle_pods, back)}
        changes["back"] = services.changes()
    return Story(began, other_candidate, steps, changes, outputs, watched)


def test_a_new_candidate_takes_no_traffic_and_another_one_changes_the_candidate_alone(story: Story) -> None:
    assert story.began == "blue"
    ((operation, name, difference),) = story.other_candidate
    assert (operation, name) == ("update", "storefront-green")
    assert set(difference) == {"spec.template.spec.containers[0].image"}


def test_a_switch_moves_the_service_after_the_other_slot_is_ready_and_before_the_old_one_changes(story: Story) -> None:
    switched = story.steps["switched"]
    assert switched.slot == "green"
    assert story.outputs["services"]["storefront"]["active"] == "green"
    for service in ("storefront", "api"):
        done = switched.updated(service)
        assert sorted(done) == [
            f"{service}-blue",
            f"{service}-blue-budget",
            f"{service}-blue-service",
            f"{service}-green",
            f"{service}-green-budget",
            f"{service}-green-service",
            f"{service}-service",
        ]
        assert done.index(f"{service}-green") < done.index(f"{service}-service") < done.index(f"{service}-blue")
        assert done.index(f"{service}-green") < done.index(f"{service}-green-service")
    assert story.changes["switched"] == {}


def test_of_two_services_that_switch_in_one_update_the_one_that_comes_after_the_other_does_so(story: Story) -> None:
    done = [name for name, _ in story.steps["switched"].done]
    assert done.index("api-service") < done.index("storefront-green")


def test_a_canary_is_ready_and_known_by_its_own_service_before_any_route_gives_it_a_weight(story: Story) -> None:
    step = story.steps["canary"]
    assert step.done == [("storefront-blue", "update"), ("storefront-blue-service", "update")]
    assert step.slot == "green"


def test_a_slot_without_traffic_loses_its_pods_after_the_switch_and_gets_them_back_before_the_next(
    story: Story,
) -> None:
    alone, switched = story.steps["without_idle_pods"], story.steps["back"]
    assert sorted(alone.done) == [
        ("storefront-blue", "delete"),
        ("storefront-blue-service", "update"),
    ]
    assert alone.pods == {"green": 2}
    done = switched.done
    order = [
        ("storefront-blue", "create"),
        ("storefront-green-budget", "update"),
        ("storefront-service", "update"),
        ("storefront-green", "delete"),
    ]
    assert sorted(order, key=done.index) == order
    assert switched.pods == {"blue": 2}
    assert switched.slot == "blue"
    assert story.changes["back"] == {}


def test_in_all_of_that_a_service_is_never_without_the_pods_of_one_slot_nor_has_those_of_both(story: Story) -> None:
    for watch in story.watched.values():
        assert {slot for state in watch.states for slot in state} == {"blue", "green"}
        assert watch.fewest == 2
        assert watch.mixed == 0
