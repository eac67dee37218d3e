"""Settings of services: what runs in which slot, how many pods of it, and what of it takes traffic."""

import graphlib
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from infra.connections import PER_PROCESS
from infra.settings.jobs import MigrationSettings, WarmUpSettings
from infra.settings.kinds import (
    ConfigurationValue,
    Cpu,
    HttpPath,
    ImageDigest,
    Memory,
    Percent,
    Port,
    ServiceName,
    Slot,
    Slug,
    VariableName,
)
from infra.settings.policies import EgressSettings, misconnected
from infra.settings.rights import BucketPurpose, BucketRight, QueueRight, excessive, variables
from infra.settings.routing import RoutedService
from infra.settings.section import Contradiction, Section, repeated
from infra.units import mebibytes

HEALTHY_SECONDS = 30
"""How long a service must have been ready before those that come after it change (REQUIREMENTS, Workloads)."""

_GIVEN = (
    *("DATABASE_URL", "DIRECT_DATABASE_URL", "REDIS_URL", "SESSIONS_REDIS_URL", "SECRETS_DIRECTORY"),
    *("MIGRATION_PHASE", "ACTIVE_SLOT", "SERVICE_URL"),
)
"""Variables that the platform itself sets, in pods of services and of their jobs; beside those of what they use."""

_TAKEN = ("default", "cni", "database-pooler", "gateway-maintenance", "gateway-istio")
"""Names that no service can have, which gives its own to a Service, a service account and an AWS identity: those of the
namespace's account by default, of the cluster's network plugin, of what this program makes, and of Istio's gateway."""

_SECRET_ENDINGS = ("PASSWORD", "PASSPHRASE", "SECRET", "TOKEN", "_KEY", "_DSN", "CREDENTIALS")
"""How variables are called whose values belong to nobody's eyes; ours. So are those with `SECRET_` in their names."""

_SIGNED_URL = re.compile(r"://[^/\s]*:[^/\s]*@")
"""A URL with a user and a password."""


class SlotSettings(Section):
    """One of the two slots of a service."""

    image: ImageDigest
    """What runs in the slot."""

    replicas: Annotated[int, Field(ge=1, le=200)] = 3
    """Pods; three at least in production (REQUIREMENTS, workloads). With autoscaling, only at the start."""

    floor: Annotated[int, Field(ge=1, le=200)] | None = None
    """With autoscaling, the slot's pods at least, if more than its minimum: what a release raises before a switch to as
    many as the other slot has."""


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


class CanarySettings(Section):
    """A part of the traffic from outside, for the slot that is not active."""

    slot: Slot
    """Which."""

    weight: Annotated[int, Field(ge=0, le=99)] = 10
    """Of a hundred requests, how many (REQUIREMENTS, Releases: 90/10); tenants of the rings `early` and `late` are not
    counted. With 0, which needs `tenant_hosts`, `early` tenants alone meet it."""


class ResourceSettings(Section):
    """What each pod of a service gets. The defaults are ours: no source document gives numbers."""

    cpu: Cpu = "100m"
    """Requested; there is no limit, so that a pod may use what a node has left."""

    memory: Memory = "128Mi"
    """Requested; with autoscaling as much as memory_limit, as use is counted against what is requested."""

    memory_limit: Memory = "512Mi"
    """Above which a pod is killed and started again."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return more memory requested than allowed."""
        if mebibytes(self.memory) > mebibytes(self.memory_limit):
            yield ("memory",), "more than memory_limit; lower one or raise the other"


class DisruptionSettings(Section):
    """How much of a slot may be away when nodes are drained."""

    max_unavailable: Annotated[int, Field(ge=1, le=200)] = 1
    """Pods at once; with none, no node could ever be drained."""


