"""The Redis store: who reaches it, what it evicts, and where its token is."""

import json
from typing import Any

import pytest

from components.redis import Redis
from infra.sandbox.plugins.values import has_secret
from tests.cloud_examples import redis_args
from tests.harness import Graph, Node, graph_of

KEY = "arn:aws:kms:eu-central-1:123456789012:key/cache-encryption-key"
TOKEN = "password-of-cache-token"


def redis(**changes: Any) -> Graph:
    args = redis_args(**changes)

    def declare() -> dict[str, Any]:
        created = Redis("cache", args)
        created.allow_from("cluster", "sg-of-cluster")
        created.grant_credentials("api", "role-of-api")
        return {"host": created.host}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return redis()


@pytest.fixture(scope="module")
def nodes(graph: Graph) -> Node:
    return graph.named("cache-nodes")


def test_data_is_encrypted_on_disk_and_on_the_wire(nodes: Node) -> None:
    assert nodes.plain("atRestEncryptionEnabled") is True
    assert nodes.plain("kmsKeyId") == KEY
    assert nodes.plain("transitEncryptionEnabled") is True
    assert nodes.plain("transitEncryptionMode") == "required"


def test_clients_need_a_token(nodes: Node) -> None:
    assert nodes.plain("authToken") == TOKEN
    assert has_secret(nodes.inputs["authToken"])


def test_the_url_with_the_token_is_in_a_secret(graph: Graph) -> None:
    version = graph.named("cache-credentials-version")
    assert has_secret(version.inputs["secretString"])
    assert json.loads(version.plain("secretString")) == {
        "host": "primary.cache.example.invalid",
        "port": 6379,
        "token": TOKEN,
        "url": f"rediss://:{TOKEN}@primary.cache.example.invalid:6379/0",
    }


@pytest.mark.parametrize("eviction", ["allkeys-lru", "noeviction"])
def test_what_is_evicted_follows_from_the_purpose(eviction: str) -> None:
    group = redis(eviction=eviction).named("cache-parameters")
    assert {"name": "maxmemory-policy", "value": eviction} in group.plain("parameters")


def test_a_share_of_the_memory_takes_no_data(graph: Graph) -> None:
    given = [part["name"] for part in graph.named("cache-parameters").plain("parameters")]
    assert given == ["maxmemory-policy"], "25 is ElastiCache's own, which it does not tell back"
    small = redis(reserved_percent=37).named("cache-parameters")
    assert {"name": "reserved-memory-percent", "value": "37"} in small.plain("parameters")


def test_a_cache_evicts_what_was_least_recently_used(graph: Graph) -> None:
    assert graph.named("cache-parameters").plain("parameters", 0, "value") == "allkeys-lru"


@pytest.mark.parametrize(
    ("engine", "version", "family"),
    [
        ("valkey", "8.1", "valkey8"),
        ("valkey", "7.2", "valkey7"),
        ("redis", "7.1", "redis7"),
        ("redis", "6.2", "redis6.x"),
    ],
)
def test_the_parameters_are_of_the_engine_and_its_major_version(engine: str, version: str, family: str) -> None:
    graph = redis(engine=engine, engine_version=version)
    assert graph.named("cache-parameters").plain("family") == family
    assert graph.named("cache-nodes").plain("engine") == engine
    assert graph.named("cache-nodes").plain("engineVersion") == version


def test_snapshots_are_taken_at_two_and_maintenance_waits_for_sunday(nodes: Node) -> None:
    assert nodes.plain("snapshotWindow") == "02:00-03:00"
    assert nodes.plain("maintenanceWindow") == "sun:05:00-sun:06:00"


def test_a_rotated_token_stands_beside_the_one_before_until_that_is_retired(graph: Graph, nodes: Node) -> None:
    assert "keepers" not in graph.named("cache-token").inputs
    assert nodes.plain("authTokenUpdateStrategy") == "ROTATE"
    rotated = redis(token_rotated_at="2026-11-21T10:00:00Z", retire_previous_token=True)
    assert rotated.named("cache-token").plain("keepers") == {"rotated_at": "2026-11-21T10:00:00Z"}
    assert rotated.named("cache-nodes").plain("authTokenUpdateStrategy") == "SET"


@pytest.mark.parametrize(("count", "takes_over"), [(1, False), (2, True), (3, True)])
def test_with_a_replica_another_zone_takes_over(count: int, takes_over: bool) -> None:
    nodes = redis(nodes=count).named("cache-nodes")
    assert nodes.plain("numCacheClusters") == count
    assert nodes.plain("automaticFailoverEnabled") is takes_over
    assert nodes.plain("multiAzEnabled") is takes_over


def test_there_is_a_replica_unless_told_otherwise(nodes: Node) -> None:
    assert nodes.plain("numCacheClusters") == 2


def test_only_groups_that_were_let_in_reach_it(graph: Graph, nodes: Node) -> None:
    assert nodes.plain("securityGroupIds") == ["id-of-cache-port-group"]
    (rule,) = graph.of_type("IngressRule")
    assert rule.plain("securityGroupId") == "id-of-cache-port-group"
    assert rule.plain("referencedSecurityGroupId") == "sg-of-cluster"
    assert (rule.plain("fromPort"), rule.plain("toPort")) == (6379, 6379)
    assert not {"cidrIpv4", "cidrIpv6"} & rule.inputs.keys()


def test_a_role_that_was_granted_the_token_reads_that_secret_and_no_other(graph: Graph) -> None:
    policy = json.loads(graph.named("cache-credentials-api-reads-policy").plain("policy"))
    assert [part["Resource"] for part in policy["Statement"]] == [
        ["arn:aws:secretsmanager:eu-central-1:123456789012:cache-credentials-secret"],
        [KEY],
    ]
    assert graph.named("cache-credentials-api-reads-attachment").plain("role") == "role-of-api"


def test_snapshots_are_kept_for_a_week_and_one_is_taken_at_the_end(nodes: Node) -> None:
    assert nodes.protect
    assert nodes.plain("snapshotRetentionLimit") == 7
    assert nodes.plain("finalSnapshotIdentifier") == "cache-final-text-of-cache-final-suffix"


def test_without_protection_it_goes_without_a_trace() -> None:
    graph = redis(protect=False)
    assert not graph.named("cache-nodes").protect
    assert not graph.named("cache-encryption-key").protect
    assert "finalSnapshotIdentifier" not in graph.named("cache-nodes").inputs
