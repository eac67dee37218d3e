"""A security group around one TCP port, closed until a group is let in.

Owns the group and its ingress rules. It has no egress rule: what answers on the port opens no connections.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, vpc

from infra.tags import tags


@dataclass(frozen=True, kw_only=True)
class ClosedPortArgs:
    """Arguments of `ClosedPort`.

    Args:
        vpc_id: the network.
        port: the TCP port.
        description: what answers on it; AWS allows letters, digits, spaces and `._-:/()#,@[]+=&;{}!$*`.
    """

    vpc_id: pulumi.Input[str]
    port: int
    description: str


class ClosedPort(pulumi.ComponentResource):
    """Only members of security groups that were let in by name reach the port; no address ever is."""

    security_group_id: pulumi.Output[str]
    """The group of what answers on the port."""

    def __init__(self, name: str, args: ClosedPortArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:network:ClosedPort", name, None, opts)
        self._name = name
        self._args = args
        group = ec2.SecurityGroup(
            f"{name}-group",
            vpc_id=args.vpc_id,
            description=args.description,
            tags=tags(f"{name}-group", "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.security_group_id = group.id
        self.register_outputs({"security_group_id": self.security_group_id})

    def allow_from(self, source: str, security_group_id: pulumi.Input[str]) -> vpc.SecurityGroupIngressRule:
        """Let the members of a security group reach the port.

        Args:
            source: who they are, for the logical name.
            security_group_id: their group.
        """
        name = f"{self._name}-from-{source}"
        return vpc.SecurityGroupIngressRule(
            name,
            security_group_id=self.security_group_id,
            referenced_security_group_id=security_group_id,
            ip_protocol="tcp",
            from_port=self._args.port,
            to_port=self._args.port,
            description=f"from {source}",
            tags=tags(name, "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )
