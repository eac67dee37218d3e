"""A test's corner of a real cluster: objects through the plugin, and the same objects as the cluster has them."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.paths import BIN
from infra.sandbox.control_plane.api import ApiClient, ApiError
from infra.sandbox.waiting import wait_until
from tests.plugins.client import Object, Plugin

MODULE = "infra.sandbox.plugins.kubernetes"

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECRET = "kubernetes:core/v1:Secret"
SERVICE = "kubernetes:core/v1:Service"

_BASES = {
    "deployments": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "jobs": "/apis/batch/v1",
    "rolebindings": "/apis/rbac.authorization.k8s.io/v1",
}


@dataclass(frozen=True)
class Cluster:
    api: ApiClient
    plugin: Plugin
    namespace: str
    kubeconfig: Path

    def object(self, token: str, name: str, plugin: Plugin | None = None) -> Object:
        """A resource whose URN no other test shares, as a stack of the test's own would have it."""
        return Object(plugin or self.plugin, token, name, stack=self.namespace)

    def meta(self, name: str | None = None, **more: Any) -> dict[str, Any]:
        """Metadata in the test's namespace."""
        return {"namespace": self.namespace, **({"name": name} if name else {}), **more}

    def live(self, plural: str, name: str) -> dict[str, Any] | None:
        """The object as the cluster has it, or None."""
        base = f"{_BASES.get(plural, '/api/v1')}/namespaces/{self.namespace}/{plural}/{name}"
        try:
            return self.api.get(base)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def names(self, plural: str) -> list[str]:
        """The names of the namespace's objects, but for those that every namespace has."""
        found = self.api.get(f"{_BASES.get(plural, '/api/v1')}/namespaces/{self.namespace}/{plural}")["items"]
        return sorted(item["metadata"]["name"] for item in found if item["metadata"]["name"] != "kube-root-ca.crt")

    def kubectl(self, *arguments: str) -> None:
        """Change something as a person would."""
        command = [BIN / "kubectl", "--kubeconfig", self.kubeconfig, "--namespace", self.namespace, *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def eventually(self, condition: Callable[[], Any], what: str, seconds: float = 30) -> None:
        wait_until(lambda: bool(condition()), seconds=seconds, what=what, where="the cluster", remedy="see the test")


def deployment(app: str, replicas: int = 1, **container: Any) -> dict[str, Any]:
    """A Deployment's spec; KWOK makes its pods ready."""
    return {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": app}},
        "template": {
            "metadata": {"labels": {"app": app}},
            "spec": {"containers": [{"name": "main", "image": "example.invalid/main:1", **container}]},
        },
    }


def unschedulable(app: str) -> dict[str, Any]:
    """A Deployment's spec whose pods find no node."""
    spec = deployment(app)
    spec["template"]["spec"]["nodeSelector"] = {"no-node-has": "this"}
    return spec
