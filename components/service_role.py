"""An IAM role that an AWS service assumes, with policies that AWS maintains.

Owns the role and its attachments. Rights of our own are `RoleGrant`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from components.account import Account
from components.iam_policy import document, trust
from infra.tags import tags


@dataclass(frozen=True, kw_only=True)
class ServiceRoleArgs:
    """Arguments of `ServiceRole`.

    Args:
        service: as `eks.amazonaws.com`.
        managed_policies: names, as `AmazonEKSClusterPolicy`.
    """

    service: str
    managed_policies: Sequence[str]


class ServiceRole(pulumi.ComponentResource):
    """Only this service assumes the role. What uses it depends on the component: the rights come after the role."""

    arn: pulumi.Output[str]
    """The role."""

    def __init__(self, name: str, args: ServiceRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:access:ServiceRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = Account(self)
        role = iam.Role(
            f"{name}-role",
            assume_role_policy=document(trust(args.service)),
            tags=tags(f"{name}-role", "access"),
            opts=child,
        )
        for policy in args.managed_policies:
            iam.RolePolicyAttachment(
                f"{name}-{policy}", role=role.name, policy_arn=account.managed_policy(policy), opts=child
            )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
