"""Security groups and their rules: what is refused, what AWS adds by itself, and what means the same."""

from typing import Any

import pytest

from infra.sandbox.plugins.values import reveal
from tests.plugins.aws.examples.security_groups import group
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"

NO_GROUP = "sg-0123456789abcdef0"
ALL = {"protocol": "-1", "fromPort": 0, "toPort": 0}
HTTPS = {"protocol": "tcp", "fromPort": 443, "toPort": 443}
TCP = {"securityGroupId": NO_GROUP, "ipProtocol": "tcp"}


@pytest.mark.parametrize(
    ("rule", "named", "allowed"),
    [
        ({**HTTPS, "protocol": "tpc", "self": True}, "ingress[0].protocol", "must be tcp, udp, icmp, icmpv6, -1 or"),
        ({**HTTPS, "protocol": "300", "self": True}, "ingress[0].protocol", "a protocol number from 0 to 255"),
        ({**HTTPS, "toPort": 70000, "self": True}, "ingress[0].toPort", "must be from 0 to 65535 for tcp"),
        ({**HTTPS, "fromPort": -1, "self": True}, "ingress[0].fromPort", "must be from 0 to 65535 for tcp"),
        ({**HTTPS, "toPort": 80, "self": True}, "ingress[0].toPort", "must not be below fromPort"),
        (
            {"protocol": "icmp", "fromPort": 300, "toPort": 0, "self": True},
            "ingress[0].fromPort",
            "must be from -1 to 255 for icmp",
        ),
        ({**ALL, "toPort": 65535, "self": True}, "ingress[0].fromPort", "must both be 0 for protocol -1"),
        ({**HTTPS, "cidrBlocks": ["10.0.0.0"]}, "ingress[0].cidrBlocks[0]", "an IPv4 CIDR block"),
        ({**HTTPS, "cidrBlocks": ["10.0.0.1/16"]}, "ingress[0].cidrBlocks[0]", "did you mean 10.0.0.0/16?"),
        ({**HTTPS, "ipv6CidrBlocks": ["10.0.0.0/16"]}, "ingress[0].ipv6CidrBlocks[0]", "an IPv6 CIDR block"),
        ({**HTTPS, "self": True, "description": "the shop's"}, "ingress[0].description", "letters, digits"),
        (HTTPS, "ingress[0]", "needs at least one of cidrBlocks"),
    ],
)
def test_a_wrong_rule_of_a_group_fails_in_the_preview(
    world: World, rule: dict[str, Any], named: str, allowed: str
) -> None:
    _, failures = world.object(GROUP).check(vpcId=world.vpc, ingress=[rule])
    assert set(failures) == {named}
    assert allowed in failures[named]


@pytest.mark.parametrize(
    ("inputs", "named", "allowed"),
    [
        ({**TCP, "cidrIpv4": "0.0.0.0/0"}, "fromPort", "is required for tcp and udp"),
        ({**TCP, "fromPort": 1, "toPort": 70000, "cidrIpv4": "0.0.0.0/0"}, "toPort", "from 0 to 65535"),
        ({**TCP, "fromPort": 1, "toPort": 2}, "cidrIpv4", "exactly one of cidrIpv4, cidrIpv6, prefixListId"),
        ({**TCP, "fromPort": 1, "toPort": 2, "cidrIpv4": "10.0.0.0/33"}, "cidrIpv4", "must match"),
        ({**TCP, "ipProtocol": "https", "cidrIpv4": "0.0.0.0/0"}, "ipProtocol", "must be tcp, udp"),
    ],
)
def test_a_wrong_rule_of_its_own_fails_in_the_preview(
    world: World, inputs: dict[str, Any], named: str, allowed: str
) -> None:
    for token in (INGRESS, EGRESS):
        _, failures = world.object(token).check(**inputs)
        assert named in failures
        assert allowed in failures[named]


@pytest.mark.parametrize(
    ("inputs", "named", "allowed"),
    [
        ({"name": "sg-shop"}, "name", "cannot begin with sg-"),
        ({"description": ""}, "description", "must not be empty"),
        ({"name": "shop", "namePrefix": "shop-"}, "name", "cannot be given together with namePrefix"),
    ],
)
def test_a_wrong_group_fails_in_the_preview(world: World, inputs: dict[str, Any], named: str, allowed: str) -> None:
    _, failures = world.object(GROUP).check(vpcId=world.vpc, **inputs)
    assert named in failures
    assert allowed in failures[named]


def test_a_new_group_lets_nothing_out_that_the_program_does_not_say(world: World) -> None:
    made = world.object(GROUP).create(vpcId=world.vpc)
    found = world.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"][0]
    assert found["IpPermissionsEgress"] == []
    assert found["Description"] == "Managed by Pulumi"
    assert found["GroupName"].startswith(made.name)
    made.delete()


