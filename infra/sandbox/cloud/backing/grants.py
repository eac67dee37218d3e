"""What EKS's access policies allow in a cluster, and where: everywhere, or in some namespaces.

A caller with a policy is in a group of its own for each place that the policy counts in, and a binding gives that group
the cluster role that comes closest to the policy. Bindings in namespaces can be made only when the namespace exists:
`bind` makes those that are missing and deletes those that nobody needs, and is asked again and again. As in EKS, the
name of a namespace may end in `*`.
"""

import hashlib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from infra.sandbox.control_plane.api import ApiClient, ApiError

Scope = tuple[str, str]
"""The name of a policy, and the name of a namespace or the beginning of some, with `*` behind it."""

CREATOR = "AmazonEKSClusterAdminPolicy"
"""What the creator of a cluster has, unless it was created without."""

_GROUP = "tenantry:access-policy:"
_LABEL = "tenantry.dev/access-policy"
_ROLES = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
}
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_NOT_FOUND = 404
_FORBIDDEN = 403  # what a namespace that is being deleted answers


def everywhere(policy: str) -> str:
    """Return the group of those who have a policy in the whole cluster."""
    return f"{_GROUP}{policy}"


def groups(entry: Mapping[str, Any]) -> set[str]:
    """Return the groups that an access entry's policies put its callers into.

    Args:
        entry: as EKS describes it, with `policies` by ARN.
    """
    found = {f"{everywhere(policy)}:{place}" for policy, place in _scopes(entry)}
    return found | {
        everywhere(_name(arn))
        for arn, association in entry["policies"].items()
        if association["accessScope"]["type"] == "cluster"
    }


def scopes(entries: Iterable[Mapping[str, Any]]) -> frozenset[Scope]:
    """Return what the policies of all entries allow in namespaces."""
    return frozenset(scope for entry in entries for scope in _scopes(entry))


def bind_everywhere(api: ApiClient) -> None:
    """Give the cluster roles to those who have a policy in the whole cluster."""
    for policy, role in _ROLES.items():
        name = f"tenantry-{policy.lower()}"
        api.apply(f"{_RBAC}/clusterrolebindings/{name}", _binding("ClusterRoleBinding", name, role, everywhere(policy)))


def bind(api: ApiClient, wanted: frozenset[Scope]) -> None:
    """Make the bindings in all namespaces that exist what `wanted` says.

    Raises:
        ApiError: the cluster refuses one.
        httpx.HTTPError: it does not answer.
    """
    kept = api.get(f"{_RBAC}/rolebindings", labelSelector=_LABEL)["items"]
    there = {(item["metadata"]["namespace"], item["metadata"]["name"]) for item in kept}
    namespaces = [item["metadata"]["name"] for item in api.get("/api/v1/namespaces")["items"]] if wanted else []
    needed = {
        (namespace, _named(scope)): scope
        for scope in wanted
        for namespace in namespaces
        if fnmatchcase(namespace, scope[1])
    }
    for namespace, name in sorted(there - needed.keys()):
        api.delete(f"{_RBAC}/namespaces/{namespace}/rolebindings/{name}")
    for namespace, name in sorted(needed.keys() - there):
        policy, place = needed[namespace, name]
        document = _binding("RoleBinding", name, _ROLES[policy], f"{everywhere(policy)}:{place}")
        document["metadata"]["labels"] = {_LABEL: policy}
        try:
            api.apply(f"{_RBAC}/namespaces/{namespace}/rolebindings/{name}", document)
        except ApiError as error:
            if error.status not in (_NOT_FOUND, _FORBIDDEN):  # the namespace is gone, or going
                raise


def _scopes(entry: Mapping[str, Any]) -> set[Scope]:
    return {
        (_name(arn), place)
        for arn, association in entry["policies"].items()
        for place in association["accessScope"].get("namespaces") or []
        if association["accessScope"]["type"] == "namespace" and _name(arn) in _ROLES
    }


def _named(scope: Scope) -> str:
    policy, place = scope
    return f"tenantry-{policy.lower()}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _binding(kind: str, name: str, role: str, group: str) -> dict[str, Any]:
    rbac = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{rbac}/v1",
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": rbac, "kind": "Group", "name": group}],
    }
