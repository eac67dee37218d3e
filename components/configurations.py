"""Configurations of shops, as services read them: a ConfigMap with a file for each version in use.

Owns the object. Leaves what a configuration says to the settings, which tenant has which to the registry, and the
mounting to `Service`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from infra.naming import labels

_DIGITS = 10  # of SHA-256; a name has to differ from others of the same version alone


@dataclass(frozen=True, kw_only=True)
class ConfigurationsArgs:
    """Arguments of `Configurations`.

    Args:
        namespace: the Kubernetes namespace of the services that read them.
        versions: version -> what it says.
    """

    namespace: pulumi.Input[str]
    versions: Mapping[str, Mapping[str, object]]


class Configurations(pulumi.ComponentResource):
    """What a file says never changes: its name has the version and a checksum of the content.

    A version that says something else is another file, to which the registry leads once it is there. All are in one
    ConfigMap, changed in place: with one each, every new version would be another volume, and roll all pods.
    """

    config_map: str
    """The ConfigMap."""

    files: Mapping[str, str]
    """Version -> its file, a key of the ConfigMap."""

    made: pulumi.Resource
    """What must be there before a tenant is led to any."""

    def __init__(self, name: str, args: ConfigurationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:tenant:Configurations", name, None, opts)
        texts = {version: json.dumps(content, sort_keys=True) for version, content in sorted(args.versions.items())}
        self.config_map = name
        self.files = {version: f"{version}-{_digest(text)}.json" for version, text in texts.items()}
        self.made = ConfigMap(
            f"{name}-files",
            metadata={"name": name, "namespace": args.namespace, "labels": labels(name, "configuration")},
            data={self.files[version]: text for version, text in texts.items()},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"files": self.files})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
