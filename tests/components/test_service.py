"""A Service's graph is its rollout: traffic waits for the active slot, the other slot waits for traffic."""

from typing import Any

import pulumi
import pytest
from pulumi_kubernetes.core.v1 import ConfigMap

from components.pods import Http, PodArgs
from components.service import Service, ServiceArgs
from components.slot import SlotArgs
from tests.examples import BLUE_IMAGE, GREEN_IMAGE, environment_graph
from tests.harness import Graph, Node, graph_of

OTHER_IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "3" * 64
API: dict[str, Any] = {
    "port": 3001,
    "active": "blue",
    "database_connections": 1,
    "slots": {"blue": {"image": BLUE_IMAGE}},
}


def switched(raw: dict[str, Any]) -> None:
    raw["services"]["storefront"]["active"] = "green"


def without_candidate(raw: dict[str, Any]) -> None:
    del raw["services"]["storefront"]["slots"]["green"]


def another_candidate(raw: dict[str, Any]) -> None:
    raw["services"]["storefront"]["slots"]["green"]["image"] = OTHER_IMAGE


def with_canary(raw: dict[str, Any]) -> None:
    raw["services"]["storefront"]["canary"] = {"slot": "green", "weight": 10}


def without_idle_pods(raw: dict[str, Any]) -> None:
    raw["services"]["storefront"]["scale_down"] = "immediately"


def with_others(raw: dict[str, Any]) -> None:
    worker = {**API, "port": None, "after": ["storefront"], "active": "green"}
    worker["slots"] = {"blue": {"image": BLUE_IMAGE}, "green": {"image": GREEN_IMAGE}}
    raw["services"]["storefront"]["after"] = ["api"]
    raw["services"].update(api=dict(API), worker=worker)


def in_parts() -> dict[str, Any]:
    """Declare a service with what other parts of an environment put before and behind it."""
    service = Service(
        "shop",
        ServiceArgs(
            namespace="shops",
            pods=PodArgs(http=Http(port=80, health_path="/")),
            active="blue",
            slots={"blue": SlotArgs(image=BLUE_IMAGE, replicas=2), "green": SlotArgs(image=GREEN_IMAGE, replicas=2)},
            ready_timeout=60,
            before_traffic=[ConfigMap("migration")],
        ),
    )
    route = ConfigMap("route", opts=pulumi.ResourceOptions(depends_on=list(service.ready)))
    ConfigMap("warm-up", opts=pulumi.ResourceOptions(depends_on=[service.after_switch]))
    service.settle([route])
    return {"backends": dict(service.slot_services)}


def changed(before: Graph, after: Graph) -> set[str]:
    """Return the logical names of what differs."""
    inputs = [{urn: node.inputs for urn, node in graph.nodes.items()} for graph in (before, after)]
    urns = inputs[0].keys() | inputs[1].keys()
    return {urn.rpartition("::")[2] for urn in urns if inputs[0].get(urn) != inputs[1].get(urn)}


def pod_of(node: Node) -> Any:
    return node.plain("spec", "template", "spec")


@pytest.fixture(scope="module")
def blue_active() -> Graph:
    return environment_graph()


@pytest.fixture(scope="module")
def green_active() -> Graph:
    return environment_graph(switched)


@pytest.fixture(scope="module")
def canary() -> Graph:
    return environment_graph(with_canary)


@pytest.fixture(scope="module")
def several() -> Graph:
    return environment_graph(with_others)


@pytest.fixture(scope="module")
def parts() -> Graph:
    return graph_of(in_parts)


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


def test_another_image_for_the_candidate_touches_the_candidate_alone(blue_active: Graph) -> None:
    assert changed(blue_active, environment_graph(another_candidate)) == {"storefront-green"}


def test_a_change_of_one_service_touches_that_service_alone(several: Graph) -> None:
    def of_the_api(raw: dict[str, Any]) -> None:
        with_others(raw)
        raw["services"]["api"].update(health_path="/api/health", startup_seconds=120)

    assert changed(several, environment_graph(of_the_api)) == {"api-blue"}


def test_each_slot_has_a_service_of_its_own_which_a_route_can_point_to(blue_active: Graph) -> None:
    for slot in ("blue", "green"):
        service = blue_active.named(f"storefront-{slot}-service")
        assert service.plain("metadata", "name") == f"storefront-{slot}"
        selector = blue_active.named(f"storefront-{slot}").plain("spec", "selector", "matchLabels")
        assert service.plain("spec", "selector") == {**selector, "app.kubernetes.io/component": "service"}


def test_what_services_select_pods_by_is_more_than_what_a_deployment_does_for_that_cannot_change(
    blue_active: Graph,
) -> None:
    pods = blue_active.named("storefront-blue")
    assert pods.plain("spec", "selector", "matchLabels") == {
        "app.kubernetes.io/name": "storefront",
        "tenantry.dev/slot": "blue",
    }
    assert (
        blue_active.named("storefront-service").plain("spec", "selector").items()
        <= pods.plain("spec", "template", "metadata", "labels").items()
    )


