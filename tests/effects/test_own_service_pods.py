"""Who reaches the pods of a tenant's own copy of a service, and whom they reach, by each class of gateway."""

from typing import Any

import pytest

from components.database import PORT as POSTGRESQL
from components.redis import PORT as REDIS
from tests.effects.pods import DNS, Cluster, End, Pod
from tests.effects.reach import PORTS
from tests.effects.test_pods import AGENT, CACHE, DATABASE, ELSEWHERE, ENDPOINT, LOAD_BALANCER, METADATA, ZONES
from tests.examples import declared_graph

STOREFRONT = 3000
ISTIO = Pod("istio's", "tenantry", {"gateway.networking.k8s.io/gateway-name": "gateway"})
ENVOY = Pod(
    "envoy's",
    "envoy-gateway-system",
    {
        f"gateway.envoyproxy.io/owning-gateway-{key}": value
        for key, value in (("name", "gateway"), ("namespace", "tenantry"))
    },
)
GATEWAYS: dict[str, End] = {"aws": LOAD_BALANCER, "istio": ISTIO, "envoy": ENVOY}


def served_alone(gateway_class: str) -> Cluster:
    """Return a cluster in which two tenants have a storefront of their own."""

    def change(raw: dict[str, Any]) -> None:
        raw["dns"] = {"zone": "shop.example.com", "gateway_class": gateway_class}
        if gateway_class != "aws":
            raw["dns"]["acme"] = {"email": "ops@shop.example.com"}
        raw["services"]["storefront"]["tenant_hosts"] = True
        raw["tenants"][2]["services"] = ["storefront"]
        raw["tenants"].append({"slug": "airport-mall", "plan": "enterprise", "services": ["storefront"]})

    return Cluster(declared_graph(change), [zone.private for zone in ZONES])


@pytest.fixture(scope="module", params=list(GATEWAYS))
def cluster(request: pytest.FixtureRequest) -> tuple[Cluster, End]:
    return served_alone(request.param), GATEWAYS[request.param]


def test_the_gateway_reaches_a_copy_and_nobody_else_does(cluster: tuple[Cluster, End]) -> None:
    found, gateway = cluster
    copy = found.pods["tenant-department-store.storefront-blue"]
    assert {port for port in (*PORTS, STOREFRONT) if found.connects(gateway, copy, port)} == {STOREFRONT}
    twin = Pod("a twin", "elsewhere", ISTIO.labels)
    others: list[End] = [*found.pods.values(), *GATEWAYS.values(), *ELSEWHERE, ENDPOINT, twin]
    # AWS's load balancer has addresses of its own, of which none is a pod's.
    reaching = [one.name for one in others if one is not gateway and found.connects(one, copy, STOREFRONT)]
    assert reaching == []


def test_a_copy_reaches_its_database_and_nothing_else(cluster: tuple[Cluster, End]) -> None:
    found, _ = cluster
    copy = found.pods["tenant-department-store.storefront-blue"]
    assert {port for port in PORTS if found.connects(copy, DATABASE, port)} == {POSTGRESQL}
    assert found.connects(copy, DNS, 53, "UDP")
    others: list[End] = [*found.pods.values(), *ELSEWHERE, AGENT, METADATA, ENDPOINT]
    assert [one.name for one in others for port in (*PORTS, STOREFRONT) if found.connects(copy, one, port)] == []
    assert not found.connects(copy, CACHE, REDIS)
