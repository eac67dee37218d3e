"""Who may enter a cluster, and which pods get which role."""

from collections.abc import Mapping
from dataclasses import replace

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.tagging import EKS
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_ENTRY = {"clusterName": "clusterName", "principalArn": "principalArn"}
_POLICY = {**_ENTRY, "policyArn": "policyArn"}
_PODS = {"clusterName": "clusterName", "associationId": "associationId"}


class AccessEntry(Kind):
    """Its id is `cluster:principal`."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it."""
        super().create(cloud, region, inputs, tags)
        return f"{inputs['clusterName']}:{inputs['principalArn']}"

    def imported(self, id: str) -> dict[str, Value]:
        """Return cluster and principal of an id."""
        cluster, _, principal = id.partition(":")
        return {"clusterName": cluster, "principalArn": principal}


class AccessPolicyAssociation(Kind):
    """Its id is `cluster#principal#policy`; EKS only tells all policies of a principal."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it."""
        super().create(cloud, region, inputs, tags)
        return "#".join(str(inputs[name]) for name in _POLICY)

    def imported(self, id: str) -> dict[str, Value]:
        """Return cluster, principal and policy of an id."""
        cluster, _, rest = id.partition("#")
        principal, _, policy = rest.partition("#")
        return {"clusterName": cluster, "principalArn": principal, "policyArn": policy}

    def is_gone(self, answer: Answer) -> bool:
        """Nothing is: whether its policy is among the told is for `told`."""
        return False

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, or None when the principal has no such policy."""
        found = super().read(cloud, region, id, {**known, **self.imported(id)})
        return found if found and "policyArn" in found else None

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return what is told of its policy, without the policy when there is none."""
        named = self.imported(id)
        for policy in answer["associatedAccessPolicies"]:
            if policy["policyArn"] == named["policyArn"]:
                return {**super().told(cloud, region, id, policy), **named}
        return {}


class PodIdentityAssociation(Kind):
    """Its id is EKS's; an import gives `cluster,id`."""

    def imported(self, id: str) -> dict[str, Value]:
        """Return what an id says."""
        cluster, _, own = id.rpartition(",")
        return {"associationId": own, **({"clusterName": cluster} if cluster else {})}

    def lasting_id(self, id: str, properties: Properties) -> str:
        """Return EKS's own id alone."""
        return str(properties["associationId"])

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change its role; the call names it by its id too."""
        super().update(cloud, region, id, {**old, **self.imported(id)}, new)


KINDS: tuple[Kind, ...] = (
    AccessEntry(
        token="aws:eks/accessEntry:AccessEntry",
        noun="EKS Access Entry",
        service="eks",
        schema="AWS::EKS::AccessEntry",
        identifier="accessEntry.principalArn",
        creating=Call(method="create_access_entry"),
        reading=Call(method="describe_access_entry", also=_ENTRY, result="accessEntry"),
        changing=(Call(method="update_access_entry", also=_ENTRY, sends=frozenset({"kubernetesGroups", "userName"})),),
        deleting=Call(method="delete_access_entry", also=_ENTRY),
        tagging=replace(EKS, by="accessEntryArn"),
        defaults={"type": "STANDARD"},
        computed=frozenset({"kubernetesGroups", "userName"}),
        sets=frozenset({"kubernetesGroups"}),
        same_place=frozenset(_ENTRY),
    ),
    AccessPolicyAssociation(
        token="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        noun="EKS Access Policy Association",
        service="eks",
        identifier="principalArn",
        creating=Call(method="associate_access_policy"),
        reading=Call(method="list_associated_access_policies", also=_ENTRY),
        deleting=Call(method="disassociate_access_policy", also=_POLICY),
        schema="AWS::EKS::AccessEntry",
        schema_names={
            "policyArn": "AccessPolicies/PolicyArn",
            "accessScope": "AccessPolicies/AccessScope",
        },
        replace=frozenset({"accessScope", "clusterName", "policyArn", "principalArn"}),
        sets=frozenset({"accessScope.namespaces"}),
        same_place=frozenset(_POLICY),
    ),
    PodIdentityAssociation(
        token="aws:eks/podIdentityAssociation:PodIdentityAssociation",
        noun="EKS Pod Identity Association",
        service="eks",
        schema="AWS::EKS::PodIdentityAssociation",
        identifier="association.associationId",
        creating=Call(method="create_pod_identity_association"),
        reading=Call(method="describe_pod_identity_association", also=_PODS, result="association"),
        changing=(
            Call(
                method="update_pod_identity_association",
                also=_PODS,
                sends=frozenset({"disableSessionTags", "policy", "roleArn", "targetRoleArn"}),
            ),
        ),
        deleting=Call(method="delete_pod_identity_association", also=_PODS),
        tagging=replace(EKS, by="associationArn"),
        documents=frozenset({"policy"}),
        computed=frozenset({"disableSessionTags"}),
        same_place=frozenset({"clusterName", "namespace", "serviceAccount"}),
    ),
)
