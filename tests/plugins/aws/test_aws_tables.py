"""Tables of the aws plugin: the SDK's inputs judged by AWS's own schemas, from their installed sources."""

import re
from typing import Any

import pytest

from infra.sandbox.plugins.aws import schemas
from infra.sandbox.plugins.aws.sdk import definition
from infra.sandbox.plugins.aws.tables import coverage, table
from infra.sandbox.plugins.checking import check
from infra.sandbox.plugins.properties import Property, Shape, Table
from infra.sandbox.plugins.provider import ProviderError, Resource
from infra.sandbox.plugins.values import UNKNOWN

SUBNET = table("aws:ec2/subnet:Subnet", schema="AWS::EC2::Subnet")
CLUSTER = table(
    "aws:eks/cluster:Cluster",
    schema="AWS::EKS::Cluster",
    names={
        "vpcConfig": "ResourcesVpcConfig",
        "enabledClusterLogTypes": "Logging/ClusterLogging/EnabledTypes/Type",
    },
    automatic={"name": 100},
)
NODE_GROUP = table(
    "aws:eks/nodeGroup:NodeGroup",
    schema="AWS::EKS::Nodegroup",
    names={"nodeRoleArn": "NodeRole", "subnetIds": "Subnets"},
)
DATABASE = table(
    "aws:rds/instance:Instance",
    schema="AWS::RDS::DBInstance",
    names={
        "identifier": "DBInstanceIdentifier",
        "instanceClass": "DBInstanceClass",
        "username": "MasterUsername",
        "password": "MasterUserPassword",
    },
    computed=frozenset({"engineVersion"}),
    secret=frozenset({"password"}),
)
REDIS = table(
    "aws:elasticache/replicationGroup:ReplicationGroup",
    schema="AWS::ElastiCache::ReplicationGroup",
    names={"nodeType": "CacheNodeType", "description": "ReplicationGroupDescription"},
)


def complaints(of: Table, **given: Any) -> dict[str, str]:
    resource = Resource(urn="urn:pulumi:s::p::t:i:T::thing", type="t:i:T", name="thing")
    return {failure.property: failure.reason for failure in check(of, resource, {}, given, b"seed")[1]}


def subnet(**given: Any) -> dict[str, str]:
    return complaints(SUBNET, **{"vpcId": "vpc-0123456789abcdef0", **given})


def test_a_right_subnet_has_no_complaints() -> None:
    assert subnet(cidrBlock="10.0.0.0/24", availabilityZone="us-east-1a", tags={"Name": "a", "team:a": ""}) == {}


def test_what_is_not_known_yet_is_not_judged() -> None:
    assert subnet(vpcId=UNKNOWN, cidrBlock=UNKNOWN, tags=UNKNOWN) == {}


def test_an_unknown_input_is_told_what_is_allowed() -> None:
    reason = subnet(cidr="10.0.0.0/24")["cidr"]
    assert reason == f"is not known; allowed are {', '.join(sorted(definition('aws:ec2/subnet:Subnet').inputs))}"
    assert "cidrBlock" in reason


def test_an_input_of_the_wrong_type_is_told_the_right_one() -> None:
    assert subnet(mapPublicIpOnLaunch="often", enableLniAtDeviceIndex=1.5) == {
        "mapPublicIpOnLaunch": "must be true or false",
        "enableLniAtDeviceIndex": "must be a whole number",
    }


def test_a_missing_input_is_told_what_it_is() -> None:
    assert complaints(SUBNET, cidrBlock="10.0.0.0/24") == {"vpcId": "is required: a string"}


def test_identifiers_must_have_the_form_of_their_kind() -> None:
    assert subnet(vpcId="subnet-0123456789abcdef0")["vpcId"] == "must match ^vpc-([0-9A-Fa-f]{8}|[0-9A-Fa-f]{17})$"
    assert subnet(cidrBlock="10.0.0.0/33").keys() == {"cidrBlock"}
    assert subnet(cidrBlock="10.0.0.256/24").keys() == {"cidrBlock"}