def test_a_new_group_of_a_network_with_ipv6_lets_nothing_out_either(world: World) -> None:
    client = world.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.83.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    made = world.object(GROUP).create(vpcId=vpc)
    assert client.describe_security_groups(GroupIds=[made.id])["SecurityGroups"][0]["IpPermissionsEgress"] == []


def test_what_is_let_out_stays_through_another_change(world: World) -> None:
    everywhere = [{**ALL, "cidrBlocks": ["0.0.0.0/0"]}]
    made = world.object(GROUP).create(vpcId=world.vpc, egress=everywhere)
    made.update(vpcId=world.vpc, egress=everywhere, ingress=[{**HTTPS, "self": True}])
    found = world.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"][0]
    assert [rule["IpProtocol"] for rule in found["IpPermissionsEgress"]] == ["-1"]
    assert found["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == made.id
    made.update(vpcId=world.vpc, egress=[], ingress=[])
    found = world.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"][0]
    assert (found["IpPermissions"], found["IpPermissionsEgress"]) == ([], [])
    made.delete()


def test_rules_that_a_program_no_longer_states_stay(world: World) -> None:
    made = world.object(GROUP).create(vpcId=world.vpc, ingress=[{**HTTPS, "self": True}], revokeRulesOnDelete=True)
    made.update(vpcId=world.vpc, tags={"owner": "shop"})
    found = world.client("ec2").describe_security_groups(GroupIds=[made.id])["SecurityGroups"][0]
    assert [rule["FromPort"] for rule in found["IpPermissions"]] == [443]
    made.delete()
    assert made.refresh() == {"gone"}


def test_rules_that_mean_the_same_are_no_change_in_any_order_and_grouping(world: World) -> None:
    apart = [
        {**HTTPS, "cidrBlocks": ["10.1.0.0/16"]},
        {**HTTPS, "cidrBlocks": ["10.2.0.0/16"]},
        {**HTTPS, "self": True},
    ]
    made = world.object(GROUP).create(vpcId=world.vpc, ingress=apart)
    assert made.refresh() == set()
    assert made.changes(vpcId=world.vpc, ingress=apart[::-1]) == {}
    taken = world.object(GROUP).take(made.id)
    assert reveal(taken.inputs)["ingress"] == [
        {**HTTPS, "cidrBlocks": ["10.1.0.0/16", "10.2.0.0/16"], "self": True},
    ]
    made.delete()


def test_rules_of_their_own_are_no_drift_of_a_group_that_states_none(world: World) -> None:
    made = world.object(GROUP).create(vpcId=world.vpc)
    rule = world.object(INGRESS).create(
        securityGroupId=made.id, ipProtocol="tcp", fromPort=443, toPort=443, referencedSecurityGroupId=group(world)
    )
    made.refresh()
    assert made.changes(vpcId=world.vpc) == {}
    made.update(vpcId=world.vpc, tags={"owner": "shop"})
    assert rule.refresh() == set()
    assert rule.outputs["arn"].endswith(f":security-group-rule/{rule.id}")
    rule.delete()
    assert rule.refresh() == {"gone"}


def test_a_rule_for_everything_needs_no_ports(world: World) -> None:
    rule = world.object(EGRESS).create(securityGroupId=group(world), ipProtocol="-1", cidrIpv6="::/0")
    assert rule.refresh() == set()
    assert rule.changes(securityGroupId=rule.outputs["securityGroupId"], ipProtocol="-1", cidrIpv6="::/0") == {}
    assert rule.diff(
        securityGroupId=rule.outputs["securityGroupId"], ipProtocol="-1", cidrIpv6="2001:db8::/32"
    ).replaces


def test_a_second_rule_like_the_first_is_refused(world: World) -> None:
    inputs = {
        "securityGroupId": group(world),
        "ipProtocol": "tcp",
        "fromPort": 1,
        "toPort": 2,
        "cidrIpv4": "10.0.0.0/8",
    }
    world.object(INGRESS).create(**inputs)
    with pytest.raises(Refused, match=r"InvalidPermission\.Duplicate"):
        world.object(INGRESS).create(**inputs)


@pytest.mark.parametrize("inputs", [{"securityGroupId": NO_GROUP}, {"referencedSecurityGroupId": NO_GROUP}])
def test_a_rule_of_or_for_no_group_is_refused(world: World, inputs: dict[str, Any]) -> None:
    both = {"securityGroupId": "", "referencedSecurityGroupId": "", **inputs}
    filled = {name: value or group(world) for name, value in both.items()}
    with pytest.raises(Refused, match=r"InvalidGroup\.NotFound"):
        world.object(INGRESS).create(ipProtocol="tcp", fromPort=1, toPort=2, **filled)


@pytest.mark.parametrize(
    ("inputs", "named", "allowed"),
    [
        ({"type": "inward", "cidrBlocks": ["10.0.0.0/8"]}, "type", "must be one of ingress, egress"),
        ({"type": "ingress", "cidrBlocks": ["10.0.0.0/99"]}, "cidrBlocks[0]", "an IPv4 CIDR block"),
        ({"type": "ingress", "toPort": 1, "cidrBlocks": ["10.0.0.0/8"]}, "toPort", "must not be below fromPort"),
        ({"type": "ingress"}, "cidrBlocks", "needs at least one of"),
        (
            {"type": "ingress", "cidrBlocks": ["10.0.0.0/8"], "sourceSecurityGroupId": NO_GROUP},
            "cidrBlocks",
            "cannot be given together with sourceSecurityGroupId",
        ),
    ],
)
def test_a_wrong_rule_of_many_sources_fails_in_the_preview(
    world: World, inputs: dict[str, Any], named: str, allowed: str
) -> None:
    _, failures = world.object(RULE).check(**{**HTTPS, "securityGroupId": NO_GROUP, **inputs})
    assert set(failures) == {named}
    assert allowed in failures[named]


def test_a_source_that_others_revoked_is_found_missing_and_put_back_by_a_replacement(world: World) -> None:
    inputs = {**HTTPS, "type": "egress", "securityGroupId": group(world), "cidrBlocks": ["10.1.0.0/16", "10.2.0.0/16"]}
    rule = world.object(RULE).create(**inputs)
    world.client("ec2").revoke_security_group_egress(
        GroupId=inputs["securityGroupId"],
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}],
    )
    assert "cidrBlocks" in rule.refresh()
    wanted = rule.diff(**inputs)
    assert wanted.replaces
    assert wanted.deleteBeforeReplace, "both have one source in common, which AWS refuses as a duplicate"
    rule.delete()
    assert rule.refresh() == {"gone"}


