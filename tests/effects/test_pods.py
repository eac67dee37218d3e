"""Who reaches whom in the cluster, computed from the NetworkPolicies of whole environments."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from components.database import PORT as POSTGRESQL
from components.network_policies import EGRESS_ANNOTATION
from components.redis import PORT as REDIS
from infra.cidr import divide
from tests.effects.pods import DNS, Address, Cluster, End, Pod
from tests.effects.reach import PORTS
from tests.examples import declared_graph, environment_graph
from tests.harness import Graph

IMAGE = "registry.tenantry.invalid/shop@sha256:" + "4" * 64
POOLER = 6432
HTTPS = 443

ZONES = list(divide("10.20.0.0/16", ["a", "b", "c"]).values())  # of the examples' network
ANYWHERE_PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")

DATABASE = Address("database", IPv4Network(ZONES[2].data))
CACHE = Address("cache", IPv4Network(ZONES[0].data))
ENDPOINT = Address("interface endpoint", IPv4Network(ZONES[1].private))
LOAD_BALANCER = Address("load balancer", IPv4Network(ZONES[1].public))
AGENT = Address("agent of pod identities", IPv4Network("169.254.170.23/32"))
METADATA = Address("the node's metadata", IPv4Network("169.254.169.254/32"))
PAYMENT = Address("payment provider", IPv4Network("203.0.113.7/32"))
ELSEWHERE = [Address(block, IPv4Network(block)) for block in ("198.51.100.1/32", "8.8.8.8/32", "52.95.0.0/16")]

# Service -> its port, who calls it, and whether it connects to the database.
CALLERS: Mapping[str, tuple[int | None, list[str], int]] = {
    "storefront": (3000, [], 0),
    "api": (3001, ["storefront", "admin", "worker"], 40),
    "admin": (3003, [], 0),
    "mcp": (3002, ["api"], 20),
    "worker": (None, [], 20),
}
ROUTED = {"storefront": "tenant_hosts", "api": "hosts", "admin": "hosts"}


def services(raw: dict[str, Any]) -> None:
    """Declare five services, of which one calls out."""
    raw["services"] = {
        name: {
            "port": port,
            "active": "blue",
            "database_connections": connections,
            "slots": {"blue": {"image": IMAGE}},
            "callers": callers,
        }
        for name, (port, callers, connections) in CALLERS.items()
    }
    raw["services"]["api"]["migration"] = {"image": IMAGE, "command": ["migrate"]}
    raw["services"]["admin"]["warm_up"] = {"command": ["warm"]}
    raw["jobs"] = {"retry-mail": {"service": "worker", "schedule": "*/5 * * * *", "command": ["retry"]}}
    raw["tenancy"] = {"lifecycle": {"image": IMAGE}}
    raw["services"]["api"]["egress"] = [
        {"name": "payment", "blocks": ["203.0.113.0/24"]},
        {"name": "mail", "blocks": ["192.0.2.16/28", "192.0.2.64/28"], "ports": [465, 587]},
    ]


def declared(gateway_class: str = "aws") -> Graph:
    """Return an environment in AWS, with a pooler and hosts."""

    def change(raw: dict[str, Any]) -> None:
        services(raw)
        raw["database"]["pooler"] = {"image": IMAGE}
        raw["dns"] = {"zone": "shop.example.com", "gateway_class": gateway_class}
        if gateway_class != "aws":
            raw["dns"]["acme"] = {"email": "ops@shop.example.com"}
        raw["gateway"] = {"maintenance": {"image": IMAGE}}
        raw["tenants"][1]["maintenance"] = True
        for name, field in ROUTED.items():
            raw["services"][name][field] = True if field == "tenant_hosts" else [f"{name}.shop.example.com"]

    return declared_graph(change)


@pytest.fixture(scope="module", autouse=True)
def _authority(tmp_path_factory: pytest.TempPathFactory) -> Any:
    file: Path = tmp_path_factory.mktemp("authority") / "authority.pem"
    file.write_text("an authority\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGSSLROOTCERT", str(file))
        yield


@pytest.fixture(scope="module")
def graph() -> Graph:
    return declared()


@pytest.fixture(scope="module")
def cluster(graph: Graph) -> Cluster:
    return Cluster(graph, [zone.private for zone in ZONES])


@pytest.fixture(scope="module")
def brought() -> Cluster:
    return Cluster(environment_graph(services), ANYWHERE_PRIVATE)


@pytest.fixture(scope="module", params=["cluster", "brought"])
def either(request: pytest.FixtureRequest) -> Cluster:
    found: Cluster = request.getfixturevalue(request.param)
    return found


def of_services(cluster: Cluster) -> dict[str, Pod]:
    return {name: cluster.pods[f"{name}-blue"] for name in CALLERS}


def of_kind(cluster: Cluster, component: str) -> list[Pod]:
    """Return the pods that are one thing within the platform, as `migration`."""
    return [pod for pod in cluster.pods.values() if pod.labels["app.kubernetes.io/component"] == component]


def called(cluster: Cluster, source: End, ports: tuple[int, ...] = PORTS) -> set[str]:
    """Return which services something connects to, on whatever port."""
    targets = of_services(cluster)
    tried = {*ports, *(port for port, _, _ in CALLERS.values() if port)}
    return {name for name, pod in targets.items() if any(cluster.connects(source, pod, port) for port in tried)}


def strangers(cluster: Cluster) -> list[Pod]:
    """Return pods that nobody declared: without labels in each namespace, and in one of somebody else's."""
    return [Pod(f"stranger in {namespace}", namespace) for namespace in (*cluster.namespaces, "elsewhere")]


