"""The number of a slot's pods, as the load wants it.

Owns the HorizontalPodAutoscaler. Leaves the Deployment to `Service`, which ignores its `spec.replicas` from then on: an
update that set them again would undo what the autoscaler did.
"""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler, MetricSpecArgsDict

from infra.naming import labels

_UP_SECONDS = 60
_UP_PERCENT = 100
_DOWN_SECONDS = 300
_DOWN_PERCENT = 10
_PERIOD_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class AutoscalerArgs:
    """Arguments of `Autoscaler`. The defaults are those of the api (REQUIREMENTS, Workloads).

    Args:
        namespace: the Deployment's.
        deployment: its name.
        workload: whose pods they are, for labels.
        minimum: pods at least.
        maximum: pods at most.
        cpu_percent: of what the pods request, on average.
        memory_percent: of what the pods request, on average.
    """

    namespace: pulumi.Input[str]
    deployment: pulumi.Input[str]
    workload: str
    minimum: int = 3
    maximum: int = 20
    cpu_percent: int = 70
    memory_percent: int = 80


class Autoscaler(pulumi.ComponentResource):
    """Never fewer pods than the minimum, never more than the maximum; doubled within a minute, given back slowly."""

    autoscaler: pulumi.Output[str]
    """The HorizontalPodAutoscaler's name."""

    def __init__(self, name: str, args: AutoscalerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:service:Autoscaler", name, None, opts)
        created = HorizontalPodAutoscaler(
            f"{name}-pods",
            metadata={
                "name": args.deployment,
                "namespace": args.namespace,
                "labels": labels(args.workload, "service"),
            },
            spec={
                "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": args.deployment},
                "min_replicas": args.minimum,
                "max_replicas": args.maximum,
                "metrics": [_used("cpu", args.cpu_percent), _used("memory", args.memory_percent)],
                # Windows and steps are those of REQUIREMENTS, Workloads.
                "behavior": {
                    "scale_up": {
                        "stabilization_window_seconds": _UP_SECONDS,
                        "policies": [{"type": "Percent", "value": _UP_PERCENT, "period_seconds": _PERIOD_SECONDS}],
                    },
                    "scale_down": {
                        "stabilization_window_seconds": _DOWN_SECONDS,
                        "policies": [{"type": "Percent", "value": _DOWN_PERCENT, "period_seconds": _PERIOD_SECONDS}],
                    },
                },
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.autoscaler = created.metadata.apply(lambda metadata: metadata.name or name)
        self.register_outputs({"autoscaler": self.autoscaler})


def _used(resource: str, percent: int) -> MetricSpecArgsDict:
    return {
        "type": "Resource",
        "resource": {"name": resource, "target": {"type": "Utilization", "average_utilization": percent}},
    }