def test_a_second_group_of_one_name_is_refused(world: World) -> None:
    name = world.name("shop")
    world.object(GROUP).create(vpcId=world.vpc, name=name)
    with pytest.raises(Refused, match=r"InvalidGroup\.Duplicate"):
        world.object(GROUP).create(vpcId=world.vpc, name=name)


def test_a_group_is_replaced_in_its_place_when_the_program_names_it(world: World) -> None:
    said = {"vpcId": world.vpc, "name": world.name("shop"), "description": "of the shop"}
    named = world.object(GROUP).create(**said).diff(**{**said, "description": "another"})
    assert named.replaces
    assert named.deleteBeforeReplace, "the name is taken until the first one is gone"
    unnamed = world.object(GROUP).create(vpcId=world.vpc, description="of the shop")
    assert not unnamed.diff(vpcId=world.vpc, description="another").deleteBeforeReplace


def test_a_group_that_another_one_or_an_interface_names_is_not_deleted(world: World) -> None:
    named = world.object(GROUP).create(vpcId=world.vpc)
    naming = world.object(GROUP).create(vpcId=world.vpc, ingress=[{**HTTPS, "securityGroups": [named.id]}])
    with pytest.raises(Refused, match=f"DependencyViolation.*{naming.id}"):
        named.delete()
    naming.delete()
    client = world.client("ec2")
    interface = client.create_network_interface(SubnetId=world.subnet(), Groups=[named.id])["NetworkInterface"]
    with pytest.raises(Refused, match=f"DependencyViolation.*{interface['NetworkInterfaceId']}"):
        named.delete()
    client.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    named.delete()
    assert named.refresh() == {"gone"}


def test_the_default_group_of_a_vpc_is_adopted_closed_and_left_with_its_vpc(world: World) -> None:
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.23.0.0/16")["Vpc"]["VpcId"]
    for _ in range(2):  # adopted a second time it is as closed as the first
        group = world.object("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "default").create(vpcId=vpc)
        (found,) = ec2.describe_security_groups(GroupIds=[group.id])["SecurityGroups"]
        assert (found["GroupName"], found["IpPermissions"], found["IpPermissionsEgress"]) == ("default", [], [])
        assert group.refresh() == set()
        assert group.diff(vpcId="vpc-0123456789abcdef0").replaces == ["vpcId"]
        group.delete()
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        ec2.authorize_security_group_egress(GroupId=group.id, IpPermissions=everything)
    ec2.delete_vpc(VpcId=vpc)


def test_the_default_group_of_no_vpc_is_refused(world: World) -> None:
    group = world.object("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    with pytest.raises(Refused, match=r"InvalidVpcID\.NotFound.*vpc-0123456789abcdef0"):
        group.create(vpcId="vpc-0123456789abcdef0")
