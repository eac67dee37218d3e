"""A Kubernetes namespace for workloads.

Owns admission, the default-deny network policy and, where asked, the quota. Leaves what may pass to the workloads' own
policies.
"""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, ResourceQuota
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from infra.naming import labels

_POD_SECURITY = "restricted"


@dataclass(frozen=True, kw_only=True)
class Quota:
    """What the pods of a namespace may request in all.

    Args:
        cpu: CPU requests, as `4` or `500m`.
        memory: memory requests, as `8Gi`.
        pods: number of pods.
    """

    cpu: str
    memory: str
    pods: int


@dataclass(frozen=True, kw_only=True)
class WorkloadNamespaceArgs:
    """Arguments of `WorkloadNamespace`.

    Args:
        namespace: the Kubernetes name.
        quota: the limits of its pods, or None for none.
    """

    namespace: str
    quota: Quota | None = None


class WorkloadNamespace(pulumi.ComponentResource):
    """No pod in it runs privileged or as root, and none is reached before a policy of its own lets it be."""

    namespace: pulumi.Output[str]
    """The Kubernetes name, known once the namespace exists."""

    def __init__(self, name: str, args: WorkloadNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:namespace:WorkloadNamespace", name, None, opts)
        self._name = name
        self._args = args
        created = self._create()
        self.namespace = created.metadata.apply(lambda metadata: metadata.name or args.namespace)
        self._deny_ingress()
        if args.quota is not None:
            self._limit(args.quota)
        self.register_outputs({"namespace": self.namespace})

    def _create(self) -> Namespace:
        admission = {f"pod-security.kubernetes.io/{mode}": _POD_SECURITY for mode in ("enforce", "audit", "warn")}
        return Namespace(
            f"{self._name}-namespace",
            metadata={"name": self._args.namespace, "labels": {**labels(self._name, "namespace"), **admission}},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _deny_ingress(self) -> NetworkPolicy:
        return NetworkPolicy(
            f"{self._name}-deny-ingress",
            metadata={"name": "deny-ingress", "namespace": self.namespace},
            spec={"pod_selector": {}, "policy_types": ["Ingress"]},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _limit(self, quota: Quota) -> ResourceQuota:
        hard = {"requests.cpu": quota.cpu, "requests.memory": quota.memory, "pods": str(quota.pods)}
        return ResourceQuota(
            f"{self._name}-quota",
            metadata={"name": "quota", "namespace": self.namespace},
            spec={"hard": hard},
            opts=pulumi.ResourceOptions(parent=self),
        )
