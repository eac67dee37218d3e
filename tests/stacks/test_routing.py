"""Routing of an environment: who answers which host, by settings."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.examples import BLUE_IMAGE, declared_graph, environment_graph
from tests.harness import Graph

ZONE = "shop.example.com"
IMAGE = "registry.tenantry.invalid/nginx@sha256:" + "7" * 64
ACME = {"email": "platform@example.com"}
CANARY = {"slot": "green", "weight": 10}

Change = Callable[[dict[str, Any]], None]


def routed(change: Change = lambda raw: None, **dns: object) -> Graph:
    """Return an environment whose storefront answers for tenants, whose api has a host, and whose mcp has none."""

    def declare(raw: dict[str, Any]) -> None:
        raw["dns"] = {"zone": ZONE, **dns}
        raw["services"]["storefront"] |= {"hosts": [f"app.{ZONE}"], "tenant_hosts": True}
        raw["services"]["api"] = {
            "port": 3001,
            "active": "blue",
            "database_connections": 0,
            "hosts": [f"api.{ZONE}"],
            "slots": {"blue": {"image": BLUE_IMAGE}},
        }
        raw["services"]["mcp"] = {**raw["services"]["api"], "port": 3002, "hosts": []}
        change(raw)

    return declared_graph(declare)


def in_rings(raw: dict[str, Any]) -> None:
    """Let every tenant be early, one of them pinned, but for another that is late and one that is as most are."""
    for tenant in raw["tenants"]:
        tenant["ring"] = "early"
    raw["tenants"][0]["release"] = {"pin": "blue"}
    raw["tenants"] += [{"slug": "tea-house", "plan": "free", "ring": "late"}, {"slug": "garden-tools", "plan": "free"}]


def at_a_canary(raw: dict[str, Any]) -> None:
    in_rings(raw)
    raw["services"]["storefront"]["canary"] = CANARY


def at_an_unseen_canary(raw: dict[str, Any]) -> None:
    in_rings(raw)
    raw["services"]["storefront"]["canary"] = {**CANARY, "weight": 0}


def switched(raw: dict[str, Any]) -> None:
    in_rings(raw)
    raw["services"]["storefront"]["active"] = "green"


def hosts(graph: Graph) -> dict[str, list[str]]:
    """Return the host names of each service's routes."""
    found = {node.name: node.plain("spec").get("hostnames", []) for node in graph.of_type(":HTTPRoute")}
    return {name.removeprefix("routes-"): names for name, names in found.items() if name.startswith("routes-")}


def weights(graph: Graph, route: str) -> dict[str, int]:
    (rule,) = graph.named(f"routes-{route}").plain("spec", "rules")
    return {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}


def storefront(graph: Graph) -> dict[str, tuple[int, int]]:
    """Return how each route of the storefront shares requests between blue and green, by its role."""
    roles = [name.removeprefix("storefront-") for name in hosts(graph) if name.startswith("storefront-")]
    shares = {role: weights(graph, f"storefront-{role}") for role in roles}
    assert all(list(share) == ["storefront-blue", "storefront-green"] for share in shares.values())
    return {role: (share["storefront-blue"], share["storefront-green"]) for role, share in shares.items()}


@pytest.fixture(scope="module")
def aws() -> Graph:
    return routed()


@pytest.fixture(scope="module")
def rings() -> Graph:
    return routed(in_rings)


@pytest.fixture(scope="module")
def canary() -> Graph:
    return routed(at_a_canary)


@pytest.fixture(scope="module")
def varied() -> Graph:
    """A gateway class called otherwise, and of three tenants one is early, one pinned and one closed."""

    def change(raw: dict[str, Any]) -> None:
        raw["gateway"] = {"class_name": "internet", "maintenance": {"image": IMAGE}}
        early, pinned, closed = raw["tenants"]
        early["ring"] = "early"
        pinned["release"] = {"pin": "green"}
        closed["maintenance"] = True

    return routed(change)


