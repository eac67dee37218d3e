"""Who may use a cluster's API: an access entry for an IAM principal.

Owns the entry and the policy it carries. There is no aws-auth ConfigMap: the cluster's authentication mode is API.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import eks

from components.account import Account
from infra.tags import tags

AccessLevel = Literal["ClusterAdmin", "Admin", "Edit", "View"]


@dataclass(frozen=True, kw_only=True)
class ClusterAccessArgs:
    """Arguments of `ClusterAccess`.

    Args:
        cluster_name: the EKS cluster.
        principal_arn: of an IAM role or user.
        level: EKS's access policy, without its prefix and suffix.
        namespaces: where it applies; none for the whole cluster.
    """

    cluster_name: pulumi.Input[str]
    principal_arn: pulumi.Input[str]
    level: AccessLevel
    namespaces: Sequence[str] = ()


class ClusterAccess(pulumi.ComponentResource):
    """The principal has this level in these namespaces, and nothing else in the cluster."""

    principal_arn: pulumi.Output[str]
    """The principal, known once it has access."""

    def __init__(self, name: str, args: ClusterAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:cluster:ClusterAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        entry = eks.AccessEntry(
            f"{name}-entry",
            cluster_name=args.cluster_name,
            principal_arn=args.principal_arn,
            type="STANDARD",
            tags=tags(f"{name}-entry", "cluster"),
            opts=child,
        )
        scope: eks.AccessPolicyAssociationAccessScopeArgsDict = {"type": "cluster"}
        if args.namespaces:
            scope = {"type": "namespace", "namespaces": args.namespaces}
        policy = pulumi.Output.format(
            "arn:{0}:eks::aws:cluster-access-policy/AmazonEKS{1}Policy", Account(self).partition, args.level
        )
        association = eks.AccessPolicyAssociation(
            f"{name}-policy",
            cluster_name=args.cluster_name,
            principal_arn=entry.principal_arn,
            policy_arn=policy,
            access_scope=scope,
            opts=child,
        )
        self.principal_arn = association.principal_arn
        self.register_outputs({"principal_arn": self.principal_arn})
