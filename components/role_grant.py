"""Rights of one IAM role, granted by the component that owns what they are on.

Owns the policy, and its attachment where it is one of its own. Leaves roles to those who use them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from components.iam_policy import Statement, document
from infra.tags import tags


@dataclass(frozen=True, kw_only=True)
class RoleGrantArgs:
    """Arguments of `RoleGrant`.

    Args:
        role: the IAM role's name.
        description: what the rights are for.
        statements: the rights.
        inline: whether they are part of the role. It takes ten policies of their own, of which a service's secrets are
            one each, and any number that are part of it, 10,240 characters in all (IAM user guide, "IAM and AWS STS
            quotas"); but those have no place for a description.
    """

    role: pulumi.Input[str]
    description: str
    statements: Sequence[Statement]
    inline: bool = False


class RoleGrant(pulumi.ComponentResource):
    """The role has these rights from here, and loses them when this is removed."""

    role: pulumi.Output[str]
    """The role, known once it has them."""

    def __init__(self, name: str, args: RoleGrantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:access:RoleGrant", name, None, opts)
        self.role = (self._within if args.inline else self._attached)(name, args)
        self.register_outputs({"role": self.role})

    def _within(self, name: str, args: RoleGrantArgs) -> pulumi.Output[str]:
        policy = iam.RolePolicy(
            f"{name}-policy",
            role=args.role,
            policy=document(*args.statements),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return policy.role

    def _attached(self, name: str, args: RoleGrantArgs) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        policy = iam.Policy(
            f"{name}-policy",
            description=args.description,
            policy=document(*args.statements),
            tags=tags(f"{name}-policy", "access"),
            opts=child,
        )
        attachment = iam.RolePolicyAttachment(f"{name}-attachment", role=args.role, policy_arn=policy.arn, opts=child)
        return attachment.role
