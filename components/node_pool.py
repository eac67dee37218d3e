"""Nodes of one kind for a cluster: a managed node group in each availability zone.

Owns the launch template and the groups. Leaves how many nodes there are, between the bounds, to the autoscaler.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
from pulumi_aws import ec2, eks

from infra.tags import tags

Architecture = Literal["x86_64", "arm64"]

_ROOT_DEVICE = "/dev/xvda"  # of Amazon Linux 2023
_AMI_TYPES: Mapping[Architecture, str] = {
    "x86_64": "AL2023_x86_64_STANDARD",
    "arm64": "AL2023_ARM_64_STANDARD",
}
_UNAVAILABLE_PERCENT = 33  # nodes of a group that an update may take away at once


@dataclass(frozen=True, kw_only=True)
class Taint:
    """What keeps pods off a node that do not tolerate it.

    Args:
        key: as `dedicated`.
        value: what it is kept for.
        effect: by EKS's names.
    """

    key: str
    value: str
    effect: Literal["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"] = "NO_SCHEDULE"


@dataclass(frozen=True, kw_only=True)
class NodeKind:
    """What the nodes of a pool are.

    Args:
        instance_types: the first that has capacity, as `m7i.large`; of the architecture.
        minimum: nodes in each zone at least, and at the start.
        maximum: nodes in each zone at most.
        disk_gib: the root disk, for images and logs. Ours: no source document gives a number.
        architecture: of the processors, for the image.
        labels: Kubernetes labels of the nodes, beside EKS's own.
        taints: of the nodes.
    """

    instance_types: Sequence[str]
    minimum: int
    maximum: int
    disk_gib: int = 50
    architecture: Architecture = "x86_64"
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Taint] = ()


@dataclass(frozen=True, kw_only=True)
class NodePoolArgs:
    """Arguments of `NodePool`.

    Args:
        cluster_name: the EKS cluster.
        version: its Kubernetes version; the nodes follow it, after the control plane.
        role_arn: of the nodes.
        disk_key_arn: the KMS key of their disks.
        subnets: zone -> private subnet.
        kind: what the nodes are.
        after: what must be there before a node can join.
        tags: of the instances and their disks, beside their names: the provider's default tags end at the template.
    """

    cluster_name: pulumi.Input[str]
    version: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    disk_key_arn: pulumi.Input[str]
    subnets: Mapping[str, pulumi.Input[str]]
    kind: NodeKind
    after: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


class NodePool(pulumi.ComponentResource):
    """A zone's loss leaves the nodes of the others; no pod reads a node's credentials, and disks are encrypted."""

    groups: Mapping[str, pulumi.Output[str]]
    """Zone -> the EKS node group's name, known once its nodes are ready."""

    def __init__(self, name: str, args: NodePoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:cluster:NodePool", name, None, opts)
        self._name = name
        self._args = args
        template = self._template()
        self.groups = {zone: self._group(zone, template).node_group_name for zone in args.subnets}
        self.register_outputs({"groups": self.groups})

    def _template(self) -> ec2.LaunchTemplate:
        name = f"{self._name}-template"
        disk: ec2.LaunchTemplateBlockDeviceMappingArgsDict = {
            "device_name": _ROOT_DEVICE,
            "ebs": {
                "volume_type": "gp3",
                "volume_size": self._args.kind.disk_gib,
                "encrypted": "true",
                "kms_key_id": self._args.disk_key_arn,
                "delete_on_termination": "true",
            },
        }
        return ec2.LaunchTemplate(
            name,
            update_default_version=True,
            block_device_mappings=[disk],
            # IMDSv2 only, and one hop: a pod on its own network is a second.
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            tag_specifications=[
                {"resource_type": kind, "tags": {**self._args.tags, **tags(self._name, "cluster")}}
                for kind in ("instance", "volume")
            ],
            tags=tags(name, "cluster"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _group(self, zone: str, template: ec2.LaunchTemplate) -> eks.NodeGroup:
        name = f"{self._name}-{zone}"
        kind = self._args.kind
        return eks.NodeGroup(
            name,
            cluster_name=self._args.cluster_name,
            version=self._args.version,
            node_role_arn=self._args.role_arn,
            subnet_ids=[self._args.subnets[zone]],
            ami_type=_AMI_TYPES[kind.architecture],
            capacity_type="ON_DEMAND",
            instance_types=kind.instance_types,
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            scaling_config={"min_size": kind.minimum, "max_size": kind.maximum, "desired_size": kind.minimum},
            update_config={"max_unavailable_percentage": _UNAVAILABLE_PERCENT},
            node_repair_config={"enabled": True},  # a node that stays unready for long is replaced
            labels=kind.labels or None,
            taints=[_taint(taint) for taint in kind.taints] or None,
            tags=tags(name, "cluster"),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=list(self._args.after), ignore_changes=["scalingConfig.desiredSize"]
            ),
        )


def _taint(taint: Taint) -> eks.NodeGroupTaintArgsDict:
    return {"key": taint.key, "value": taint.value, "effect": taint.effect}
