"""The way in for whoever applies the program: the security group of its runners.

Owns the group. Leaves letting it in to those who own what it reaches (`allow_from`), and the runners to the user: a CI
runner in the private subnets, a VPN's endpoint. Nobody else but the cluster's nodes and pods reaches API and database.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, vpc

from infra.tags import tags

_ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class OperatorAccessArgs:
    """Arguments of `OperatorAccess`.

    Args:
        vpc_id: the network that the runners are in.
    """

    vpc_id: pulumi.Input[str]


class OperatorAccess(pulumi.ComponentResource):
    """Members of the group reach AWS and what lets them in; nobody reaches the members."""

    security_group_id: pulumi.Output[str]
    """The group to put runners into."""

    def __init__(self, name: str, args: OperatorAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:network:OperatorAccess", name, None, opts)
        group = ec2.SecurityGroup(
            f"{name}-group",
            vpc_id=args.vpc_id,
            description="Who applies the program",
            tags=tags(f"{name}-group", "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Out to everywhere: AWS's API, package registries and the source repository have no addresses of their own.
        vpc.SecurityGroupEgressRule(
            f"{name}-out",
            security_group_id=group.id,
            cidr_ipv4=_ANYWHERE,
            ip_protocol="-1",
            description="to AWS and beyond",
            tags=tags(f"{name}-out", "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.security_group_id = group.id
        self.register_outputs({"security_group_id": self.security_group_id})
