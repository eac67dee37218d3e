"""Gateway, routes and maintenance: what comes in, which slot answers it, and what is said while nothing does."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi_kubernetes as kubernetes
import pytest

from components.gateway import Gateway, GatewayArgs
from components.maintenance import PORT, Maintenance, MaintenanceArgs
from components.routes import Affinity, Backend, Direction, RoutedService, Routes, RoutesArgs
from tests.harness import Graph, Node, graph_of

ZONE = "shop.example.com"
IMAGE = "registry.tenantry.invalid/nginx@sha256:" + "7" * 64
GATEWAY = GatewayArgs(namespace="tenantry", class_name="istio", zone=ZONE, certificate="certificate-tls")
AFFINITY = Affinity(cookie="slot", seconds=600)
CANARY = {"blue": 90, "green": 10}


def route(*, hosts: tuple[str, ...] = (f"app.{ZONE}",), weights: Any = None, **changes: Any) -> Graph:
    """Return the graph of one service's routes."""

    def declare() -> None:
        ready = kubernetes.core.v1.ConfigMap("slot-is-ready", metadata={"name": "ready", "namespace": "tenantry"})
        direction = Direction(role="hosts", hosts=hosts, weights=weights or {"blue": 100}, after=[ready])
        service = RoutedService(
            port=3000, backends={"blue": "storefront-blue", "green": "storefront-green"}, directions=[direction]
        )
        gateway = Gateway("gateway", GATEWAY)
        services = {"storefront": replace(service, **changes)}
        Routes("routes", RoutesArgs(namespace="tenantry", gateway=gateway, services=services))

    return graph_of(declare)


def closed(retry_after_seconds: int | None = 1800) -> Graph:
    """Return the graph of hosts that are closed."""

    def declare() -> None:
        args = MaintenanceArgs(
            namespace="tenantry",
            image=IMAGE,
            message="Back at {noon}; $5 off",
            retry_after_seconds=retry_after_seconds,
        )
        answer = Maintenance("gateway-maintenance", args)
        way = Backend(service=answer.service, port=PORT)
        direction = Direction(role="closed", hosts=[f"tea-house.{ZONE}"], weights=way)
        service = RoutedService(port=3000, backends={"blue": "storefront-blue"}, directions=[direction])
        args = RoutesArgs(
            namespace="tenantry",
            gateway=Gateway("gateway", GATEWAY),
            services={"storefront": service},
        )
        Routes("routes", args)

    return graph_of(declare)


@pytest.fixture(scope="module")
def one() -> Graph:
    return route()


@pytest.fixture(scope="module")
def maintenance() -> Graph:
    return closed()


def spec(graph: Graph, name: str) -> Any:
    return graph.named(name).plain("spec")


def weights(rule: Any) -> dict[str, int]:
    return {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}


def routes_of(graph: Graph) -> list[Node]:
    return [node for node in graph.of_type(":HTTPRoute") if node.name.startswith("routes-")]


def test_plain_http_leads_to_https_and_nowhere_else(one: Graph) -> None:
    redirect = spec(one, "gateway-redirect")
    assert redirect["parentRefs"] == [{"name": "gateway", "sectionName": "http"}]
    (rule,) = redirect["rules"]
    assert rule == {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]}
    sections = {parent["sectionName"] for node in routes_of(one) for parent in node.plain("spec", "parentRefs")}
    assert sections == {"hosts"}


def test_the_zone_and_the_hosts_below_it_are_met_with_the_certificate(one: Graph) -> None:
    secure = {
        listener["hostname"]: listener
        for listener in spec(one, "gateway-entry")["listeners"]
        if listener["protocol"] == "HTTPS"
    }
    assert secure.keys() == {ZONE, f"*.{ZONE}"}
    for listener in secure.values():
        assert listener["port"] == 443
        assert listener["tls"] == {
            "mode": "Terminate",
            "certificateRefs": [{"kind": "Secret", "name": "certificate-tls"}],
        }


def test_a_certificate_that_the_class_finds_by_hosts_is_there_before_the_gateway() -> None:
    def declare() -> None:
        issued = kubernetes.core.v1.ConfigMap("issued", metadata={"name": "issued", "namespace": "tenantry"})
        Gateway("gateway", replace(GATEWAY, class_name="alb", certificate=None, after=[issued]))

    graph = graph_of(declare)
    listeners = spec(graph, "gateway-entry")["listeners"]
    assert [listener["name"] for listener in listeners] == ["http", "zone", "hosts"]
    assert not [listener for listener in listeners if "tls" in listener]
    assert graph.reaches(graph.named("gateway-entry"), graph.named("issued"))


