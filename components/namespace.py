"""A Kubernetes namespace for workloads.

Owns admission, the default-deny network policy and, where asked, the quota with what a container gets that asks for
nothing. Leaves what may pass to the workloads' own policies (`NetworkPolicies`), but for what every pod of the
namespace needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import LimitRange, Namespace, ResourceQuota
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.network_policies import Connections, Rule, policy_spec
from infra.naming import labels
from infra.units import mebibytes, millicores

TENANT_OF_LABEL = "tenantry.dev/tenant-of"
"""The label of a tenant's namespace: the namespace of the platform that serves the tenant."""

_POD_SECURITY = "restricted"
# What a container of a service gets that asks for nothing (`components.pods.Room`).
_REQUEST_CPU, _REQUEST_MEMORY, _LIMIT_MEMORY = "100m", "128Mi", "512Mi"
# AWS Load Balancer Controller, "Pod readiness gate".
_READINESS_GATES = {"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"}


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
        egress: whom every pod of it may call.
        tenant_of: the platform's namespace, for that of a tenant's; None for any other.
        behind_aws: whether AWS's load balancer sends requests to its pods: those are ready only once it finds them so,
            and a rollout takes none away before. Its controller says so by a webhook.
    """

    namespace: str
    quota: Quota | None = None
    egress: Sequence[Rule] = ()
    tenant_of: str | None = None
    behind_aws: bool = False


class NamespaceObjects:
    """What a workload namespace consists of, as children of whichever component is given as their parent."""

    namespace: pulumi.Output[str]
    """The Kubernetes name, known once the namespace exists."""

    closed: pulumi.Resource
    """The policy that closes it, and opens the ways that every pod of it has."""

    def __init__(self, name: str, args: WorkloadNamespaceArgs, opts: pulumi.ResourceOptions) -> None:
        """Declare them.

        Args:
            name: their logical names begin so.
            args: which namespace.
            opts: of each, with their parent.
        """
        self._name = name
        self._args = args
        self._opts = opts
        created = self._create()
        self.namespace = created.metadata.apply(lambda metadata: metadata.name or args.namespace)
        self.closed = self._deny()
        if args.quota is not None:
            self._limit(args.quota)
            self._bound(args.quota)

    def _create(self) -> Namespace:
        admission = {f"pod-security.kubernetes.io/{mode}": _POD_SECURITY for mode in ("enforce", "audit", "warn")}
        return Namespace(
            f"{self._name}-namespace",
            metadata={
                "name": self._args.namespace,
                "labels": {**labels(self._name, "namespace"), **admission, **self._tenant_of(), **self._gates()},
            },
            opts=self._opts,
        )

    def _tenant_of(self) -> dict[str, str]:
        return {} if self._args.tenant_of is None else {TENANT_OF_LABEL: self._args.tenant_of}

    def _gates(self) -> dict[str, str]:
        return _READINESS_GATES if self._args.behind_aws else {}

    def _deny(self) -> NetworkPolicy:
        # It denied ingress alone, and was called so; the alias may go with version 1.
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=f"{self._name}-deny-ingress")])
        return NetworkPolicy(
            f"{self._name}-deny",
            metadata={"name": "default-deny", "namespace": self.namespace},
            spec=policy_spec(Connections(egress=self._args.egress)),
            opts=pulumi.ResourceOptions.merge(self._opts, former),
        )

    def _limit(self, quota: Quota) -> ResourceQuota:
        hard = {"requests.cpu": quota.cpu, "requests.memory": quota.memory, "pods": str(quota.pods)}
        return ResourceQuota(
            f"{self._name}-quota",
            metadata={"name": "quota", "namespace": self.namespace},
            spec={"hard": hard},
            opts=self._opts,
        )

    def _bound(self, quota: Quota) -> LimitRange:
        """Give containers that ask for nothing what a service's get; a quota refuses pods that ask for nothing."""
        most = mebibytes(quota.memory)
        asked = {"cpu": _least_cpu(quota.cpu), "memory": _least_memory(_REQUEST_MEMORY, most)}
        return LimitRange(
            f"{self._name}-limits",
            metadata={"name": "limits", "namespace": self.namespace},
            spec={
                "limits": [
                    {
                        "type": "Container",
                        "default_request": asked,
                        "default": {"memory": _least_memory(_LIMIT_MEMORY, most)},
                        "max": {"memory": quota.memory},
                    }
                ]
            },
            opts=self._opts,
        )


class WorkloadNamespace(pulumi.ComponentResource):
    """No pod in it runs privileged or as root, and none is reached or reaches anybody before a policy lets it.

    The one that denies names what every pod may call all the same.
    """

    namespace: pulumi.Output[str]
    """The Kubernetes name, known once the namespace exists."""

    def __init__(self, name: str, args: WorkloadNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:namespace:WorkloadNamespace", name, None, opts)
        self.namespace = NamespaceObjects(name, args, pulumi.ResourceOptions(parent=self)).namespace
        self.register_outputs({"namespace": self.namespace})


def _least_memory(usual: str, most: int) -> str:
    return usual if mebibytes(usual) <= most else f"{most}Mi"


def _least_cpu(most: str) -> str:
    return _REQUEST_CPU if millicores(_REQUEST_CPU) <= millicores(most) else most
