"""Node groups. Where the cloud is backed, simulated nodes are behind them."""

from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.aws import translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.eks_waiting import UNDER_WAY, wait
from infra.sandbox.plugins.aws.tagging import EKS
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_NAMED = {"clusterName": "clusterName", "nodegroupName": "nodeGroupName"}
_SIZES = ("scalingConfig", "updateConfig", "nodeRepairConfig")
_VERSIONS = ("version", "releaseVersion", "launchTemplate")


class NodeGroup(Kind):
    """Its id is `cluster:name`; labels and taints change by what comes and what goes."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it."""
        super().create(cloud, region, inputs, tags)
        return f"{inputs['clusterName']}:{inputs['nodeGroupName']}"

    def imported(self, id: str) -> dict[str, Value]:
        """Return the two names of an id."""
        cluster, _, name = id.partition(":")
        return {"clusterName": cluster, "nodeGroupName": name}

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, with what it consists of in the provider's shape, once it is made or changed."""
        if answer.get("status") in UNDER_WAY:
            client, named = cloud.client(self.service, region), _named(id)
            wait(client, "nodegroup_active", **named)
            answer = client.describe_nodegroup(**named)["nodegroup"]
        said = answer.get("resources", {})
        groups = [{"name": group["name"]} for group in said.get("autoScalingGroups", [])]
        resources = {"autoscalingGroups": groups, "remoteAccessSecurityGroupId": said.get("remoteAccessSecurityGroup")}
        return {**super().told(cloud, region, id, answer), "resources": [resources]}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change versions, then the rest."""
        client = cloud.client(self.service, region)
        named = {parameter: new[name] for parameter, name in _NAMED.items()}
        newer = {name: new[name] for name in _VERSIONS if new.get(name) and old.get(name) != new[name]}
        if newer:
            force = {"forceUpdateVersion": new.get("forceUpdateVersion")}
            shape = Call(method="update_nodegroup_version").shape(client)
            client.update_nodegroup_version(**named, **translation.request(shape, {**newer, **force}, self.names))
        changed = {name: new[name] for name in _SIZES if new.get(name) and old.get(name) != new[name]}
        shape = Call(method="update_nodegroup_config").shape(client)
        parameters: dict[str, Any] = translation.request(shape, changed, self.names)
        labels = _labels(old.get("labels") or {}, new.get("labels") or {})
        taints = _taints(old.get("taints") or [], new.get("taints") or [])
        parameters |= {name: said for name, said in (("labels", labels), ("taints", taints)) if said}
        if parameters:
            client.update_nodegroup_config(**named, **parameters)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return sizes that are not in order."""
        sizes = inputs["scalingConfig"]
        in_order = sizes["minSize"] <= sizes["desiredSize"] <= sizes["maxSize"]
        return [] if in_order else [("scalingConfig", "must have minSize <= desiredSize <= maxSize")]

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, and return once it is gone."""
        super().delete(cloud, region, id, known)
        wait(cloud.client(self.service, region), "nodegroup_deleted", **_named(id))


def _named(id: str) -> dict[str, str]:
    cluster, _, name = id.partition(":")
    return {"clusterName": cluster, "nodegroupName": name}


def _labels(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, Any]:
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    gone = sorted(old.keys() - new.keys())
    return {**({"addOrUpdateLabels": changed} if changed else {}), **({"removeLabels": gone} if gone else {})}


def _taints(old: list[dict[str, str]], new: list[dict[str, str]]) -> dict[str, Any]:
    kept = {(taint["key"], taint["effect"]) for taint in new}
    gone = [dict(taint) for taint in old if (taint["key"], taint["effect"]) not in kept]
    changed = [dict(taint) for taint in new if taint not in old]
    return {**({"addOrUpdateTaints": changed} if changed else {}), **({"removeTaints": gone} if gone else {})}


KINDS: tuple[Kind, ...] = (
    NodeGroup(
        token="aws:eks/nodeGroup:NodeGroup",
        noun="EKS Node Group",
        service="eks",
        schema="AWS::EKS::Nodegroup",
        identifier="nodegroup.nodegroupName",
        creating=Call(method="create_nodegroup"),
        reading=Call(method="describe_nodegroup", also=_NAMED, result="nodegroup"),
        deleting=Call(method="delete_nodegroup", also=_NAMED),
        tagging=EKS,
        names={
            "arn": "nodegroupArn",
            "nodeRoleArn": "nodeRole",
            "subnetIds": "subnets",
            "forceUpdateVersion": "force",
            "remoteAccess.sourceSecurityGroupIds": "sourceSecurityGroups",
            "resources": "",
        },
        schema_names={
            "nodeRoleArn": "NodeRole",
            "subnetIds": "Subnets",
            "forceUpdateVersion": "ForceUpdateEnabled",
            "remoteAccess.sourceSecurityGroupIds": "RemoteAccess/SourceSecurityGroups",
        },
        unchecked={"nodeGroupNamePrefix": "Terraform's own"},
        computed=frozenset(
            {
                "amiType",
                "capacityType",
                "diskSize",
                "instanceTypes",
                "nodeRepairConfig",
                "releaseVersion",
                "updateConfig",
                "version",
            }
        ),
        replace=frozenset({"launchTemplate.id", "launchTemplate.name", "nodeRoleArn", "subnetIds"}),
        automatic={"nodeGroupName": 63},
        sets=frozenset({"subnetIds", "taints"}),
        filled={"launchTemplate": frozenset({"name"})},
        broken=frozenset({"CREATE_FAILED", "DEGRADED"}),
        same_place=frozenset({"clusterName", "nodeGroupName"}),
    ),
)
