"""The feature flags of an environment, as services read them: a file each, and nothing that restarts them.

Owns one ConfigMap for each service, both of whose slots mount it. Its name follows from the service's alone: were it
shared by those who read the same flags, a flag more for one of them would be a ConfigMap of another name, and roll its
pods. Leaves what a flag is for whom to `infra.flags`, and the mounting to `Service`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from infra.flags import Resolved, document, version
from infra.naming import labels

FLAGS_FILE = "flags.json"
"""The file's name, and the ConfigMap's key."""

_VERSION_ANNOTATION = "tenantry.dev/flags-version"


@dataclass(frozen=True, kw_only=True)
class FeatureFlagsArgs:
    """Arguments of `FeatureFlags`.

    Args:
        namespace: the Kubernetes namespace of the services.
        readers: service -> the flags that it reads, by name.
    """

    namespace: pulumi.Input[str]
    readers: Mapping[str, Mapping[str, Resolved]]


class FeatureFlags(pulumi.ComponentResource):
    """A changed flag is the same ConfigMap with other content, by the provider's `enableConfigMapMutable`.

    Pods that mount it as a folder see the change without a restart once their kubelet looks again: every 60 s by its
    default, and up to half as much later, so that not all look at once (`syncFrequency`, and kubelet's
    pod_workers.go). An environment variable, or a file mounted with `subPath`, would stay as it was. What is in it is
    one document with a version of its content, so that no reader sees half a change, and can tell which one it sees.
    """

    config_maps: Mapping[str, pulumi.Output[str]]
    """Service -> its ConfigMap's name, known once it is there."""

    def __init__(self, name: str, args: FeatureFlagsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:service:FeatureFlags", name, None, opts)
        self._name = name
        self._namespace = args.namespace
        self.config_maps = {service: self._config_map(service, flags) for service, flags in args.readers.items()}
        self.register_outputs({"config_maps": self.config_maps})

    def _config_map(self, service: str, flags: Mapping[str, Resolved]) -> pulumi.Output[str]:
        config_map = ConfigMap(
            f"{self._name}-{service}",
            metadata={
                "name": f"{service}-flags",
                "namespace": self._namespace,
                "labels": labels(service, "feature-flags"),
                "annotations": {_VERSION_ANNOTATION: version(flags)},
            },
            data={FLAGS_FILE: document(flags)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return config_map.metadata.apply(lambda metadata: metadata.name or "")
