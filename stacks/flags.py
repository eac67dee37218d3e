"""The feature flags of an environment: settings -> the file that each service reads, and whose pods roll by which.

Owns which service reads which flag. Leaves what a flag is for whom to `infra.flags`.
"""

from collections.abc import Mapping, Sequence

import pulumi

from components.feature_flags import FeatureFlags, FeatureFlagsArgs
from components.pods import EnvironmentConfig
from infra.flags import Resolved, resolve, version
from infra.settings.models import StackSettings

_FOLDER = "flags"


def declare(
    settings: StackSettings, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> Mapping[str, Sequence[EnvironmentConfig]]:
    """Declare the files: service -> what its pods mount.

    Every service has one once there is a flag, even for none: so pods need not roll for the first that they read.

    Args:
        settings: the stack's.
        namespace: the Kubernetes namespace of the services.
        opts: with the cluster's provider.
    """
    if not settings.flags or not settings.services:
        return {}
    resolved = resolve(settings.flags, settings.served_tenants)
    readers = {service: _read_by(service, settings, resolved) for service in settings.services}
    files = FeatureFlags("flags", FeatureFlagsArgs(namespace=namespace, readers=readers), opts)
    return {
        service: [EnvironmentConfig(name=name, rolls=_rolling(service, settings, resolved), files=_FOLDER)]
        for service, name in files.config_maps.items()
    }


def _read_by(service: str, settings: StackSettings, resolved: Mapping[str, Resolved]) -> dict[str, Resolved]:
    return {name: resolved[name] for name, flag in settings.flags.items() if flag.read_by(service)}


def _rolling(service: str, settings: StackSettings, resolved: Mapping[str, Resolved]) -> str | None:
    """Return what changes with the flags by which a service's pods roll; None where there are none."""
    rolling = {name: resolved[name] for name, flag in settings.flags.items() if service in flag.rolls}
    return version(rolling) if rolling else None
