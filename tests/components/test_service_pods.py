"""What the pods of a service get, may do and read, and what keeps enough of them."""

from collections.abc import Callable
from typing import Any

import pytest
from pulumi_kubernetes.core.v1 import ConfigMap

from components.pods import EnvironmentConfig, Http, PodArgs
from components.service import Service, ServiceArgs
from components.slot import SlotArgs
from tests.examples import BLUE_IMAGE, environment_graph
from tests.harness import Graph, graph_of

CHECKSUM = "tenantry.dev/environment-checksum"


def storefront(**settings: object) -> Callable[[dict[str, Any]], None]:
    """Return a change of the storefront's settings."""
    return lambda raw: raw["services"]["storefront"].update(settings)


def container(graph: Graph, name: str = "storefront-blue") -> Any:
    return graph.named(name).plain("spec", "template", "spec")["containers"][0]


def reading(content: str, *, rolls: bool, files: str | None) -> Graph:
    """Return the graph of a service that reads a ConfigMap of somebody else's."""

    def declare() -> None:
        config = ConfigMap("theirs", metadata={"name": "theirs", "namespace": "shops"}, data={"flags.json": content})
        args = ServiceArgs(
            namespace="shops",
            pods=PodArgs(http=Http(port=80, health_path="/")),
            active="blue",
            slots={"blue": SlotArgs(image=BLUE_IMAGE, replicas=2)},
            ready_timeout=60,
            config_maps=[
                EnvironmentConfig(
                    name=config.metadata.apply(lambda metadata: metadata.name or ""),
                    rolls=content if rolls else None,
                    files=files,
                )
            ],
        )
        Service("shop", args)

    return graph_of(declare)


@pytest.fixture(scope="module")
def plain() -> Graph:
    return environment_graph()


def test_a_pod_has_time_to_start_before_it_is_started_again(plain: Graph) -> None:
    patient = container(environment_graph(storefront(startup_seconds=122)))["startupProbe"]
    probe = container(plain)["startupProbe"]
    assert probe["failureThreshold"] * probe["periodSeconds"] == 60
    assert patient["failureThreshold"] * patient["periodSeconds"] == 125


def test_whether_a_pod_takes_traffic_is_asked_where_the_settings_say() -> None:
    asked = container(environment_graph(storefront(health_path="/healthy")))
    for probe in ("startupProbe", "readinessProbe"):
        assert asked[probe]["httpGet"] == {"path": "/healthy", "port": "http"}


def test_a_pod_lives_while_it_takes_connections_whatever_its_path_says_of_its_stores(plain: Graph) -> None:
    asked = container(plain)
    assert asked["livenessProbe"]["tcpSocket"] == {"port": "http"}
    assert "httpGet" not in asked["livenessProbe"]
    assert asked["livenessProbe"]["failureThreshold"] > asked["readinessProbe"].get("failureThreshold", 3)


def test_a_pod_gets_what_it_asks_for_and_no_limit_of_processors() -> None:
    graph = environment_graph(storefront(resources={"cpu": "250m", "memory": "1Gi", "memory_limit": "2Gi"}))
    assert container(graph)["resources"] == {
        "requests": {"cpu": "250m", "memory": "1Gi"},
        "limits": {"memory": "2Gi"},
    }


def test_a_root_can_be_written_to_where_that_is_said_and_all_else_stays_restricted(plain: Graph) -> None:
    open_root = container(environment_graph(storefront(writable_root=True)))["securityContext"]
    assert open_root == {**container(plain)["securityContext"], "readOnlyRootFilesystem": False}


def test_pods_are_spread_over_zones_and_drained_one_at_a_time(plain: Graph) -> None:
    for slot in ("blue", "green"):
        deployment, budget = plain.named(f"storefront-{slot}"), plain.named(f"storefront-{slot}-budget")
        (spread,) = deployment.plain("spec", "template", "spec", "topologySpreadConstraints")
        assert spread["topologyKey"] == "topology.kubernetes.io/zone"
        assert spread["labelSelector"] == deployment.plain("spec", "selector")
        assert budget.plain("spec", "selector") == deployment.plain("spec", "selector")
        assert budget.plain("spec", "maxUnavailable") == 1
    roomy = environment_graph(storefront(disruption={"max_unavailable": 3}))
    assert roomy.named("storefront-blue-budget").plain("spec", "maxUnavailable") == 3


def test_a_rollout_takes_no_pod_away_before_there_is_another(plain: Graph) -> None:
    strategy = plain.named("storefront-blue").plain("spec", "strategy", "rollingUpdate")
    assert strategy == {"maxSurge": "25%", "maxUnavailable": 0}


