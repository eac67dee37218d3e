"""EKS beyond moto: add-ons, access entries and their policies, pod identities, and changes of node groups.

Nothing runs behind any of them. Clusters and node groups themselves are in `eks_clusters`.
"""

import itertools
import time
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.eks import urls
from moto.eks.exceptions import InvalidParameterException, ResourceInUseException, ResourceNotFoundException
from moto.moto_api._internal import mock_random

from infra.sandbox.cloud.additions import references
from infra.sandbox.cloud.additions.eks_clusters import Clusters, Record

_POLICIES = frozenset(
    f"AmazonEKS{name}Policy"
    for name in ("Admin", "AdminView", "AutoNode", "ClusterAdmin", "Edit", "Hybrid", "SecretReader", "View")
)
"""What can be associated, without the policies of AWS's own services (EKS User Guide, access policy permissions)."""

_PATHS = (
    "addons",
    "addons/(?P<addonName>[^/]+)",
    "addons/(?P<addonName>[^/]+)/update",
    "access-entries",
    "access-entries/(?P<principalArn>.+)",
    "pod-identity-associations",
    "pod-identity-associations/(?P<associationId>[^/]+)",
    "updates",
    "encryption-config/associate",
    "updates/(?P<updateId>[^/]+)",
    "node-groups/(?P<nodegroupName>[^/]+)/update-version",
)


