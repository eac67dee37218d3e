"""Examples of caches and what they need."""

from typing import Any

from tests.plugins.aws.world import Example, World


def cache_inputs(world: World) -> dict[str, Any]:
    """Return what a program says of a replication group."""
    client = world.client("elasticache")
    subnets, parameters = world.name("group"), world.name("parameters")
    client.create_cache_subnet_group(
        CacheSubnetGroupName=subnets, CacheSubnetGroupDescription="-", SubnetIds=[world.subnet("a"), world.subnet("b")]
    )
    client.create_cache_parameter_group(
        CacheParameterGroupName=parameters, CacheParameterGroupFamily="valkey8", Description="-"
    )
    group = world.client("ec2").create_security_group(GroupName=world.name("group"), Description="-", VpcId=world.vpc)[
        "GroupId"
    ]
    return {
        "replicationGroupId": world.name("cache"),
        "description": "sessions",
        "engine": "valkey",
        "engineVersion": "8.0",
        "nodeType": "cache.t4g.small",
        "numCacheClusters": 2,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "port": 6379,
        "subnetGroupName": subnets,
        "parameterGroupName": parameters,
        "securityGroupIds": [group],
        "atRestEncryptionEnabled": True,
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "authToken": "a token of sixteen or more",
        "snapshotRetentionLimit": 7,
        "tags": {"owner": "shop"},
    }


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:elasticache/subnetGroup:SubnetGroup",
        inputs=lambda world: {"name": world.name("cache"), "subnetIds": [world.subnet("a"), world.subnet("b")]},
        change={"description": "the data tier", "tags": {"owner": "shop"}},
        replacement={"name": "another"},
        drift=lambda world, identity: world.client("elasticache").modify_cache_subnet_group(
            CacheSubnetGroupName=identity, SubnetIds=[world.subnet("a")]
        ),
        drifted=frozenset({"subnetIds"}),
    ),
    Example(
        token="aws:elasticache/parameterGroup:ParameterGroup",
        inputs=lambda world: {
            "name": world.name("parameters"),
            "family": "valkey8",
            "parameters": [
                {"name": "timeout", "value": "60"},
                {"name": "maxmemory-policy", "value": "noeviction"},
            ],
        },
        change={"parameters": [{"name": "maxmemory-policy", "value": "allkeys-lru"}], "tags": {"owner": "shop"}},
        replacement={"family": "valkey7"},
        drift=lambda world, identity: world.client("elasticache").modify_cache_parameter_group(
            CacheParameterGroupName=identity,
            ParameterNameValues=[{"ParameterName": "maxmemory-policy", "ParameterValue": "volatile-ttl"}],
        ),
        drifted=frozenset({"parameters"}),
    ),
    Example(
        token="aws:elasticache/replicationGroup:ReplicationGroup",
        inputs=cache_inputs,
        change={
            "description": "sessions and queues",
            "numCacheClusters": 3,
            "authToken": "another token of sixteen or more",
            "tags": {"owner": "platform"},
        },
        replacement={"port": 6380},
        drift=lambda world, identity: world.client("elasticache").modify_replication_group(
            ReplicationGroupId=identity, SnapshotRetentionLimit=1, ApplyImmediately=True
        ),
        drifted=frozenset({"snapshotRetentionLimit"}),
        unimported=frozenset({"authToken"}),
    ),
)