def test_a_value_outside_an_enumeration_is_told_the_values() -> None:
    given = {"roleArn": "arn:aws:iam::123456789012:role/a", "vpcConfig": {"subnetIds": ["subnet-1"]}}
    wrong = complaints(CLUSTER, **given, accessConfig={"authenticationMode": "NONE"})
    assert wrong == {"accessConfig.authenticationMode": "must be one of CONFIG_MAP, API_AND_CONFIG_MAP, API"}
    wrong = complaints(CLUSTER, **given, enabledClusterLogTypes=["api", "noise"])
    assert wrong == {
        "enabledClusterLogTypes[1]": "must be one of api, audit, authenticator, controllerManager, scheduler"
    }


def test_a_number_outside_an_enumeration_is_told_the_numbers() -> None:
    reason = complaints(DATABASE, instanceClass="db.t4g.micro", performanceInsightsRetentionPeriod=8)
    assert reason["performanceInsightsRetentionPeriod"].startswith("must be one of 7, 31, 62, ")


def test_an_unknown_class_is_told_the_nearest_ones() -> None:
    known = schemas.choices("AWS::RDS::DBInstance", "DBInstanceClass", {})
    wrong = complaints(DATABASE, instanceClass="db.t4g.micros")["instanceClass"]
    assert re.fullmatch(rf"must be one of {len(known)} known values, such as db\.t4g\.micro, .*", wrong)
    wrong = complaints(REDIS, description="a", nodeType="cache.t4g.micros")["nodeType"]
    assert "such as cache.t4g.micro" in wrong


def test_classes_and_versions_are_known_by_engine() -> None:
    def allowed(name: str, engine: str) -> tuple[str, ...]:
        return schemas.choices("AWS::RDS::DBInstance", name, {"Engine": engine})

    assert set(allowed("DBInstanceClass", "sqlserver-ex")) < set(allowed("DBInstanceClass", "postgres"))
    assert any(version.startswith("17.") for version in allowed("EngineVersion", "postgres"))
    assert not any(version.startswith("8.0.") for version in allowed("EngineVersion", "postgres"))


def test_a_pattern_is_named_and_holds_to_the_end_of_the_text() -> None:
    pattern = r"^$|^[a-zA-Z]{1}(?:-?[a-zA-Z0-9]){0,62}$"
    for identifier in ("two--hyphens", "1st", "line\n"):
        wrong = complaints(DATABASE, instanceClass="db.t4g.micro", identifier=identifier)
        assert wrong == {"identifier": f"must match {pattern}"}
    assert complaints(DATABASE, instanceClass="db.t4g.micro", identifier="main-1") == {}


def test_a_number_outside_its_range_is_told_the_range() -> None:
    assert complaints(REDIS, description="a", numCacheClusters=7, replicasPerNodeGroup=-1) == {
        "numCacheClusters": "must be a whole number of 1 or more of 6 at most",
        "replicasPerNodeGroup": "must be a whole number of 0 or more of 5 at most",
    }


def test_a_string_outside_its_length_is_told_the_length() -> None:
    taints = [{"effect": "NO_SCHEDULE", "key": "a", "value": "v" * 64}]
    given = {"clusterName": "c", "nodeRoleArn": "r", "subnetIds": []}
    sizes = {"desiredSize": 1, "minSize": 1, "maxSize": 1}
    assert complaints(NODE_GROUP, **given, scalingConfig=sizes, taints=taints) == {
        "taints[0].value": "must be a string of 63 characters at most"
    }


def test_a_list_or_map_that_is_too_long_is_told_its_length() -> None:
    endpoint = table("aws:ec2/vpcEndpoint:VpcEndpoint", schema="AWS::EC2::VPCEndpoint")
    domains = [f"d{index}.example" for index in range(11)]
    wrong = complaints(endpoint, vpcId="vpc-01234567", dnsOptions={"privateDnsSpecifiedDomains": domains})
    assert wrong == {
        "dnsOptions.privateDnsSpecifiedDomains": "must be a list of 1 items or more of 10 items at most whose items "
        "are each a string that is not empty of 255 characters at most"
    }
    wrong = subnet(tags={f"k{index}": "" for index in range(51)})
    assert wrong == {
        "tags": "must be a map of 50 entries at most whose items are each a string of 256 characters at most"
    }


