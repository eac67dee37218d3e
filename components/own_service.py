"""A service that one tenant has a copy of: its pods in the tenant's namespace, and who reaches them.

Owns the objects of the copy. Leaves what a slot's objects are to `slot`, what is the tenant's of its pods to
`DatabaseTenant`, and the route that leads to it to `Routes`.

A copy has one slot, whose pods are replaced in place, a new one ready before an old one goes: another slot would need
twice the quota. The route to it is in the platform's namespace, and the tenant's grants it that (ReferenceGrant): the
gateway stays as it is, which would otherwise take routes of tenants' namespaces, where each could claim another's host.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components import slot as slots
from components.network_policies import Connections, Rule, policy_spec
from components.pods import PodArgs
from components.slot import Slot, SlotArgs, SlotPlan
from infra.naming import labels

_ONLY: Slot = "blue"
_GRANTS = "gateway.networking.k8s.io/v1beta1"  # the version of ReferenceGrant that the standard channel has


@dataclass(frozen=True, kw_only=True)
class OwnServiceArgs:
    """Arguments of `OwnService`.

    Args:
        service: its name.
        pods: what its pods have; with `http`.
        image: by digest.
        replicas: pods.
        environment: plain configuration, as variables; a change rolls the pods.
        ready_timeout: seconds that its pods may take to become ready before the update fails.
        callers: who may call it from outside of its namespace.
        routed_from: the namespace of routes that may lead to it.
        min_ready_seconds: how long a pod must have been ready until it counts.
        after: what must be there before any of its pods changes.
    """

    service: str
    pods: PodArgs
    image: str
    replicas: int
    environment: Mapping[str, pulumi.Input[str]]
    ready_timeout: int
    callers: Rule
    routed_from: str
    min_ready_seconds: int = 0
    after: Sequence[pulumi.Resource] = ()


class OwnService:
    """What a copy consists of, as children of the tenant that is given as their parent."""

    namespace: pulumi.Output[str]
    """The tenant's."""

    service: pulumi.Output[str]
    """The Service, known once it has ready endpoints."""

    ready: Sequence[pulumi.Resource]
    """What must be there before a request comes: its pods, ready, and that routes may lead to them."""

    def __init__(
        self, name: str, namespace: pulumi.Output[str], args: OwnServiceArgs, opts: pulumi.ResourceOptions
    ) -> None:
        """Declare it.

        Args:
            name: the tenant's logical name. A dot follows it in those of the copy: neither slugs nor services have one.
            namespace: the tenant's.
            args: which service.
            opts: of each object, with their parent.
        """
        assert args.pods.http is not None  # the settings refuse copies of workers
        self._name = f"{name}.{args.service}"
        self._args = args
        self._opts = opts
        self.namespace = namespace
        plan = self._plan(f"{name}.")
        content = SlotArgs(image=args.image, replicas=args.replicas)
        pods = slots.deployment(plan, _ONLY, content, "active", [*args.after, self._entered(args.callers)])
        slots.disruption_budget(plan, _ONLY, active=True, after=[pods])
        service = slots.slot_service(plan, _ONLY, args.pods.http.port, pods)
        self.service = service.metadata.apply(lambda metadata: metadata.name or "")
        self.ready = [pods, service, self._granted(args.routed_from)]

    def _plan(self, prefix: str) -> SlotPlan:
        args = self._args
        plain = slots.environment(
            f"{self._name}-environment", args.service, self.namespace, args.environment, self._opts
        )
        return SlotPlan(
            service=args.service,
            namespace=self.namespace,
            pods=args.pods,
            configs=plain,
            bounds=None,
            ready_timeout=args.ready_timeout,
            min_ready_seconds=args.min_ready_seconds,
            max_unavailable=1,
            opts=self._opts,
            prefix=prefix,
        )

    def _entered(self, callers: Rule) -> NetworkPolicy:
        """Open its pods to their callers; whom they call themselves the namespace's own policy says."""
        mine = slots.service_selector(self._args.service, _ONLY)
        return NetworkPolicy(
            f"{self._name}-callers",
            metadata={
                "name": f"service-{self._args.service}",
                "namespace": self.namespace,
                "labels": labels(self._args.service, "network-policy"),
            },
            spec=policy_spec(Connections(pods=mine, ingress=[callers])),
            opts=self._opts,
        )

    def _granted(self, namespace: str) -> pulumi.Resource:
        service = f"{self._args.service}-{_ONLY}"
        return kubernetes.apiextensions.CustomResource(
            f"{self._name}-grant",
            api_version=_GRANTS,
            kind="ReferenceGrant",
            metadata={
                "name": self._args.service,
                "namespace": self.namespace,
                "labels": labels(self._args.service, "route"),
            },
            spec={
                "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": namespace}],
                "to": [{"group": "", "kind": "Service", "name": service}],
            },
            opts=self._opts,
        )
