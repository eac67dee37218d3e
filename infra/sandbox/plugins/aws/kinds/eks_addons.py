"""Add-ons; `addonVersion` is only known when the program states it.

Where the cloud is backed, those that bring custom resource definitions have them served; nothing else is installed.
"""

from collections.abc import Mapping
from dataclasses import replace

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.eks_waiting import UNDER_WAY, wait
from infra.sandbox.plugins.aws.tagging import EKS
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_NAMED = {"clusterName": "clusterName", "addonName": "addonName"}
_ON_UPDATE = "resolveConflictsOnUpdate"
_CHANGEABLE = frozenset({"addonVersion", "configurationValues", "podIdentityAssociations", "serviceAccountRoleArn"})


class Addon(Kind):
    """Its id is `cluster:name`; creation and change resolve conflicts each in its own way."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it."""
        super().create(cloud, region, inputs, tags)
        return f"{inputs['clusterName']}:{inputs['addonName']}"

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Leave it as it is: its creation takes everything."""

    def imported(self, id: str) -> dict[str, Value]:
        """Return the two names of an id."""
        cluster, _, name = id.partition(":")
        return {"clusterName": cluster, "addonName": name}

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties once it works; its pod identities are told as ARNs, so what was stated stays."""
        if answer.get("status") in UNDER_WAY:
            cluster, _, name = id.partition(":")
            client, named = cloud.client(self.service, region), {"clusterName": cluster, "addonName": name}
            wait(client, "addon_active", **named)
            answer = client.describe_addon(**named)["addon"]
        told = super().told(cloud, region, id, answer)
        told.pop("podIdentityAssociations", None)
        return told

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change it, if more than words about changes has changed."""
        if any(old.get(name) != new.get(name) for name in _CHANGEABLE):
            super().update(cloud, region, id, {**old, _ON_UPDATE: None}, new)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it; what it installed stays if the program says so."""
        said = {"preserve": bool(known.get("preserve"))}
        Kind.delete(replace(self, deleting=replace(self.deleting, constants=said)), cloud, region, id, known)


KINDS: tuple[Kind, ...] = (
    Addon(
        token="aws:eks/addon:Addon",
        noun="EKS Add-On",
        service="eks",
        schema="AWS::EKS::Addon",
        identifier="addon.addonName",
        creating=Call(
            method="create_addon",
            sends=frozenset({*_CHANGEABLE, *_NAMED, "namespaceConfig", "resolveConflictsOnCreate"}),
        ),
        reading=Call(method="describe_addon", also=_NAMED, result="addon"),
        changing=(Call(method="update_addon", also=_NAMED, sends=_CHANGEABLE | {_ON_UPDATE}),),
        deleting=Call(method="delete_addon", also=_NAMED),
        tagging=EKS,
        names={
            "arn": "addonArn",
            "resolveConflictsOnCreate": "resolveConflicts",
            _ON_UPDATE: "resolveConflicts",
        },
        schema_names={"resolveConflictsOnCreate": "ResolveConflicts", _ON_UPDATE: "ResolveConflicts"},
        unchecked={"preserve": "a parameter of the deletion"},
        documents=frozenset({"configurationValues"}),
        computed=frozenset({"addonVersion", "configurationValues"}),
        write_only=frozenset(),
        replace=frozenset({"clusterName", "addonName"}),
        broken=frozenset({"CREATE_FAILED", "DEGRADED"}),
        same_place=frozenset({"clusterName", "addonName"}),
    ),
)
