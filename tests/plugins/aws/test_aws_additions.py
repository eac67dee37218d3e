"""What the cloud has beside moto: it is still there after a restart, and belongs to one region."""

from collections.abc import Callable
from typing import Any

from infra.sandbox.cloud.service import Cloud
from tests.plugins.aws.examples.eks import cluster
from tests.plugins.aws.examples.rds import instance
from tests.plugins.aws.world import World


def _told(world: World, name: str) -> dict[str, Any]:
    eks, caches, rds = (world.client(service) for service in ("eks", "elasticache", "rds"))
    told = {
        "cluster": eks.describe_cluster(name=name)["cluster"],
        "addon": eks.describe_addon(clusterName=name, addonName="coredns")["addon"],
        "entries": eks.list_access_entries(clusterName=name)["accessEntries"],
        "parameters": caches.describe_cache_parameters(CacheParameterGroupName="kept")["Parameters"],
        "instances": [each["DbiResourceId"] for each in rds.describe_db_instances()["DBInstances"]],
    }
    return {key: value for key, value in told.items() if key != "ResponseMetadata"}


def test_additions_survive_a_restart_of_the_cloud(world: World, new_cloud: Callable[[], Cloud]) -> None:
    cloud = new_cloud()
    alone = World(world.plugin, cloud.url)  # its plugin asks another cloud, and is not asked
    name = cluster(alone)
    alone.client("eks").create_addon(clusterName=name, addonName="coredns", tags={"owner": "shop"})
    alone.client("eks").create_access_entry(clusterName=name, principalArn=alone.role)
    caches = alone.client("elasticache")
    caches.create_cache_parameter_group(
        CacheParameterGroupName="kept", CacheParameterGroupFamily="valkey8", Description="-"
    )
    said = [{"ParameterName": "timeout", "ParameterValue": "60"}]
    caches.modify_cache_parameter_group(CacheParameterGroupName="kept", ParameterNameValues=said)
    instance(alone)
    instance(alone)
    before = _told(alone, name)
    assert len(set(before["instances"])) == 2
    assert before["addon"]["tags"] == {"owner": "shop"}
    assert before["entries"] == [alone.role]
    cloud.stop()
    cloud.start(lambda _line: None)
    assert _told(alone, name) == before


def test_additions_belong_to_one_region(world: World) -> None:
    name = world.name("parameters")
    world.client("elasticache").create_cache_parameter_group(
        CacheParameterGroupName=name, CacheParameterGroupFamily="valkey8", Description="-"
    )
    away = world.boto3(world.endpoint, "elasticache", "us-east-1")
    found = away.describe_cache_parameter_groups()["CacheParameterGroups"]
    assert name not in {group["CacheParameterGroupName"] for group in found}
