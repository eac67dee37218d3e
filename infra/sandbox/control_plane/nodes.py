"""The simulated nodes: Node objects that KWOK makes Ready and keeps alive.

Owns their shape. Leaves instance types' sizes to whoever adds nodes (the aws plug-in, for a node group).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from infra.sandbox.control_plane.api import ApiClient, ApiError

_COLLECTION = "/api/v1/nodes"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_NOT_READY = "node.kubernetes.io/not-ready"
_UNREACHABLE = "node.kubernetes.io/unreachable"


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node to simulate.

    Args:
        name: the node's name, unique in the cluster.
        zone: its availability zone, as `eu-central-1a`.
        instance_type: the name of its machine type.
        cpu: its cores.
        memory: its memory, as a Kubernetes quantity.
        pods: how many pods it takes; 234 is what EKS computes for an m6i.4xlarge.
        labels: further labels, as a node group's.
        taints: key, value and effect of each, as Kubernetes has them.
    """

    name: str
    zone: str
    instance_type: str = "m6i.4xlarge"
    cpu: int = 16
    memory: str = "64Gi"
    pods: int = 234
    labels: dict[str, str] = field(default_factory=dict)
    taints: Sequence[Mapping[str, str]] = ()

    @property
    def region(self) -> str:
        """The zone's region: its name without the letter."""
        return self.zone.rstrip("abcdefghijklmnopqrstuvwxyz")

    def manifest(self) -> dict[str, Any]:
        """Return the Node object."""
        capacity = {"cpu": str(self.cpu), "memory": self.memory, "pods": str(self.pods)}
        labels = {
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": self.instance_type,
            "topology.kubernetes.io/region": self.region,
            "topology.kubernetes.io/zone": self.zone,
            **self.labels,
        }
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
            "spec": {"taints": [dict(taint) for taint in self.taints]} if self.taints else {},
            "status": {"capacity": capacity, "allocatable": capacity},
        }


def default_nodes(region: str = "eu-central-1", count: int = 3) -> list[Node]:
    """Return `count` nodes, spread over three zones of `region`."""
    return [Node(name=f"sandbox-{number + 1}", zone=region + "abc"[number % 3]) for number in range(count)]


def add_nodes(api: ApiClient, nodes: Sequence[Node]) -> None:
    """Create `nodes`, or bring those that exist to this shape; KWOK makes them Ready within a second or so."""
    for node in nodes:
        manifest = node.manifest()
        try:
            api.create(_COLLECTION, manifest)
        except ApiError as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            path = f"{_COLLECTION}/{node.name}"
            api.patch(path, {"metadata": manifest["metadata"]})
            api.patch(f"{path}/status", {"status": manifest["status"]})


def remove_nodes(api: ApiClient, names: Sequence[str]) -> None:
    """Delete the nodes `names`; their pods are evicted by the controllers, as when a machine is lost."""
    for name in names:
        api.delete(f"{_COLLECTION}/{name}")


def release_nodes(api: ApiClient) -> None:
    """Let a new process of KWOK manage the nodes at once; it would wait 40 s for the leases of its predecessor."""
    api.delete(_LEASES)


def unready_nodes(api: ApiClient, names: Sequence[str]) -> list[str]:
    """Return those of `names` that are not Ready, still carry the taint of such a node, or are managed by no KWOK."""
    usable = {node["metadata"]["name"] for node in api.get(_COLLECTION)["items"] if _usable(node)}
    managed = {lease["metadata"]["name"] for lease in api.get(_LEASES)["items"]}
    return [name for name in names if name not in usable & managed]


def _usable(node: dict[str, Any]) -> bool:
    conditions = {it["type"]: it["status"] for it in node.get("status", {}).get("conditions", [])}
    taints = {it["key"] for it in node["spec"].get("taints", [])}
    return conditions.get("Ready") == "True" and not taints & {_NOT_READY, _UNREACHABLE}
