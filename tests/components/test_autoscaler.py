"""A service whose pods follow the load: bounded, at the numbers of REQUIREMENTS, and never set back by an update."""

from typing import Any

import pytest

from tests.examples import environment_graph
from tests.harness import Graph


def scaled(raw: dict[str, Any]) -> None:
    raw["services"]["storefront"] |= {"autoscaling": {"maximum": 12}, "resources": {"memory": "512Mi"}}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return environment_graph(scaled)


def test_each_slot_follows_the_load_between_its_bounds(graph: Graph) -> None:
    found = graph.of_type(":HorizontalPodAutoscaler")
    assert [node.plain("spec", "scaleTargetRef", "name") for node in found] == ["storefront-blue", "storefront-green"]
    for node in found:
        assert (node.plain("spec", "minReplicas"), node.plain("spec", "maxReplicas")) == (3, 12)
        wanted = {
            metric["resource"]["name"]: metric["resource"]["target"]["averageUtilization"]
            for metric in node.plain("spec", "metrics")
        }
        assert wanted == {"cpu": 70, "memory": 80}


def test_it_grows_at_once_and_shrinks_slowly(graph: Graph) -> None:
    for node in graph.of_type(":HorizontalPodAutoscaler"):
        behavior = node.plain("spec", "behavior")
        shown = {
            direction: (rules["stabilizationWindowSeconds"], rules["policies"][0]["value"])
            for direction, rules in behavior.items()
        }
        assert shown == {"scaleUp": (60, 100), "scaleDown": (300, 10)}


def test_an_update_never_sets_the_number_of_pods_back(graph: Graph) -> None:
    for slot in ("blue", "green"):
        assert graph.named(f"storefront-{slot}").ignore_changes == {"spec.replicas"}


def test_without_bounds_the_number_of_pods_is_what_the_slot_says() -> None:
    plain = environment_graph()
    assert not plain.of_type(":HorizontalPodAutoscaler")
    assert plain.named("storefront-blue").ignore_changes == frozenset()
