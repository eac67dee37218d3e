"""Which changes cannot be made in place.

The table is that of the official plugin, which decides by kind; beyond it, `immutable` reads the API server's refusal.
"""

import re
from collections.abc import Iterable, Mapping

from infra.sandbox.plugins.kubernetes.client import ApiError
from infra.sandbox.plugins.kubernetes.kinds import Kind
from infra.sandbox.plugins.kubernetes.manifests import peek
from infra.sandbox.plugins.kubernetes.settings import Settings
from infra.sandbox.plugins.values import Value

_INVALID = 422
_FROZEN = ("is immutable", "may not be changed", "may not change once set")
"""How the API server's validation says that a field cannot change."""
_INDEX = re.compile(r"\[\d+\]")

_IDENTITY = ("metadata.name", "metadata.namespace")
_CONTAINER = (
    *("args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe"),
    *("resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy"),
    *("tty", "volumeDevices", "volumeMounts", "workingDir"),
)
_POD = (
    *("affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases"),
    *("hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead"),
    *("preemptionPolicy", "priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName"),
    *("schedulerName", "securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace"),
    *("subdomain", "terminationGracePeriodSeconds", "volumes"),
    *(f"{containers}[].{field}" for containers in ("containers", "initContainers") for field in _CONTAINER),
)
_VOLUME = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker"),
    *("gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk"),
    *("portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
)


def _spec(*fields: str) -> tuple[str, ...]:
    return tuple(f"spec.{field}" for field in fields)


_BY_KIND: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("apps/v1", "DaemonSet"): _spec("selector"),
    ("apps/v1", "Deployment"): _spec("selector"),
    ("apps/v1", "StatefulSet"): _spec(
        "podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates"
    ),
    ("batch/v1", "Job"): _spec("completions", "parallelism", "selector", "template"),
    ("policy/v1beta1", "PodDisruptionBudget"): ("spec",),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io/v1", "StorageClass"): ("parameters", "provisioner"),
    ("v1", "PersistentVolume"): _spec(*_VOLUME),
    ("v1", "PersistentVolumeClaim"): _spec("accessModes", "selector", "storageClassName", "volumeName"),
    ("v1", "Pod"): _spec(*_POD),
    ("v1", "ResourceQuota"): _spec("scopes"),
    ("v1", "Service"): _spec("clusterIP"),
}


def forced(kind: Kind, inputs: Mapping[str, Value], settings: Settings, changed: Iterable[str]) -> frozenset[str]:
    """Return the changed paths that need a replacement.

    Args:
        kind: the kind.
        inputs: the new inputs; `immutable` in them counts for ConfigMaps and Secrets.
        settings: whether ConfigMaps and Secrets change in place.
        changed: the paths that changed.
    """
    rules = _rules(kind, inputs, settings)
    return frozenset(path for path in changed if any(_below(path, rule) for rule in rules) or path == "metadata")


def immutable(error: ApiError, changed: Iterable[str]) -> frozenset[str]:
    """Return the changed paths that the API server refuses to change in place; empty when it refuses something else.

    Args:
        error: the refusal of a dry run.
        changed: the paths that changed.
    """
    fields = {
        str(cause.get("field", ""))
        for cause in error.causes
        if any(words in str(cause.get("message", "")) for words in _FROZEN) and cause.get("field")
    }
    if error.status != _INVALID or not fields:
        return frozenset()
    return frozenset(path for path in changed if any(_below(path, field) or _below(field, path) for field in fields))


def _rules(kind: Kind, inputs: Mapping[str, Value], settings: Settings) -> tuple[str, ...]:
    fixed = peek(inputs, "immutable") is True
    if kind.patch:
        return _IDENTITY
    if kind.is_secret:
        frozen = fixed or not settings.secret_mutable
        return (*_IDENTITY, "type", *(("data", "stringData") if frozen else ()))
    if (kind.api_version, kind.name) == ("v1", "ConfigMap"):
        frozen = fixed or not settings.config_map_mutable
        return (*_IDENTITY, *(("data", "binaryData") if frozen else ()))
    return (*_IDENTITY, *_BY_KIND.get((kind.api_version, kind.name), ()))


def _below(path: str, rule: str) -> bool:
    plain = _INDEX.sub("[]", path)
    rule = _INDEX.sub("[]", rule)
    return plain == rule or plain.startswith((f"{rule}.", f"{rule}["))
