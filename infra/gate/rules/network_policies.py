"""Which pods may talk to which, and that more may than before.

Owns NetworkPolicies. Leaves security groups to `network`. Policies add up: what one of them lets through is let
through, and a namespace is closed by one that is about all its pods and lets nothing through.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from infra.gate.change import Hidden, Properties, Value
from infra.gate.rules.addresses import reach
from infra.gate.rules.properties import at, differs, items, listed, objects, text, texts, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
NAMESPACE = "kubernetes:core/v1:Namespace"

Way = Literal["ingress", "egress"]
_WAYS: Mapping[Way, str] = {"ingress": "from", "egress": "to"}
_TYPES: Mapping[Way, str] = {"ingress": "Ingress", "egress": "Egress"}


@rule("dangerous")
def network_policy_removed(view: View) -> Iterator[Found]:
    """A namespace that stays is no longer closed, or a policy goes whose pods no other closes.

    Source: CIS Kubernetes 5.3.2; DESIGN 3 (no tenant can reach another's)
    """
    for change in view.changes(POLICY, "delete"):
        namespace = at(change.before, "metadata", "namespace")
        if _goes(view, namespace) or is_closed(view, namespace):
            continue
        yield Found(change.urn, f"pods of namespace {told(namespace)} are reached, and call out, without it")
    for change in view.changes(POLICY, "update", "replace"):
        closed_before, closed = (_closes(inputs) for inputs in (change.before, change.after))
        gone = sorted(closed_before - closed)
        if gone and not isinstance(change.after.get("spec"), Hidden):
            yield Found(change.urn, f"no longer closes all pods of its namespace: {listed(gone)}", "spec")


@rule("dangerous")
def network_policy_opened(view: View) -> Iterator[Found]:
    """A policy lets everybody in, lets pods call everybody, or cannot be seen.

    Source: CIS Kubernetes 5.3.2; REQUIREMENTS, Security and compliance (least privilege)
    """
    for change in view.changes(POLICY, "create", "update", "replace"):
        if isinstance(at(change.after, "spec"), Hidden):
            if differs(change, "spec"):
                yield Found(change.urn, "whom it lets through cannot be seen in this preview", "spec")
            continue
        for way in _WAYS:
            new = _everybody(change.after, way) - _everybody(change.before, way)
            for words in sorted(new):
                yield Found(change.urn, words, f"spec.{way}")


@rule("notable")
def network_policy_widened(view: View) -> Iterator[Found]:
    """A policy lets through somebody, or at a port, that it did not before.

    Source: REQUIREMENTS, Security and compliance (least privilege)
    """
    for change in view.changes(POLICY, "update", "replace"):
        for way in _WAYS:
            new = sorted(_peers(change.after, way) - _peers(change.before, way))
            if new:
                yield Found(change.urn, f"{way} more: {listed(new)}", f"spec.{way}")


def _goes(view: View, namespace: Value) -> bool:
    """Whether a namespace is deleted, or has no pods any more that anybody declares."""
    return any(at(change.before, "metadata", "name") == namespace for change in view.changes(NAMESPACE, "delete"))


def is_closed(view: View, namespace: Value) -> bool:
    """Whether a policy that there will be is about all pods of a namespace, both ways.

    Args:
        view: the preview.
        namespace: its name.
    """
    for policy in view.resources(POLICY):
        if at(policy.inputs, "metadata", "namespace") == namespace and _closes(policy.inputs) == {"Ingress", "Egress"}:
            return True
    return False


def _closes(inputs: Properties) -> set[str]:
    """Return for which ways a policy is about all pods of its namespace."""
    spec = at(inputs, "spec")
    selector = at(spec, "podSelector")
    if not isinstance(selector, Mapping) or selector.get("matchLabels") or selector.get("matchExpressions"):
        return set()
    types = texts(at(spec, "policyTypes"))
    # Where no type is named, it is about ingress, and about egress only if it says anything of it.
    return set(types) if types else {"Ingress", *(["Egress"] if at(spec, "egress") is not None else [])}


def _everybody(inputs: Properties, way: Way) -> set[str]:
    """Return in which words a policy is open to everybody."""
    found = set()
    for one in objects(at(inputs, "spec", way)):
        ports = _ports(one)
        peers = one.get(_WAYS[way])
        verb = "lets in" if way == "ingress" else "lets its pods call"
        if not isinstance(peers, Hidden) and not items(peers):
            found.add(f"{verb} everybody at {ports}")
        if isinstance(peers, Hidden):
            found.add(f"{verb} whom nobody can see in this preview, at {ports}")
        for peer in objects(peers):
            words = _whole(peer)
            if words:
                found.add(f"{verb} {words} at {ports}")
    return found


def _whole(peer: Mapping[str, Value]) -> str:
    """Return in which words a peer is everybody; empty where it is not."""
    block = peer.get("ipBlock")
    if block is not None:
        cidr = at(block, "cidr")
        where = reach(cidr)
        if where == "world":
            return f"everybody ({text(cidr)})"
        return "whom nobody can see in this preview" if where == "hidden" else ""
    spaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
    return "all namespaces" if spaces == {} and not pods else ""


def _ports(entry: Mapping[str, Value]) -> str:
    listed_ports = [str(one.get("port", "all")) for one in objects(entry.get("ports"))]
    return f"port {', '.join(listed_ports)}" if listed_ports else "all ports"


def _peers(inputs: Properties, way: Way) -> set[str]:
    """Return whom a policy lets through where, one by one, in words."""
    found = set()
    for one in objects(at(inputs, "spec", way)):
        for peer in objects(one.get(_WAYS[way])):
            found.add(f"{_described(peer)} at {_ports(one)}")
    return found


def _described(peer: Mapping[str, Value]) -> str:
    return " in ".join(_part(key, peer[key]) for key in ("ipBlock", "podSelector", "namespaceSelector") if key in peer)


def _part(key: str, value: Value) -> str:
    if key == "ipBlock":
        return told(at(value, "cidr"))
    labels = at(value, "matchLabels")
    which = (
        ", ".join(f"{name}={told(part)}" for name, part in sorted(labels.items()))
        if isinstance(labels, Mapping)
        else ""
    )
    return f"{key.removesuffix('Selector')}s {which or told(value)}"


RULES = (network_policy_removed, network_policy_opened, network_policy_widened)