def test_every_pod_of_the_platform_is_closed_in_both_directions(either: Cluster) -> None:
    assert len(either.pods) >= len(CALLERS)
    assert [pod.name for pod in either.pods.values() if not either.closed(pod)] == []


def test_whoever_is_put_into_a_namespace_of_the_platform_is_closed_too(either: Cluster) -> None:
    assert len(either.namespaces) == 2
    assert all(either.closed(Pod("stranger", namespace, {"app": "x"})) for namespace in either.namespaces)


def test_a_service_is_called_by_those_that_it_names_and_by_its_own_pods(either: Cluster) -> None:
    found = {(source, target) for source, pod in of_services(either).items() for target in called(either, pod)}
    named = {(caller, target) for target, (_, callers, _) in CALLERS.items() for caller in callers}
    assert found == named | {(name, name) for name, (port, _, _) in CALLERS.items() if port}


def test_a_caller_reaches_the_port_that_a_service_has_and_no_other(either: Cluster) -> None:
    pods = of_services(either)
    assert {port for port in range(1, 9000) if either.connects(pods["admin"], pods["api"], port)} == {3001}
    assert pods["api"].ports == {3001}
    assert not either.connects(pods["admin"], pods["api"], 3001, "UDP")


def test_a_job_of_a_service_is_to_others_what_the_service_is(either: Cluster) -> None:
    jobs = {kind: pod for kind in ("migration", "warm-up", "job") for pod in of_kind(either, kind)}
    assert {kind: called(either, pod) for kind, pod in jobs.items()} == {
        "migration": {"api", "mcp"},  # of the api
        "warm-up": {"admin", "api"},  # of admin
        "job": {"api"},  # of the worker
    }
    assert not any(called(either, pod) for pod in [Pod("a job", "tenantry", {"app.kubernetes.io/name": "admin"})])


def test_a_migration_reaches_the_server_and_a_warm_up_of_a_service_without_connections_does_not(
    cluster: Cluster,
) -> None:
    (migration,), (warm_up,) = of_kind(cluster, "migration"), of_kind(cluster, "warm-up")
    assert cluster.connects(migration, DATABASE, POSTGRESQL)
    assert not cluster.connects(warm_up, DATABASE, POSTGRESQL)


def test_the_lifecycle_job_reaches_the_server_and_nothing_else(cluster: Cluster) -> None:
    (job,) = of_kind(cluster, "lifecycle")
    assert (cluster.connects(job, DATABASE, POSTGRESQL), called(cluster, job)) == (True, set())


