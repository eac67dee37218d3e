"""A workload in two slots, blue and green, one of which takes traffic.

Owns the order of an update, which is the graph's: slots with traffic are ready, then the stable Service points to the
active one, then routes change their weights, then slots without traffic change. Leaves routes to their own component,
the number of pods to `Autoscaler` where there is one, and holds in time to the release command.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import Service as KubernetesService
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components import slot as slots
from components.pods import EnvironmentConfig, PodArgs
from components.slot import SLOTS, Bounds, Role, Slot, SlotArgs, SlotPlan
from components.switch_guard import guard
from infra.naming import labels


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """Arguments of `Service`.

    Args:
        namespace: the Kubernetes namespace.
        pods: what its pods have; with `http`, they are behind Services on that port.
        active: the slot that takes traffic; a key of `slots`.
        slots: the active slot and, while there is one, the candidate.
        canary: the slot that takes a part of the traffic from outside besides; a key of `slots`.
        pinned: slots that some tenants are always led to; each has traffic as long as it is there.
        keeps_idle: whether a slot without traffic has pods.
        ready_timeout: seconds that a slot's pods may take to become ready before the update fails.
        min_ready_seconds: how long a pod must have been ready until it counts.
        bounds: of each slot's number of pods; None for exactly its replicas.
        max_unavailable: pods of a slot that may be away at once when nodes are drained.
        environment: plain configuration, as variables; a change rolls the pods.
        config_maps: what the pods read besides.
        after: what must be there before any of its pods changes: `ready` and `after_switch` of other services.
        before_traffic: what must be done before any of its pods changes, as a migration.
    """

    namespace: pulumi.Input[str]
    pods: PodArgs
    active: Slot
    slots: Mapping[Slot, SlotArgs]
    canary: Slot | None = None
    pinned: Sequence[Slot] = ()
    keeps_idle: bool = True
    ready_timeout: int
    min_ready_seconds: int = 0
    bounds: Bounds | None = None
    max_unavailable: int = 1
    environment: Mapping[str, pulumi.Input[str]] | None = None
    config_maps: Sequence[EnvironmentConfig] = ()
    after: Sequence[pulumi.Resource] = ()
    before_traffic: Sequence[pulumi.Resource] = ()


class Service(pulumi.ComponentResource):
    """Traffic comes to a slot only when its pods are ready, and stays where it is when they never are.

    The stable Service carries what comes from inside the cluster (east-west) and points to the active slot alone; each
    slot has a Service of its own, between which routes share what comes from outside (north-south), a canary's part
    included. Switching `active` makes the engine wait until the new slot's Deployment is available and its endpoints
    are there, then change the stable Service's selector, then the routes, and only then touch the old slot; when the
    new slot never becomes ready, the update fails at its time-out and nothing has moved. Without bounds, a switch to a
    slot of fewer pods is refused in preview and update, by what the settings say of both; with bounds, by how many are
    ready: in the update, and in a preview that knows it. Nothing is compared when the old slot leaves `slots` in the
    update that switches: how many pods it has is then asked of nobody.

    A worker has no Services: a slot of it works as long as it has pods.
    """

    service_name: pulumi.Output[str] | None
    """The stable Service's name, known once it has ready endpoints; None for a worker."""

    active_slot: pulumi.Output[str]
    """The slot that takes traffic."""

    slot_services: Mapping[Slot, pulumi.Output[str]]
    """Slot -> the name of its Service, both always, so that a route's backends never change; none for a worker."""

    ready: Sequence[pulumi.Resource]
    """The slots with traffic, ready: what routes, and services that come after this one, depend on."""

    configs: Sequence[EnvironmentConfig]
    """What its pods read besides Secrets: its jobs' pods do as well."""

    after_switch: pulumi.Resource
    """What is there once the active slot takes traffic from inside: the stable Service, or a worker's Deployment."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:service:Service", name, None, opts)
        self._name = name
        self._args = args
        self._plan = self._common()
        self.configs = self._plan.configs
        self._scale()
        live = {slot: self._pods(slot, [*args.before_traffic, *args.after]) for slot in self._live()}
        budgets = {slot: self._budget(slot, live) for slot in self._budgeted()}
        services = self._slot_services(live)
        stable = self._stable_service([*live.values(), *budgets.values()], self._numbers(live, budgets))
        self.slot_services = {slot: _name(service) for slot, service in services.items()}
        self.ready = [*live.values(), *(services[slot] for slot in live if slot in services)]
        self.after_switch = stable or live[args.active]
        self.service_name = None if stable is None else _name(stable)
        self.active_slot = pulumi.Output.from_input(str(args.active))
        self.register_outputs({"service_name": self.service_name, "active_slot": self.active_slot})

    def settle(self, routes: Sequence[pulumi.Resource] = ()) -> None:
        """Declare the slots without traffic, which change last. To be called once, after the routes are declared.

        Args:
            routes: what gives traffic from outside to this service.
        """
        live = self._live()
        for slot in self._kept():
            if slot not in live:
                self._pods(slot, [self.after_switch, *routes])

    def _common(self) -> SlotPlan:
        args, opts = self._args, pulumi.ResourceOptions(parent=self)
        plain = slots.environment(f"{self._name}-environment", self._name, args.namespace, args.environment, opts)
        return SlotPlan(
            service=self._name,
            namespace=args.namespace,
            pods=args.pods,
            configs=[*plain, *args.config_maps],
            bounds=args.bounds,
            ready_timeout=args.ready_timeout,
            min_ready_seconds=args.min_ready_seconds,
            max_unavailable=args.max_unavailable,
            opts=opts,
        )

    def _live(self) -> list[Slot]:
        """Return the slots with traffic, the active one first."""
        args = self._args
        others = [slot for slot in (args.canary, *args.pinned) if slot is not None and slot in args.slots]
        return list(dict.fromkeys([args.active, *others]))

    def _role(self, slot: Slot) -> Role:
        if slot == self._args.active:
            return "active"
        return "canary" if slot in self._live() else "candidate"

    def _kept(self) -> list[Slot]:
        """Return the slots that have pods."""
        live = self._live()
        return [slot for slot in self._args.slots if self._args.keeps_idle or slot in live]

    def _budgeted(self) -> list[Slot]:
        """Return the slots with a budget: behind Services all, since a switch asks it how many pods still serve."""
        return self._kept() if self._args.pods.http is None else list(self._args.slots)

    def _budget(self, slot: Slot, live: Mapping[Slot, Deployment]) -> PodDisruptionBudget:
        return slots.disruption_budget(self._plan, slot, active=slot == self._args.active, after=list(live.values()))

    def _scale(self) -> None:
        if self._args.bounds is not None:
            for slot in self._kept():
                slots.autoscaler(self._plan, self._args.bounds, slot, self._args.slots[slot])

    def _pods(self, slot: Slot, after: Sequence[pulumi.Resource]) -> Deployment:
        return slots.deployment(self._plan, slot, self._args.slots[slot], self._role(slot), after)

    def _slot_services(self, live: Mapping[Slot, Deployment]) -> dict[Slot, KubernetesService]:
        http = self._args.pods.http
        if http is None:
            return {}
        return {slot: slots.slot_service(self._plan, slot, http.port, live.get(slot)) for slot in SLOTS}

    def _numbers(
        self, live: Mapping[Slot, Deployment], budgets: Mapping[Slot, PodDisruptionBudget]
    ) -> dict[Slot, pulumi.Input[int | None]]:
        """Return slot -> how many of its pods are ready, as far as the engine knows just before a switch.

        With bounds, the new slot's is what its Deployment reports, and the old one's what its budget does: both were
        updated a moment before, with their role. The old one has its pods until the stable Service has moved, even
        where idle slots have none.
        """
        if self._args.bounds is None:
            return {slot: content.replicas for slot, content in self._args.slots.items()}
        numbers: dict[Slot, pulumi.Input[int | None]] = {
            slot: budget.status.apply(lambda status: status.current_healthy if status else None)
            for slot, budget in budgets.items()
        }
        for slot, deployment in live.items():
            numbers[slot] = deployment.status.apply(lambda status: status.ready_replicas if status else None)
        return numbers

    def _stable_service(
        self, after: Sequence[pulumi.Resource], numbers: Mapping[Slot, pulumi.Input[int | None]]
    ) -> KubernetesService | None:
        http = self._args.pods.http
        if http is None:
            return None
        hooks = pulumi.ResourceHookBinding(before_update=[guard(self._name, numbers)]) if len(numbers) > 1 else None
        return KubernetesService(
            f"{self._name}-service",
            metadata={
                "name": self._name,
                "namespace": self._args.namespace,
                "labels": labels(self._name, "service"),
            },
            spec={
                "selector": slots.service_selector(self._name, self._args.active),
                "ports": [{"name": "http", "port": http.port, "target_port": "http"}],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after), hooks=hooks),
        )


def _name(service: KubernetesService) -> pulumi.Output[str]:
    return service.metadata.apply(lambda metadata: metadata.name or "")