def test_each_service_has_one_route_and_tenants_share_a_wildcard(aws: Graph) -> None:
    assert hosts(aws) == {"storefront-hosts": [f"app.{ZONE}", f"*.{ZONE}"], "api-hosts": [f"api.{ZONE}"]}
    assert weights(aws, "storefront-hosts") == {"storefront-blue": 100, "storefront-green": 0}
    assert weights(aws, "api-hosts") == {"api-blue": 100, "api-green": 0}


def drains(graph: Graph) -> dict[str, tuple[int, int]]:
    """Return the seconds that each service's pods answer on when told to stop, and those that they have in all."""
    pods = {name: graph.named(f"{name}-blue").plain("spec", "template", "spec") for name in ("storefront", "mcp")}
    return {
        name: (pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"], pod["terminationGracePeriodSeconds"])
        for name, pod in pods.items()
    }


GATE = "elbv2.k8s.aws/pod-readiness-gate-inject"


def test_pods_behind_aws_are_ready_when_its_load_balancer_says_so_and_answer_until_it_knows_of_their_end(
    aws: Graph,
) -> None:
    assert aws.named("platform-namespace").plain("metadata", "labels")[GATE] == "enabled"
    assert drains(aws) == {"storefront": (60, 95), "mcp": (10, 45)}
    others = [node for node in aws.of_type("core/v1:Namespace") if node.name != "platform-namespace"]
    assert others
    assert not [node.name for node in others if GATE in node.plain("metadata", "labels")]


@pytest.mark.parametrize("gateway_class", ["istio", "envoy"])
def test_pods_behind_a_gateway_in_the_cluster_answer_on_for_as_long_as_others(gateway_class: str) -> None:
    graph = routed(gateway_class=gateway_class, acme=ACME)
    assert GATE not in graph.named("platform-namespace").plain("metadata", "labels")
    assert drains(graph) == {"storefront": (10, 45), "mcp": (10, 45)}


def test_without_a_zone_nothing_is_said_of_a_load_balancer() -> None:
    graph = environment_graph()
    assert GATE not in graph.named("platform-namespace").plain("metadata", "labels")
    pod = graph.named("storefront-blue").plain("spec", "template", "spec")
    assert pod["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 10}}}
    assert pod["terminationGracePeriodSeconds"] == 45


def test_a_tenant_more_is_no_route_more(aws: Graph) -> None:
    graph = routed(lambda raw: raw["tenants"].extend({"slug": f"shop-{n}", "plan": "free"} for n in range(40)))
    assert hosts(graph) == hosts(aws)


def test_tenants_in_another_order_are_the_same_routes(canary: Graph) -> None:
    def turned(raw: dict[str, Any]) -> None:
        at_a_canary(raw)
        raw["tenants"].reverse()

    assert hosts(routed(turned)) == hosts(canary)


def test_without_hosts_or_a_zone_there_is_no_gateway() -> None:
    for graph in (declared_graph(), declared_graph(lambda raw: raw.update(dns={"zone": ZONE}))):
        assert graph.of_type(":HTTPRoute") == []
        assert graph.of_type(":Gateway") == []


def test_the_aws_class_finds_acms_certificate_by_hosts_once_it_is_issued(aws: Graph) -> None:
    entry = aws.named("gateway-entry")
    assert entry.plain("spec", "gatewayClassName") == "aws-alb-gateway-class"
    assert not [listener for listener in entry.plain("spec", "listeners") if "tls" in listener]
    assert aws.reaches(entry, aws.named("certificate-issued"))


@pytest.mark.parametrize(("gateway_class", "expected"), [("istio", "istio"), ("envoy", "eg")])
def test_other_classes_are_told_the_secret_of_cert_managers(gateway_class: str, expected: str) -> None:
    graph = routed(gateway_class=gateway_class, acme=ACME)
    spec = graph.named("gateway-entry").plain("spec")
    assert spec["gatewayClassName"] == expected
    secrets = [listener["tls"]["certificateRefs"] for listener in spec["listeners"] if listener["protocol"] == "HTTPS"]
    assert secrets == [[{"kind": "Secret", "name": "certificate-tls"}]] * 2


def test_a_cluster_may_call_its_class_otherwise(varied: Graph) -> None:
    assert varied.named("gateway-entry").plain("spec", "gatewayClassName") == "internet"


def test_at_a_canary_early_tenants_meet_the_candidate_late_ones_do_not_and_the_others_by_weight(canary: Graph) -> None:
    assert hosts(canary) == {
        "storefront-hosts": [f"app.{ZONE}", f"*.{ZONE}"],
        "storefront-early": [f"corner-shop.{ZONE}", f"department-store.{ZONE}"],
        "storefront-blue": [f"book-store.{ZONE}"],
        "storefront-late": [f"tea-house.{ZONE}"],
        "api-hosts": [f"api.{ZONE}"],
    }
    assert storefront(canary) == {"hosts": (90, 10), "early": (0, 100), "late": (100, 0), "blue": (100, 0)}


def test_a_canary_that_weighs_nothing_is_met_by_early_tenants_alone_and_ready_before() -> None:
    graph = routed(at_an_unseen_canary)
    assert storefront(graph) == {"hosts": (100, 0), "early": (0, 100), "late": (100, 0), "blue": (100, 0)}
    assert graph.reaches(graph.named("routes-storefront-early"), graph.named("storefront-green"))


def test_without_a_canary_every_ring_meets_the_active_slot(rings: Graph) -> None:
    assert storefront(rings) == {"hosts": (100, 0), "early": (100, 0), "late": (100, 0), "blue": (100, 0)}
    assert storefront(routed(switched)) == {"hosts": (0, 100), "early": (0, 100), "late": (0, 100), "blue": (100, 0)}


def test_start_change_and_end_of_a_canary_make_and_remove_nothing_and_lead_no_host_elsewhere(
    rings: Graph, canary: Graph
) -> None:
    for graph in (routed(at_an_unseen_canary), canary, routed(switched)):
        assert graph.nodes.keys() == rings.nodes.keys()
        assert hosts(graph) == hosts(rings)


def test_a_pinned_tenant_is_led_to_its_slot_by_itself_even_where_everybody_goes() -> None:
    def pin(raw: dict[str, Any]) -> None:
        raw["tenants"][1]["release"] = {"pin": "blue"}

    def pinned_and_switched(raw: dict[str, Any]) -> None:
        pin(raw)
        raw["services"]["storefront"]["active"] = "green"

    before, after = routed(pin), routed(pinned_and_switched)
    assert hosts(before) == hosts(after)
    assert weights(before, "storefront-blue") == weights(after, "storefront-blue")
    assert weights(after, "storefront-hosts") == {"storefront-blue": 0, "storefront-green": 100}


def test_traffic_moves_after_the_slots_that_get_it_and_idle_slots_change_after_that(aws: Graph, canary: Graph) -> None:
    route, blue, green = (
        aws.named(name) for name in ("routes-storefront-hosts", "storefront-blue", "storefront-green")
    )
    assert aws.reaches(route, blue)
    assert aws.reaches(route, aws.named("storefront-service"))
    assert not aws.reaches(route, green)
    assert aws.reaches(green, route)
    for name in ("hosts", "early", "late", "blue"):
        assert canary.reaches(canary.named(f"routes-storefront-{name}"), canary.named("storefront-green"))


def test_a_slot_that_a_tenant_is_pinned_to_is_ready_before_it_is_led_there(varied: Graph) -> None:
    assert varied.reaches(varied.named("routes-storefront-green"), varied.named("storefront-green"))


def test_the_routes_of_one_service_wait_for_no_other(aws: Graph) -> None:
    assert not aws.reaches(aws.named("routes-api-hosts"), aws.named("storefront-blue"))


def test_a_tenant_can_be_closed_alone(varied: Graph) -> None:
    assert hosts(varied)["storefront-closed"] == [f"department-store.{ZONE}"]
    (rule,) = varied.named("routes-storefront-closed").plain("spec", "rules")
    assert [backend["name"] for backend in rule["backendRefs"]] == ["gateway-maintenance"]
    assert weights(varied, "storefront-hosts") == {"storefront-blue": 100, "storefront-green": 0}


SUSPENDED = {"state": "suspended"}
OFFBOARDING = {"state": "offboarding"}
DELETED = {"state": "deleted", "export": "0" * 64}
TRIAL = {"state": "trial", "ends": "2026-12-01T00:00:00Z"}


def in_states(raw: dict[str, Any]) -> None:
    """Let tenants of each way that is their own be closed by their state, but for one that is on trial."""
    raw["gateway"] = {"maintenance": {"image": IMAGE, "notice": "Gone fishing."}}
    raw["tenancy"] = {"lifecycle": {"image": IMAGE}}  # it ends trials
    ways: list[dict[str, Any]] = [
        {"lifecycle": SUSPENDED},
        {"lifecycle": OFFBOARDING, "ring": "early"},
        {"lifecycle": SUSPENDED, "release": {"pin": "green"}},
        {"lifecycle": OFFBOARDING, "maintenance": True},
        {"lifecycle": DELETED, "ring": "late"},
        {"lifecycle": DELETED, "release": {"pin": "green"}},
        {"lifecycle": DELETED, "maintenance": True},
        {"lifecycle": TRIAL, "ring": "early"},
    ]
    raw["tenants"] = [{"slug": f"shop-{number}", "plan": "free", **way} for number, way in enumerate(ways)]


def test_a_state_that_closes_leads_to_a_notice_and_the_deleted_have_no_host_of_their_own() -> None:
    graph = routed(in_states)
    assert hosts(graph) == {
        "storefront-hosts": [f"app.{ZONE}", f"*.{ZONE}"],
        "storefront-notice": [f"shop-{number}.{ZONE}" for number in range(4)],
        "storefront-early": [f"shop-7.{ZONE}"],
        "api-hosts": [f"api.{ZONE}"],
    }
    (rule,) = graph.named("routes-storefront-notice").plain("spec", "rules")
    assert [backend["name"] for backend in rule["backendRefs"]] == ["gateway-notice"]
    answer = graph.named("gateway-notice-answer").plain("data")
    assert answer["message.txt"] == "Gone fishing.\n"
    assert "return 403;" in answer["nginx.conf"]
    assert not [node.name for node in graph.nodes.values() if node.name.startswith("gateway-maintenance")]
    # Nobody goes there but by a pin, and who is pinned there is let in nowhere.
    assert not graph.reaches(graph.named("routes-storefront-hosts"), graph.named("storefront-green"))


def test_a_notice_stays_what_it_is_while_everything_is_closed() -> None:
    def change(raw: dict[str, Any]) -> None:
        in_states(raw)
        raw["gateway"]["maintenance"]["everywhere"] = True

    graph = routed(change)
    answers = {
        route: graph.named(f"routes-storefront-{route}").plain("spec", "rules", 0, "backendRefs", 0, "name")
        for route in ("hosts", "early", "notice")
    }
    assert answers == {"hosts": "gateway-maintenance", "early": "gateway-maintenance", "notice": "gateway-notice"}


def test_without_hosts_of_tenants_no_state_needs_a_notice() -> None:
    def change(raw: dict[str, Any]) -> None:
        raw["tenants"][0]["lifecycle"] = SUSPENDED
        raw["services"]["storefront"]["tenant_hosts"] = False
        raw["gateway"] = {"maintenance": {"image": IMAGE}}

    graph = routed(change)
    assert not [node.name for node in graph.nodes.values() if node.name.startswith("gateway-notice")]


def test_everything_can_be_closed_even_while_no_slot_is_ready() -> None:
    def close(raw: dict[str, Any]) -> None:
        raw["gateway"] = {"maintenance": {"image": IMAGE, "everywhere": True}}
        raw["tenants"][1]["release"] = {"pin": "blue"}

    graph = routed(close)
    for name in ("storefront-hosts", "storefront-blue", "api-hosts"):
        (rule,) = graph.named(f"routes-{name}").plain("spec", "rules")
        assert [backend["name"] for backend in rule["backendRefs"]] == ["gateway-maintenance"]
        assert not graph.reaches(graph.named(f"routes-{name}"), graph.named("storefront-blue"))


def test_what_answers_for_the_closed_is_there_only_while_something_is(aws: Graph) -> None:
    ready = routed(lambda raw: raw.update(gateway={"maintenance": {"image": IMAGE}}))
    assert {node.name for node in ready.nodes.values()} == {node.name for node in aws.nodes.values()}
