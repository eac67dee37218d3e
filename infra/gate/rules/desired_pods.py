"""What all pods and namespaces must be like, changed or not.

Owns policies for Kubernetes as it is declared. Leaves secrets in plain text to `desired_secrets`, and what gets worse
to the rules of changes.
"""

import re
from collections.abc import Iterator, Mapping

from infra.gate.change import Hidden, Resource, Value
from infra.gate.rules.network_policies import NAMESPACE, POLICY, is_closed
from infra.gate.rules.properties import at, is_on, listed, objects, shortened, text, texts, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View
from infra.gate.rules.workloads import BUDGET, DEPLOYMENT, containers, counts, labels, namespace, pods, workloads

_LIMITS = "kubernetes:core/v1:LimitRange"
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_HARMLESS = {"NET_BIND_SERVICE"}
_ENFORCES = "pod-security.kubernetes.io/enforce"


@rule("dangerous")
def image_by_tag(view: View) -> Iterator[Found]:
    """An image is named by a tag, which may be another image tomorrow, and not by its digest.

    Source: REQUIREMENTS, Workloads (images by digest); CIS Kubernetes 5.5.1
    """
    for resource in workloads(view):
        if isinstance(at(pods(resource.type, resource.inputs), "containers"), Hidden):
            yield Found(resource.urn, "its containers cannot be seen in this preview", "containers")
    for resource, container in _containers(view):
        image = container.get("image")
        if image is not None and not (isinstance(image, str) and _DIGEST.search(image)):
            name = shortened(text(container.get("name")))
            seen = told(image) if isinstance(image, str) else "cannot be seen in this preview"
            yield Found(resource.urn, f"image of {name}: {seen}", "image")


@rule("dangerous")
def pod_privileged(view: View) -> Iterator[Found]:
    """A pod reaches into its node: privileged, with the node's network, processes or files, or with capabilities.

    Source: CIS Kubernetes 5.2.2 to 5.2.9; Kubernetes, Pod Security Standards (baseline)
    """
    for resource in workloads(view):
        spec = pods(resource.type, resource.inputs)
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            if is_on(at(spec, name)):
                yield Found(resource.urn, f"shares its node's: {name}", name)
        for volume in objects(at(spec, "volumes")):
            if volume.get("hostPath") is not None:
                yield Found(resource.urn, f"has files of its node: {told(at(volume, 'hostPath', 'path'))}", "volumes")
        for container in containers(spec):
            yield from _reach(resource, container)


@rule("dangerous")
def pod_as_root(view: View) -> Iterator[Found]:
    """A container may run as root.

    Source: REQUIREMENTS, Workloads (non-root); CIS Kubernetes 5.2.7
    """
    for resource in workloads(view):
        spec = pods(resource.type, resource.inputs)
        for container in containers(spec):
            for place in ("runAsNonRoot", "runAsUser"):
                value = _context(spec, container, place)
                if (place == "runAsNonRoot" and not is_on(value)) or (place == "runAsUser" and value == 0):
                    yield Found(resource.urn, f"{told(container.get('name'))}: {place} {told(value)}", place)


@rule("notable")
def root_writable(view: View) -> Iterator[Found]:
    """A container may change its image's own files.

    Source: REQUIREMENTS, Workloads (read-only root where possible); AWS Security Hub EKS
    """
    for resource, container in _containers(view):
        if not is_on(at(container, "securityContext", "readOnlyRootFilesystem")):
            yield Found(resource.urn, f"{told(container.get('name'))} may write to its root", "readOnlyRootFilesystem")


@rule("dangerous")
def pod_without_resources(view: View) -> Iterator[Found]:
    """A container asks for no processor or memory, or may take all memory of its node.

    Source: Kubernetes, Managing resources for containers
    """
    ranged = {namespace(one.inputs) for one in view.resources(_LIMITS)}
    for resource, container in _containers(view):
        if namespace(resource.inputs) in ranged:
            continue
        asked = at(container, "resources")
        wanted = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
        missing = [f"{kind}.{name}" for kind, name in wanted if at(asked, kind, name) is None]
        if missing:
            yield Found(resource.urn, f"{told(container.get('name'))} without {listed(missing)}", "resources")


@rule("notable")
def budget_missing(view: View) -> Iterator[Found]:
    """A workload of several pods has nothing that keeps some of them while nodes are drained.

    Source: Kubernetes, Pod disruption budgets
    """
    kept = [
        (namespace(one.inputs), at(one.inputs, "spec", "selector", "matchLabels")) for one in view.resources(BUDGET)
    ]
    known = counts(view)
    for resource in view.resources(DEPLOYMENT):
        own = labels(resource.type, resource.inputs)
        space = namespace(resource.inputs)
        if not view.knows_beside(resource.urn) or (known[resource.urn] or 0) <= 1:
            continue
        if not any(space == one and _selects(chosen, own) for one, chosen in kept):
            yield Found(resource.urn, "all its pods may be away at once while nodes are drained")


@rule("dangerous")
def namespace_open(view: View) -> Iterator[Found]:
    """A namespace has no policy that closes it, so that its pods are reached by everybody and call everybody.

    Source: CIS Kubernetes 5.3.2
    """
    for resource in view.resources(NAMESPACE):
        name = at(resource.inputs, "metadata", "name")
        beside = any(view.parent(urn) == resource.parent for urn in view.related(resource.urn, POLICY))
        known = view.knows_beside(resource.urn) and not (isinstance(name, Hidden) and beside)
        if known and not is_closed(view, name):
            yield Found(resource.urn, f"no policy closes namespace {told(name)}")


@rule("dangerous")
def namespace_admits_all(view: View) -> Iterator[Found]:
    """A namespace admits pods that reach into their nodes.

    Source: Kubernetes, Pod Security Standards; CIS Kubernetes 5.2.1
    """
    for resource in view.resources(NAMESPACE):
        enforced = at(resource.inputs, "metadata", "labels", _ENFORCES)
        if enforced not in ("restricted", "baseline"):
            yield Found(resource.urn, f"pods that it admits: {told(enforced or 'all')}", "metadata.labels")


def _containers(view: View) -> Iterator[tuple[Resource, Mapping[str, Value]]]:
    for resource in workloads(view):
        for container in containers(pods(resource.type, resource.inputs)):
            yield resource, container


def _reach(resource: Resource, container: Mapping[str, Value]) -> Iterator[Found]:
    name = told(container.get("name"))
    context = container.get("securityContext")
    for place in ("privileged", "allowPrivilegeEscalation"):
        if is_on(at(context, place)):
            yield Found(resource.urn, f"{name}: {place}", place)
    added = sorted(set(texts(at(context, "capabilities", "add"))) - _HARMLESS)
    if added:
        yield Found(resource.urn, f"{name} has capabilities {listed(added)}", "capabilities")
    if any(one.get("hostPort") for one in objects(container.get("ports"))):
        yield Found(resource.urn, f"{name} listens at a port of its node", "ports")


def _context(spec: Value, container: Mapping[str, Value], place: str) -> Value:
    """Return what a container's security context says, or its pod's where it says nothing."""
    own = at(container, "securityContext", place)
    return at(spec, "securityContext", place) if own is None else own


def _selects(chosen: Value, own: Value) -> bool:
    return isinstance(chosen, Mapping) and bool(chosen) and all(at(own, key) == value for key, value in chosen.items())


RULES = (
    image_by_tag,
    pod_privileged,
    pod_as_root,
    root_writable,
    pod_without_resources,
    budget_missing,
    namespace_open,
    namespace_admits_all,
)
