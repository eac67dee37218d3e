"""The Kubernetes service account of one service.

Owns the account. Leaves its AWS identity to `Cluster.pod_identity`, and its rights to those who own what they are on.
"""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount as KubernetesServiceAccount

from infra.naming import labels


@dataclass(frozen=True, kw_only=True)
class ServiceAccountArgs:
    """Arguments of `ServiceAccount`.

    Args:
        namespace: the Kubernetes namespace.
        account: the account's name.
    """

    namespace: pulumi.Input[str]
    account: str


class ServiceAccount(pulumi.ComponentResource):
    """No other service's pods have this account, and its pods get no token for the Kubernetes API."""

    account: pulumi.Output[str]
    """The account's name."""

    def __init__(self, name: str, args: ServiceAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:service:ServiceAccount", name, None, opts)
        account = KubernetesServiceAccount(
            f"{name}-account",
            metadata={
                "name": args.account,
                "namespace": args.namespace,
                "labels": labels(args.account, "service-account"),
            },
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.account = account.metadata.apply(lambda metadata: metadata.name or args.account)
        self.register_outputs({"account": self.account})