def test_tags_keep_to_the_limits_of_aws() -> None:
    assert subnet(tags={"aws:owner": "me", "k" * 129: "", "size": "v" * 257}) == {
        'tags["aws:owner"]': "has a key that must be a string that is not empty of 128 characters at most that matches "
        "^(?![aA][wW][sS]:)",
        f"tags.{'k' * 129}": "has a key that must be a string that is not empty of 128 characters at most that matches "
        "^(?![aA][wW][sS]:)",
        "tags.size": "must be a string of 256 characters at most",
    }


def test_a_number_may_have_a_fraction() -> None:
    alarm = table("aws:cloudwatch/metricAlarm:MetricAlarm", schema="AWS::CloudWatch::Alarm")
    assert alarm["threshold"].shape is Shape.NUMBER
    given = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1}
    for good in (0.5, 3, "0.5"):
        assert complaints(alarm, **given, threshold=good) == {}
    for bad in ("a lot", True, [1]):
        assert complaints(alarm, **given, threshold=bad) == {"threshold": "must be a number"}


def test_create_only_properties_replace_and_nested_ones_too() -> None:
    assert SUBNET["cidrBlock"].replace
    assert SUBNET["vpcId"].replace
    assert not SUBNET["mapPublicIpOnLaunch"].replace
    network = CLUSTER["kubernetesNetworkConfig"]
    assert not network.replace
    assert network.fields["ipFamily"].replace
    assert not network.fields["elasticLoadBalancing"].replace
    assert CLUSTER["outpostConfig"].fields["outpostArns"].replace


def test_an_entry_can_say_otherwise() -> None:
    changed = table(
        "aws:ec2/subnet:Subnet",
        schema="AWS::EC2::Subnet",
        replace=frozenset({"enableDns64"}),
        in_place=frozenset({"availabilityZone"}),
        unchecked={"cidrBlock": "a test"},
    )
    assert changed["enableDns64"].replace
    assert not changed["availabilityZone"].replace
    assert changed["cidrBlock"].pattern is None


def test_inputs_that_a_program_leaves_out_are_not_its_own_unless_aws_chooses() -> None:
    assert SUBNET["availabilityZone"].shared
    assert not SUBNET["vpcId"].shared
    assert DATABASE["engineVersion"].computed
    assert not DATABASE["engineVersion"].shared
    assert DATABASE["password"].secret
    assert DATABASE["passwordWo"].secret
    assert DATABASE["passwordWo"].write_only
    assert CLUSTER["name"].automatic
    assert CLUSTER["name"].longest == 100
    assert SUBNET["region"] == Property(shape=Shape.STRING, replace=True, shared=True, minimum=1)


def test_a_name_and_its_prefix_exclude_each_other_and_a_prefix_stands_for_an_automatic_name() -> None:
    group = table("aws:cloudwatch/logGroup:LogGroup", schema="AWS::Logs::LogGroup", automatic={"name": 512})
    assert complaints(group, name="a", namePrefix="b") == {
        "name": "cannot be given together with namePrefix",
        "namePrefix": "cannot be given together with name",
    }
    resource = Resource(urn="urn:pulumi:s::p::t:i:T::thing", type="t:i:T", name="thing")
    assert check(group, resource, {}, {}, b"seed")[0]["name"].startswith("thing-")
    assert "name" not in check(group, resource, {}, {"namePrefix": "b"}, b"seed")[0]


def test_what_terraform_writes_otherwise_is_judged_as_it_writes_it() -> None:
    group = table("aws:cloudwatch/logGroup:LogGroup", schema="AWS::Logs::LogGroup")
    assert complaints(group, retentionInDays=0) == {}
    assert complaints(group, retentionInDays=2)["retentionInDays"].startswith("must be one of 0, 1, 3, 5, ")
    template = table(
        "aws:ec2/launchTemplate:LaunchTemplate", schema="AWS::EC2::LaunchTemplate", names={"": "LaunchTemplateData"}
    )
    disks = [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "yes", "deleteOnTermination": "true"}}]
    assert complaints(template, blockDeviceMappings=disks) == {
        "blockDeviceMappings[0].ebs.encrypted": "must be one of true, false"
    }


