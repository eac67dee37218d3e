"""The simulated nodes of EKS node groups: as large as their instance types, in the zones of their subnets.

Sizes are those of moto's copy of EC2's `DescribeInstanceTypes`. Leaves node objects to `control_plane.nodes`.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.eks.models import DEFAULT_INSTANCE_TYPES

from infra.sandbox.control_plane.api import ApiClient
from infra.sandbox.control_plane.nodes import Node, add_nodes, remove_nodes, unready_nodes
from infra.sandbox.waiting import wait_until

GROUP = "eks.amazonaws.com/nodegroup"

_NODES, _PODS = "/api/v1/nodes", "/api/v1/pods"
_LABELS = "tenantry.dev/node-group-labels"
_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
_OF_KUBERNETES = "node.kubernetes.io/"
_READY_SECONDS = 60.0


def unknown_types(names: Iterable[str]) -> list[str]:
    """Return those of the instance types `names` that EC2 does not have."""
    return [name for name in names if name not in INSTANCE_TYPES]


def nodes_of(group: Any, account: str) -> list[Node]:
    """Return the nodes that a node group should have now.

    Names follow from the group's id: a group that is deleted and made again has new nodes, a replayed one the same.

    Args:
        group: moto's node group.
        account: the number of its account.
    """
    ec2 = ec2_backends[account][group.region]
    subnets = {key: subnet for zone in ec2.subnets.values() for key, subnet in zone.items()}
    zones = [subnets[key].availability_zone for key in group.subnets if key in subnets] or [f"{group.region}a"]
    machine = _machine(_instance_type(group, ec2))
    name = re.sub(r"[^a-z0-9]+", "-", group.nodegroup_name.lower()).strip("-")[:40]
    labels = {
        **group.labels,
        GROUP: group.nodegroup_name,
        "eks.amazonaws.com/capacityType": group.capacity_type,
        "kubernetes.io/arch": machine.pop("arch"),
    }
    return [
        Node(
            name=f"{name}-{group.uuid[:8]}-{number + 1}",
            zone=zones[number % len(zones)],
            labels=labels,
            taints=[_taint(taint) for taint in group.taints],
            **machine,
        )
        for number in range(group.scaling_config.get("desiredSize", 0))
    ]


def bring(api: ApiClient, nodes: Sequence[Node]) -> None:
    """Add, change and remove node-group nodes until there are exactly `nodes`, all Ready.

    Pods of a node that is removed are deleted first, as a node group drains it; budgets are not waited for.

    Raises:
        TenantryError: they were not Ready in time.
        ApiError: the API server refused a request.
        httpx.HTTPError: it did not answer.
    """
    names = [node.name for node in nodes]
    found = {it["metadata"]["name"]: it for it in api.get(_NODES, labelSelector=GROUP)["items"]}
    surplus = [name for name in found if name not in names]
    for name in surplus:
        _drain(api, name)
    remove_nodes(api, surplus)
    add_nodes(api, nodes)
    for node in nodes:
        _mark(api, node, found.get(node.name, {}))
    wait_until(
        lambda: not unready_nodes(api, names),
        seconds=_READY_SECONDS,
        what="nodes were not ready",
        where=", ".join(names),
        remedy="read the cluster's logs",
    )


def _drain(api: ApiClient, name: str) -> None:
    api.patch(f"{_NODES}/{name}", {"spec": {"unschedulable": True}})
    for pod in api.get(_PODS, fieldSelector=f"spec.nodeName={name}")["items"]:
        facts = pod["metadata"]
        api.delete(f"/api/v1/namespaces/{facts['namespace']}/pods/{facts['name']}")


def _mark(api: ApiClient, node: Node, found: dict[str, Any]) -> None:
    """Write the group's labels and taints on a node, and take away those that it no longer has; others' stay."""
    annotations = found.get("metadata", {}).get("annotations", {})
    dropped = set(json.loads(annotations.get(_LABELS, "[]"))) - set(node.labels)
    wanted = [dict(taint) for taint in node.taints]
    change: dict[str, Any] = {
        "metadata": {
            "labels": dict.fromkeys(dropped),
            "annotations": {_LABELS: json.dumps(sorted(node.labels))},
        }
    }
    taints = found.get("spec", {}).get("taints", []) if found else wanted
    foreign = [taint for taint in taints if taint["key"].startswith(_OF_KUBERNETES)]
    if [taint for taint in taints if taint not in foreign] != wanted:
        change["spec"] = {"taints": [*foreign, *wanted]}
    api.patch(f"{_NODES}/{node.name}", change)


def _instance_type(group: Any, ec2: Any) -> str:
    """Return the type of a group's machines: the first it names, else its launch template's, else EKS's default."""
    template = group.launch_template or {}
    if group.instance_types == DEFAULT_INSTANCE_TYPES and template.get("id") in ec2.launch_templates:
        version = ec2.launch_templates[template["id"]].get_version(template.get("version") or "$Default")
        return str(version.instance_type or group.instance_types[0])
    return str(group.instance_types[0])


def _machine(name: str) -> dict[str, Any]:
    """Return what a node of an instance type has; pods as EKS computes them, from network interfaces and addresses."""
    facts = INSTANCE_TYPES[name]
    network = facts["NetworkInfo"]
    addresses = network["MaximumNetworkInterfaces"] * (network["Ipv4AddressesPerInterface"] - 1) + 2
    return {
        "instance_type": name,
        "cpu": facts["VCpuInfo"]["DefaultVCpus"],
        "memory": f"{facts['MemoryInfo']['SizeInMiB']}Mi",
        "pods": addresses,
        "arch": "arm64" if "arm64" in facts["ProcessorInfo"]["SupportedArchitectures"] else "amd64",
    }


def _taint(taint: dict[str, str]) -> dict[str, str]:
    stated = {"key": taint["key"], "effect": _EFFECTS[taint["effect"]]}
    return {**stated, "value": taint["value"]} if taint.get("value") else stated
