"""A switch to fewer pods than serve is refused when both numbers are known, and nothing else is."""

import asyncio
from collections.abc import Mapping

import pulumi
import pytest

from components.slot import Slot
from components.switch_guard import FewerPods, comparison

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