def test_only_routes_of_the_gateways_own_namespace_are_taken(one: Graph) -> None:
    entry = one.named("gateway-entry")
    assert entry.plain("metadata", "namespace") == "tenantry"
    for listener in entry.plain("spec", "listeners"):
        assert listener["allowedRoutes"] == {"namespaces": {"from": "Same"}}


def test_a_route_has_both_slots_whatever_they_weigh() -> None:
    for shares in ({"blue": 100}, {"green": 100}, CANARY, {"green": 90, "blue": 10}):
        (rule,) = spec(route(weights=shares), "routes-storefront-hosts")["rules"]
        assert [backend["name"] for backend in rule["backendRefs"]] == ["storefront-blue", "storefront-green"]
        assert weights(rule) == {"storefront-blue": shares.get("blue", 0), "storefront-green": shares.get("green", 0)}
        assert {backend["port"] for backend in rule["backendRefs"]} == {3000}


def test_what_answers_in_place_of_slots_may_be_in_another_namespace() -> None:
    for namespace, where in ((None, {}), ("tenant-acme", {"namespace": "tenant-acme"})):
        graph = route(weights=Backend(service="storefront-blue", port=3000, namespace=namespace), affinity=AFFINITY)
        (rule,) = spec(graph, "routes-storefront-hosts")["rules"]
        assert rule["backendRefs"] == [{"name": "storefront-blue", "port": 3000, **where}]
        assert graph.named("routes-storefront-hosts").plain("metadata", "namespace") == "tenantry"


def test_a_route_changes_only_after_what_it_leads_to_is_ready(one: Graph) -> None:
    changed = one.named("routes-storefront-hosts")
    assert one.reaches(changed, one.named("slot-is-ready"))
    assert one.reaches(changed, one.named("gateway-entry"))


def test_the_zone_itself_and_hosts_below_it_have_the_listener_that_is_theirs() -> None:
    parents = spec(route(hosts=(ZONE, f"app.{ZONE}")), "routes-storefront-hosts")["parentRefs"]
    assert [parent["sectionName"] for parent in parents] == ["hosts", "zone"]
    parents = spec(route(hosts=(ZONE,)), "routes-storefront-hosts")["parentRefs"]
    assert [parent["sectionName"] for parent in parents] == ["zone"]


def test_more_hosts_than_a_route_may_have_are_in_more_routes() -> None:
    hosts = tuple(f"shop-{number}.{ZONE}" for number in range(33))
    graph = route(hosts=hosts)
    made = {node.name: node.plain("spec", "hostnames") for node in routes_of(graph)}
    assert {name: len(found) for name, found in made.items()} == {
        "routes-storefront-hosts": 16,
        "routes-storefront-hosts-2": 16,
        "routes-storefront-hosts-3": 1,
    }
    assert sorted(host for found in made.values() for host in found) == sorted(hosts)


def test_paths_are_prefixes_of_every_rule() -> None:
    graph = route(paths=("/api", "/hooks"), affinity=AFFINITY, weights=CANARY)
    for rule in spec(graph, "routes-storefront-hosts")["rules"]:
        assert [match["path"] for match in rule["matches"]] == [
            {"type": "PathPrefix", "value": "/api"},
            {"type": "PathPrefix", "value": "/hooks"},
        ]


@pytest.mark.parametrize("paths", [1, 16])
def test_no_route_passes_the_limits_of_gateway_api(paths: int) -> None:
    hosts = tuple(f"shop-{number}.{ZONE}" for number in range(100))
    prefixes = tuple(f"/{number}" for number in range(paths))
    graph = route(hosts=hosts, paths=prefixes, affinity=AFFINITY, weights=CANARY)
    assert len(routes_of(graph)) == 7
    for node in routes_of(graph):
        rules = node.plain("spec", "rules")
        assert len(node.plain("spec", "hostnames")) <= 16
        assert len(rules) <= 16
        assert max(len(rule["backendRefs"]) for rule in rules) <= 16
        assert sum(len(rule["matches"]) for rule in rules) < 128


def test_without_affinity_or_a_canary_nobody_gets_a_cookie(one: Graph) -> None:
    for graph in (one, route(weights=CANARY), route(affinity=AFFINITY)):
        (rule,) = spec(graph, "routes-storefront-hosts")["rules"]
        assert "headers" not in rule["matches"][0]
        assert not [backend for backend in rule["backendRefs"] if "filters" in backend]


