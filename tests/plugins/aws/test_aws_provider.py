"""What all types have in common: settings, tags, regions, functions, and answers to what is unknown."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from infra.sandbox.plugins.values import UNKNOWN, decode_properties, encode_properties
from tests.plugins.aws.world import ACCOUNT, CREDENTIALS, MODULE, REGION, World
from tests.plugins.client import Object, Plugin, Refused, running

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"


@contextmanager
def configured(world: World, **settings: Any) -> Iterator[World]:
    """Run a plugin with other settings in the same cloud."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with running(MODULE, environment | CREDENTIALS | {"AWS_ENDPOINT_URL": world.endpoint}) as plugin:
        plugin.configure(**settings)
        yield World(plugin, world.endpoint, settings.get("region", REGION))


def invoke(plugin: Plugin, token: str, **arguments: Any) -> dict[str, Any]:
    request = provider_pb2.InvokeRequest(tok=token, args=encode_properties(arguments))
    return decode_properties(getattr(plugin.call("Invoke", request), "return"))


def test_an_unknown_type_is_named_with_the_place_for_it(world: World) -> None:
    with pytest.raises(
        Refused, match=r"no resource type aws:lambda/function:Function; add an entry .* infra/sandbox/plugins/aws/kinds"
    ):
        Object(world.plugin, "aws:lambda/function:Function", "f").check()


def test_a_provider_without_a_region_says_how_to_give_one(world: World) -> None:
    with pytest.raises(Refused, match="no region is set: give the provider one"), configured(world):
        pass


def test_an_unknown_setting_is_refused(world: World) -> None:
    (reason,) = world.plugin.check_config(region=REGION, regoin="x").values()
    assert "is not a setting that the offline aws plugin takes" in reason


def test_another_account_than_allowed_is_refused(world: World) -> None:
    wrong = json.dumps(["999999999999"])
    with (
        pytest.raises(Refused, match=f"AWS account ID not allowed: {ACCOUNT}"),
        configured(world, region=REGION, allowedAccountIds=wrong),
    ):
        pass
    with configured(world, region=REGION, allowedAccountIds=json.dumps([ACCOUNT])) as allowed:
        assert invoke(allowed.plugin, "aws:index/getRegion:getRegion")["name"] == REGION


def test_a_forbidden_account_is_refused(world: World) -> None:
    with (
        pytest.raises(Refused, match=f"AWS account ID not allowed: {ACCOUNT}"),
        configured(world, region=REGION, forbiddenAccountIds=json.dumps([ACCOUNT])),
    ):
        pass
    with configured(world, region=REGION, forbiddenAccountIds=json.dumps(["999999999999"])) as allowed:
        assert invoke(allowed.plugin, "aws:index/getRegion:getRegion")["name"] == REGION


def test_default_tags_are_on_everything_and_a_change_of_them_is_an_update(world: World) -> None:
    inputs = {"cidrBlock": "10.50.0.0/16", "tags": {"owner": "shop"}}
    with configured(world, region=REGION, defaultTags=json.dumps({"tags": {"cell": "one"}})) as tagged:
        vpc = tagged.object(VPC, "tagged").create(**inputs)
        assert vpc.outputs["tags"] == {"owner": "shop"}
        assert vpc.outputs["tagsAll"] == {"owner": "shop", "cell": "one"}
        assert vpc.refresh() == set()
        assert vpc.changes(**inputs) == {}
    with configured(world, region=REGION, defaultTags=json.dumps({"tags": {"cell": "two"}})) as tagged:
        moved = Object(tagged.plugin, VPC, "tagged", vpc.id, vpc.inputs, vpc.outputs)
        assert moved.changes(**inputs) == {"tagsAll": "UPDATE"}
        moved.update(**inputs)
        assert {
            tag["Key"]: tag["Value"] for tag in tagged.client("ec2").describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]["Tags"]
        } == {
            "owner": "shop",
            "cell": "two",
        }
        moved.delete()


def test_tags_that_others_set_can_be_ignored(world: World) -> None:
    with configured(world, region=REGION, ignoreTags=json.dumps({"keyPrefixes": ["kubernetes.io/"]})) as ignoring:
        vpc = ignoring.object(VPC).create(cidrBlock="10.51.0.0/16")
        ignoring.client("ec2").create_tags(Resources=[vpc.id], Tags=[{"Key": "kubernetes.io/cluster/x", "Value": "1"}])
        assert vpc.refresh() == set()
        vpc.delete()


