"""The pooler: what PgBouncer is told, who it knows, and how its pods are kept alive."""

from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.isolated_schema import Login, Server
from components.pooler import Pooler, PoolerArgs
from components.pooler_settings import PoolShape
from infra.sandbox.plugins.values import has_secret
from tests.harness import Graph, Node, graph_of

IMAGE = "registry.tenantry.invalid/pgbouncer@sha256:" + "3" * 64
SHAPE = PoolShape(clients=900, shared=54, tenant=2, prepared_statements=200)


def login(role: str, password: str) -> Login:
    return Login(role=pulumi.Output.from_input(role), password=pulumi.Output.secret(password))


def pooler(tenants: dict[str, str] | None = None, **changes: Any) -> Graph:
    words = {"tenant_b_app": "b's"} if tenants is None else tenants

    def declare() -> None:
        args = PoolerArgs(
            namespace="tenantry",
            service="database-pooler",
            image=IMAGE,
            replicas=3,
            server=Server(host="db.example.invalid", port=5432, ssl_mode="verify-full"),
            authority="an authority",
            database="tenantry",
            services=login("tenantry_pool_app", "a's"),
            tenants=[login(role, word) for role, word in words.items()],
            shape=SHAPE,
        )
        Pooler("pooler", replace(args, **changes))

    return graph_of(declare)


def sections(graph: Graph) -> dict[str, dict[str, str]]:
    """Return the sections of pgbouncer.ini."""
    found: dict[str, dict[str, str]] = {}
    for line in graph.named("pooler-configuration").plain("data", "pgbouncer.ini").splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = {}
        elif line:
            key, value = line.split(" =", 1)
            found[list(found)[-1]][key] = value.strip()
    return found


@pytest.fixture(scope="module")
def graph() -> Graph:
    return pooler()


@pytest.fixture(scope="module")
def pods(graph: Graph) -> Node:
    return graph.named("pooler-pods")


def checksum(graph: Graph) -> str:
    (value,) = graph.named("pooler-pods").plain("spec", "template", "metadata", "annotations").values()
    return str(value)


def test_a_connection_is_a_clients_for_one_transaction(graph: Graph) -> None:
    told = sections(graph)["pgbouncer"]
    assert told["pool_mode"] == "transaction"
    assert told["max_prepared_statements"] == "200"


def test_the_server_is_met_over_tls_and_checked(graph: Graph) -> None:
    told = sections(graph)["pgbouncer"]
    assert told["server_tls_sslmode"] == "verify-full"
    folder, _, file = told["server_tls_ca_file"].rpartition("/")
    assert graph.named("pooler-configuration").plain("data", file) == "an authority"
    mounts = graph.named("pooler-pods").plain("spec", "template", "spec", "containers", 0, "volumeMounts")
    assert folder in {mount["mountPath"] for mount in mounts}


def test_no_tenant_is_named_in_the_configuration_and_every_database_is_reached(graph: Graph) -> None:
    told = sections(graph)
    assert told["databases"] == {
        "tenantry": "host=db.example.invalid port=5432 pool_size=54 max_db_connections=54",
        "*": "host=db.example.invalid port=5432",
    }
    assert told["users"] == {"tenantry_pool_app": "max_user_connections=54"}


def test_a_pod_holds_no_more_connections_than_its_share(graph: Graph) -> None:
    told = sections(graph)["pgbouncer"]
    limits = [told[key] for key in ("default_pool_size", "max_user_connections", "max_db_connections")]
    assert limits == ["2", "2", "2"]
    assert told["max_client_conn"] == "900"


def test_users_are_a_secret_and_their_passwords_are_quoted() -> None:
    users = pooler({"tenant_c_app": 'a "c"', "tenant_b_app": "b's"}).named("pooler-users")
    assert has_secret(users.inputs["stringData"])
    assert users.plain("stringData", "userlist.txt") == (
        '"tenant_b_app" "b\'s"\n"tenant_c_app" "a ""c"""\n"tenantry_pool_app" "a\'s"\n'
    )


def test_another_configuration_or_another_user_rolls_the_pods(graph: Graph) -> None:
    before = checksum(graph)
    assert checksum(pooler()) == before
    others = [
        pooler({"tenant_b_app": "another"}),
        pooler({"tenant_b_app": "b's", "tenant_c_app": "c's"}),
        pooler(shape=replace(SHAPE, shared=55)),
        pooler(authority="another authority"),
    ]
    assert len({before, *map(checksum, others)}) == 5


def test_one_pod_may_be_lost_and_one_more_is_there_while_they_roll(graph: Graph, pods: Node) -> None:
    assert pods.plain("spec", "replicas") == 3
    assert pods.plain("spec", "strategy", "rollingUpdate") == {"maxSurge": 1, "maxUnavailable": 0}
    assert graph.named("pooler-disruption").plain("spec", "maxUnavailable") == 1
    (spread,) = pods.plain("spec", "template", "spec", "topologySpreadConstraints")
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"


def test_everything_that_selects_pods_selects_these(graph: Graph, pods: Node) -> None:
    labels = pods.plain("spec", "template", "metadata", "labels")
    for selector in (
        pods.plain("spec", "selector", "matchLabels"),
        graph.named("pooler-service").plain("spec", "selector"),
        graph.named("pooler-disruption").plain("spec", "selector", "matchLabels"),
    ):
        assert selector
        assert selector.items() <= labels.items()


def test_its_pods_obey_the_restricted_standard(pods: Node) -> None:
    pod = pods.plain("spec", "template", "spec")
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert container["image"] == IMAGE


def test_clients_are_met_with_a_certificate_where_there_is_one(graph: Graph) -> None:
    assert "client_tls_sslmode" not in sections(graph)["pgbouncer"]
    encrypted = pooler(certificate="pooler-tls")
    told = sections(encrypted)["pgbouncer"]
    assert told["client_tls_sslmode"] == "require"
    volumes = encrypted.named("pooler-pods").plain("spec", "template", "spec", "volumes")
    assert "pooler-tls" in {volume.get("secret", {}).get("secretName") for volume in volumes}
