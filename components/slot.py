"""One slot of a service: its Deployment, how many pods it has at least, and the Service that is its alone.

Owns these objects one by one. Leaves their order to `service`: it differs by what the slot does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap
from pulumi_kubernetes.core.v1 import Service as KubernetesService
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components import pods
from components.autoscaler import Autoscaler, AutoscalerArgs
from components.pods import EnvironmentConfig, PodArgs
from infra.naming import labels

Slot = Literal["blue", "green"]

Role = Literal["active", "canary", "candidate"]
"""What a slot is to its service: it takes traffic, a part of what comes from outside, or none."""

SLOTS: tuple[Slot, Slot] = ("blue", "green")

SLOT_LABEL = "tenantry.dev/slot"
"""The label of pods by which Services tell slots apart."""

_ROLE_ANNOTATION = "tenantry.dev/role"
# A wait for endpoints would not end: pods of a slot without traffic come after all traffic.
_UNAWAITED = {"pulumi.com/skipAwait": "true"}
_PROGRESS_SECONDS = 600  # Kubernetes' own default of progressDeadlineSeconds


@dataclass(frozen=True, kw_only=True)
class SlotArgs:
    """What is in one slot.

    Args:
        image: by digest.
        replicas: number of pods; with bounds, only that at the start.
        floor: with bounds, pods at least if that is more than their minimum.
    """

    image: str
    replicas: int
    floor: int | None = None


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Between which numbers each slot's pods follow the load.

    Args:
        minimum: pods of a slot at least.
        maximum: pods of a slot at most.
        cpu_percent: of what they request, above which there are more.
        memory_percent: of what they request, above which there are more.
    """

    minimum: int
    maximum: int
    cpu_percent: int
    memory_percent: int


@dataclass(frozen=True, kw_only=True)
class SlotPlan:
    """What both slots of a service have in common.

    Args:
        service: its name.
        namespace: the Kubernetes namespace.
        pods: what its pods have.
        configs: what they read besides.
        bounds: of each slot's number of pods; None for exactly its replicas.
        ready_timeout: seconds that a slot's pods may take to become ready before the update fails.
        min_ready_seconds: how long a pod must have been ready until it counts.
        max_unavailable: pods of a slot that may be away at once when nodes are drained.
        opts: with the parent.
        prefix: what logical names begin with, where others have slots of a service of this name.
    """

    service: str
    namespace: pulumi.Input[str]
    pods: PodArgs
    configs: Sequence[EnvironmentConfig]
    bounds: Bounds | None
    ready_timeout: int
    min_ready_seconds: int
    max_unavailable: int
    opts: pulumi.ResourceOptions
    prefix: str = ""


def selector(service: str, slot: Slot) -> dict[str, str]:
    """Return the labels that tell a slot's pods from all others."""
    return {"app.kubernetes.io/name": service, SLOT_LABEL: slot}


def service_selector(service: str, slot: Slot) -> dict[str, str]:
    """Return what a Service selects a slot's pods by.

    It says what they are as well: on EKS a policy's peer is a Service only if it selects this map (see
    `network_policies`). The selector of a Deployment does not, for it can never be changed.
    """
    return {**selector(service, slot), "app.kubernetes.io/component": "service"}


def environment(
    name: str,
    service: str,
    namespace: pulumi.Input[str],
    variables: Mapping[str, pulumi.Input[str]] | None,
    opts: pulumi.ResourceOptions,
) -> list[EnvironmentConfig]:
    """Declare plain configuration. Its name is the provider's: other data are another object, so pods roll.

    Args:
        name: its logical name.
        service: whose it is.
        namespace: the Kubernetes namespace.
        variables: variable -> value; nothing is declared for none.
        opts: with the parent.
    """
    if not variables:
        return []
    created = ConfigMap(
        name,
        metadata={"namespace": namespace, "labels": labels(service, "service")},
        data=dict(variables),
        immutable=True,  # the provider changes others in place (`enableConfigMapMutable`)
        opts=opts,
    )
    return [EnvironmentConfig(name=created.metadata.apply(lambda metadata: metadata.name or ""))]


