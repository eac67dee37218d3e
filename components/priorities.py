"""Which pods give way where nodes are short of room.

Owns the PriorityClasses of the platform. Leaves to each service which one it has.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_kubernetes.scheduling.v1 import PriorityClass

from infra.naming import labels

Priority = Literal["normal", "high"]

_VALUES: Mapping[Priority, int] = {"normal": 1_000, "high": 10_000}
"""Ours: all above 0, which pods have that belong to no service; far below those of the cluster's own parts."""


@dataclass(frozen=True, kw_only=True)
class PrioritiesArgs:
    """Arguments of `Priorities`.

    Args:
        prefix: what the classes' names begin with: they are of the whole cluster, which environments may share.
        used: the priorities that any service has.
    """

    prefix: str
    used: Collection[Priority]


class Priorities(pulumi.ComponentResource):
    """Pods of high priority get room before all others of the platform, and those before what is not a service."""

    classes: Mapping[Priority, pulumi.Output[str]]
    """Priority -> the name of its PriorityClass, once it is there."""

    def __init__(self, name: str, args: PrioritiesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:service:Priorities", name, None, opts)
        created = {
            priority: PriorityClass(
                f"{name}-{priority}",
                metadata={"name": f"{args.prefix}-{priority}", "labels": labels(priority, "priority")},
                value=value,
                description=f"Services of the platform, {priority} priority.",
                opts=pulumi.ResourceOptions(parent=self),
            )
            for priority, value in _VALUES.items()
            if priority in args.used
        }
        self.classes = {
            priority: one.metadata.apply(lambda metadata: metadata.name or "") for priority, one in created.items()
        }
        self.register_outputs({"classes": dict(self.classes)})
