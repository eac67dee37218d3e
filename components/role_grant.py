"""Rights of one IAM role, granted by the component that owns what they are on.

Owns the policy and its attachment. Leaves roles to those who use them.
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
    """

    role: pulumi.Input[str]
    description: str
    statements: Sequence[Statement]


class RoleGrant(pulumi.ComponentResource):
    """The role has these rights from here, and loses them when this is removed."""

    policy_arn: pulumi.Output[str]
    """The policy, known once it is attached."""

    def __init__(self, name: str, args: RoleGrantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:access:RoleGrant", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        policy = iam.Policy(
            f"{name}-policy",
            description=args.description,
            policy=document(*args.statements),
            tags=tags(f"{name}-policy", "access"),
            opts=child,
        )
        attachment = iam.RolePolicyAttachment(f"{name}-attachment", role=args.role, policy_arn=policy.arn, opts=child)
        self.policy_arn = attachment.policy_arn
        self.register_outputs({"policy_arn": self.policy_arn})
