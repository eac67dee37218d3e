"""ElastiCache's replication groups with a real Valkey behind them."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from botocore.exceptions import ClientError

from infra.sandbox.cloud.service import Cloud
from infra.sandbox.instance import Status
from infra.sandbox.servers import probe
from tests.sandbox.cloud.backed import TOKEN, processes, valkey
from tests.sandbox.cloud.harness import REGION, client, kill
from tests.sandbox.servers.harness import quiet

MakeCloud = Callable[[str], Cloud]


@pytest.fixture(scope="module")
def backed(make_cloud: MakeCloud) -> Cloud:
    """A cloud with servers."""
    cloud = Cloud(make_cloud("test-backed-caches").instance, backed=True)
    cloud.start(quiet)
    return cloud


def create(cloud: Cloud, name: str, **options: Any) -> dict[str, Any]:
    """Create a replication group and return what is told of it once it is available."""
    elasticache = client(cloud, "elasticache")
    usual: dict[str, Any] = {
        "ReplicationGroupDescription": "a test's",
        "Engine": "valkey",
        "CacheNodeType": "cache.t4g.micro",
        "TransitEncryptionEnabled": True,
        "AuthToken": TOKEN,
    }
    elasticache.create_replication_group(ReplicationGroupId=name, **(usual | options))
    waiting = {"Delay": 1, "MaxAttempts": 30}
    elasticache.get_waiter("replication_group_available").wait(ReplicationGroupId=name, WaiterConfig=waiting)
    return described(cloud, name)


def described(cloud: Cloud, name: str) -> dict[str, Any]:
    """Return what is told of a group."""
    (group,) = client(cloud, "elasticache").describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
    return dict(group)


def row(name: str, endpoint: dict[str, Any]) -> Status:
    """Return what the status says of a group that runs."""
    where = f"{endpoint['Address']}:{endpoint['Port']}"
    return Status(f"ElastiCache {name}", where, running=True, healthy=True, detail=REGION)


def set_policy(cloud: Cloud, policy: str) -> None:
    """Change the parameter group's policy."""
    said = [{"ParameterName": "maxmemory-policy", "ParameterValue": policy}]
    client(cloud, "elasticache").modify_cache_parameter_group(CacheParameterGroupName="own", ParameterNameValues=said)


@pytest.fixture(scope="module")
def closed(backed: Cloud) -> dict[str, Any]:
    """A group with TLS, a token and a parameter group of its own."""
    client(backed, "elasticache").create_cache_parameter_group(
        CacheParameterGroupName="own", CacheParameterGroupFamily="valkey8", Description="own"
    )
    set_policy(backed, "allkeys-lfu")
    return create(backed, "closed", CacheParameterGroupName="own")


def test_the_token_opens_it_over_verified_tls_and_nothing_else_does(backed: Cloud, closed: dict[str, Any]) -> None:
    group = closed
    assert valkey(backed, group).set("key", "value")
    with pytest.raises(redis.AuthenticationError):
        valkey(backed, group, "wrong").ping()
    with pytest.raises(redis.AuthenticationError):
        valkey(backed, group, None).ping()
    with pytest.raises(redis.ConnectionError):
        valkey(backed, group, tls=False).ping()
    shard = group["NodeGroups"][0]
    assert shard["ReaderEndpoint"] == shard["PrimaryEndpoint"]
    assert row("closed", shard["PrimaryEndpoint"]) in backed.status()


def test_without_encryption_and_token_it_is_open_as_declared(backed: Cloud) -> None:
    elasticache = client(backed, "elasticache")
    elasticache.create_replication_group(
        ReplicationGroupId="open", ReplicationGroupDescription="open", Engine="redis", Port=6380
    )
    group = described(backed, "open")
    assert group["NodeGroups"][0]["PrimaryEndpoint"]["Port"] == 6380
    assert valkey(backed, group, None, tls=False).ping()
    assert row("open", group["NodeGroups"][0]["PrimaryEndpoint"]) in backed.status()


def test_the_policy_of_the_parameter_group_is_the_servers(backed: Cloud, closed: dict[str, Any]) -> None:
    assert valkey(backed, closed).config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lfu"}
    valkey(backed, closed).set("key", "value")
    set_policy(backed, "noeviction")
    assert valkey(backed, closed).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert valkey(backed, closed).get("key") == b"value"


def test_a_token_is_rotated_and_then_set_and_deletion_ends_the_server(backed: Cloud) -> None:
    group = create(backed, "rotated")
    elasticache = client(backed, "elasticache")
    new = "the-next-token-of-sixteen"

    def change(strategy: str) -> None:
        elasticache.modify_replication_group(
            ReplicationGroupId="rotated", AuthToken=new, AuthTokenUpdateStrategy=strategy, ApplyImmediately=True
        )

    change("ROTATE")
    assert valkey(backed, group, new).ping()
    assert valkey(backed, group).ping()
    change("SET")
    assert valkey(backed, group, new).ping()
    with pytest.raises(redis.AuthenticationError):
        valkey(backed, group).ping()
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]
    elasticache.delete_replication_group(ReplicationGroupId="rotated")
    assert not probe.accepts(endpoint["Address"], endpoint["Port"])
    assert "ElastiCache rotated" not in {row.name for row in backed.status()}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"Engine": "memcached"}, "The sandbox runs no memcached"),
        ({"NumNodeGroups": 2}, "The sandbox runs no cluster mode"),
    ],
)
def test_what_no_server_can_stand_for_is_refused(backed: Cloud, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        create(backed, "refused", **options)


def test_data_survive_a_kill_and_a_stop_which_leaves_no_process(make_cloud: MakeCloud) -> None:
    cloud = Cloud(make_cloud("test-backed-caches-restarts").instance, backed=True)
    cloud.start(quiet)
    group = create(cloud, "kept")
    valkey(cloud, group).set("key", "value")
    kill(cloud)
    cloud.start(quiet)
    assert described(cloud, "kept")["NodeGroups"] == group["NodeGroups"]
    assert valkey(cloud, group).get("key") == b"value"
    cloud.stop()
    assert processes(cloud) == []
    cloud.start(quiet)
    assert valkey(cloud, described(cloud, "kept")).get("key") == b"value"
    cloud.stop()
    assert processes(cloud) == []


def test_valkey_stands_in_for_what_is_older_and_a_newer_version_is_refused(
    backed: Cloud, closed: dict[str, Any]
) -> None:
    told = client(backed, "elasticache").describe_cache_engine_versions(Engine="valkey")["CacheEngineVersions"]
    built = told[0]["EngineVersion"]
    for name, options in {
        "older": {"EngineVersion": "8.1"},
        "redis": {"Engine": "redis", "EngineVersion": "7.1"},
        "unsaid": {},
    }.items():
        group = create(backed, name, **options) if options else closed
        runs = str(valkey(backed, group).info("server")["valkey_version"])
        assert runs.startswith(f"{built}.")
        (node,) = client(backed, "elasticache").describe_cache_clusters(CacheClusterId=group["MemberClusters"][0])[
            "CacheClusters"
        ]
        assert node["EngineVersion"] == options.get("EngineVersion", built)
    assert "stands in for valkey 8.1" in backed.instance.daemon("cloud").log.read_text()
    with pytest.raises(ClientError, match=f"Cannot find version 99.0 for valkey: the sandbox has Valkey {built}"):
        create(backed, "newer", EngineVersion="99.0")
    with pytest.raises(ClientError, match=r"up to 7\.1"):
        create(backed, "new-redis", Engine="redis", EngineVersion="8.0")