def test_whoever_may_call_the_pods_of_a_service_may_call_it_by_its_address(cluster: Cluster) -> None:
    called = cluster.called_by_address()
    assert {service for _, service in called} == {
        "database-pooler-service",
        *(f"{name}{slot}-service" for name, (port, _, _) in CALLERS.items() if port for slot in ("", "-blue")),
    }
    assert [call for call, allowed in called.items() if not allowed] == []


def test_a_tenants_own_pods_call_the_pooler_by_its_address(cluster: Cluster) -> None:
    called = cluster.called_by_address()
    assert called["default-deny", "database-pooler-service"]


def test_the_pods_of_istios_gateway_call_what_is_closed_by_its_address() -> None:
    called = Cluster(declared("istio"), [zone.private for zone in ZONES]).called_by_address()
    assert called["gateway", "gateway-maintenance-service"]
    assert all(called.values())


def test_nobody_who_was_not_named_reaches_a_service(either: Cluster) -> None:
    for stranger in strangers(either):
        assert called(either, stranger) == set(), stranger.name


def test_every_pod_that_asks_for_names_gets_them(either: Cluster) -> None:
    silent = {pod.name for pod in of_kind(either, "maintenance")}
    for name in either.pods.keys() - silent:
        assert either.connects(either.pods[name], DNS, 53, "UDP"), name
        assert either.connects(either.pods[name], DNS, 53), name


def test_services_reach_the_stores_that_they_have_and_no_others(cluster: Cluster) -> None:
    pooler = cluster.pods["database-pooler-pods"]
    for name, pod in of_services(cluster).items():
        connects = CALLERS[name][2] > 0
        assert cluster.connects(pod, pooler, POOLER) == connects, name
        assert cluster.connects(pod, DATABASE, POSTGRESQL) == connects, name
        assert cluster.connects(pod, CACHE, REDIS), name
        assert [port for port in PORTS if port != POSTGRESQL and cluster.connects(pod, DATABASE, port)] == [REDIS]


def test_the_pooler_reaches_the_server_and_names_and_nothing_else(cluster: Cluster) -> None:
    pooler = cluster.pods["database-pooler-pods"]
    assert {port for port in PORTS if cluster.connects(pooler, DATABASE, port)} == {POSTGRESQL}
    assert called(cluster, pooler) == set()
    assert not cluster.connects(pooler, CACHE, REDIS)
    assert not any(cluster.connects(pooler, target, port) for target in (*ELSEWHERE, AGENT, METADATA) for port in PORTS)


def test_what_answers_for_closed_hosts_is_asked_by_the_gateway_and_asks_nobody(cluster: Cluster) -> None:
    (pod,) = of_kind(cluster, "maintenance")
    assert {port for port in PORTS if cluster.connects(LOAD_BALANCER, pod, port)} == pod.ports
    others: list[Pod | Address] = [DNS, DATABASE, CACHE, AGENT, PAYMENT, *ELSEWHERE, *of_services(cluster).values()]
    assert not any(cluster.connects(pod, other, port) for other in others for port in (*PORTS, 3000, 3001, 3003))


def test_a_tenants_own_pods_reach_its_database_and_nothing_else(cluster: Cluster) -> None:
    tenants = Pod("a tenant's", "tenant-department-store")
    assert cluster.connects(tenants, cluster.pods["database-pooler-pods"], POOLER)
    assert {port for port in PORTS if cluster.connects(tenants, DATABASE, port)} == {POSTGRESQL}
    assert cluster.connects(tenants, DNS, 53, "UDP")
    others = [CACHE, ENDPOINT, AGENT, METADATA, PAYMENT, *ELSEWHERE]
    assert [other.name for other in others for port in PORTS if cluster.connects(tenants, other, port)] == [
        CACHE.name  # where the database is as well: subnets are told apart, servers are not
    ]
    assert not any(cluster.connects(pod, tenants, port) for pod in cluster.pods.values() for port in PORTS)


