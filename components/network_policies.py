"""Who opens connections to whom in a namespace that is closed by default: one NetworkPolicy for each kind of pods.

Owns how a rule is written, and the rules that are the same everywhere. Leaves closing the namespace to
`WorkloadNamespace`, and who needs whom to the composition.

On EKS the VPC CNI's agent enforces them (`Cluster` turns it on): for pods of Deployments and Jobs, not for pods that
nobody owns; and where a Service's port is the container's, as all of ours are. A Service is called by an address of its
own, which it allows only where a peer's labels are in the Service's selector: it takes that for labels
(`getMatchingServiceClusterIPs` of aws/amazon-network-policy-controller-k8s), so our Services' selectors have all that
peers name. In its standard mode, a new pod is open for the moment until its policies have come to its node; the strict
mode would need policies for kube-system, which is EKS's own (EKS user guide, "Limit Pod traffic with Kubernetes network
policies").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict
from pulumi_kubernetes.networking.v1 import (
    NetworkPolicy,
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicyIngressRuleArgsDict,
    NetworkPolicyPeerArgsDict,
    NetworkPolicyPortArgsDict,
    NetworkPolicySpecArgsDict,
)

from infra.naming import labels

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""The label that Kubernetes gives every namespace: its name."""

EGRESS_ANNOTATION = "tenantry.dev/egress"
"""What the addresses of a policy are: a policy has no place for it."""


@dataclass(frozen=True, kw_only=True)
class Peers:
    """Who is at the other end of a connection.

    Args:
        pods: labels that they have; empty for all pods of the namespaces, which must be said then.
        namespaces: labels of their namespaces; empty for the policy's own.
    """

    pods: Mapping[str, str] = field(default_factory=dict)
    namespaces: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Connections that may be opened.

    Args:
        peers: pods at the other end.
        blocks: addresses at the other end, in CIDR notation; as an output where only AWS knows them.
        ports: at the end that is called; empty for all, where that end has a policy which says it.
        protocols: of the ports, each with all of them: `TCP`, `UDP`.
    """

    peers: Sequence[Peers] = ()
    blocks: Sequence[str] | pulumi.Output[Sequence[str]] = ()
    ports: Sequence[int] = ()
    protocols: Sequence[str] = ("TCP",)


@dataclass(frozen=True, kw_only=True)
class Connections:
    """All connections of some pods.

    Args:
        pods: labels of the pods; empty for all of the namespace.
        ingress: who may call them.
        egress: whom they may call.
        named: names of what the addresses are, for whoever reads the policy.
    """

    pods: Mapping[str, str] = field(default_factory=dict)
    ingress: Sequence[Rule] = ()
    egress: Sequence[Rule] = ()
    named: Sequence[str] = ()


DNS = Rule(
    peers=[Peers(pods={"k8s-app": "kube-dns"}, namespaces={NAMESPACE_LABEL: "kube-system"})],
    ports=[53],
    protocols=["UDP", "TCP"],
)
"""CoreDNS, which has this label and place on EKS, as in every cluster that kubeadm makes; TCP for long answers."""

POD_IDENTITY = Rule(blocks=["169.254.170.23/32"], ports=[80])
"""The agent on each node that gives pods credentials of AWS (EKS user guide, "Set up the Pod Identity Agent")."""


@dataclass(frozen=True, kw_only=True)
class NetworkPoliciesArgs:
    """Arguments of `NetworkPolicies`.

    Args:
        namespace: the Kubernetes namespace.
        connections: whose they are, for names -> which there are.
    """

    namespace: pulumi.Input[str]
    connections: Mapping[str, Connections]


class NetworkPolicies(pulumi.ComponentResource):
    """Pods that are named here open and take the connections that are listed, and no others."""

    policies: Mapping[str, pulumi.Resource]
    """Whose connections -> the policy; pods that depend on it find their way open when they start."""

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:network:NetworkPolicies", name, None, opts)
        self._name = name
        self._args = args
        self.policies = {who: self._policy(who, connections) for who, connections in args.connections.items()}
        self.register_outputs({"policies": list(self.policies)})

    def _policy(self, who: str, connections: Connections) -> NetworkPolicy:
        return NetworkPolicy(
            f"{self._name}-{who}",
            metadata=self._metadata(who, connections),
            spec=policy_spec(connections),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _metadata(self, who: str, connections: Connections) -> ObjectMetaArgsDict:
        metadata: ObjectMetaArgsDict = {
            "name": who,
            "namespace": self._args.namespace,
            "labels": labels(who, "network-policy"),
        }
        if connections.named:
            metadata["annotations"] = {EGRESS_ANNOTATION: ",".join(connections.named)}
        return metadata


def policy_spec(connections: Connections) -> NetworkPolicySpecArgsDict:
    """Return what a NetworkPolicy says that closes pods both ways but for these connections.

    Nothing in it is empty: the API server leaves that out, and a refresh would find it missing.

    Args:
        connections: of the pods.
    """
    spec: NetworkPolicySpecArgsDict = {
        "pod_selector": {"match_labels": connections.pods} if connections.pods else {},
        "policy_types": ["Ingress", "Egress"],
    }
    if connections.ingress:
        spec["ingress"] = [_ingress(rule) for rule in connections.ingress]
    if connections.egress:
        spec["egress"] = [_egress(rule) for rule in connections.egress]
    return spec


def _ingress(rule: Rule) -> NetworkPolicyIngressRuleArgsDict:
    return {"from_": _others(rule), "ports": _ports(rule)} if rule.ports else {"from_": _others(rule)}


def _egress(rule: Rule) -> NetworkPolicyEgressRuleArgsDict:
    return {"to": _others(rule), "ports": _ports(rule)} if rule.ports else {"to": _others(rule)}


def _others(rule: Rule) -> pulumi.Input[list[NetworkPolicyPeerArgsDict]]:
    if isinstance(rule.blocks, pulumi.Output):
        return rule.blocks.apply(lambda blocks: _ends(rule.peers, blocks))
    return _ends(rule.peers, rule.blocks)


def _ends(peers: Sequence[Peers], blocks: Sequence[str]) -> list[NetworkPolicyPeerArgsDict]:
    assert peers or blocks, "a rule without an other end is about everybody"
    addresses: list[NetworkPolicyPeerArgsDict] = [{"ip_block": {"cidr": block}} for block in blocks]
    return [*map(_pods, peers), *addresses]


def _pods(peers: Peers) -> NetworkPolicyPeerArgsDict:
    found: NetworkPolicyPeerArgsDict = {}
    if peers.pods:
        found["pod_selector"] = {"match_labels": peers.pods}
    if peers.namespaces:
        found["namespace_selector"] = {"match_labels": peers.namespaces}
    return found


def _ports(rule: Rule) -> list[NetworkPolicyPortArgsDict]:
    return [{"protocol": protocol, "port": port} for port in rule.ports for protocol in rule.protocols]
