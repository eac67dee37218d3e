"""Replication groups and what they need: what is refused and when, and what is secret."""

from typing import Any
from unittest.mock import MagicMock

import pytest

from infra.sandbox.plugins.aws.kinds import KINDS
from infra.sandbox.plugins.values import Secret
from tests.plugins.aws.examples.elasticache import cache_inputs
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
SUBNETS = "aws:elasticache/subnetGroup:SubnetGroup"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"

_SMALL = {"description": "sessions", "engine": "valkey", "engineVersion": "8.0", "nodeType": "cache.t4g.small"}


@pytest.mark.parametrize(
    ("given", "property_", "allowed"),
    [
        ({"nodeType": "cache.t4g.huge"}, "nodeType", "cache.t4g."),
        ({"authToken": "too short", "transitEncryptionEnabled": True}, "authToken", "16 characters or more"),
        ({"authToken": "a token of sixteen or more"}, "authToken", "needs transitEncryptionEnabled"),
        ({"kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/1"}, "kmsKeyId", "needs atRestEncryptionEnabled"),
        ({"numCacheClusters": 1, "automaticFailoverEnabled": True}, "numCacheClusters", "2 or more"),
        ({"multiAzEnabled": True}, "multiAzEnabled", "needs automaticFailoverEnabled"),
        ({"transitEncryption": True}, "transitEncryption", "transitEncryptionEnabled"),
    ],
)
def test_wrong_input_fails_in_the_preview(world: World, given: dict[str, Any], property_: str, allowed: str) -> None:
    _, failures = world.object(GROUP).check(**{**_SMALL, **given})
    assert allowed in failures[property_]
    assert "too short" not in str(failures)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"subnetGroupName": "nowhere"}, "CacheSubnetGroupNotFoundFault"),
        ({"parameterGroupName": "nothing"}, "CacheParameterGroupNotFound"),
        ({"securityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidParameterValue"),
    ],
)
def test_what_a_group_stands_on_must_exist(world: World, given: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        world.object(GROUP).create(**{**_SMALL, **given})


def test_a_subnet_of_a_subnet_group_must_exist(world: World) -> None:
    with pytest.raises(Refused, match="InvalidSubnet"):
        world.object(SUBNETS).create(subnetIds=["subnet-0123456789abcdef0"])


def test_a_name_is_given_once(world: World) -> None:
    name = world.object(GROUP).create(**_SMALL).id
    with pytest.raises(Refused, match="ReplicationGroupAlreadyExists"):
        world.object(GROUP).create(**_SMALL, replicationGroupId=name)


def test_what_a_group_uses_cannot_be_deleted(world: World) -> None:
    subnets = world.object(SUBNETS).create(subnetIds=[world.subnet()])
    parameters = world.object(PARAMETERS).create(family="valkey8")
    group = world.object(GROUP).create(**_SMALL, subnetGroupName=subnets.id, parameterGroupName=parameters.id)
    with pytest.raises(Refused, match="CacheSubnetGroupInUse"):
        subnets.delete()
    with pytest.raises(Refused, match="InvalidCacheParameterGroupState"):
        parameters.delete()
    group.delete()
    subnets.delete()
    parameters.delete()
    assert subnets.refresh() == parameters.refresh() == {"gone"}


def test_a_token_is_secret_and_endpoints_are_told(world: World) -> None:
    group = world.object(GROUP).create(**cache_inputs(world))
    assert isinstance(group.outputs["authToken"], Secret)
    assert group.outputs["primaryEndpointAddress"] != group.outputs["readerEndpointAddress"]
    assert group.outputs["port"] == 6379
    assert len(group.outputs["memberClusters"]) == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"authToken": "one"}, {"authToken": "two"}, [("two", "ROTATE")]),
        ({"authToken": "one"}, {"authToken": "two", "authTokenUpdateStrategy": "SET"}, [("two", "SET")]),
        (
            {"authToken": "two", "authTokenUpdateStrategy": "ROTATE"},
            {"authToken": "two", "authTokenUpdateStrategy": "SET"},
            [("two", "SET")],
        ),
        ({"authToken": "two"}, {"authToken": "two", "authTokenUpdateStrategy": "ROTATE"}, []),
    ],
)
def test_a_token_is_rotated_and_the_one_before_retired_without_another(
    old: dict[str, Any], new: dict[str, Any], said: list[tuple[str, str]]
) -> None:
    client = MagicMock()
    cloud = MagicMock(client=MagicMock(return_value=client))
    usual = {"description": "a cache", "numCacheClusters": 1}
    KINDS[GROUP].update(cloud, "eu-west-1", "cache", {**usual, **old}, {**usual, **new})
    calls = [call.kwargs for call in client.modify_replication_group.call_args_list]
    assert [(one["AuthToken"], one["AuthTokenUpdateStrategy"]) for one in calls if "AuthToken" in one] == said


def test_a_group_leaves_its_last_snapshot(world: World) -> None:
    last = world.name("last")
    group = world.object(GROUP).create(**_SMALL, finalSnapshotIdentifier=last)
    group.delete()
    found = world.client("elasticache").describe_snapshots(SnapshotName=last)["Snapshots"]
    assert [snapshot["SnapshotName"] for snapshot in found] == [last]
