"""Kinds: type tokens, API versions, and what is known of the built-in kinds without asking the server.

Owns the translation `kubernetes:apps/v1:Deployment` <-> apps/v1, Deployment. Leaves what is served to `discovery`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.sandbox.plugins.provider import ProviderError

_BUILT_IN = frozenset(
    {
        *("", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps"),
        *("authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io"),
        *("coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io"),
        *("internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io"),
        *("resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io"),
    }
)
_CLUSTER_SCOPED = frozenset(
    {
        *("APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding"),
        *("ClusterTrustBundle", "ComponentStatus", "CustomResourceDefinition", "DeviceClass", "DeviceTaintRule"),
        *("FlowSchema", "IPAddress", "IngressClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"),
        *("MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PriorityClass"),
        *("PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass", "SelfSubjectAccessReview"),
        *("SelfSubjectReview", "SelfSubjectRulesReview", "ServiceCIDR", "StorageClass", "StorageVersion"),
        *("StorageVersionMigration", "SubjectAccessReview", "TokenReview", "ValidatingAdmissionPolicy"),
        *("ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeAttachment"),
        "VolumeAttributesClass",
    }
)
_LISTS = frozenset({"List"})


@dataclass(frozen=True)
class Kind:
    """A kind of object in one API version.

    Args:
        api_version: as in a manifest: `v1`, `apps/v1`.
        name: `Deployment`.
        patch: whether the resource is a Patch one, which owns some fields of an object that is not its own.
    """

    api_version: str
    name: str
    patch: bool = False

    @property
    def group(self) -> str:
        """The API group; empty for the core."""
        return self.api_version.partition("/")[0] if "/" in self.api_version else ""

    @property
    def is_secret(self) -> bool:
        """Whether its data is secret whatever the program says."""
        return self.name == "Secret" and self.api_version == "v1"

    def namespaced(self) -> bool | None:
        """Whether its objects live in namespaces; None when only the server knows."""
        return self.name not in _CLUSTER_SCOPED if self.group in _BUILT_IN else None


def kind_of(token: str, inputs: Mapping[str, Any] | None = None) -> Kind:
    """Return the kind that a type token, and the inputs where they say so, stand for.

    Args:
        token: as `kubernetes:core/v1:Secret`.
        inputs: `apiVersion` and `kind` in it win, as the SDK sets them itself.

    Raises:
        ProviderError: the token names something that is no kind, or that this plugin leaves out.
    """
    parts = token.split(":")
    versions = parts[1].split("/") if len(parts) == 3 else []
    if len(versions) != 2 or parts[0] != "kubernetes":
        raise ProviderError(f"{token} is not a type of Kubernetes object")
    if versions[0] in ("helm.sh", "kustomize", "yaml"):
        raise ProviderError(f"the offline kubernetes plugin does not support {token}; use its objects directly")
    group = "" if versions[0] == "core" else f"{versions[0]}/"
    given = inputs or {}
    version = _text(given.get("apiVersion"), f"{group}{versions[1]}").removeprefix("core/")
    name = _text(given.get("kind"), parts[2])
    patch = parts[2].endswith("Patch") and name in (parts[2], parts[2].removesuffix("Patch"))
    return Kind(version, name.removesuffix("Patch") if patch else name, patch)


def is_list(kind: Kind) -> bool:
    """Whether the kind is a list, which exists in manifests only."""
    return kind.name in _LISTS or (kind.name.endswith("List") and kind.group in _BUILT_IN)


def _text(value: Any, default: str) -> str:
    return value if isinstance(value, str) and value else default
