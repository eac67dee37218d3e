"""A Service's graph is its rollout: traffic waits for the active slot, the other slot waits for traffic."""

from typing import Any

import pytest

from tests.examples import BLUE_IMAGE, GREEN_IMAGE, environment_graph
from tests.harness import Graph


def switched(raw: dict[str, Any]) -> None:
    raw["services"]["storefront"]["active"] = "green"


def without_candidate(raw: dict[str, Any]) -> None:
    del raw["services"]["storefront"]["slots"]["green"]


@pytest.fixture(scope="module")
def blue_active() -> Graph:
    return environment_graph()


@pytest.fixture(scope="module")
def green_active() -> Graph:
    return environment_graph(switched)


def test_the_stable_service_waits_for_the_active_slot(blue_active: Graph) -> None:
    assert blue_active.reaches(blue_active.named("storefront-service"), blue_active.named("storefront-blue"))


def test_the_candidate_waits_for_the_stable_service(blue_active: Graph) -> None:
    assert blue_active.reaches(blue_active.named("storefront-green"), blue_active.named("storefront-service"))


def test_a_switch_turns_the_order_around(green_active: Graph) -> None:
    stable = green_active.named("storefront-service")
    assert green_active.reaches(stable, green_active.named("storefront-green"))
    assert green_active.reaches(green_active.named("storefront-blue"), stable)
    assert stable.plain("spec", "selector", "tenantry.dev/slot") == "green"


def test_a_switch_changes_the_metadata_of_both_slots_and_the_pods_of_none(
    blue_active: Graph, green_active: Graph
) -> None:
    for slot in ("blue", "green"):
        before, after = (graph.named(f"storefront-{slot}") for graph in (blue_active, green_active))
        assert before.plain("spec") == after.plain("spec")
        assert before.plain("metadata", "annotations") != after.plain("metadata", "annotations")


def test_each_slot_runs_its_own_image_and_count(blue_active: Graph) -> None:
    for slot, image, replicas in (("blue", BLUE_IMAGE, 3), ("green", GREEN_IMAGE, 5)):
        spec = blue_active.named(f"storefront-{slot}").plain("spec")
        assert spec["template"]["spec"]["containers"][0]["image"] == image
        assert spec["replicas"] == replicas


def test_the_selectors_of_the_slots_are_disjoint(blue_active: Graph) -> None:
    blue, green = (
        blue_active.named(f"storefront-{slot}").plain("spec", "selector", "matchLabels") for slot in ("blue", "green")
    )
    assert blue != green
    assert blue.keys() == green.keys()


def test_without_a_candidate_there_is_one_deployment() -> None:
    graph = environment_graph(without_candidate)
    assert [node.name for node in graph.of_type(":Deployment")] == ["storefront-blue"]


def test_pods_meet_the_restricted_standard(blue_active: Graph) -> None:
    pod = blue_active.named("storefront-blue").plain("spec", "template", "spec")
    container = pod["containers"][0]["securityContext"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["allowPrivilegeEscalation"] is False
    assert container["readOnlyRootFilesystem"] is True
    assert container["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False


def test_a_pod_drains_for_less_than_its_grace(blue_active: Graph) -> None:
    pod = blue_active.named("storefront-blue").plain("spec", "template", "spec")
    drain = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert 0 < drain < pod["terminationGracePeriodSeconds"]


def test_pods_carry_a_checksum_of_the_secrets_they_read(blue_active: Graph) -> None:
    template = blue_active.named("storefront-blue").plain("spec", "template")
    checksum = template["metadata"]["annotations"]["tenantry.dev/environment-checksum"]
    assert len(checksum) == 64
    assert template["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": "tenantry-pool-database"}}]
