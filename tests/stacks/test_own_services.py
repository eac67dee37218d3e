"""Services that a tenant has copies of in its own namespace: what they consist of, who reaches them, what they cost."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.sandbox.plugins.values import reveal
from infra.settings import costs
from tests.examples import GREEN_IMAGE, declared_graph
from tests.harness import Graph, Node

ZONE = "shop.example.com"
SLUG = "department-store"
NAMESPACE = f"tenant-{SLUG}"
COPY = f"tenant-{SLUG}.storefront"
ROUTE = f"routes-storefront-own.{SLUG}"
NGINX = "registry.tenantry.invalid/nginx@sha256:" + "7" * 64
ISTIO = {"gateway_class": "istio", "acme": {"email": "platform@example.com"}}

Change = Callable[[dict[str, Any]], None]


def served(change: Change = lambda raw: None, **dns: object) -> Graph:
    """Return an environment whose third tenant has a storefront of its own."""

    def declare(raw: dict[str, Any]) -> None:
        raw["dns"] = {"zone": ZONE, **(dns or ISTIO)}
        raw["services"]["storefront"] |= {
            "tenant_hosts": True,
            "health_path": "/health",
            "environment": {"LEVEL": "info"},
            "resources": {"cpu": "200m", "memory": "256Mi", "memory_limit": "1Gi"},
        }
        raw["tenants"][2]["services"] = ["storefront"]
        change(raw)

    return declared_graph(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return served()


def container(graph: Graph) -> dict[str, Any]:
    (found,) = graph.named(f"{COPY}-blue").plain("spec", "template", "spec", "containers")
    return dict(found)


def of_copy(graph: Graph) -> list[Node]:
    """Return the resources of the copy, its route included."""
    return [node for node in graph.nodes.values() if node.name.startswith(f"{COPY}-") or node.name == ROUTE]


def test_a_copy_is_what_the_services_own_pods_are_with_the_tenants_database_and_account(graph: Graph) -> None:
    deployment = graph.named(f"{COPY}-blue")
    assert deployment.plain("metadata", "namespace") == NAMESPACE
    assert deployment.plain("spec", "replicas") == 2
    pod = deployment.plain("spec", "template", "spec")
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("workload", False)
    own, shared = container(graph), graph.named("storefront-blue").plain("spec", "template", "spec", "containers")[0]
    same = ("image", "resources", "securityContext", "startupProbe", "readinessProbe", "livenessProbe", "ports")
    assert {field: own[field] for field in same} == {field: shared[field] for field in same}
    assert own["readinessProbe"]["httpGet"]["path"] == "/health"
    assert [next(iter(source)) for source in own["envFrom"]] == ["configMapRef", "secretRef"]
    assert own["envFrom"][1]["secretRef"]["name"] == "tenant-department-store-database"
    assert graph.named(f"{COPY}-environment").plain("data") == {"LEVEL": "info"}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp"]


def test_its_pods_come_once_its_credentials_and_its_ways_are_there(graph: Graph) -> None:
    deployment = graph.named(f"{COPY}-blue")
    before = ("data-credentials", "data-app", "space-deny", "account")
    assert [name for name in before if not graph.reaches(deployment, graph.named(f"tenant-{SLUG}-{name}"))] == []
    assert graph.reaches(deployment, graph.named(f"{COPY}-callers"))
    assert not graph.reaches(deployment, graph.named("storefront-blue"))


def test_the_tenants_host_leads_to_its_copy_by_a_route_that_its_namespace_grants(graph: Graph) -> None:
    route, service = graph.named(ROUTE), graph.named(f"{COPY}-blue-service")
    assert route.plain("metadata", "namespace") == "tenantry"
    assert route.plain("spec", "hostnames") == [f"{SLUG}.{ZONE}"]
    (rule,) = route.plain("spec", "rules")
    assert rule["backendRefs"] == [{"name": "storefront-blue", "namespace": NAMESPACE, "port": 3000}]
    named = service.plain("metadata")
    assert (named["name"], named["namespace"]) == ("storefront-blue", NAMESPACE)
    grant = graph.named(f"{COPY}-grant")
    assert grant.plain("metadata", "namespace") == NAMESPACE
    assert grant.plain("spec") == {
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "tenantry"}],
        "to": [{"group": "", "kind": "Service", "name": "storefront-blue"}],
    }
    assert all(graph.reaches(route, node) for node in (grant, service, graph.named(f"{COPY}-blue")))
    others = [name for node in graph.of_type(":HTTPRoute") for name in node.plain("spec").get("hostnames", [])]
    assert others.count(f"{SLUG}.{ZONE}") == 1


def test_the_service_and_the_disruption_budget_select_the_copys_pods(graph: Graph) -> None:
    labels = graph.named(f"{COPY}-blue").plain("spec", "template", "metadata", "labels")
    selectors = [
        graph.named(f"{COPY}-blue-service").plain("spec", "selector"),
        graph.named(f"{COPY}-blue-budget").plain("spec", "selector", "matchLabels"),
        graph.named(f"{COPY}-callers").plain("spec", "podSelector", "matchLabels"),
    ]
    assert [selector for selector in selectors if not selector.items() <= labels.items()] == []
    assert all(selectors)


def test_the_gateway_alone_calls_a_copy_and_may(graph: Graph) -> None:
    policy = graph.named(f"{COPY}-callers")
    assert policy.plain("metadata", "namespace") == NAMESPACE
    ((rule),) = policy.plain("spec", "ingress")
    assert rule["ports"] == [{"protocol": "TCP", "port": 3000}]
    (peer,) = rule["from"]
    assert peer["podSelector"]["matchLabels"] == {"gateway.networking.k8s.io/gateway-name": "gateway"}
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "tenantry"}
    assert "egress" not in policy.plain("spec")
    out = [peer for rule in graph.named("policies-gateway").plain("spec", "egress") for peer in rule["to"]]
    assert {
        "podSelector": {"matchLabels": {"app.kubernetes.io/component": "service"}},
        "namespaceSelector": {"matchLabels": {"tenantry.dev/tenant-of": "tenantry"}},
    } in out


def test_behind_aws_its_load_balancer_calls_a_copy_whose_pods_wait_for_it() -> None:
    graph = served(gateway_class="aws")
    (rule,) = graph.named(f"{COPY}-callers").plain("spec", "ingress")
    assert [next(iter(peer)) for peer in rule["from"]] == ["ipBlock"] * 3
    gate = "elbv2.k8s.aws/pod-readiness-gate-inject"
    assert graph.named(f"tenant-{SLUG}-space-namespace").plain("metadata", "labels")[gate] == "enabled"
    assert container(graph)["lifecycle"]["preStop"]["sleep"]["seconds"] == 60


def test_a_copy_follows_a_release_as_its_tenant_does() -> None:
    def early(raw: dict[str, Any]) -> None:
        raw["services"]["storefront"]["canary"] = {"slot": "green", "weight": 10}
        raw["tenants"][2]["ring"] = "early"

    released = served(early)
    assert container(released)["image"] == GREEN_IMAGE
    # No other route has its host: not that of its ring, which nobody else is in.
    assert [node.name for node in released.of_type(":HTTPRoute") if "early" in node.name] == []


def test_the_host_of_a_closed_tenant_leads_to_the_notice_and_it_has_no_pods() -> None:
    def closed(raw: dict[str, Any]) -> None:
        raw["tenants"][2]["lifecycle"] = {"state": "suspended"}
        raw["gateway"] = {"maintenance": {"image": NGINX}}

    graph = served(closed)
    assert of_copy(graph) == []
    assert graph.named("routes-storefront-notice").plain("spec", "hostnames") == [f"{SLUG}.{ZONE}"]


def test_maintenance_closes_a_copys_host_and_keeps_its_pods() -> None:
    def one(raw: dict[str, Any]) -> None:
        raw["gateway"] = {"maintenance": {"image": NGINX}}
        raw["tenants"][2]["maintenance"] = True

    def all_of_them(raw: dict[str, Any]) -> None:
        raw["gateway"] = {"maintenance": {"image": NGINX, "everywhere": True}}

    closed, everywhere = served(one), served(all_of_them)
    assert closed.named(f"{COPY}-blue").plain("spec", "replicas") == 2
    assert closed.named("routes-storefront-closed").plain("spec", "hostnames") == [f"{SLUG}.{ZONE}"]
    (rule,) = everywhere.named(ROUTE).plain("spec", "rules")
    assert [backend["name"] for backend in rule["backendRefs"]] == ["gateway-maintenance"]
    assert everywhere.named(f"{COPY}-blue").plain("spec", "replicas") == 2


def test_a_copy_costs_no_more_than_is_counted(graph: Graph) -> None:
    assert len(of_copy(graph)) == costs.OF_OWN_SERVICE


def test_a_tenant_without_copies_has_none_and_its_host_goes_with_the_others() -> None:
    graph = served(lambda raw: raw["tenants"][2].pop("services"))
    assert of_copy(graph) == []
    egress = reveal(dict(graph.named("policies-gateway").inputs))
    assert "tenantry.dev/tenant-of" not in str(egress)