def test_an_update_waits_as_long_for_pods_as_it_is_told() -> None:
    for seconds, waited in ((61, 600), (1800, 1800)):
        graph = environment_graph(storefront(ready_timeout=seconds))
        assert graph.named("storefront-blue").plain("spec", "progressDeadlineSeconds") == waited


def test_pods_have_the_priority_of_their_service_by_a_class_of_the_platform(plain: Graph) -> None:
    pod = plain.named("storefront-blue").plain("spec", "template", "spec")
    assert pod["priorityClassName"] == "tenantry-normal"
    assert [node.name for node in plain.of_type(":PriorityClass")] == ["priority-normal"]
    urgent = environment_graph(storefront(priority="high"))
    assert urgent.named("storefront-blue").plain("spec", "template", "spec", "priorityClassName") == "tenantry-high"
    assert urgent.named("priority-high").plain("value") > plain.named("priority-normal").plain("value") > 0


def test_configuration_is_an_object_of_its_own_for_each_content_so_that_pods_roll(plain: Graph) -> None:
    graph = environment_graph(storefront(environment={"LOG_LEVEL": "info"}))
    config = graph.named("storefront-environment")
    assert config.plain("data") == {"LOG_LEVEL": "info"}
    assert config.plain("immutable") is True
    assert "name" not in config.plain("metadata")
    assert container(graph)["envFrom"] == [
        {"configMapRef": {"name": "storefront-environment-1a2b3c4d"}},
        *container(plain)["envFrom"],
    ]
    assert not [node for node in plain.nodes.values() if node.name == "storefront-environment"]


def test_what_somebody_else_configures_is_read_as_variables_or_as_files() -> None:
    assert container(reading("{}", rolls=False, files=None), "shop-blue")["envFrom"] == [
        {"configMapRef": {"name": "theirs"}}
    ]
    graph = reading("{}", rolls=False, files="flags")
    mounts = container(graph, "shop-blue")["volumeMounts"]
    assert {"name": "config-flags", "mountPath": "/etc/tenantry/flags", "readOnly": True} in mounts
    volumes = graph.named("shop-blue").plain("spec", "template", "spec", "volumes")
    assert {"name": "config-flags", "configMap": {"name": "theirs"}} in volumes


@pytest.mark.parametrize("rolls", [False, True])
def test_pods_roll_for_it_only_where_that_is_said(rolls: bool) -> None:
    templates = [
        reading(content, rolls=rolls, files="flags").named("shop-blue").plain("spec", "template")
        for content in ("{}", '{"cart": true}')
    ]
    assert (templates[0] != templates[1]) is rolls
    assert (templates[0]["metadata"]["annotations"][CHECKSUM] != templates[1]["metadata"]["annotations"][CHECKSUM]) is (
        rolls
    )


def test_a_slot_has_no_fewer_pods_than_its_floor() -> None:
    def raised(raw: dict[str, Any]) -> None:
        raw["services"]["storefront"] |= {"autoscaling": {}, "resources": {"memory": "512Mi"}}
        raw["services"]["storefront"]["slots"]["green"]["floor"] = 17

    graph = environment_graph(raised)
    least = {node.name: node.plain("spec", "minReplicas") for node in graph.of_type(":HorizontalPodAutoscaler")}
    assert least == {"storefront-blue-scale-pods": 3, "storefront-green-scale-pods": 17}
    assert graph.named("storefront-green").plain("spec", "replicas") == 17


def test_the_engine_knows_how_many_pods_both_slots_have_before_it_switches(plain: Graph) -> None:
    after = environment_graph(storefront(active="green"))
    for slot in ("blue", "green"):
        budget = f"storefront-{slot}-budget"
        assert after.reaches(after.named("storefront-service"), after.named(budget))
        assert not after.reaches(after.named(budget), after.named("storefront-service"))
        roles = [graph.named(budget).plain("metadata", "annotations") for graph in (plain, after)]
        assert roles[0] != roles[1]


def test_it_asks_once_the_new_slot_is_ready_so_that_a_second_try_asks_again(plain: Graph) -> None:
    after = environment_graph(storefront(active="green"))
    for graph, active, idle in ((plain, "blue", "green"), (after, "green", "blue")):
        for slot in (active, idle):
            budget = graph.named(f"storefront-{slot}-budget")
            assert graph.reaches(budget, graph.named(f"storefront-{active}"))
            assert not graph.reaches(budget, graph.named(f"storefront-{idle}"))
