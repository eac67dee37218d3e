"""What AWS's schemas leave out and its API references say is refused in a preview too, with what is allowed."""

from typing import Any

import pytest

from tests.plugins.aws.examples import EXAMPLES
from tests.plugins.aws.world import World

CLUSTER = "aws:eks/cluster:Cluster"
NODES = "aws:eks/nodeGroup:NodeGroup"
DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"


@pytest.mark.parametrize(
    ("token", "wrong", "named", "allowed"),
    [
        (DATABASE, {"instanceClass": "db.t9.huge"}, "instanceClass", "known values, such as db."),
        (DATABASE, {"password": "short"}, "password", "8 characters or more"),
        (DATABASE, {"password": "p@ss/word-long"}, "password", "must match"),
        (DATABASE, {"allocatedStorage": 10}, "allocatedStorage", "must be 20 (GiB) or more"),
        (DATABASE, {"allocatedStorage": "many"}, "allocatedStorage", "a whole number"),
        (DATABASE, {"backupRetentionPeriod": 36}, "backupRetentionPeriod", "35 at most"),
        (DATABASE, {"storageType": "gp9"}, "storageType", "gp2, gp3, io1, io2, standard"),
        (DATABASE, {"port": 80}, "port", "1150 or more"),
        (DATABASE, {"monitoringInterval": 7}, "monitoringInterval", "0, 1, 5, 10, 15, 30, 60"),
        (DATABASE, {"passwrod": "a-password"}, "passwrod", "password"),
        (CACHE, {"nodeType": "cache.t9.huge"}, "nodeType", "known values, such as cache."),
        (CACHE, {"engine": "memcached"}, "engine", "redis, valkey"),
        (CACHE, {"replicationGroupId": "Bad_Name"}, "replicationGroupId", "must match"),
        (CACHE, {"replicationGroupId": "two--hyphens"}, "replicationGroupId", "must match"),
        (CACHE, {"snapshotRetentionLimit": 40}, "snapshotRetentionLimit", "35 at most"),
        (NODES, {"instanceTypes": ["m9.huge"]}, "instanceTypes[0]", "known values, such as"),
        (
            NODES,
            {"scalingConfig": {"minSize": 3, "desiredSize": 2, "maxSize": 4}},
            "scalingConfig",
            "minSize <= desiredSize <= maxSize",
        ),
        (CLUSTER, {"name": "my shop"}, "name", "must match"),
        (VPC, {"cidrBlock": "10.0.0.0/8"}, "cidrBlock", "from /16 to /28"),
        (VPC, {"cidrBlock": "10.0.1.0/16"}, "cidrBlock", "did you mean 10.0.0.0/16?"),
        (SUBNET, {"cidrBlock": "10.9.0.0/30"}, "cidrBlock", "from /16 to /28"),
    ],
)
def test_a_preview_names_the_property_and_what_is_allowed(
    world: World, token: str, wrong: dict[str, Any], named: str, allowed: str
) -> None:
    (example,) = [example for example in EXAMPLES if example.token == token]
    _, failures = world.object(token).check(**{**example.inputs(world), **wrong})
    assert set(failures) == {named}
    assert allowed in failures[named]
