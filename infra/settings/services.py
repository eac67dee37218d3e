"""Settings of services: what runs in which slot, how many pods of it, and what of it takes traffic."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from infra.connections import PER_PROCESS
from infra.settings.kinds import HttpPath, ImageDigest, Percent, Port, Slot
from infra.settings.section import Contradiction, Section


class SlotSettings(Section):
    """One of the two slots of a service."""

    image: ImageDigest
    """What runs in the slot."""

    replicas: Annotated[int, Field(ge=1, le=200)] = 3
    """Pods; three at least in production (REQUIREMENTS, workloads)."""


class AutoscalingSettings(Section):
    """Between which bounds the number of each slot's pods follows the load (REQUIREMENTS, Workloads)."""

    minimum: Annotated[int, Field(ge=1, le=200)] = 3
    """Pods of a slot at least."""

    maximum: Annotated[int, Field(ge=1, le=200)] = 20
    """Pods of a slot at most; nodes, addresses and connections must be enough for them."""

    cpu_percent: Annotated[Percent, Field(ge=1)] = 70
    """Of what the pods request, above which there are more."""

    memory_percent: Annotated[Percent, Field(ge=1)] = 80
    """Of what the pods request, above which there are more."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return bounds that leave no number between them."""
        if self.minimum > self.maximum:
            yield ("minimum",), "more than maximum; lower one or raise the other"


class ServiceSettings(Section):
    """A workload behind the gateway, in two slots."""

    port: Port
    """The port that the container listens on, and the Service answers on."""

    health_path: HttpPath = "/"
    """Answers 200 when the pod can take traffic."""

    active: Slot
    """The slot that takes traffic."""

    ready_timeout: Annotated[int, Field(ge=10, le=3600)] = 600
    """Seconds that a slot's pods may take to become ready before an update fails; the default is the plugin's own."""

    database_connections: Annotated[int, Field(ge=0, le=1000)] = PER_PROCESS
    """Connections to the database that one pod opens at most (REQUIREMENTS, Data); counted, not enforced."""

    slots: Annotated[dict[Slot, SlotSettings], Field(min_length=1)]
    """The active slot, and the candidate while there is one."""

    autoscaling: AutoscalingSettings | None = None
    """How the number of pods follows the load; none: it is what each slot's `replicas` says."""

    @property
    def most_pods(self) -> tuple[int, ...]:
        """How many pods each of its slots may have."""
        highest = 0 if self.autoscaling is None else self.autoscaling.maximum
        return tuple(max(slot.replicas, highest) for slot in self.slots.values())

    def contradictions(self) -> Iterator[Contradiction]:
        """Return an active slot that is not there, and slots that start with more or fewer pods than are allowed."""
        if self.active not in self.slots:
            yield ("active",), "a slot that slots does not have; add it there, or switch active"
        if self.autoscaling is None:
            return
        for name, slot in self.slots.items():
            if not self.autoscaling.minimum <= slot.replicas <= self.autoscaling.maximum:
                yield ("slots", name, "replicas"), "outside the bounds of autoscaling; begin between them"
