"""An IAM role that the pods of one Kubernetes service account have.

Owns the role and its association. Leaves the rights to those who own what they are on: they grant them to `role`.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import eks, iam

from components.iam_policy import document, trust
from infra.tags import tags


@dataclass(frozen=True, kw_only=True)
class PodIdentityArgs:
    """Arguments of `PodIdentity`.

    Args:
        cluster_name: the EKS cluster.
        namespace: the Kubernetes namespace.
        service_account: the Kubernetes service account in it.
    """

    cluster_name: pulumi.Input[str]
    namespace: pulumi.Input[str]
    service_account: pulumi.Input[str]


class PodIdentity(pulumi.ComponentResource):
    """Pods of this service account have the role, and no other pod and no node does."""

    role: pulumi.Output[str]
    """The IAM role's name, to grant rights to."""

    def __init__(self, name: str, args: PodIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:cluster:PodIdentity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = iam.Role(
            f"{name}-role",
            assume_role_policy=document(trust("pods.eks.amazonaws.com", "sts:TagSession")),
            tags=tags(f"{name}-role", "cluster"),
            opts=child,
        )
        eks.PodIdentityAssociation(
            f"{name}-association",
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            tags=tags(f"{name}-association", "cluster"),
            opts=child,
        )
        self.role = role.name
        self.register_outputs({"role": self.role})
