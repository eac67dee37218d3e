"""Versions of engines that the sandbox has not built fail in the preview; a cloud that cannot tell takes them all."""

import os
from collections.abc import Iterator

import pytest

from infra.sandbox.addresses import free_block
from infra.sandbox.cloud.service import Cloud
from tests.plugins.aws.world import MODULE, REGION, World
from tests.plugins.client import running
from tests.sandbox.servers.harness import TestInstance

INSTANCE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
CLUSTER = "aws:eks/cluster:Cluster"
DATABASE = {
    "engine": "postgres",
    "instanceClass": "db.t4g.micro",
    "allocatedStorage": 20,
    "username": "tenantry",
    "password": "a test's own",
    "skipFinalSnapshot": True,
}
GROUP = {"description": "sessions", "nodeType": "cache.t4g.small"}
NETWORK = {"roleArn": "arn:aws:iam::123456789012:role/x", "vpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]}}


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The plugin before a cloud that really runs what it can."""
    root = tmp_path_factory.mktemp("versions")
    cloud = Cloud(TestInstance("test-versions", free_block(f"{root}/test-versions", frozenset()), root), backed=True)
    cloud.start(lambda _line: None)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    try:
        with running(MODULE, environment | cloud.environment()) as plugin:
            plugin.configure(region=REGION)
            yield World(plugin, cloud.url)
    finally:
        cloud.stop()


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (
            INSTANCE,
            {**DATABASE, "engineVersion": "17.6"},
            "engineVersion",
            "a version of postgres that this cloud has: 18",
        ),
        (
            INSTANCE,
            {**DATABASE, "engineVersion": "17"},
            "engineVersion",
            "a version of postgres that this cloud has: 18",
        ),
        (
            CACHE,
            {**GROUP, "engine": "valkey", "engineVersion": "99.1"},
            "engineVersion",
            "of valkey that this cloud has",
        ),
        (CACHE, {**GROUP, "engine": "redis", "engineVersion": "8.0"}, "engineVersion", "this cloud has: up to 7.1"),
        (CLUSTER, {**NETWORK, "version": "1.29"}, "version", "a version that this cloud has: 1.34"),
    ],
)
def test_a_version_that_is_not_built_fails_in_the_preview_with_what_there_is(
    backed: World, token: str, given: dict[str, object], property_: str, allowed: str
) -> None:
    _, failures = backed.object(token).check(**given)
    assert allowed in failures[property_]


@pytest.mark.parametrize(
    ("token", "given"),
    [
        (INSTANCE, {**DATABASE, "engineVersion": "18"}),
        (INSTANCE, {**DATABASE, "engineVersion": "18.1"}),
        (INSTANCE, DATABASE),
        (CACHE, {**GROUP, "engine": "valkey", "engineVersion": "8.1"}),
        (CACHE, {**GROUP, "engine": "redis", "engineVersion": "7.1"}),
        (CLUSTER, {**NETWORK, "version": "1.34"}),
    ],
)
def test_what_is_built_passes(backed: World, token: str, given: dict[str, object]) -> None:
    _, failures = backed.object(token).check(**given)
    assert failures == {}


def test_a_cloud_without_servers_takes_every_version(world: World) -> None:
    _, failures = world.object(INSTANCE).check(**DATABASE, engineVersion="17.6")
    assert failures == {}
    _, failures = world.object(CACHE).check(**GROUP, engine="valkey", engineVersion="99.1")
    assert failures == {}
    _, failures = world.object(CLUSTER).check(**NETWORK, version="1.29")
    assert failures == {}


def test_a_minor_version_of_the_built_one_is_no_drift(backed: World) -> None:
    database = backed.object(INSTANCE).create(**DATABASE, engineVersion="18.1")
    assert database.outputs["engineVersionActual"] == "18.1"
    assert database.refresh() == set()
    assert database.changes(**DATABASE, engineVersion="18.1") == {}
    database.delete()