class ServiceSettings(RoutedService):
    """A workload behind the gateway, in two slots; or a worker, which nobody calls."""

    port: Port | None
    """The port that the container listens on, and the Service answers on; null for a worker: no Service, no probes."""

    health_path: HttpPath = "/"
    """Answers 200 when the pod can take traffic."""

    startup_seconds: Annotated[int, Field(ge=5, le=1800)] = 60
    """How long that may take after a start, before the container is started again."""

    active: Slot
    """The slot that takes traffic."""

    canary: CanarySettings | None = None
    """What the other slot takes of it; none: nothing."""

    scale_down: Literal["keep", "immediately"] = "keep"
    """What a slot without traffic has: its pods, ready for a switch back, or none. A worker's has none in any case."""

    after: tuple[ServiceName, ...] = ()
    """Services that must have been ready for a while before pods of this one change (REQUIREMENTS, Workloads)."""

    min_ready_seconds: Annotated[int, Field(ge=0, le=600)] | None = None
    """How long a pod must have been ready until it counts; by default 30 where another service comes after this one,
    else 0."""

    ready_timeout: Annotated[int, Field(ge=10, le=3600)] = 600
    """Seconds that a slot's pods may take to become ready before an update fails: more than a pod may take to start and
    to count. The default is the plugin's own."""

    database_connections: Annotated[int, Field(ge=0, le=1000)] = PER_PROCESS
    """Connections to the database that one pod opens at most (REQUIREMENTS, Data); counted, not enforced. With 0, its
    pods do not reach the database at all, unless a migration or a job of it is the owner of tables."""

    slots: Annotated[dict[Slot, SlotSettings], Field(min_length=1)]
    """The active slot, and the candidate while there is one."""

    autoscaling: AutoscalingSettings | None = None
    """How the number of pods follows the load; none: it is what each slot's `replicas` says."""

    resources: ResourceSettings = ResourceSettings()
    """What each pod gets."""

    writable_root: bool = False
    """Whether the container may write to its image's own files; to /tmp it can in any case."""

    disruption: DisruptionSettings = DisruptionSettings()
    """What of it may be away for maintenance of nodes."""

    priority: Literal["normal", "high"] = "normal"
    """Which pods stay where nodes are short of room."""

    environment: dict[VariableName, ConfigurationValue] = Field(default_factory=dict)
    """Plain configuration, as variables; a change rolls the pods. Nothing secret: that is declared in `secrets`."""

    migration: MigrationSettings | None = None
    """What has to succeed before its pods change."""

    warm_up: WarmUpSettings | None = None
    """What runs once after each switch."""

    callers: tuple[Slug, ...] = ()
    """Services that may call it, inside the cluster; none: nobody but its own jobs, and the gateway to its hosts."""

    egress: Annotated[tuple[EgressSettings, ...], Field(max_length=20)] = ()
    """What it and its jobs call outside of the platform; none: nothing there, whatever they try."""

    buckets: dict[BucketPurpose, BucketRight] = Field(default_factory=dict)
    """Purpose, as in `storage` -> what it and its jobs do there; each finds the bucket's name as `BUCKET_PURPOSE`, and
    the region as `AWS_REGION`. Who writes also lists and deletes, but reads nothing."""

    queues: dict[Slug, QueueRight] = Field(default_factory=dict)
    """Name, as in `queues` of the stack -> what it and its jobs do there; each finds the URL as `QUEUE_NAME_URL`, with
    underscores for dashes, and the region as `AWS_REGION`."""

    @property
    def most_pods(self) -> tuple[int, ...]:
        """How many pods each of its slots may have."""
        highest = 0 if self.autoscaling is None else self.autoscaling.maximum
        return tuple(max(slot.replicas, highest) for slot in self.slots.values())

    @property
    def keeps_idle(self) -> bool:
        """Whether a slot without traffic has pods; a worker's would work beside the active one's."""
        return self.scale_down == "keep" and self.port is not None

    def contradictions(self) -> Iterator[Contradiction]:
        """Return slots that are not there, counts outside bounds, and what makes no sense together."""
        if self.active not in self.slots:
            yield ("active",), "a slot that slots does not have; add it there, or switch active"
        if self.canary is not None:
            yield from self._shared(self.canary)
        yield from self._counts()
        asked = self.resources
        if self.autoscaling is not None and mebibytes(asked.memory) < mebibytes(asked.memory_limit):
            yield (
                ("resources", "memory"),
                "less than memory_limit, and autoscaling counts use against it, so that idle pods may be as many as "
                "its maximum for ever; make it as much as memory_limit",
            )
        if self.port is None:
            yield from self._idle_settings()
        yield from repeated("after", self.after)
        yield from self._variables()
        yield from misconnected(self.port, self.callers, self.egress)
        yield from excessive(self.buckets, self.queues)

    def _shared(self, canary: CanarySettings) -> Iterator[Contradiction]:
        if canary.slot == self.active:
            yield ("canary", "slot"), "the active slot, which has the rest; name the other one"
        elif canary.slot not in self.slots:
            yield ("canary", "slot"), "a slot without an image; add it to slots, or remove canary"
        elif self.active in self.slots and self.slots[canary.slot].image == self.slots[self.active].image:
            yield ("canary",), "both slots have the same image; give the canary's another, or remove canary"

    def _counts(self) -> Iterator[Contradiction]:
        bounds = self.autoscaling
        for name, slot in self.slots.items():
            if bounds is None:
                if slot.floor is not None:
                    yield ("slots", name, "floor"), "of no use without autoscaling; set replicas, or add autoscaling"
                continue
            if not bounds.minimum <= slot.replicas <= bounds.maximum:
                yield ("slots", name, "replicas"), "outside the bounds of autoscaling; begin between them"
            if slot.floor is not None and slot.floor > bounds.maximum:
                yield ("slots", name, "floor"), "more than autoscaling.maximum; lower it, or raise that"

    def _idle_settings(self) -> Iterator[Contradiction]:
        useless = {
            "health_path": "nothing asks a worker; remove it, or give it a port",
            "startup_seconds": "nothing asks a worker; remove it, or give it a port",
            "canary": "a worker has no traffic to share; remove it, or give it a port",
            "scale_down": "a worker's other slot never has pods, it would work too; remove it, or give it a port",
        }
        for name, text in useless.items():
            if name in self.model_fields_set and getattr(self, name) is not None:
                yield (name,), text

    def _variables(self) -> Iterator[Contradiction]:
        given = {*_GIVEN, *variables(self.buckets, self.queues)}
        for name, value in self.environment.items():
            if name in given:
                yield ("environment", name), "set by the platform; take another name"
            elif name.endswith(_SECRET_ENDINGS) or "SECRET_" in name:
                yield ("environment", name), "a secret, by its name; declare it in secrets, or rename it"
            elif _SIGNED_URL.search(value):
                yield ("environment", name), "a URL with a password; declare it in secrets, or take the password out"


