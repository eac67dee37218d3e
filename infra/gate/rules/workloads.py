"""What runs in the cluster, as its objects say: pods, their slots, how many, and what they ask for.

Owns reading. Leaves what is wrong with any of it to the rules.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.gate.change import Change, Properties, Resource, Value
from infra.gate.rules.properties import at, number, objects, text, told
from infra.gate.rules.view import View

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
JOB = "kubernetes:batch/v1:Job"

SLOT_LABEL = "tenantry.dev/slot"
ROLE_ANNOTATION = "tenantry.dev/role"
NAME_LABEL = "app.kubernetes.io/name"
COMPONENT_LABEL = "app.kubernetes.io/component"

_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    DEPLOYMENT: ("spec", "template"),
    "kubernetes:apps/v1:StatefulSet": ("spec", "template"),
    "kubernetes:apps/v1:DaemonSet": ("spec", "template"),
    "kubernetes:apps/v1:ReplicaSet": ("spec", "template"),
    JOB: ("spec", "template"),
    "kubernetes:batch/v1:CronJob": ("spec", "jobTemplate", "spec", "template"),
    "kubernetes:core/v1:Pod": (),
}
"""Type token -> where the template of its pods is."""

_COUNTED = (DEPLOYMENT, "kubernetes:apps/v1:StatefulSet")

_MEBIBYTES: Mapping[str, float] = {
    "": 1 / 1_048_576,
    "k": 1_000 / 1_048_576,
    "M": 1_000_000 / 1_048_576,
    "G": 1_000_000_000 / 1_048_576,
    "T": 1_000_000_000_000 / 1_048_576,
    "Ki": 1 / 1_024,
    "Mi": 1,
    "Gi": 1_024,
    "Ti": 1_048_576,
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a service, before this update and after it.

    Args:
        service: whose it is: the namespace and the name, for a tenant may have a copy.
        slot: `blue` or `green`.
        before: its inputs as they are; empty where there is none.
        after: its inputs as declared; empty where there will be none.
        outputs: what the state has of it beside that.
        change: what becomes of it; None where it stays.
        urn: of its Deployment.
    """

    service: tuple[str, str]
    slot: str
    before: Properties
    after: Properties
    outputs: Properties
    change: Change | None
    urn: str

    @property
    def role_before(self) -> str:
        """What it is to its service now, as `active`; empty where it is not there."""
        return text(at(self.before, "metadata", "annotations", ROLE_ANNOTATION))

    @property
    def role_after(self) -> str:
        """What it will be."""
        return text(at(self.after, "metadata", "annotations", ROLE_ANNOTATION))

    @property
    def is_rolled(self) -> bool:
        """Whether its pods are others afterwards, or none; not by their number or role."""
        if self.change is None or self.change.kind == "create":
            return False
        template = ("spec", "template")
        return self.change.kind != "update" or at(self.before, *template) != at(self.after, *template)

    @property
    def ready(self) -> int | None:
        """How many of its pods are ready, as the state has it; None where it does not tell."""
        count = number(at(self.outputs, "status", "readyReplicas"))
        return None if count is None else int(count)


def slots(view: View) -> Mapping[tuple[str, str], list[Slot]]:
    """Return the slots of all services: service -> those that there are, or will be.

    Args:
        view: the preview.
    """
    found: dict[tuple[str, str], list[Slot]] = {}
    known_ones: list[Resource | Change] = [*view.resources(DEPLOYMENT), *view.changes(DEPLOYMENT, "delete")]
    for known in known_ones:
        slot = _slot(view, known)
        if slot.slot:
            found.setdefault(slot.service, []).append(slot)
    return found


def _slot(view: View, known: Resource | Change) -> Slot:
    change = view.change(known.urn)
    before = change.before if change is not None else known.inputs if isinstance(known, Resource) else {}
    after = change.after if change is not None else before
    meta = at(after or before, "metadata")
    labels = at(meta, "labels")
    return Slot(
        service=(namespace(after or before), text(at(labels, NAME_LABEL))),
        slot=text(at(labels, SLOT_LABEL)),
        before=before,
        after=after,
        outputs=change.outputs if change is not None else known.outputs,
        change=change,
        urn=known.urn,
    )


def pods(token: str, inputs: Properties) -> Value:
    """Return the specification of a workload's pods; None of what has none.

    Args:
        token: its type token.
        inputs: of it.
    """
    place = _TEMPLATES.get(token)
    return None if place is None else at(inputs, *place, "spec")


def labels(token: str, inputs: Properties) -> Value:
    """Return the labels of a workload's pods.

    Args:
        token: its type token.
        inputs: of it.
    """
    return at(inputs, *_TEMPLATES.get(token, ()), "metadata", "labels")


def workloads(view: View) -> Iterator[Resource]:
    """Return everything that has pods."""
    for token in _TEMPLATES:
        yield from view.resources(token)


def containers(spec: Value) -> Iterator[Mapping[str, Value]]:
    """Return the containers of pods, those that run before the others too.

    Args:
        spec: of the pods.
    """
    for kind in ("initContainers", "containers"):
        yield from objects(at(spec, kind))


def counts(view: View) -> Mapping[str, float | None]:
    """Return how many pods each workload has at least: URN -> number, or None where that cannot be seen.

    A schedule and a Job have one at a time. With an autoscaler it is that one's minimum: the number in the Deployment
    is only for the start.

    Args:
        view: the preview.
    """
    scaled: dict[tuple[str, str], Value] = {}
    for one in view.resources(AUTOSCALER):
        name = text(at(one.inputs, "spec", "scaleTargetRef", "name"))
        scaled[namespace(one.inputs), name] = at(one.inputs, "spec", "minReplicas")
    found: dict[str, float | None] = {}
    for resource in workloads(view):
        own = (namespace(resource.inputs), text(at(resource.inputs, "metadata", "name")))
        declared = scaled.get(own, at(resource.inputs, "spec", "replicas"))
        alone = declared is None or resource.type not in _COUNTED
        found[resource.urn] = 1 if alone else number(declared)
    return found


def namespace(inputs: Properties) -> str:
    """Return the namespace of an object; what cannot be seen as the words for it.

    Args:
        inputs: of the object.
    """
    return told(at(inputs, "metadata", "namespace"))


def millicores(value: Value) -> float | None:
    """Return thousandths of a processor, as Kubernetes writes them; None of anything else."""
    if isinstance(value, str) and value.endswith("m"):
        return number(value[:-1])
    cores = number(value)
    return None if cores is None else 1000 * cores


def mebibytes(value: Value) -> float | None:
    """Return mebibytes of memory, as Kubernetes writes them; None of anything else."""
    found = re.fullmatch(r"([0-9.]+)([kMGT]?|[KMGT]i)", str(value)) if isinstance(value, str | int | float) else None
    amount = None if found is None else number(found[1])
    return None if found is None or amount is None else amount * _MEBIBYTES[found[2]]
