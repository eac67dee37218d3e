"""Security groups and their rules."""

from collections.abc import Mapping
from typing import Any, Final

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds import security_group_rule, security_group_rules
from infra.sandbox.plugins.aws.kinds.network_arns import ec2_arn
from infra.sandbox.plugins.aws.kinds.permissions import ALL, Permission, change, problems, rules_of, stated, told
from infra.sandbox.plugins.aws.tagging import ec2
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

DIRECTIONS: Final = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
"""Input, and the middle of the calls' names -> where AWS tells of it."""

_EVERYWHERE: Final = frozenset(
    (Permission(ALL, 0, 0, "cidrBlocks", "0.0.0.0/0", ""), Permission(ALL, 0, 0, "ipv6CidrBlocks", "::/0", ""))
)
"""What AWS lets out of a new group, the second one in a VPC with IPv6."""


class SecurityGroup(Kind):
    """A security group, with the rules that the program states with it; without any, they are others' business.

    moto forgets the description of a source that is a prefix list, so it is not compared.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it and take away what AWS lets out of every new group, as the official provider does."""
        client = cloud.client("ec2", region)
        vpc = {"VpcId": inputs["vpcId"]} if inputs.get("vpcId") else {}
        made = client.create_security_group(
            GroupName=inputs["name"],
            Description=inputs["description"],
            **vpc,
            **(self.tagging.creation(tags) if self.tagging is not None else {}),
        )
        identity = str(made["GroupId"])
        found = client.describe_security_groups(GroupIds=[identity])["SecurityGroups"][0]
        let_out = set(told(found["IpPermissionsEgress"]))
        change(
            client, "revoke", "egress", identity, let_out & _EVERYWHERE
        )  # at once: a second call would be a repetition
        return identity

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Give it its rules."""
        self.update(cloud, region, id, {}, inputs)

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, its rules in the program's words."""
        properties = super().read(cloud, region, id, known)
        if properties is not None:
            for direction in DIRECTIONS:
                properties[direction] = rules_of(properties[direction], known.get(direction) or [], id)
        return properties

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, and what its rules permit."""
        arn = ec2_arn(cloud, region, f"security-group/{id}")
        permitted = {direction: told(answer.get(listed) or []) for direction, listed in DIRECTIONS.items()}
        return {**super().told(cloud, region, id, answer), **permitted, "arn": arn}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Revoke and authorize what differs; what the program no longer states is no longer its own."""
        client = cloud.client("ec2", region)
        for direction in DIRECTIONS:
            if new.get(direction) is not None:
                before = set(stated(old.get(direction) or [], id))
                after = set(stated(new[direction], id))
                change(client, "revoke", direction, id, before - after)
                change(client, "authorize", direction, id, after - before)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, unless an interface or a rule of another group is in its way; moto does not ask."""
        client = cloud.client("ec2", region)
        found = self.read(cloud, region, id, {})
        if found is None:
            return
        if known.get("revokeRulesOnDelete"):
            self.update(cloud, region, id, found, {direction: [] for direction in DIRECTIONS})
        user = _user_of(client, id)
        if user:
            raise ProviderError(f"DependencyViolation: resource {id} has a dependent object: {user}")
        super().delete(cloud, region, id, known)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what is wrong with its name and its rules."""
        found = [
            (name, "cannot begin with sg-")
            for name in ("name", "namePrefix")
            if str(inputs.get(name) or "").startswith("sg-")
        ]
        if inputs.get("description") == "":
            found.append(("description", "must not be empty"))
        for direction in DIRECTIONS:
            for index, rule in enumerate(inputs.get(direction) or []):
                found += problems(f"{direction}[{index}].", rule)
        return found


def _user_of(client: Any, group: str) -> str | None:
    """Return an interface that has the group, or another group with a rule that names it."""
    wanted = [{"Name": "group-id", "Values": [group]}]
    for interface in client.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]:
        return str(interface["NetworkInterfaceId"])
    for name in ("ip-permission.group-id", "egress.ip-permission.group-id"):
        for other in client.describe_security_groups(Filters=[{"Name": name, "Values": [group]}])["SecurityGroups"]:
            if other["GroupId"] != group:
                return str(other["GroupId"])
    return None


RULES_UNCHECKED: Final = "AWS's schema has other shapes for rules than Terraform; `contradictions` checks what they say"

KINDS: tuple[Kind, ...] = (
    SecurityGroup(
        token="aws:ec2/securityGroup:SecurityGroup",
        noun="EC2 Security Group",
        service="ec2",
        schema="AWS::EC2::SecurityGroup",
        identifier="GroupId",
        creating=Call(method="create_security_group"),
        reading=Call(method="describe_security_groups", subject="GroupIds[]", result="SecurityGroups[0]"),
        deleting=Call(method="delete_security_group", subject="GroupId"),
        tagging=ec2("security-group"),
        names={"name": "GroupName"},
        schema_names={"name": "GroupName", "description": "GroupDescription"},
        unchecked={
            "ingress": RULES_UNCHECKED,
            "egress": RULES_UNCHECKED,
            "namePrefix": "the official provider's own",
            "revokeRulesOnDelete": "the official provider's own",
        },
        automatic={"name": 255},
        sets=frozenset(
            f"{direction}{part}"
            for direction in DIRECTIONS
            for part in ("", ".cidrBlocks", ".ipv6CidrBlocks", ".prefixListIds", ".securityGroups")
        ),
        replace=frozenset({"namePrefix"}),
        defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
        computed=frozenset({"vpcId", "ingress", "egress"}),
        same_place=frozenset({"name"}),
    ),
    *security_group_rules.KINDS,
    *security_group_rule.KINDS,
)