def ready_seconds(name: str, services: Mapping[str, ServiceSettings]) -> int:
    """Return how long a pod of a service must have been ready until it counts.

    Args:
        name: the service.
        services: all of the environment.
    """
    own = services[name].min_ready_seconds
    if own is not None:
        return own
    return HEALTHY_SECONDS if any(name in other.after for other in services.values()) else 0


def in_order(services: Mapping[str, ServiceSettings]) -> tuple[str, ...]:
    """Return their names, each behind those that it comes after.

    Args:
        services: of valid settings, so without a cycle.
    """
    return tuple(graphlib.TopologicalSorter({name: one.after for name, one in services.items()}).static_order())


def disorder(services: Mapping[str, ServiceSettings]) -> Iterator[Contradiction]:
    """Return, below the settings' root, services that wait for nothing, for each other or too briefly, or share a name.

    Args:
        services: all of the environment.
    """
    for name, service in services.items():
        for position, other in enumerate(service.after):
            if other not in services:
                yield ("services", name, "after", position), "no such service; add it to services, or remove it here"
        if name in _TAKEN:
            yield ("services", name), "the name of something else in the platform's namespace or cluster; rename it"
        stem, _, slot = name.rpartition("-")
        if slot in ("blue", "green") and stem in services:
            yield ("services", name), "the name of another service's slot; rename it"
        starting = 0 if service.port is None else service.startup_seconds  # nothing asks a worker
        if service.ready_timeout <= starting + ready_seconds(name, services):
            yield (
                ("services", name, "ready_timeout"),
                "not more than startup_seconds and min_ready_seconds together (the latter is "
                f"{HEALTHY_SECONDS} for those that others come after), so that an update would fail whose pods start "
                "in time; raise it, or lower one of them",
            )
    yield from _circle(services)


def _circle(services: Mapping[str, ServiceSettings]) -> Iterator[Contradiction]:
    known = {name: [other for other in service.after if other in services] for name, service in services.items()}
    try:
        graphlib.TopologicalSorter(known).prepare()
    except graphlib.CycleError as error:
        # Each is before the next one in the list, whose first and last are the same.
        first, second = error.args[1][:2]
        yield (
            ("services", second, "after", services[second].after.index(first)),
            "comes, over this, after itself; remove one of the circle",
        )
