"""What runs in a cluster for the platform: names, metrics, certificates, DNS records, and secrets as files.

Owns these add-ons, which have pods of their own and so come after the nodes, and the roles of those that call AWS.
Leaves the rights of those roles to the owners of what they are on. There is no driver for block storage: no pod of the
platform has a volume that outlives it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import eks

from components.cluster_addon import managed_addon
from components.pod_identity import PodIdentity, PodIdentityArgs

Caller = Literal["cert-manager", "external-dns"]
"""An add-on that calls AWS; it runs in the namespace, and as the service account, of its own name."""

_PLAIN = (
    "coredns",
    "metrics-server",
    "aws-secrets-store-csi-driver-provider",  # reads with the roles of the pods that it serves
)


@dataclass(frozen=True, kw_only=True)
class ClusterControllersArgs:
    """Arguments of `ClusterControllers`.

    Args:
        cluster_name: the EKS cluster.
        owner: a text that no other cluster has; records are kept apart by it where several share a DNS zone.
        after: nodes, and what their pods need.
    """

    cluster_name: pulumi.Input[str]
    owner: str
    after: Sequence[pulumi.Resource]


class ClusterControllers(pulumi.ComponentResource):
    """Each add-on that calls AWS has a role of its own, with the rights that were granted to it and no others."""

    roles: Mapping[Caller, pulumi.Output[str]]
    """Add-on -> its IAM role's name, to grant rights to."""

    def __init__(self, name: str, args: ClusterControllersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:cluster:ClusterControllers", name, None, opts)
        self._name = name
        self._args = args
        callers: Mapping[Caller, PodIdentity] = {
            "cert-manager": self._identity("cert-manager"),
            "external-dns": self._identity("external-dns"),
        }
        addons = [self._addon(addon) for addon in _PLAIN]
        addons.append(self._addon("cert-manager", callers["cert-manager"]))
        # `sync` removes records of hosts that are gone; of records, only those that it marked as this cluster's.
        marked = {"policy": "sync", "txtOwnerId": args.owner}
        addons.append(self._addon("external-dns", callers["external-dns"], marked))
        self.roles = {caller: identity.role for caller, identity in callers.items()}
        self.register_outputs({"roles": self.roles, "addons": [addon.addon_name for addon in addons]})

    def _identity(self, caller: Caller) -> PodIdentity:
        args = PodIdentityArgs(cluster_name=self._args.cluster_name, namespace=caller, service_account=caller)
        return PodIdentity(f"{self._name}-{caller}-pods", args, pulumi.ResourceOptions(parent=self))

    def _addon(
        self, addon: str, identity: PodIdentity | None = None, configuration: Mapping[str, str] | None = None
    ) -> eks.Addon:
        # A pod that starts before its association never gets the role.
        after = [*self._args.after, *([identity] if identity else [])]
        opts = pulumi.ResourceOptions(parent=self, depends_on=after)
        return managed_addon(f"{self._name}-{addon}", addon, self._args.cluster_name, opts, configuration)
