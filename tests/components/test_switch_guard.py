"""A switch to fewer pods than serve is refused when both numbers are known, and nothing else is."""

import asyncio
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import pulumi
import pytest

from components.pods import Http, PodArgs
from components.service import Service, ServiceArgs
from components.slot import Bounds, Slot, SlotArgs
from components.switch_guard import FewerPods, comparison, guard
from tests.examples import BLUE_IMAGE, GREEN_IMAGE
from tests.harness import Graph, graph_of

URN = "urn:pulumi:local::tenantry::kubernetes:core/v1:Service::storefront-service"


def pointed_at(slot: str | None) -> dict[str, object]:
    """Return a Service's inputs."""
    return {"spec": {"selector": {"app.kubernetes.io/name": "storefront", "tenantry.dev/slot": slot}}}


def moved(before: str | None, after: str, pods: Mapping[Slot, int | None]) -> None:
    """Do what the engine does before it updates the stable Service."""
    change = pulumi.ResourceHookArgs(
        urn=URN,
        id="tenantry/storefront",
        name="storefront-service",
        type="kubernetes:core/v1:Service",
        new_inputs=pointed_at(after),
        old_inputs=None if before is None else pointed_at(before),
    )

    async def compare() -> None:
        await comparison("storefront", pods)(change)

    asyncio.run(compare())


def refused(before: str | None, after: str, pods: Mapping[Slot, int | None]) -> bool:
    """Return whether the switch is refused for its number of pods."""
    try:
        moved(before, after, pods)
    except FewerPods:
        return True
    return False


def test_a_switch_to_fewer_pods_is_refused_with_both_numbers_and_what_to_do() -> None:
    with pytest.raises(FewerPods) as caught:
        moved("blue", "green", {"blue": 17, "green": 3})
    assert str(caught.value) == (
        "storefront-green has fewer pods ready than storefront-blue, which serves (3, not 17); raise "
        "services.storefront.slots.green (its floor, or replicas without autoscaling), and switch with --refresh once "
        "it has them"
    )


@pytest.mark.parametrize(
    ("before", "after", "pods"),
    [
        ("blue", "green", {"blue": 17, "green": 17}),
        ("green", "blue", {"blue": 17, "green": 3}),
        ("blue", "blue", {"blue": 3, "green": 17}),
        ("blue", "green", {"blue": 17, "green": None}),
        ("blue", "green", {"blue": None, "green": 3}),
        ("blue", "green", {"green": 3}),
        (None, "green", {"blue": 17, "green": 3}),
    ],
    ids=["as many", "more", "no switch", "coming unknown", "serving unknown", "serving gone", "no selector"],
)
def test_any_other_change_goes_on(before: str | None, after: str, pods: Mapping[Slot, int | None]) -> None:
    assert not refused(before, after, pods)


SLOTS: dict[Slot, SlotArgs] = {
    "blue": SlotArgs(image=BLUE_IMAGE, replicas=3),
    "green": SlotArgs(image=GREEN_IMAGE, replicas=3),
}


def autoscaled(active: Slot, *, http: Http | None, slots: Mapping[Slot, SlotArgs] = SLOTS) -> Graph:
    """Return the graph of a service whose idle slots have no pods; what its guard is given is among the outputs.

    Of the slot that is to take the traffic 3 pods are ready, of the other one 17 still serve.
    """

    def declare() -> Mapping[str, Any]:
        args = ServiceArgs(
            namespace="shops",
            pods=PodArgs(http=http),
            active=active,
            slots=slots,
            keeps_idle=False,
            ready_timeout=60,
            bounds=Bounds(minimum=3, maximum=20, cpu_percent=70, memory_percent=80),
        )
        with patch("components.service.guard", wraps=guard) as asked:
            Service("shop", args)
        return {"pods": dict(asked.call_args.args[1]) if asked.called else {}}

    ready = {f"shop-{slot}": {"status": {"readyReplicas": 3}} for slot in SLOTS}
    counted = {
        f"shop-{slot}-budget": {
            "status": {
                "currentHealthy": 3 if slot == active else 17,
                "desiredHealthy": 2,
                "disruptionsAllowed": 1,
                "expectedPods": 3,
            }
        }
        for slot in SLOTS
    }
    return graph_of(declare, {**ready, **counted})


HTTP = Http(port=80, health_path="/")


@pytest.mark.parametrize(("before", "after"), [("blue", "green"), ("green", "blue")], ids=["a switch", "a rollback"])
def test_where_idle_slots_have_no_pods_those_of_the_old_slot_are_compared_as_long_as_it_serves(
    before: Slot, after: Slot
) -> None:
    graph = autoscaled(after, http=HTTP)
    pods = graph.exports["pods"]
    assert pods == {before: 17, after: 3}
    assert refused(before, after, pods)
    stable, budget = graph.named("shop-service"), graph.named(f"shop-{before}-budget")
    assert graph.reaches(stable, budget)
    assert graph.reaches(budget, graph.named(f"shop-{after}"))
    assert [node.name for node in graph.of_type(":Deployment")] == [f"shop-{after}"]
    assert stable.hooks == ("shop-keeps-its-pods",)


def test_of_an_old_slot_that_leaves_the_settings_with_the_switch_nobody_is_asked() -> None:
    graph = autoscaled("green", http=HTTP, slots={"green": SLOTS["green"]})
    assert graph.exports["pods"] == {}
    assert graph.named("shop-service").hooks == ()


def test_an_idle_slot_of_a_worker_has_no_budget_for_there_is_no_traffic_to_move() -> None:
    graph = autoscaled("green", http=None)
    assert [node.name for node in graph.of_type(":PodDisruptionBudget")] == ["shop-green-budget"]
