"""Examples: security groups and their rules."""

from tests.plugins.aws.world import Example, World


def group(world: World) -> str:
    """Return the id of a new security group."""
    made = world.client("ec2").create_security_group(GroupName=world.name("group"), Description="d", VpcId=world.vpc)
    return str(made["GroupId"])


def _open(world: World, identity: str) -> None:
    world.client("ec2").authorize_security_group_ingress(
        GroupId=identity,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )


def _widen(world: World, identity: str) -> None:
    client = world.client("ec2")
    rule = client.describe_security_group_rules(SecurityGroupRuleIds=[identity])["SecurityGroupRules"][0]
    changed = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "CidrIpv4": rule["CidrIpv4"]}
    client.modify_security_group_rules(
        GroupId=rule["GroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": identity, "SecurityGroupRule": changed}],
    )


def _describe(world: World, identity: str) -> None:
    assert identity.startswith("sgrule-")
    client = world.client("ec2")
    wanted = [{"Name": "ip-permission.cidr", "Values": ["10.9.2.0/24"]}]
    for found in client.describe_security_groups(Filters=wanted)["SecurityGroups"]:
        ranges = [{"CidrIp": text, "Description": "strangers"} for text in ("10.9.1.0/24", "10.9.2.0/24")]
        if found["IpPermissions"][0]["FromPort"] == 443:
            client.update_security_group_rule_descriptions_ingress(
                GroupId=found["GroupId"],
                IpPermissions=[{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ranges}],
            )


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:ec2/securityGroup:SecurityGroup",
        inputs=lambda world: {
            "vpcId": world.vpc,
            "description": "database of the shop",
            "ingress": [
                {
                    "protocol": "tcp",
                    "fromPort": 5432,
                    "toPort": 5432,
                    "cidrBlocks": ["10.9.0.0/24", "10.9.2.0/24"],
                    "securityGroups": [group(world)],
                    "description": "clients",
                },
                {"protocol": "tcp", "fromPort": 5432, "toPort": 5432, "self": True},
            ],
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
            "tags": {"owner": "shop"},
        },
        change={
            "ingress": [
                {"protocol": "TCP", "fromPort": 5432, "toPort": 5432, "self": True},
                {"protocol": "icmp", "fromPort": 8, "toPort": -1, "cidrBlocks": ["10.9.0.0/16"]},
            ],
            "tags": {"owner": "platform"},
        },
        replacement={"description": "another"},
        drift=_open,
        drifted=frozenset({"ingress"}),
        unimported=frozenset({"ingress"}),  # equal in meaning, in AWS's words: another test compares them
    ),
    Example(
        token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        inputs=lambda world: {
            "vpcId": world.client("ec2").create_vpc(CidrBlock="10.22.0.0/16")["Vpc"]["VpcId"],
            "tags": {"owner": "shop"},
        },
        change={"ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "self": True}], "tags": {"owner": "us"}},
        drift=_open,
        drifted=frozenset({"ingress"}),
        unimported=frozenset({"ingress"}),
        stays=True,
    ),
    Example(
        token="aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        inputs=lambda world: {
            "securityGroupId": group(world),
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.9.0.0/16",
            "description": "clients",
            "tags": {"owner": "shop"},
        },
        change={"toPort": 444, "cidrIpv4": "10.9.1.0/24", "description": "some clients"},
        replacement={"securityGroupId": "sg-0123456789abcdef0"},
        drift=_widen,
        drifted=frozenset({"fromPort", "toPort"}),
    ),
    Example(
        token="aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        inputs=lambda world: {
            "securityGroupId": group(world),
            "ipProtocol": "tcp",
            "fromPort": 5432,
            "toPort": 5432,
            "cidrIpv4": "10.9.0.0/16",
        },
        change={"tags": {"owner": "platform"}, "fromPort": 5431},
        replacement={"securityGroupId": "sg-0123456789abcdef0"},
        drift=_widen,
        drifted=frozenset({"fromPort", "toPort"}),
    ),
    Example(
        token="aws:ec2/securityGroupRule:SecurityGroupRule",
        inputs=lambda world: {
            "type": "ingress",
            "securityGroupId": group(world),
            "protocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrBlocks": ["10.9.2.0/24", "10.9.1.0/24"],
            "description": "clients",
        },
        change={"description": "all clients"},
        replacement={"cidrBlocks": ["10.9.2.0/24"]},
        drift=_describe,
        drifted=frozenset({"description"}),
        import_id=lambda thing: f"{thing.outputs['securityGroupId']}_ingress_tcp_443_443_10.9.2.0/24_10.9.1.0/24",
    ),
)
