"""What databases, caches and clusters use stays, and what they name exists."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.plugins.aws.world import World
from tests.plugins.client import Object, Refused

GROUP = "aws:ec2/securityGroup:SecurityGroup"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
SUBNET = "aws:ec2/subnet:Subnet"
NO_GROUP = "sg-0123456789abcdef0"
NO_KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-1111-1111-111111111111"


def database(world: World, group: str, subnets: list[str]) -> Callable[[], Any]:
    """Make a database, and return what deletes it."""
    rds, name = world.client("rds"), world.name("database")
    rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="d", SubnetIds=subnets)
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="owner",
        ManageMasterUserPassword=True,
        DBSubnetGroupName=name,
        VpcSecurityGroupIds=[group],
    )
    return lambda: rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


def cache(world: World, group: str, subnets: list[str]) -> Callable[[], Any]:
    """Make a cache, and return what deletes it."""
    elasticache, name = world.client("elasticache"), world.name("cache")
    elasticache.create_cache_subnet_group(CacheSubnetGroupName=name, CacheSubnetGroupDescription="d", SubnetIds=subnets)
    elasticache.create_replication_group(
        ReplicationGroupId=name,
        ReplicationGroupDescription="d",
        Engine="valkey",
        CacheNodeType="cache.t4g.micro",
        CacheSubnetGroupName=name,
        SecurityGroupIds=[group],
    )
    return lambda: elasticache.delete_replication_group(ReplicationGroupId=name)


def cluster(world: World, group: str, subnets: list[str]) -> Callable[[], Any]:
    """Make a cluster, and return what deletes it."""
    eks, name = world.client("eks"), world.name("cluster")
    network = {"subnetIds": subnets, "securityGroupIds": [group]}
    eks.create_cluster(name=name, roleArn=world.role, resourcesVpcConfig=network)
    return lambda: eks.delete_cluster(name=name)


def two_subnets(world: World) -> list[Object]:
    """Create subnets of the shared VPC in two zones."""
    number = int(world.name("block").rpartition("-")[2]) % 100
    return [
        world.object(SUBNET).create(
            vpcId=world.vpc,
            cidrBlock=f"10.9.{128 + number}.{16 * index}/28",
            availabilityZone=f"{world.region}{zone}",
        )
        for index, zone in enumerate("ab")
    ]


@pytest.mark.parametrize("make", [database, cache, cluster])
def test_a_security_group_and_a_subnet_in_use_are_not_deleted(
    world: World, make: Callable[[World, str, list[str]], Callable[[], Any]]
) -> None:
    group, subnets = world.object(GROUP).create(vpcId=world.vpc), two_subnets(world)
    end = make(world, group.id, [subnet.id for subnet in subnets])
    with pytest.raises(Refused, match=f"DependencyViolation: resource {group.id} .*{make.__name__}-"):
        group.delete()
    with pytest.raises(Refused, match=f"DependencyViolation: The subnet '{subnets[0].id}' .*{make.__name__}-"):
        subnets[0].delete()
    assert group.refresh() == set()
    end()
    for thing in (group, *subnets):
        thing.delete()
        assert thing.refresh() == {"gone"}


def test_the_security_group_that_eks_made_stays_as_long_as_its_cluster(world: World) -> None:
    eks, name = world.client("eks"), world.name("cluster")
    subnets = [world.subnet("a"), world.subnet("b")]
    made = eks.create_cluster(name=name, roleArn=world.role, resourcesVpcConfig={"subnetIds": subnets})["cluster"]
    group = made["resourcesVpcConfig"]["clusterSecurityGroupId"]
    with pytest.raises(ClientError, match="DependencyViolation"):
        world.client("ec2").delete_security_group(GroupId=group)
    eks.delete_cluster(name=name)
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        world.client("ec2").describe_security_groups(GroupIds=[group])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"vpcSecurityGroupIds": [NO_GROUP]}, f"InvalidParameterValue: Invalid security group, groupId= {NO_GROUP}"),
        ({"kmsKeyId": NO_KEY, "storageEncrypted": True}, "KMSKeyNotAccessibleFault"),
    ],
)
def test_a_database_names_nothing_that_does_not_exist(world: World, wrong: dict[str, Any], code: str) -> None:
    inputs = {
        "engine": "postgres",
        "instanceClass": "db.t4g.micro",
        "allocatedStorage": 20,
        "username": "owner",
        "password": "a-password",
        "skipFinalSnapshot": True,
    }
    with pytest.raises(Refused, match=code):
        world.object("aws:rds/instance:Instance").create(**inputs, **wrong)


def test_a_security_group_is_not_made_in_a_vpc_that_does_not_exist(world: World) -> None:
    with pytest.raises(Refused, match=r"InvalidVpcID\.NotFound.*vpc-0123456789abcdef0"):
        world.object(GROUP).create(vpcId="vpc-0123456789abcdef0")


def test_the_security_group_and_the_subnet_of_an_endpoint_are_not_deleted(world: World) -> None:
    group, subnets = world.object(GROUP).create(vpcId=world.vpc), two_subnets(world)
    endpoint = world.object(ENDPOINT).create(
        vpcId=world.vpc,
        serviceName=f"com.amazonaws.{world.region}.sts",
        vpcEndpointType="Interface",
        subnetIds=[subnets[0].id],
        securityGroupIds=[group.id],
    )
    with pytest.raises(Refused, match=f"DependencyViolation.*VPC endpoint {endpoint.id}"):
        group.delete()
    with pytest.raises(Refused, match="DependencyViolation"):
        subnets[0].delete()
    for thing in (endpoint, group, *subnets):
        thing.delete()
        assert thing.refresh() == {"gone"}


def test_a_route_table_leads_to_one_gateway_endpoint_of_a_service(world: World) -> None:
    table = world.client("ec2").create_route_table(VpcId=world.vpc)["RouteTable"]["RouteTableId"]
    inputs = {"vpcId": world.vpc, "serviceName": f"com.amazonaws.{world.region}.s3", "routeTableIds": [table]}
    first = world.object(ENDPOINT).create(**inputs)
    with pytest.raises(Refused, match=f"RouteAlreadyExists.*{table}.*{first.id}"):
        world.object(ENDPOINT).create(**inputs)
    first.delete()
    second = world.object(ENDPOINT).create(**inputs)
    second.delete()
    assert second.refresh() == {"gone"}