def deployment(plan: SlotPlan, slot: Slot, args: SlotArgs, role: Role, after: Sequence[pulumi.Resource]) -> Deployment:
    """Declare a slot's pods: new ones are ready before old ones go, a quarter at a time.

    Args:
        plan: of the service.
        slot: which.
        args: what is in it.
        role: what it does. It is on the Deployment, not on its pods: a switch updates both Deployments, so that the
            engine waits for the new slot's readiness even where nothing else of it changes, and restarts no pod.
        after: what must be there before.
    """
    name = f"{plan.service}-{slot}"
    pod_labels = {**labels(plan.service, "service"), SLOT_LABEL: slot}
    mine = selector(plan.service, slot)
    seconds = f"{plan.ready_timeout}s"
    return Deployment(
        f"{plan.prefix}{name}",
        metadata={
            "name": name,
            "namespace": plan.namespace,
            "labels": pod_labels,
            "annotations": {_ROLE_ANNOTATION: role},
        },
        spec={
            "replicas": max(args.replicas, args.floor or 0),
            "min_ready_seconds": plan.min_ready_seconds,
            "progress_deadline_seconds": max(plan.ready_timeout, _PROGRESS_SECONDS),
            "selector": {"match_labels": mine},
            "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": "25%", "max_unavailable": 0}},
            "template": pods.template(plan.pods, plan.configs, image=args.image, labels=pod_labels, selector=mine),
        },
        opts=pulumi.ResourceOptions.merge(
            plan.opts,
            pulumi.ResourceOptions(
                depends_on=list(after),
                custom_timeouts=pulumi.CustomTimeouts(create=seconds, update=seconds),
                ignore_changes=["spec.replicas"] if plan.bounds else None,
            ),
        ),
    )


def autoscaler(plan: SlotPlan, bounds: Bounds, slot: Slot, args: SlotArgs) -> Autoscaler:
    """Declare how many pods a slot has, beside those pods: a floor is raised while their Deployment is looked at.

    Args:
        plan: of the service.
        bounds: of the number.
        slot: which.
        args: what is in it.
    """
    name = f"{plan.service}-{slot}"
    scaled = AutoscalerArgs(
        namespace=plan.namespace,
        deployment=name,
        workload=plan.service,
        minimum=max(bounds.minimum, args.floor or 0),
        maximum=bounds.maximum,
        cpu_percent=bounds.cpu_percent,
        memory_percent=bounds.memory_percent,
    )
    return Autoscaler(f"{name}-scale", scaled, plan.opts)


def disruption_budget(
    plan: SlotPlan, slot: Slot, *, active: bool, after: Sequence[pulumi.Resource]
) -> PodDisruptionBudget:
    """Declare that nodes are drained of few of a slot's pods at once; of those that are broken, of any number.

    Its status counts the slot's ready pods, at once and whoever scales them. It is declared between the slots with
    traffic and the stable Service, so that a switch, which updates both slots' budgets, knows how many serve then, and
    not how many did before a slot became ready, or when an earlier try failed because none did. It is there while the
    slot has no pods, too, and counts none.

    Args:
        plan: of the service.
        slot: which.
        active: whether it takes the traffic.
        after: the Deployments of slots with traffic.
    """
    name = f"{plan.service}-{slot}"
    return PodDisruptionBudget(
        f"{plan.prefix}{name}-budget",
        metadata={
            "name": name,
            "namespace": plan.namespace,
            "labels": labels(plan.service, "service"),
            "annotations": {_ROLE_ANNOTATION: "active" if active else "candidate"},
        },
        spec={
            "selector": {"match_labels": selector(plan.service, slot)},
            "max_unavailable": plan.max_unavailable,
            "unhealthy_pod_eviction_policy": "AlwaysAllow",
        },
        opts=pulumi.ResourceOptions.merge(plan.opts, pulumi.ResourceOptions(depends_on=list(after))),
    )


def slot_service(plan: SlotPlan, slot: Slot, port: int, live: Deployment | None) -> KubernetesService:
    """Declare the Service of a slot's pods, which routes from outside point to, with weights.

    Args:
        plan: of the service.
        slot: which.
        port: the Service's; the pods' is called `http`.
        live: the Deployment of a slot with traffic, whose endpoints are waited for; None for one without.
    """
    name = f"{plan.service}-{slot}"
    depends_on = pulumi.ResourceOptions(depends_on=[] if live is None else [live])
    metadata: ObjectMetaArgsDict = {
        "name": name,
        "namespace": plan.namespace,
        "labels": {**labels(plan.service, "service"), SLOT_LABEL: slot},
    }
    if live is None:
        metadata["annotations"] = _UNAWAITED
    return KubernetesService(
        f"{plan.prefix}{name}-service",
        metadata=metadata,
        spec={
            "selector": service_selector(plan.service, slot),
            "ports": [{"name": "http", "port": port, "target_port": "http"}],
        },
        opts=pulumi.ResourceOptions.merge(plan.opts, depends_on),
    )
