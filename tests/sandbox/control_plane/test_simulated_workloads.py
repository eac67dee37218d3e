"""What KWOK plays: nodes in zones, pods that become Ready, and pods that misbehave when asked to."""

from typing import Any

from infra.sandbox.control_plane.api import ApiClient
from infra.sandbox.control_plane.kwok import BEHAVIOUR, DELAY, EXIT_CODE
from infra.sandbox.control_plane.nodes import Node, add_nodes, remove_nodes, unready_nodes
from tests.sandbox.control_plane.conftest import Namespace, eventually

_PLAIN = [{"name": "main", "image": "registry.example/shop:1"}]


def _deploy(namespace: Namespace, name: str, annotations: dict[str, str], **options: Any) -> None:
    labels = {"app": name}
    template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": _PLAIN}}
    spec = {"selector": {"matchLabels": labels}, "template": template, **options}
    namespace.create("deployments", name, spec=spec)


def _available(namespace: Namespace, name: str) -> int:
    return int(namespace.get("deployments", name).get("status", {}).get("availableReplicas", 0))


def test_nodes_are_ready_in_three_zones_with_a_size(api: ApiClient) -> None:
    nodes = api.get("/api/v1/nodes")["items"]
    labels = [node["metadata"]["labels"] for node in nodes]
    zones = {it["topology.kubernetes.io/zone"] for it in labels}
    assert zones == {"eu-central-1a", "eu-central-1b", "eu-central-1c"}
    assert {it["topology.kubernetes.io/region"] for it in labels} == {"eu-central-1"}
    assert {it["node.kubernetes.io/instance-type"] for it in labels} == {"m6i.4xlarge"}
    assert {node["status"]["allocatable"]["cpu"] for node in nodes} == {"16"}
    assert unready_nodes(api, [node["metadata"]["name"] for node in nodes]) == []


def test_added_nodes_become_ready_and_can_be_removed(api: ApiClient) -> None:
    node = Node(name="extra", zone="eu-west-1b", instance_type="c7g.large", cpu=2, memory="4Gi", pods=29)
    add_nodes(api, [node])
    add_nodes(api, [node])
    eventually(lambda: not unready_nodes(api, ["extra"]), "the node to be Ready")
    found = api.get("/api/v1/nodes/extra")
    assert found["status"]["capacity"]["memory"] == "4Gi"
    assert found["metadata"]["labels"]["topology.kubernetes.io/region"] == "eu-west-1"
    remove_nodes(api, ["extra", "extra"])
    assert unready_nodes(api, ["extra"]) == ["extra"]


def test_a_deployment_becomes_available_over_all_zones(namespace: Namespace) -> None:
    _deploy(namespace, "shop", {}, replicas=3)
    eventually(lambda: _available(namespace, "shop") == 3, "three available replicas")
    pods = namespace.pods("app=shop")
    assert len({pod["status"]["podIP"] for pod in pods}) == 3
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 3


def test_a_deployment_of_never_ready_pods_never_becomes_available(namespace: Namespace) -> None:
    _deploy(namespace, "shop", {BEHAVIOUR: "never-ready"}, replicas=2, progressDeadlineSeconds=3)

    def gave_up() -> bool:
        conditions = namespace.get("deployments", "shop").get("status", {}).get("conditions", [])
        return any(it["type"] == "Progressing" and it["status"] == "False" for it in conditions)

    eventually(gave_up, "the roll-out to miss its deadline")
    assert _available(namespace, "shop") == 0
    assert {pod["status"]["phase"] for pod in namespace.pods("app=shop")} == {"Running"}


def test_a_slow_pod_becomes_ready_only_after_its_delay(namespace: Namespace) -> None:
    _deploy(namespace, "shop", {BEHAVIOUR: "slow", DELAY: "3s"})
    eventually(lambda: "Running" in {pod["status"]["phase"] for pod in namespace.pods("app=shop")}, "the pod to run")
    assert _available(namespace, "shop") == 0
    eventually(lambda: _available(namespace, "shop") == 1, "the pod to be ready", 10)


def test_a_failing_jobs_pod_ends_with_the_exit_code_asked_for(namespace: Namespace) -> None:
    template = {
        "metadata": {"annotations": {BEHAVIOUR: "fail", EXIT_CODE: "7"}},
        "spec": {"restartPolicy": "Never", "containers": _PLAIN},
    }
    namespace.create("jobs", "import", spec={"backoffLimit": 0, "template": template})
    eventually(lambda: namespace.get("jobs", "import")["status"].get("failed") == 1, "the job to fail")
    (pod,) = namespace.pods("job-name=import")
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 7


def test_an_ordinary_jobs_pod_completes(namespace: Namespace) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": _PLAIN}}
    namespace.create("jobs", "export", spec={"template": template})
    eventually(lambda: namespace.get("jobs", "export")["status"].get("succeeded") == 1, "the job to succeed")
    (pod,) = namespace.pods("job-name=export")
    assert pod["status"]["phase"] == "Succeeded"
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_a_crash_looping_pod_is_restarted_and_never_available(namespace: Namespace) -> None:
    _deploy(namespace, "shop", {BEHAVIOUR: "crash-loop"})

    def restarts() -> int:
        statuses = [pod["status"].get("containerStatuses", []) for pod in namespace.pods("app=shop")]
        return max((it["restartCount"] for status in statuses for it in status), default=0)

    eventually(lambda: restarts() >= 2, "two restarts")
    assert _available(namespace, "shop") == 0
    assert len(namespace.pods("app=shop")) == 1
    last = namespace.pods("app=shop")[0]["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert last["exitCode"] == 1


def test_gateways_and_routes_are_served_and_validated(namespace: Namespace) -> None:
    group = f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace.name}"
    listener = {"name": "https", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "shop"}]}}
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "edge"},
        "spec": {"gatewayClassName": "sandbox", "listeners": [listener]},
    }
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "shop"},
        "spec": {
            "parentRefs": [{"name": "edge"}],
            "rules": [{"backendRefs": [{"name": "shop", "port": 80, "weight": 90}]}],
        },
    }
    namespace.api.create(f"{group}/gateways", gateway)
    namespace.api.create(f"{group}/httproutes", route)
    rule = namespace.api.get(f"{group}/httproutes/shop")["spec"]["rules"][0]
    assert rule["backendRefs"][0]["weight"] == 90
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