def test_who_has_met_a_slot_of_two_stays_with_it() -> None:
    *kept, first = spec(route(affinity=AFFINITY, weights=CANARY), "routes-storefront-hosts")["rules"]
    told = {}
    for rule in kept:
        (header,) = rule["matches"][0]["headers"]
        (slot,) = [name for name, weight in weights(rule).items() if weight]
        told[slot] = re.compile(header["value"])
        assert (header["type"], header["name"]) == ("RegularExpression", "Cookie")
        assert len(rule["backendRefs"]) == 2
    assert told.keys() == {"storefront-blue", "storefront-green"}
    for backend in first["backendRefs"]:
        (mark,) = backend["filters"][0]["responseHeaderModifier"]["add"]
        cookie, *attributes = mark["value"].split("; ")
        assert mark["name"] == "Set-Cookie"
        assert {"Path=/", "Max-Age=600", "Secure", "HttpOnly"} <= set(attributes)
        others = [name for name in told if name != backend["name"]]
        for header in (cookie, f"a=1; {cookie}", f"{cookie}; b=2", f"a=1;{cookie};b=2"):
            assert told[backend["name"]].fullmatch(header)
            assert not told[others[0]].fullmatch(header)
        assert not told[backend["name"]].fullmatch(f"my{cookie}")
        assert not told[backend["name"]].fullmatch(f"{cookie}ish")
    assert weights(first) == {"storefront-blue": 90, "storefront-green": 10}


def test_a_closed_host_leads_to_what_answers_for_it_once_that_is_ready(maintenance: Graph) -> None:
    (rule,) = spec(maintenance, "routes-storefront-closed")["rules"]
    assert rule["backendRefs"] == [{"name": "gateway-maintenance", "port": 8080}]
    pods = maintenance.named("gateway-maintenance-pods")
    assert maintenance.reaches(maintenance.named("routes-storefront-closed"), pods)


def test_what_is_closed_answers_503_and_when_to_come_back(maintenance: Graph) -> None:
    data = maintenance.named("gateway-maintenance-answer").plain("data")
    told = data["nginx.conf"]
    assert "return 503;" in told
    assert "error_page 503 /message.txt;" in told
    assert "add_header Retry-After 1800 always;" in told
    assert told.count("{") == told.count("}")
    assert data["message.txt"] == "Back at {noon}; $5 off\n"
    assert "noon" not in told


def test_nginx_writes_only_where_it_may(maintenance: Graph) -> None:
    pod = maintenance.named("gateway-maintenance-pods").plain("spec", "template", "spec")
    (container,) = pod["containers"]
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    told = maintenance.named("gateway-maintenance-answer").plain("data", "nginx.conf")
    written = re.findall(r"(?:pid|_temp_path) (\S+);", told)
    assert len(written) == 6
    assert {str(Path(path).parent) for path in written} == writable
    assert container["command"] == ["nginx", "-e", "stderr", "-c", "/etc/maintenance/nginx.conf"]
    assert container["image"] == IMAGE


def test_its_pods_obey_the_restricted_standard(maintenance: Graph) -> None:
    pod = maintenance.named("gateway-maintenance-pods").plain("spec", "template", "spec")
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False


def test_everything_that_selects_its_pods_selects_them_and_no_others(maintenance: Graph) -> None:
    pods = maintenance.named("gateway-maintenance-pods")
    labels = pods.plain("spec", "template", "metadata", "labels")
    for selector in (
        pods.plain("spec", "selector", "matchLabels"),
        maintenance.named("gateway-maintenance-service").plain("spec", "selector"),
        maintenance.named("gateway-maintenance-open").plain("spec", "podSelector", "matchLabels"),
    ):
        assert selector == {
            "app.kubernetes.io/name": "gateway-maintenance",
            "app.kubernetes.io/component": "maintenance",
        }
        assert selector.items() <= labels.items()


def test_another_message_rolls_the_pods(maintenance: Graph) -> None:
    def declare() -> None:
        args = MaintenanceArgs(namespace="tenantry", image=IMAGE, message="Soon", retry_after_seconds=60)
        Maintenance("gateway-maintenance", args)

    def checksum(graph: Graph) -> Any:
        return graph.named("gateway-maintenance-pods").plain("spec", "template", "metadata", "annotations")

    assert checksum(closed()) == checksum(maintenance)
    assert checksum(graph_of(declare)) != checksum(maintenance)


def test_what_is_closed_for_good_answers_403_and_asks_nobody_back() -> None:
    told = closed(None).named("gateway-maintenance-answer").plain("data", "nginx.conf")
    assert "return 403;" in told
    assert "error_page 404 =403 /message.txt;" in told
    assert "error_page 403 /message.txt;" in told
    assert "Retry-After" not in told
    assert "503" not in told
