"""The security group that AWS makes with every VPC: adopted, never made nor deleted."""

import contextvars
from collections.abc import Mapping

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Call, Kind
from infra.sandbox.plugins.aws.kinds.security_groups import DIRECTIONS, RULES_UNCHECKED, SecurityGroup
from infra.sandbox.plugins.aws.tagging import ec2
from infra.sandbox.plugins.provider import Properties, ProviderError


class DefaultSecurityGroup(SecurityGroup):
    """Its rules are taken away when it is adopted, but for those that the program states; it stays as it then is."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Find and tag it."""
        client = cloud.client("ec2", region)
        vpc = inputs.get("vpcId")
        if not vpc:
            defaults = client.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
            vpc = next((found["VpcId"] for found in defaults), "")
        wanted = [{"Name": "group-name", "Values": ["default"]}, {"Name": "vpc-id", "Values": [vpc]}]
        groups = client.describe_security_groups(Filters=wanted)["SecurityGroups"]
        if not groups:
            raise ProviderError(f"InvalidVpcID.NotFound: the VPC {vpc or '(default)'} and its group do not exist")
        identity = str(groups[0]["GroupId"])
        before = {tag["Key"]: tag["Value"] for tag in groups[0].get("Tags", ())}
        if self.tagging is not None:
            # In no creation's name: it makes nothing, and a later adoption is no repetition of this one.
            contextvars.Context().run(self.tagging.update, client, identity, before, tags)
        return identity

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Take away what the program does not state, and give it the rest."""
        found = self.read(cloud, region, id, {}) or {}
        self.update(cloud, region, id, found, {direction: inputs.get(direction) or [] for direction in DIRECTIONS})

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Leave it: it goes with its VPC."""


KINDS: tuple[Kind, ...] = (
    DefaultSecurityGroup(
        token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        noun="EC2 Default Security Group",
        service="ec2",
        schema="AWS::EC2::SecurityGroup",
        identifier="",
        creating=Call(method="create_security_group"),
        reading=Call(method="describe_security_groups", subject="GroupIds[]", result="SecurityGroups[0]"),
        deleting=Call(method="delete_security_group", subject="GroupId"),
        tagging=ec2("security-group"),
        names={"name": "GroupName"},
        unchecked={
            **dict.fromkeys(DIRECTIONS, RULES_UNCHECKED),
            "revokeRulesOnDelete": "the official provider's own",
        },
        sets=frozenset(
            f"{direction}{part}"
            for direction in DIRECTIONS
            for part in ("", ".cidrBlocks", ".ipv6CidrBlocks", ".prefixListIds", ".securityGroups")
        ),
        defaults={"revokeRulesOnDelete": False},
        computed=frozenset({"vpcId", "ingress", "egress"}),
        same_place=frozenset({"vpcId"}),
    ),
)
"""The entry."""