def test_lists_without_an_order_are_sets() -> None:
    assert NODE_GROUP["subnetIds"].shape is Shape.SET
    assert CLUSTER["vpcConfig"].fields["subnetIds"].shape is Shape.SET
    assert REDIS["preferredCacheClusterAzs"].shape is Shape.LIST


def test_constraints_apply_only_to_the_same_json_type() -> None:
    assert coverage("aws:rds/instance:Instance", schema="AWS::RDS::DBInstance").mismatched == (
        "allocatedStorage",
        "port",
    )
    assert complaints(DATABASE, instanceClass="db.t4g.micro", port=5432, allocatedStorage=20) == {}


def test_types_that_the_sdk_or_aws_lack_are_named() -> None:
    with pytest.raises(ProviderError, match="pulumi_aws has no resource type aws:ec2/moon:Moon"):
        definition("aws:ec2/moon:Moon")
    with pytest.raises(ProviderError, match="AWS has no resource type AWS::EC2::Moon in us-east-1"):
        schemas.schema("AWS::EC2::Moon")
    with pytest.raises(ProviderError, match="there is no region moon-1"):
        schemas.schema("AWS::EC2::Subnet", "moon-1")


def test_a_type_without_a_schema_of_its_own_is_judged_by_shape_alone() -> None:
    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    assert complaints(table(token, schema=""), role="a", policyArn=1) == {"policyArn": "must be a string"}
    assert coverage(token, schema="").share == 0


def test_a_mistake_in_an_entry_is_named() -> None:
    with pytest.raises(ValueError, match="entry for inputs that do not exist: cidr"):
        table("aws:ec2/subnet:Subnet", schema="AWS::EC2::Subnet", names={"cidr": "CidrBlock"})
    with pytest.raises(ValueError, match="has no property Cidr, the name of cidrBlock"):
        table("aws:ec2/subnet:Subnet", schema="AWS::EC2::Subnet", names={"cidrBlock": "Cidr"})


def test_the_sdk_tells_outputs_and_nested_inputs() -> None:
    group = definition("aws:eks/nodeGroup:NodeGroup")
    assert group.outputs == {"arn", "resources", "status", "tagsAll"}
    assert group.inputs["scalingConfig"].required
    assert group.inputs["scalingConfig"].fields["maxSize"] == Property(shape=Shape.INTEGER, required=True)
    bucket = definition("aws:s3/bucket:Bucket")
    assert "accelerationStatus" in bucket.inputs  # deprecated, and an input all the same


def test_coverage_counts_what_no_schema_property_judges() -> None:
    found = coverage(
        "aws:ec2/subnet:Subnet", schema="AWS::EC2::Subnet", unchecked={"customerOwnedIpv4Pool": "Outposts"}
    )
    assert found.share == pytest.approx(15 / 20)
    assert found.missing == (
        "customerOwnedIpv4Pool",
        "enableResourceNameDnsARecordOnLaunch",
        "enableResourceNameDnsAaaaRecordOnLaunch",
        "mapCustomerOwnedIpOnLaunch",
        "privateDnsHostnameTypeOnLaunch",
    )
    assert found.unexplained == found.missing[1:]


def test_names_find_nested_properties_from_the_root() -> None:
    named = coverage(
        "aws:ec2/subnet:Subnet",
        schema="AWS::EC2::Subnet",
        names={"privateDnsHostnameTypeOnLaunch": "PrivateDnsNameOptionsOnLaunch/HostnameType"},
    )
    assert named.share == pytest.approx(16 / 20)
    template = coverage(
        "aws:ec2/launchTemplate:LaunchTemplate", schema="AWS::EC2::LaunchTemplate", names={"": "LaunchTemplateData"}
    )
    assert template.share > 0.5