def test_a_resource_may_live_in_another_region_than_its_provider(world: World) -> None:
    inputs = {"cidrBlock": "10.52.0.0/16", "region": "us-west-2"}
    vpc = world.object(VPC).create(**inputs)
    assert vpc.outputs["region"] == "us-west-2"
    elsewhere = World(world.plugin, world.endpoint, "us-west-2").client("ec2")
    assert elsewhere.describe_vpcs(VpcIds=[vpc.id])["Vpcs"]
    assert vpc.refresh() == set()
    assert vpc.changes(**inputs) == {}
    assert vpc.diff(cidrBlock="10.52.0.0/16", region="us-east-1").replaces == ["region"]
    vpc.delete()
    assert not elsewhere.describe_vpcs(Filters=[{"Name": "vpc-id", "Values": [vpc.id]}])["Vpcs"]


def test_another_region_of_the_provider_replaces(world: World) -> None:
    vpc = world.object(VPC, "moved").create(cidrBlock="10.53.0.0/16")
    with configured(world, region="us-east-1") as elsewhere:
        moved = Object(elsewhere.plugin, VPC, "moved", vpc.id, vpc.inputs, vpc.outputs)
        assert moved.diff(cidrBlock="10.53.0.0/16").replaces == ["region"]
    vpc.delete()


def test_what_is_not_known_yet_passes_a_preview_and_is_unknown_in_its_outputs(world: World) -> None:
    outputs = world.object(SUBNET).preview(vpcId=UNKNOWN, cidrBlock="10.54.0.0/24")
    assert outputs["vpcId"] is UNKNOWN
    assert outputs["arn"] is UNKNOWN
    assert outputs["cidrBlock"] == "10.54.0.0/24"


def test_a_refusal_of_aws_comes_with_its_own_code_and_the_resources_name(world: World) -> None:
    with pytest.raises(
        Refused, match=r"creating EC2 Subnet lost: InvalidVpcID.NotFound: .*vpc-00000000.* \(CreateSubnet\)"
    ):
        world.object(SUBNET, "lost").create(vpcId="vpc-00000000", cidrBlock="10.55.0.0/24")


def test_the_caller_the_partition_and_the_zones_are_told(world: World) -> None:
    assert invoke(world.plugin, "aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == ACCOUNT
    assert invoke(world.plugin, "aws:index/getPartition:getPartition")["partition"] == "aws"
    zones = invoke(world.plugin, "aws:index/getAvailabilityZones:getAvailabilityZones", state="available")
    assert zones["names"] == [f"{REGION}{letter}" for letter in "abc"]
    without = invoke(world.plugin, "aws:index/getAvailabilityZones:getAvailabilityZones", excludeNames=[f"{REGION}a"])
    assert without["names"] == [f"{REGION}{letter}" for letter in "bc"]


def test_an_unknown_function_is_named_with_the_file_for_it(world: World) -> None:
    with pytest.raises(
        Refused, match=r"no function aws:ec2/getAmi:getAmi; add it to infra/sandbox/plugins/aws/functions.py"
    ):
        invoke(world.plugin, "aws:ec2/getAmi:getAmi")


def test_a_policy_document_is_written_as_the_official_function_writes_it(world: World) -> None:
    written = invoke(
        world.plugin,
        "aws:iam/getPolicyDocument:getPolicyDocument",
        statements=[
            {
                "sid": "Assume",
                "actions": ["sts:AssumeRole", "sts:TagSession"],
                "principals": [{"type": "Service", "identifiers": ["pods.eks.amazonaws.com"]}],
                "conditions": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": [ACCOUNT]}],
            }
        ],
    )
    assert json.loads(written["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Assume",
                "Effect": "Allow",
                "Action": ["sts:TagSession", "sts:AssumeRole"],
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            }
        ],
    }
    assert json.loads(written["minifiedJson"]) == json.loads(written["json"])


def test_statements_of_an_override_take_the_place_of_those_with_their_sid(world: World) -> None:
    def document(effect: str) -> str:
        return json.dumps({"Statement": [{"Sid": "One", "Effect": effect, "Action": "s3:*", "Resource": "*"}]})

    written = invoke(
        world.plugin,
        "aws:iam/getPolicyDocument:getPolicyDocument",
        sourcePolicyDocuments=[document("Allow")],
        overridePolicyDocuments=[document("Deny")],
    )
    assert [found["Effect"] for found in json.loads(written["json"])["Statement"]] == ["Deny"]
