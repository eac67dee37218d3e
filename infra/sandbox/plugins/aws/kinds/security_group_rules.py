"""Rules of security groups that are resources of their own, one source each."""

from collections.abc import Mapping
from typing import Any, Final

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.network_arns import ec2_arn
from infra.sandbox.plugins.aws.kinds.network_checks import block_problem
from infra.sandbox.plugins.aws.kinds.permissions import ALL, description_problems, protocol, range_problems
from infra.sandbox.plugins.aws.tagging import ec2
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_SOURCES: Final = {
    "cidrIpv4": ("IpRanges", "CidrIp", "CidrIpv4"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId", "ReferencedGroupId"),
}
"""Property -> AWS's list of such sources, what one is called in it, and what a changed rule calls it."""


class Rule(Kind):
    """A rule of a security group.

    AWS changes any source in place for one of its own kind; moto does so for IPv4 blocks only, so that another change
    of source is a replacement here. moto keeps a description for blocks only.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Authorize it."""
        client = cloud.client("ec2", region)
        described = {"Description": inputs["description"]} if inputs.get("description") else {}
        sources = {
            listed: [{called: inputs[name], **described}]
            for name, (listed, called, _) in _SOURCES.items()
            if inputs.get(name)
        }
        answer = getattr(client, self.creating.method)(
            GroupId=inputs["securityGroupId"],
            IpPermissions=[{**_range(inputs), **sources}],
            **(self.tagging.creation(tags) if self.tagging is not None else {}),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, the protocol in the program's words where it means the same."""
        properties = super().read(cloud, region, id, known)
        if properties is None:
            return None
        name = known.get("ipProtocol")
        if name is not None and protocol(str(name)) == properties["ipProtocol"]:
            properties["ipProtocol"] = name
        if protocol(str(properties["ipProtocol"])) == ALL:  # AWS tells -1 for ports that there are not
            properties["fromPort"], properties["toPort"] = known.get("fromPort"), known.get("toPort")
        return properties

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        group = answer.get("ReferencedGroupInfo", {}).get("GroupId")
        told = super().told(cloud, region, id, {name: value for name, value in answer.items() if value != ""})
        arn = ec2_arn(cloud, region, f"security-group-rule/{id}")
        told["ipProtocol"] = protocol(str(told["ipProtocol"]))
        return {**told, "referencedSecurityGroupId": group, "arn": arn, "securityGroupRuleId": id}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change it as a whole, which is how AWS takes it."""
        if all(old.get(name) == new.get(name) for name in self.table if name != "tags"):
            return
        sources = {called: new[name] for name, (_, _, called) in _SOURCES.items() if new.get(name)}
        rule = {"FromPort": -1, "ToPort": -1, **_range(new), **sources, "Description": new.get("description") or ""}
        cloud.client("ec2", region).modify_security_group_rules(
            GroupId=new["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": id, "SecurityGroupRule": rule}],
        )

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Revoke it, when it is there."""
        if self.read(cloud, region, id, known) is not None:
            client = cloud.client("ec2", region)
            getattr(client, self.deleting.method)(GroupId=known["securityGroupId"], SecurityGroupRuleIds=[id])

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what is wrong with its source, its protocol and its ports."""
        names = {"protocol": "ipProtocol", "fromPort": "fromPort", "toPort": "toPort"}
        found = [*range_problems("", inputs, names), *description_problems("", inputs)]
        if sum(bool(inputs.get(name)) for name in _SOURCES) != 1:
            found.append(("cidrIpv4", f"needs exactly one of {', '.join(_SOURCES)}"))
        for name, version in (("cidrIpv4", 4), ("cidrIpv6", 6)):
            wrong = block_problem(str(inputs[name]), version) if inputs.get(name) else None
            if wrong is not None:
                found.append((name, wrong))
        if protocol(str(inputs["ipProtocol"])) in ("tcp", "udp"):
            found += [(name, "is required for tcp and udp") for name in ("fromPort", "toPort") if name not in inputs]
        return found


def _range(inputs: Properties) -> dict[str, Any]:
    name = protocol(str(inputs["ipProtocol"]))
    ports = {"FromPort": inputs.get("fromPort"), "ToPort": inputs.get("toPort")}
    said = {} if name == ALL else {called: value for called, value in ports.items() if value is not None}
    return {"IpProtocol": name, **said}


def _rule(direction: str, schema_names: Mapping[str, str]) -> Kind:
    """Return the entry of one direction."""
    title = direction.capitalize()
    return Rule(
        token=f"aws:vpc/securityGroup{title}Rule:SecurityGroup{title}Rule",
        noun=f"EC2 Security Group {title} Rule",
        service="ec2",
        schema=f"AWS::EC2::SecurityGroup{title}",
        identifier="",
        creating=Call(method=f"authorize_security_group_{direction}"),
        reading=Call(
            method="describe_security_group_rules", subject="SecurityGroupRuleIds[]", result="SecurityGroupRules[0]"
        ),
        deleting=Call(method=f"revoke_security_group_{direction}"),
        tagging=ec2("security-group-rule"),
        names={"securityGroupId": "GroupId"},
        schema_names={"securityGroupId": "GroupId", "cidrIpv4": "CidrIp", **schema_names},
        in_place=frozenset({"ipProtocol", "fromPort", "toPort", "cidrIpv4", "description"}),
    )


KINDS: tuple[Kind, ...] = (
    _rule(
        "ingress",
        {"prefixListId": "SourcePrefixListId", "referencedSecurityGroupId": "SourceSecurityGroupId"},
    ),
    _rule(
        "egress",
        {"prefixListId": "DestinationPrefixListId", "referencedSecurityGroupId": "DestinationSecurityGroupId"},
    ),
)