def test_nobody_but_services_and_tenants_reaches_the_pooler(cluster: Cluster) -> None:
    pooler = cluster.pods["database-pooler-pods"]
    pods = [Pod("stranger", namespace) for namespace in ("tenantry", "elsewhere", "kube-system")]
    others: list[Pod | Address] = [*pods, LOAD_BALANCER, *ELSEWHERE]
    for other in others:
        assert not cluster.connects(other, pooler, POOLER), other.name


def test_nobody_reaches_the_internet_beyond_what_a_service_declares(either: Cluster) -> None:
    payment, mail = Address("payment", IPv4Network("203.0.113.9/32")), Address("mail", IPv4Network("192.0.2.70/32"))
    tried = {*PORTS, 465, 587}
    reached = {
        (name, target.name, port)
        for name, pod in either.pods.items()
        for target in (payment, mail, PAYMENT, *ELSEWHERE)
        for port in tried
        if either.connects(pod, target, port)
    }
    own = {"api-blue", *(pod.name for pod in of_kind(either, "migration"))}
    assert reached == {
        (name, target, port)
        for name in own
        for target, port in (("payment", HTTPS), (PAYMENT.name, HTTPS), ("mail", 465), ("mail", 587))
    }


def test_the_addresses_that_pods_may_call_are_those_and_private_ones(either: Cluster) -> None:
    named = {IPv4Network(block) for block in ("203.0.113.0/24", "192.0.2.16/28", "192.0.2.64/28")}
    agent = IPv4Network("169.254.170.23/32")
    private = [IPv4Network(block) for block in ANYWHERE_PRIVATE]
    for pod in either.pods.values():
        blocks = {IPv4Network(block) for block, _ in either.blocks_called(pod)}
        outside = {block for block in blocks - {agent} if not any(map(block.subnet_of, private))}
        own = pod.labels["app.kubernetes.io/name"] == "api"
        assert outside == (named if own else set()), pod.name


def test_a_service_gets_credentials_of_aws_and_reaches_interface_endpoints(cluster: Cluster) -> None:
    for name, pod in of_services(cluster).items():
        assert {port for port in PORTS if cluster.connects(pod, AGENT, port)} == {80}, name
        assert {port for port in PORTS if cluster.connects(pod, ENDPOINT, port)} == {HTTPS}, name


def test_no_pod_reaches_the_identity_of_its_node(either: Cluster) -> None:
    assert not any(either.connects(pod, METADATA, port) for pod in either.pods.values() for port in PORTS)


def test_without_an_identity_or_endpoints_of_aws_there_is_no_way_to_them(brought: Cluster) -> None:
    for pod in of_services(brought).values():
        assert not brought.connects(pod, AGENT, 80)

    def none(raw: dict[str, Any]) -> None:
        services(raw)
        raw["database"]["pooler"] = {"image": IMAGE}
        raw["network"]["interface_endpoints"] = []

    without = Cluster(declared_graph(none), [zone.private for zone in ZONES])
    for pod in of_services(without).values():
        assert without.connects(pod, AGENT, 80)
        assert not without.connects(pod, ENDPOINT, HTTPS)


def test_the_gateway_reaches_services_with_hosts_and_no_others(cluster: Cluster) -> None:
    assert called(cluster, LOAD_BALANCER) == ROUTED.keys()
    assert not any(called(cluster, other) for other in (DATABASE, ENDPOINT, *ELSEWHERE))


def test_without_hosts_no_gateway_reaches_a_service(brought: Cluster) -> None:
    assert called(brought, LOAD_BALANCER) == set()


