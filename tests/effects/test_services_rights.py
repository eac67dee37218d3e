"""Which service does what with which bucket and queue, and who finds a way there: computed from a whole environment."""

import copy
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

import pytest

from infra.cidr import divide
from tests.cloud_outputs import ACCOUNT, REGION, STORAGE_BLOCKS
from tests.effects.pods import Address, Cluster, Pod
from tests.effects.policies import ROLE
from tests.effects.reach import PORTS
from tests.effects.test_rights import may
from tests.examples import declared_graph
from tests.harness import Graph

IMAGE = "registry.tenantry.invalid/shop@sha256:" + "4" * 64
HTTPS = 443

USES: Mapping[str, dict[str, Any]] = {
    "storefront": {"buckets": {"uploads": "read"}},
    "api": {"buckets": {"uploads": "read_write", "exports": "write"}, "queues": {"mail": "send"}},
    "admin": {"queues": {"mail": "both"}},
    "worker": {"buckets": {"exports": "read"}, "queues": {"mail": "consume"}},
    "mcp": {},
}

# Action on objects -> who does it, as service and bucket; whoever is not here does not.
OBJECTS: Mapping[str, set[tuple[str, str]]] = {
    "s3:GetObject": {("storefront", "uploads"), ("api", "uploads"), ("worker", "exports")},
    "s3:GetObjectVersion": {("storefront", "uploads"), ("api", "uploads"), ("worker", "exports")},
    "s3:PutObject": {("api", "uploads"), ("api", "exports")},
    "s3:DeleteObject": {("api", "uploads"), ("api", "exports")},
    "s3:DeleteObjectVersion": set(),
    "s3:BypassGovernanceRetention": set(),
    "s3:PutObjectAcl": set(),
}
MESSAGES: Mapping[str, set[str]] = {
    "sqs:SendMessage": {"api", "admin"},
    "sqs:ReceiveMessage": {"worker", "admin"},
    "sqs:DeleteMessage": {"worker", "admin"},
    "sqs:ChangeMessageVisibility": {"worker", "admin"},
    "sqs:PurgeQueue": set(),
    "sqs:SetQueueAttributes": set(),
    "sqs:DeleteQueue": set(),
}
BUCKETS = ("uploads", "exports", "assets", "backups")
QUEUE, DEAD_LETTERS = (f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue-mail-{part}" for part in ("messages", "dead-letters"))

ZONES = list(divide("10.20.0.0/16", ["a", "b", "c"]).values())  # of the examples' network
STORAGE = [Address(f"S3 at {block}", IPv4Network(block)) for block in STORAGE_BLOCKS]
ENDPOINT = Address("interface endpoint", IPv4Network(ZONES[1].private))
AGENT = Address("agent of pod identities", IPv4Network("169.254.170.23/32"))
ELSEWHERE = [Address(block, IPv4Network(block)) for block in ("198.51.100.1/32", "8.8.8.8/32", "52.95.0.0/16")]


def used(raw: dict[str, Any]) -> None:
    """Declare five services that use what is in `USES`, and a job of one that does."""
    raw["services"] = {
        name: {
            "port": None,
            "active": "blue",
            "database_connections": 0,
            "slots": {"blue": {"image": IMAGE}},
            **copy.deepcopy(uses),
        }
        for name, uses in USES.items()
    }
    raw["jobs"] = {"retry-mail": {"service": "api", "schedule": "*/5 * * * *", "command": ["retry"]}}


@pytest.fixture(scope="module")
def graph() -> Graph:
    return declared_graph(used)


@pytest.fixture(scope="module")
def cluster(graph: Graph) -> Cluster:
    return Cluster(graph, [zone.private for zone in ZONES])


def able(graph: Graph, action: str, resource: str) -> set[str]:
    """Return the roles that may do this, those of services by the services' names."""
    return {
        role.name.removeprefix("cluster-pods-").removesuffix("-role")
        for role in graph.of_type(ROLE)
        if may(graph, role, action, resource)
    }


@pytest.mark.parametrize("action", OBJECTS)
def test_a_service_does_with_objects_what_its_settings_say_and_nothing_else(graph: Graph, action: str) -> None:
    found = {
        (who, purpose) for purpose in BUCKETS for who in able(graph, action, f"arn:aws:s3:::{purpose}-objects-bucket/x")
    }
    assert found == OBJECTS[action]


def test_the_key_of_a_bucket_encrypts_for_those_who_write_and_decrypts_for_those_who_use_it(graph: Graph) -> None:
    for purpose in BUCKETS:
        key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{purpose}-encryption-key"
        writers = {who for who, bucket in OBJECTS["s3:PutObject"] if bucket == purpose}
        readers = {who for who, bucket in OBJECTS["s3:GetObject"] if bucket == purpose}
        assert able(graph, "kms:GenerateDataKey", key) == writers
        assert able(graph, "kms:Decrypt", key) == readers | writers


@pytest.mark.parametrize("action", MESSAGES)
def test_a_service_does_with_messages_what_its_settings_say_and_nothing_else(graph: Graph, action: str) -> None:
    assert able(graph, action, QUEUE) == MESSAGES[action]


def test_dead_letters_are_closed_to_every_service(graph: Graph) -> None:
    assert [action for action in MESSAGES if able(graph, action, DEAD_LETTERS)] == []


def test_services_that_use_a_bucket_reach_s3_and_the_others_do_not(cluster: Cluster) -> None:
    for name, uses in USES.items():
        ports = {
            port for port in PORTS for place in STORAGE if cluster.connects(cluster.pods[f"{name}-blue"], place, port)
        }
        assert ports == ({HTTPS} if uses.get("buckets") else set()), name


def test_services_that_use_a_bucket_reach_s3_and_nothing_else_that_is_public(cluster: Cluster) -> None:
    for pod in cluster.pods.values():
        assert not any(cluster.connects(pod, place, port) for place in ELSEWHERE for port in PORTS), pod.name


def test_services_that_use_something_reach_queues_and_their_credentials(cluster: Cluster) -> None:
    for name in ("api", "admin", "worker"):
        pod = cluster.pods[f"{name}-blue"]
        assert {port for port in PORTS if cluster.connects(pod, ENDPOINT, port)} == {HTTPS}, name
        assert cluster.connects(pod, AGENT, 80), name


def test_a_job_reaches_what_its_service_does(cluster: Cluster) -> None:
    (job,) = [pod for pod in cluster.pods.values() if pod.labels["app.kubernetes.io/component"] == "job"]
    assert all(cluster.connects(job, place, HTTPS) for place in STORAGE)
    assert cluster.connects(job, ENDPOINT, HTTPS)


def test_nobody_else_in_the_cluster_finds_a_way_to_s3(cluster: Cluster) -> None:
    others = [Pod("stranger", namespace) for namespace in cluster.namespaces]
    assert len(others) == 2
    assert not any(cluster.connects(pod, place, HTTPS) for pod in others for place in STORAGE)


def test_a_right_too_many_would_be_seen(graph: Graph) -> None:
    policy = graph.named("exports-worker-reads-policy")
    opened = str(policy.plain("policy")).replace("s3:GetObject", "s3:*")
    node = type(policy)(**{**vars(policy), "inputs": {**policy.inputs, "policy": opened}})
    found = Graph({**graph.nodes, policy.urn: node})
    assert "worker" in able(found, "s3:PutObject", "arn:aws:s3:::exports-objects-bucket/x")