def test_a_route_finds_both_services_even_before_there_is_a_candidate() -> None:
    graph = environment_graph(without_candidate)
    assert [node.plain("metadata", "name") for node in graph.of_type("core/v1:Service")] == [
        "storefront-blue",
        "storefront-green",
        "storefront",
    ]


def test_only_endpoints_of_slots_with_traffic_are_waited_for(blue_active: Graph, canary: Graph) -> None:
    for graph, slot, awaited in (
        (blue_active, "blue", True),
        (blue_active, "green", False),
        (canary, "green", True),
    ):
        service = graph.named(f"storefront-{slot}-service")
        assert ("annotations" not in service.plain("metadata")) is awaited
        assert graph.reaches(service, graph.named(f"storefront-{slot}")) is awaited


def test_a_canary_is_ready_before_anything_points_to_it(canary: Graph) -> None:
    stable = canary.named("storefront-service")
    assert canary.reaches(stable, canary.named("storefront-green"))
    assert stable.plain("spec", "selector", "tenantry.dev/slot") == "blue"


def test_a_canary_changes_no_service_inside_the_cluster(blue_active: Graph, canary: Graph) -> None:
    assert changed(blue_active, canary) == {"storefront-green", "storefront-green-service"}


def test_a_slot_without_traffic_can_be_without_pods(blue_active: Graph) -> None:
    graph = environment_graph(without_idle_pods)
    assert [node.name for node in graph.of_type(":Deployment")] == ["storefront-blue"]
    assert changed(blue_active, graph) == {"storefront-green"}


def test_a_canary_has_pods_where_slots_without_traffic_have_none() -> None:
    def both(raw: dict[str, Any]) -> None:
        with_canary(raw)
        without_idle_pods(raw)

    assert [node.name for node in environment_graph(both).of_type(":Deployment")] == [
        "storefront-blue",
        "storefront-green",
    ]


def test_a_worker_is_called_by_nobody_and_works_in_one_slot_only(several: Graph) -> None:
    deployments = [node for node in several.of_type(":Deployment") if node.name.startswith("worker")]
    assert [node.name for node in deployments] == ["worker-green"]
    assert not [node for node in several.of_type("core/v1:Service") if node.name.startswith("worker")]
    container = pod_of(deployments[0])["containers"][0]
    assert not container.keys() & {"ports", "readinessProbe", "livenessProbe", "startupProbe", "lifecycle"}
    assert several.exports["services"]["worker"] == {"active": "green"}


def test_services_roll_after_those_that_they_name_have_been_ready_for_a_while(several: Graph) -> None:
    api, storefront = several.named("api-blue"), several.named("storefront-blue")
    assert several.reaches(storefront, api)
    assert several.reaches(several.named("worker-green"), storefront)
    assert not several.reaches(api, storefront)
    ready = {node.name: node.plain("spec", "minReadySeconds") for node in several.of_type(":Deployment")}
    assert ready == {"api-blue": 30, "storefront-blue": 30, "storefront-green": 30, "worker-green": 0}


def test_services_roll_after_the_traffic_of_those_that_they_name_has_moved(several: Graph) -> None:
    api, storefront = several.named("api-service"), several.named("storefront-service")
    assert several.reaches(several.named("storefront-blue"), api)
    assert several.reaches(several.named("worker-green"), storefront)
    assert not several.reaches(api, storefront)


def test_nothing_changes_before_what_a_service_waits_for(parts: Graph) -> None:
    migration = parts.named("migration")
    for node in parts.of_type(":Deployment"):
        assert parts.reaches(node, migration)


def test_traffic_from_outside_moves_between_the_slots_with_it_and_those_without(parts: Graph) -> None:
    route, blue, green = (parts.named(name) for name in ("route", "shop-blue", "shop-green"))
    assert parts.reaches(route, blue)
    assert parts.reaches(route, parts.named("shop-blue-service"))
    assert parts.reaches(green, route)
    assert not parts.reaches(route, green)
    assert parts.reaches(parts.named("warm-up"), parts.named("shop-service"))
    assert parts.exports["backends"] == {"blue": "shop-blue", "green": "shop-green"}


def test_a_switch_is_compared_before_the_service_moves_where_there_are_two_slots(blue_active: Graph) -> None:
    assert blue_active.named("storefront-service").hooks == ("storefront-keeps-its-pods",)
    assert environment_graph(without_candidate).named("storefront-service").hooks == ()


def test_a_slot_that_tenants_are_pinned_to_has_traffic() -> None:
    def pinned() -> None:
        args = ServiceArgs(
            namespace="shops",
            pods=PodArgs(http=Http(port=80, health_path="/")),
            active="blue",
            pinned=["green"],
            slots={"blue": SlotArgs(image=BLUE_IMAGE, replicas=2), "green": SlotArgs(image=GREEN_IMAGE, replicas=2)},
            ready_timeout=60,
        )
        Service("shop", args)

    graph = graph_of(pinned)
    assert graph.reaches(graph.named("shop-service"), graph.named("shop-green"))