def test_the_pods_of_istios_gateway_take_the_worlds_requests_to_services_with_hosts() -> None:
    graph = declared("istio")
    cluster = Cluster(graph, [zone.private for zone in ZONES])
    (entry,) = [node for node in graph.of_type("v1:Gateway") if node.type.startswith("kubernetes:")]
    # Istio gives them the Gateway's own labels as well.
    both = {
        **entry.plain("metadata", "labels"),
        "gateway.networking.k8s.io/gateway-name": entry.plain("metadata", "name"),
    }
    proxy = Pod("proxy", entry.plain("metadata", "namespace"), both)
    assert cluster.closed(proxy)
    assert called(cluster, proxy) == ROUTED.keys()
    assert {port for port in PORTS if cluster.connects(ELSEWHERE[0], proxy, port)} == {80, 443}
    assert cluster.connects(proxy, Pod("istiod", "istio-system", {"app": "istiod"}), 15012)
    (closed,) = of_kind(cluster, "maintenance")
    assert all(cluster.connects(proxy, closed, port) for port in closed.ports)
    assert not cluster.connects(proxy, cluster.pods["database-pooler-pods"], POOLER)
    assert called(cluster, LOAD_BALANCER) == set()
    assert not any(cluster.connects(proxy, target, port) for target in (DATABASE, *ELSEWHERE) for port in PORTS)


def test_the_pods_of_envoys_gateway_come_from_its_own_namespace() -> None:
    graph = declared("envoy")
    cluster = Cluster(graph, [zone.private for zone in ZONES])
    owner = "gateway.envoyproxy.io/owning-gateway"
    whose = {f"{owner}-name": "gateway", f"{owner}-namespace": "tenantry"}
    assert called(cluster, Pod("proxy", "envoy-gateway-system", whose)) == ROUTED.keys()
    others = [Pod("proxy", "elsewhere", whose), Pod("another's", "envoy-gateway-system", {f"{owner}-name": "gateway"})]
    assert [called(cluster, other) for other in others] == [set(), set()]


def test_a_brought_database_is_where_it_says_or_anywhere_private_when_it_has_a_name() -> None:
    def at(host: str) -> set[tuple[str, int]]:
        def change(raw: dict[str, Any]) -> None:
            raw["database"]["existing"].update(host=host, port=5433)

        found = Cluster(environment_graph(change), ANYWHERE_PRIVATE)
        return found.blocks_called(found.pods["storefront-blue"])

    assert at("10.1.2.3") == {("10.1.2.3/32", 5433)}
    assert at("db.example.invalid") == {(block, 5433) for block in ANYWHERE_PRIVATE}


def test_a_policy_says_what_its_addresses_are() -> None:
    policy = environment_graph(services).named("policies-service-api")
    assert policy.plain("metadata", "annotations") == {EGRESS_ANNOTATION: "payment,mail"}


def test_a_change_of_one_service_changes_its_own_policy_alone() -> None:
    def policies(service: str = "api", **changes: Any) -> dict[str, Any]:
        def change(raw: dict[str, Any]) -> None:
            services(raw)
            raw["services"][service].update(changes)

        return {node.name: node.plain() for node in environment_graph(change).of_type(":NetworkPolicy")}

    before = policies()
    for changes in ({"callers": ["mcp"]}, {"port": 8080, "egress": []}):
        after = policies(**changes)
        assert {name for name in before if before[name] != after[name]} == {"policies-service-api"}, changes
    after = policies("mcp", database_connections=0)
    assert {name for name in before if before[name] != after[name]} == {"policies-service-mcp"}


def test_services_and_the_pooler_come_after_the_policies(graph: Graph) -> None:
    policies = {node.urn for node in graph.of_type(":NetworkPolicy") if node.name.startswith("policies-")}
    assert len(policies) == len(CALLERS) + 2  # the pooler's and the lifecycle job's
    for name in (*CALLERS, "database-pooler"):
        assert policies <= graph.named(name).dependencies, name


def test_an_open_policy_would_be_seen(graph: Graph) -> None:
    policy = graph.named("policies-service-mcp")
    spec = policy.plain("spec")
    opened = {**spec, "ingress": [*spec["ingress"], {}]}
    node = type(policy)(**{**vars(policy), "inputs": {**policy.inputs, "spec": opened}})
    found = Cluster(Graph({**graph.nodes, policy.urn: node}), [zone.private for zone in ZONES])
    assert "mcp" in called(found, found.pods["worker-blue"])
    assert "mcp" in called(found, ELSEWHERE[0])
