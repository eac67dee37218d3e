"""Who reaches whom in a cluster, computed from NetworkPolicies, pods and namespaces as a program declares them.

The rules are those of the Kubernetes documentation, "Network Policies": a pod that no policy of a direction selects is
open in it; one that some do has what their rules add up to; a connection needs both ends' leave. On EKS pods have
addresses of the network, so that a rule about addresses is taken to be about every pod whose address may be among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Any

from tests.harness import Graph, Node

_WORKLOADS = (":Deployment", ":StatefulSet", ":DaemonSet", ":Job", ":CronJob")
_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Pod:
    """A pod, or all of a template.

    Args:
        name: what it is called here.
        namespace: where it is.
        labels: its own.
        ports: TCP ports that it says it listens on.
    """

    name: str
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    ports: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Address:
    """Hosts that are no pods of the cluster.

    Args:
        name: what they are called here.
        block: their addresses.
    """

    name: str
    block: IPv4Network


End = Pod | Address

DNS = Pod("dns", "kube-system", {"k8s-app": "kube-dns"}, frozenset({53}))
"""CoreDNS, as EKS and kubeadm run it."""


class Cluster:
    """The pods that a program declares, and who of them, and of others, may connect."""

    def __init__(self, graph: Graph, pod_blocks: Sequence[str]) -> None:
        """Read a graph.

        Args:
            graph: with the policies, and the namespaces that they know by labels.
            pod_blocks: where pods may have their addresses.
        """
        self._blocks = [IPv4Network(block) for block in pod_blocks]
        self._policies = [node.plain() for node in graph.of_type(":NetworkPolicy")]
        self._namespaces = {
            node.plain("metadata", "name"): node.plain("metadata", "labels")
            for node in graph.of_type(":Namespace")
            if node.type.startswith("kubernetes:")
        }
        self.pods = {pod.name: pod for pod in _pods(graph)}
        self.services = {node.name: node.plain() for node in graph.of_type("core/v1:Service")}

    @property
    def namespaces(self) -> set[str]:
        """The program's own."""
        return set(self._namespaces)

    def connects(self, source: End, target: End, port: int, protocol: str = "TCP") -> bool:
        """Whether both ends let the one open a connection to a port of the other."""
        out = isinstance(source, Address) or self._lets("Egress", "to", source, target, (protocol, port))
        return out and (isinstance(target, Address) or self._lets("Ingress", "from", target, source, (protocol, port)))

    def closed(self, pod: Pod) -> bool:
        """Whether a pod opens and takes no connections but those that policies name."""
        return all(list(self._selecting(direction, pod)) for direction in ("Ingress", "Egress"))

    def blocks_called(self, pod: Pod) -> set[tuple[str, int]]:
        """Return the addresses that a pod may call, each with a port."""
        return {
            (peer["ipBlock"]["cidr"], port["port"])
            for policy in self._selecting("Egress", pod)
            for rule in policy["spec"].get("egress", [])
            for peer in rule["to"]
            for port in rule.get("ports", [])
            if "ipBlock" in peer
        }

    def called_by_address(self) -> dict[tuple[str, str], bool]:
        """Return (policy, Service whose pods it lets its own call) -> whether they may call the Service's address.

        That is how the VPC CNI's controller reads a peer of egress: a Service is meant if its selector, taken for
        labels, is selected (`getMatchingServiceClusterIPs` of aws/amazon-network-policy-controller-k8s).
        """
        found: dict[tuple[str, str], bool] = {}
        for policy, peer in self._peers_called():
            here = policy["metadata"]["namespace"]
            for name, service in self.services.items():
                selector = service["spec"]["selector"]
                theirs = [pod for pod in self.pods.values() if _is_before(service, pod)]
                if any(self._is(peer, here, pod) for pod in theirs):
                    known = (policy["metadata"]["name"], name)
                    found[known] = found.get(known, False) or _selects(peer.get("podSelector", {}), selector)
        return found

    def _peers_called(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        for policy in self._policies:
            for rule in policy["spec"].get("egress", []):
                for peer in rule["to"]:
                    if "ipBlock" not in peer:
                        yield policy, peer

    def _selecting(self, direction: str, pod: Pod) -> Iterator[Mapping[str, Any]]:
        for policy in self._policies:
            spec = policy["spec"]
            here = policy["metadata"]["namespace"] == pod.namespace and direction in spec["policyTypes"]
            if here and _selects(spec["podSelector"], pod.labels):
                yield policy

    def _lets(self, direction: str, end: str, pod: Pod, other: End, called: tuple[str, int]) -> bool:
        policies = list(self._selecting(direction, pod))
        return not policies or any(
            _on(rule.get("ports"), *called) and self._with(rule.get(end), pod.namespace, other)
            for policy in policies
            for rule in policy["spec"].get(direction.lower(), [])
        )

    def _with(self, peers: Sequence[Mapping[str, Any]] | None, namespace: str, other: End) -> bool:
        return not peers or any(self._is(peer, namespace, other) for peer in peers)

    def _is(self, peer: Mapping[str, Any], namespace: str, other: End) -> bool:
        assert peer.keys() <= {"ipBlock", "podSelector", "namespaceSelector"}
        if "ipBlock" in peer:
            assert "except" not in peer["ipBlock"]
            block = IPv4Network(peer["ipBlock"]["cidr"])
            blocks = [other.block] if isinstance(other, Address) else self._blocks
            return any(block.overlaps(one) for one in blocks)
        if isinstance(other, Address):
            return False
        theirs = {**self._namespaces.get(other.namespace, {}), _NAME: other.namespace}
        there = peer.get("namespaceSelector")
        beside = other.namespace == namespace if there is None else _selects(there, theirs)
        return beside and _selects(peer.get("podSelector", {}), other.labels)


def _pods(graph: Graph) -> Iterator[Pod]:
    for kind in _WORKLOADS:
        for node in graph.of_type(kind):
            if node.type.startswith("kubernetes:"):
                yield _pod(node)


def _pod(node: Node) -> Pod:
    spec = node.plain("spec")
    template = spec.get("jobTemplate", {}).get("spec", spec)["template"]
    listening = [port for container in template["spec"]["containers"] for port in container.get("ports", [])]
    ports = frozenset(int(port["containerPort"]) for port in listening)
    return Pod(node.name, node.plain("metadata", "namespace"), template["metadata"]["labels"], ports)


def _is_before(service: Mapping[str, Any], pod: Pod) -> bool:
    if service["metadata"]["namespace"] != pod.namespace:
        return False
    return all(pod.labels.get(key) == value for key, value in service["spec"]["selector"].items())


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}, "nothing here selects in another way"
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def _on(ports: Sequence[Mapping[str, Any]] | None, protocol: str, port: int) -> bool:
    assert all(entry.keys() == {"protocol", "port"} for entry in ports or ())
    return not ports or {"protocol": protocol, "port": port} in ports
