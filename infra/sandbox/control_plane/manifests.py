"""What every cluster holds from its start: the rights of KWOK and host runner."""

from infra.sandbox.control_plane.api import ApiClient

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_READ = ["get", "list", "watch"]

Rule = tuple[str, list[str], list[str]]
"""API group, resources, verbs."""

KWOK_RULES: list[Rule] = [
    ("", ["nodes"], _READ),
    ("", ["nodes/status", "pods/status"], ["patch", "update"]),
    ("", ["pods"], [*_READ, "delete", "patch", "update"]),
    ("", ["events"], ["create", "patch", "update"]),
    ("coordination.k8s.io", ["leases"], [*_READ, "create", "patch", "update"]),
]

HOST_RUNNER_RULES: list[Rule] = [
    ("", ["pods"], [*_READ, "delete"]),
    ("", ["pods/status"], ["patch"]),
    ("", ["secrets", "configmaps"], ["get"]),
    ("", ["serviceaccounts/token"], ["create"]),
]


def grant(api: ApiClient, name: str, user: str, rules: list[Rule]) -> None:
    """Give `user` the cluster role `name`, which consists of `rules`."""
    metadata = {"name": name}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": metadata,
        "rules": [{"apiGroups": [group], "resources": kinds, "verbs": verbs} for group, kinds, verbs in rules],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }
    api.apply(f"{_RBAC}/clusterroles/{name}", role)
    api.apply(f"{_RBAC}/clusterrolebindings/{name}", binding)