class Additions(Clusters):
    """moto's EKS with the rest."""

    def create_addon(self) -> ActionResult:
        """Keep an add-on; it is at once active."""
        said = self.said()
        name, cluster = said["addonName"], self.cluster(said["clusterName"])
        arn = f"{cluster.arn.replace(':cluster/', ':addon/')}/{name}/{mock_random.uuid4()}"
        kept = {**said, "addonArn": arn, "status": "ACTIVE", "health": {"issues": []}}
        return self._create("addon", cluster, name, kept, {"addonName": name, "message": "Addon already exists."})

    def describe_addon(self) -> ActionResult:
        """Tell of one add-on."""
        said = self.said()
        return ActionResult({"addon": self._found("addon", said["clusterName"], said["addonName"])})

    def list_addons(self) -> ActionResult:
        """Tell the names of all add-ons of a cluster."""
        return ActionResult({"addons": list(self._all("addon", self.said()["clusterName"]))})

    def update_addon(self) -> ActionResult:
        """Change an add-on."""
        said = self.said()
        return self._changed("addon", said["clusterName"], said["addonName"], said, "AddonUpdate")

    def delete_addon(self) -> ActionResult:
        """Forget an add-on."""
        said = self.said()
        return ActionResult({"addon": self._delete("addon", said["clusterName"], said["addonName"])})

    def create_access_entry(self) -> ActionResult:
        """Keep who may enter."""
        said = self.said()
        principal, cluster = said["principalArn"], self.cluster(said["clusterName"])
        if not references.has_principal(self.current_account, principal):
            raise InvalidParameterException(message=f"The specified principalArn is invalid: {principal}")
        path = principal.partition("::")[2].replace(":", "/")
        arn = f"{cluster.arn.replace(':cluster/', ':access-entry/')}/{path}/{mock_random.uuid4()}"
        kept = {"type": "STANDARD", "username": principal, "kubernetesGroups": [], **said, "accessEntryArn": arn}
        what = {"message": "The specified access entry resource is already in use on this cluster."}
        return self._create("accessEntry", cluster, principal, {**kept, "policies": {}}, what)

    def describe_access_entry(self) -> ActionResult:
        """Tell of one entry."""
        said = self.said()
        return ActionResult({"accessEntry": self._found("accessEntry", said["clusterName"], said["principalArn"])})

    def list_access_entries(self) -> ActionResult:
        """Tell the principals of all entries."""
        return ActionResult({"accessEntries": list(self._all("accessEntry", self.said()["clusterName"]))})

    def update_access_entry(self) -> ActionResult:
        """Change groups and name."""
        said = self.said()
        self._changed("accessEntry", said["clusterName"], said["principalArn"], said, "ConfigUpdate")
        return self.describe_access_entry()

    def delete_access_entry(self) -> ActionResult:
        """Forget an entry and its policies."""
        said = self.said()
        self._delete("accessEntry", said["clusterName"], said["principalArn"])
        return EmptyResult()

    def associate_access_policy(self) -> ActionResult:
        """Keep what an entry may do; doing it again changes where."""
        said = self.said()
        entry = self._found("accessEntry", said["clusterName"], said["principalArn"])
        policy, now = said["policyArn"], time.time()
        if policy.rpartition("/")[2] not in _POLICIES or ":eks::aws:cluster-access-policy/" not in policy:
            raise InvalidParameterException(message=f"The policyArn parameter format is not valid: {policy}")
        before = entry["policies"].get(policy, {"associatedAt": now})
        entry["policies"][policy] = {**before, **said, "modifiedAt": now}
        told = {"clusterName": said["clusterName"], "principalArn": said["principalArn"]}
        return ActionResult({**told, "associatedAccessPolicy": entry["policies"][policy]})

    def list_associated_access_policies(self) -> ActionResult:
        """Tell what an entry may do."""
        said = self.said()
        entry = self._found("accessEntry", said["clusterName"], said["principalArn"])
        told = {"clusterName": said["clusterName"], "principalArn": said["principalArn"]}
        return ActionResult({**told, "associatedAccessPolicies": list(entry["policies"].values())})

    def disassociate_access_policy(self) -> ActionResult:
        """Forget what an entry may do."""
        said = self.said()
        entry = self._found("accessEntry", said["clusterName"], said["principalArn"])
        if entry["policies"].pop(said["policyArn"], None) is None:
            raise ResourceNotFoundException(message=f"No associated policy {said['policyArn']}.")
        return EmptyResult()

    def create_pod_identity_association(self) -> ActionResult:
        """Keep whose pods get which role."""
        said = self.said()
        cluster = self.cluster(said["clusterName"])
        self.insist_on_role(said["roleArn"])
        account = (said["namespace"], said["serviceAccount"])
        for kept in self._all("association", cluster.name).values():
            if (kept["namespace"], kept["serviceAccount"]) == account:
                raise ResourceInUseException(
                    clusterName=cluster.name,
                    message=f"Association already exists: {kept['associationId']}",
                )
        identity = f"a-{mock_random.get_random_string(17).lower()}"
        arn = f"{cluster.arn.replace(':cluster/', ':podidentityassociation/')}/{identity}"
        return self._create(
            "association", cluster, identity, {**said, "associationId": identity, "associationArn": arn}, {}
        )

    def describe_pod_identity_association(self) -> ActionResult:
        """Tell of one."""
        said = self.said()
        return ActionResult({"association": self._found("association", said["clusterName"], said["associationId"])})

    def list_pod_identity_associations(self) -> ActionResult:
        """Tell of all of a cluster."""
        return ActionResult({"associations": list(self._all("association", self.said()["clusterName"]).values())})

    def update_pod_identity_association(self) -> ActionResult:
        """Change the role."""
        said = self.said()
        if said.get("roleArn"):
            self.insist_on_role(said["roleArn"])
        self._changed("association", said["clusterName"], said["associationId"], said, "AssociationUpdate")
        return self.describe_pod_identity_association()

    def delete_pod_identity_association(self) -> ActionResult:
        """Forget one."""
        said = self.said()
        return ActionResult({"association": self._delete("association", said["clusterName"], said["associationId"])})

    def _all(self, noun: str, cluster: str) -> dict[str, Record]:
        return self.records(self.cluster(cluster)).setdefault(noun, {})

    def _create(self, noun: str, cluster: Any, key: str, kept: Record, taken: dict[str, str]) -> ActionResult:
        if key in self._all(noun, cluster.name):
            raise ResourceInUseException(clusterName=cluster.name, **taken)
        now = time.time()
        self._all(noun, cluster.name)[key] = {"tags": {}, **kept, "createdAt": now, "modifiedAt": now}
        return ActionResult({noun: self._all(noun, cluster.name)[key]})

    def _found(self, noun: str, cluster: str, key: str) -> Record:
        kept = self._all(noun, cluster).get(key)
        if kept is None:
            raise ResourceNotFoundException(clusterName=cluster, message=f"No {noun} {key} in cluster {cluster}.")
        return kept

    def _changed(self, noun: str, cluster: str, key: str, said: Record, kind: str) -> ActionResult:
        self._found(noun, cluster, key).update({**said, "modifiedAt": time.time()})
        return self.update_of(kind)

    def _delete(self, noun: str, cluster: str, key: str) -> Record:
        found = self._found(noun, cluster, key)
        del self._all(noun, cluster)[key]
        return found


def install() -> None:
    """Let moto's EKS answer with the additions; moto takes the first path that fits."""
    below = (f"{{0}}/clusters/(?P<name>[^/]+)/{path}$" for path in _PATHS)
    paths = [*below, *urls.url_paths]
    urls.url_paths.clear()
    urls.url_paths.update(dict.fromkeys(itertools.chain(paths), Additions.dispatch))
