"""What every cluster holds from its start: Gateway API definitions, and the rights of KWOK and host runner."""

import re
from pathlib import Path
from typing import Any

from infra.errors import TenantryError
from infra.paths import SHARE
from infra.sandbox.control_plane.api import ApiClient

_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
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


def definition_files() -> list[Path]:
    """Return the files of the Gateway API's definitions.

    Raises:
        TenantryError: there are none.
    """
    files = sorted((SHARE / "gateway-api").glob("*.yaml"))
    if not files:
        raise TenantryError("the Gateway API's definitions are missing", str(SHARE / "gateway-api"), "run `make up`")
    return files


def apply_definitions(api: ApiClient) -> list[str]:
    """Apply the Gateway API's definitions and return the names of those that the server does not serve yet.

    The server parses the YAML: with 20,000 lines, PyYAML would take seconds.
    """
    pending = []
    for file in definition_files():
        for document in re.split(r"^---\s*$", file.read_text(), flags=re.MULTILINE):
            name = re.search(r"^  name: (\S+)$", document, flags=re.MULTILINE)
            if name is not None and not _served(api.apply(f"{_DEFINITIONS}/{name[1]}", document)):
                pending.append(name[1])
    return pending


def unserved_definitions(api: ApiClient, names: list[str]) -> list[str]:
    """Return those of the definitions `names` that the API server does not serve yet."""
    return [name for name in names if not _served(api.get(f"{_DEFINITIONS}/{name}"))]


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


def _served(definition: dict[str, Any]) -> bool:
    conditions = definition.get("status", {}).get("conditions") or []  # null in the files
    return any(it["type"] == "Established" and it["status"] == "True" for it in conditions)
