"""What the cloud has beside moto belongs to one region; that it outlives a restart is in test_aws_restarts."""

from tests.plugins.aws.world import World


def test_additions_belong_to_one_region(world: World) -> None:
    name = world.name("parameters")
    world.client("elasticache").create_cache_parameter_group(
        CacheParameterGroupName=name, CacheParameterGroupFamily="valkey8", Description="-"
    )
    away = world.boto3(world.endpoint, "elasticache", "us-east-1")
    found = away.describe_cache_parameter_groups()["CacheParameterGroups"]
    assert name not in {group["CacheParameterGroupName"] for group in found}
