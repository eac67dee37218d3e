"""The provider's settings: the official keys, which the SDK sends as text (`"true"`, JSON) or as plain values."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.sandbox.plugins.provider import Failure, ProviderError

_VARIABLES = {
    "deleteUnreachable": "PULUMI_K8S_DELETE_UNREACHABLE",
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "enableServerSideApply": "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
    "skipUpdateUnreachable": "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
}
"""Official environment variables, used where the setting is absent."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the provider behaves; each field is the official setting of that name."""

    kubeconfig: Any = field(default=None, repr=False)
    context: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False
    config_map_mutable: bool = False
    secret_mutable: bool = False
    patch_force: bool = False
    upsert: bool = False
    timeout: float | None = None


def parse(config: Mapping[str, Any]) -> Settings:
    """Return the settings.

    Raises:
        ProviderError: one of them asks for what this plugin leaves out, or is not of its type.
    """
    for failure in failures(config):
        raise ProviderError(f"kubernetes:{failure.property}: {failure.reason}")
    client = config.get("kubeClientSettings") or {}
    client = _json(client, "kubeClientSettings") if isinstance(client, str) else client
    return Settings(
        kubeconfig=config.get("kubeconfig") or None,
        context=config.get("context") or None,
        cluster=config.get("cluster") or None,
        namespace=config.get("namespace") or None,
        delete_unreachable=_flag(config, "deleteUnreachable"),
        skip_update_unreachable=_flag(config, "skipUpdateUnreachable"),
        config_map_mutable=_flag(config, "enableConfigMapMutable"),
        secret_mutable=_flag(config, "enableSecretMutable"),
        patch_force=_flag(config, "enablePatchForce"),
        upsert=_flag(config, "upsertExistingObjects"),
        timeout=float(client["timeout"]) if client.get("timeout") else None,
    )


def failures(config: Mapping[str, Any]) -> list[Failure]:
    """Return what is wrong with the settings, without contacting anything."""
    found = []
    if config.get("renderYamlToDirectory"):
        found.append(Failure("renderYamlToDirectory", "the offline kubernetes plugin does not render YAML"))
    for name in _VARIABLES:
        try:
            value = _flag(config, name, default=name == "enableServerSideApply")
        except ProviderError as error:
            found.append(Failure(name, str(error)))
            continue
        if name == "enableServerSideApply" and not value:
            found.append(Failure(name, "the offline kubernetes plugin applies on the server's side only"))
    return found


def _flag(config: Mapping[str, Any], name: str, *, default: bool = False) -> bool:
    value = config.get(name)
    if value in (None, ""):
        value = os.environ.get(_VARIABLES[name]) or default
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value if isinstance(value, bool) else default


def _json(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ProviderError(f"kubernetes:{name}: not JSON") from error
