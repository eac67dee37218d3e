"""Room for the sum of what is declared."""

from typing import Any

import pytest

from infra.gate.change import Hidden, Properties, Resource
from infra.gate.rules import capacity, workloads
from tests.gate.rules.cases import found, there

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
QUOTA = "kubernetes:core/v1:ResourceQuota"
LIMITS = "kubernetes:core/v1:LimitRange"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
ROLE = "postgresql:index/role:Role"
DATABASE = "postgresql:index/database:Database"
POOL = "aws:eks/nodeGroup:NodeGroup"


def workload(
    name: str, replicas: Any, namespace: str = "shop", component: str = "service", **requests: str
) -> Resource:
    container = {"resources": {"requests": requests}} if requests else {}
    meta = {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/component": component}}
    return there(
        DEPLOYMENT,
        {"metadata": meta, "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}}},
        name,
    )


def quota(**hard: str) -> Resource:
    named = {key.replace("_", "."): value for key, value in hard.items()}
    return there(QUOTA, {"metadata": {"namespace": "shop"}, "spec": {"hard": named}})


def defaults(**asked: str) -> Resource:
    return there(LIMITS, {"metadata": {"namespace": "shop"}, "spec": {"limits": [{"defaultRequest": asked}]}})


@pytest.mark.parametrize(
    ("hard", "parts", "reason"),
    [
        ({"pods": "5"}, [workload("a", 3), workload("b", 3)], "pods that namespace shop asks for: 6 of 5"),
        (
            {"requests_cpu": "1"},
            [workload("a", 3, cpu="400m")],
            "thousandths of a processor that namespace shop asks for: 1200 of 1000",
        ),
        (
            {"requests_memory": "1Gi"},
            [workload("a", 3, memory="512Mi")],
            "MiB of memory that namespace shop asks for: 1536 of 1024",
        ),
        (
            {"requests_cpu": "500m"},
            [workload("a", 6), defaults(cpu="100m")],
            "thousandths of a processor that namespace shop asks for: 600 of 500",
        ),
        ({"pods": "5"}, [workload("a", Hidden.UNKNOWN)], "how many pods shop has cannot be seen in this preview"),
    ],
)
def test_pods_of_a_namespace_fit_its_quota(hard: Any, parts: list[Resource], reason: str) -> None:
    (finding,) = found(capacity.quota_exceeded, quota(**hard), *parts)
    assert finding.reason == reason


def test_what_fits_passes() -> None:
    whole = quota(pods="6", requests_cpu="2", requests_memory="3Gi")
    assert not found(capacity.quota_exceeded, whole, workload("a", 6, cpu="250m", memory="512Mi"))
    assert not found(capacity.quota_exceeded, whole, workload("a", 20, namespace="other"))
    assert not found(capacity.quota_exceeded, workload("a", 1000))


def test_an_autoscaler_says_how_many_pods_there_are_at_least() -> None:
    meta = {"namespace": "shop"}
    scaler = there(AUTOSCALER, {"metadata": meta, "spec": {"minReplicas": 8, "scaleTargetRef": {"name": "a"}}})
    assert found(capacity.quota_exceeded, quota(pods="6"), workload("a", 3), scaler)
    assert not found(capacity.quota_exceeded, quota(pods="8"), workload("a", 30), scaler)


def parameters(most: Any) -> Resource:
    return there(PARAMETERS, {"parameters": [{"name": "max_connections", "value": most}]})


def role(name: str, limit: int, login: bool = True) -> Resource:
    return there(ROLE, {"name": name, "login": login, "connectionLimit": limit}, name)


def test_roles_fit_the_servers_connections() -> None:
    # 25 are reserved, beside the five of migrations, which have a role of their own.
    roles = [role("a", 50), role("b", 26), role("c", 100, login=False), role("d", -1)]
    (finding,) = found(capacity.connections_exceeded, parameters("100"), *roles)
    assert finding.reason == "connections that roles may open, with those that are reserved: 101 of 100"
    assert not found(capacity.connections_exceeded, parameters("101"), *roles)
    assert not found(capacity.connections_exceeded, parameters(Hidden.UNKNOWN), *roles)
    assert not found(capacity.connections_exceeded, *roles), "the server is another stack's"


def pooler(replicas: int, shared: int, tenant: int) -> list[Resource]:
    text = f"[databases]\nshop = host=a port=5432 pool_size={shared} max_db_connections={shared}\n* = host=a\n\n"
    text += f"[pgbouncer]\nunix_socket_dir =\nmax_db_connections = {tenant}\n"
    return [
        there(CONFIG_MAP, {"data": {"pgbouncer.ini": text}}),
        workload("database-pooler", replicas, component="pooler"),
        there(DATABASE, {"name": "shop"}, "shop"),
        there(DATABASE, {"name": "tenant_book_store"}, "own"),
    ]


def test_behind_a_pooler_its_pods_are_counted() -> None:
    parts: list[Any] = [*pooler(3, 30, 5), role("a", 1000)]  # 4 x (30 + 5) + 30
    assert found(capacity.connections_exceeded, parameters("169"), *parts)
    assert not found(capacity.connections_exceeded, parameters("170"), *parts)


def pool(maximum: Any, *types: str) -> Resource:
    inputs: Properties = {"instanceTypes": list(types or ("m7i.large",)), "scalingConfig": {"maxSize": maximum}}
    return there(POOL, inputs)


def test_all_pods_fit_all_nodes() -> None:
    asking = workload("a", 5, cpu="1")  # of 2 processors each
    (finding,) = found(capacity.nodes_exceeded, pool(2), asking)
    assert finding.reason == "thousandths of a processor that all pods ask for: 5000, and all nodes have 4000"
    assert found(capacity.nodes_exceeded, pool(2), workload("a", 5, memory="4Gi"))
    assert not found(capacity.nodes_exceeded, pool(3), asking)
    assert not found(capacity.nodes_exceeded, pool(Hidden.UNKNOWN), asking)
    assert not found(capacity.nodes_exceeded, pool(1, "of-tomorrow.large"), asking)
    assert not found(capacity.nodes_exceeded, asking)


@pytest.mark.parametrize(
    ("memory", "mebibytes"),
    [("512Mi", 512), ("2Gi", 2048), (1_048_576, 1), ("1Ki", 1 / 1024), ("nonsense", None), (None, None)],
)
def test_memory_is_read_as_kubernetes_does(memory: Any, mebibytes: float | None) -> None:
    assert workloads.mebibytes(memory) == mebibytes


@pytest.mark.parametrize(("cpu", "millicores"), [("250m", 250), ("2", 2000), (1, 1000), ("0.5", 500), ("x", None)])
def test_processors_are_read_as_kubernetes_does(cpu: Any, millicores: float | None) -> None:
    assert workloads.millicores(cpu) == millicores
