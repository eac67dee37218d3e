"""The services of an environment: settings -> arguments of `Service` and of what a service is given.

Owns which service has which identity, secrets and credentials. Leaves what these are to their owners.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from components.service import Bounds, EnvironmentSecret, MountedSecrets, Service, ServiceArgs, SlotArgs
from components.service_account import ServiceAccount, ServiceAccountArgs
from infra.settings.services import AutoscalingSettings, ServiceSettings
from stacks.foundation import Foundation

if TYPE_CHECKING:
    from components.pod_identity import PodIdentity  # pulumi_aws: only where something is declared there


class Services:
    """All services of an environment."""

    def __init__(
        self,
        settings: Mapping[str, ServiceSettings],
        *,
        namespace: pulumi.Output[str],
        kubernetes_namespace: str,
        foundation: Foundation,
        credentials: Sequence[EnvironmentSecret],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare them.

        Args:
            settings: service name -> its settings.
            namespace: where they run, known once it is there.
            kubernetes_namespace: the same, known at once.
            foundation: what the environment stands on.
            credentials: what every service's environment holds.
            opts: with the cluster's provider.
        """
        self._namespace = namespace
        self._kubernetes_namespace = kubernetes_namespace
        self._foundation = foundation
        self._credentials = credentials
        self._opts = opts
        self._services = {name: self._service(name, service) for name, service in settings.items()}

    def outputs(self) -> dict[str, dict[str, pulumi.Input[str]]]:
        """Return the stack's output about them: service name -> where it is and what takes its traffic."""
        return {
            name: {"service": service.service_name, "active": service.active_slot}
            for name, service in self._services.items()
        }

    def _service(self, name: str, settings: ServiceSettings) -> Service:
        identity = self._identity(name)
        args = ServiceArgs(
            namespace=self._namespace,
            port=settings.port,
            health_path=settings.health_path,
            active=settings.active,
            ready_timeout=settings.ready_timeout,
            slots={
                slot: SlotArgs(image=content.image, replicas=content.replicas)
                for slot, content in settings.slots.items()
            },
            bounds=_bounds(settings.autoscaling),
            environment_secrets=self._credentials,
            service_account=self._account(name),
            mounted_secrets=self._secret_files(name, identity),
        )
        return Service(name, args, self._opts)

    def _account(self, service: str) -> pulumi.Output[str]:
        args = ServiceAccountArgs(namespace=self._namespace, account=service)
        return ServiceAccount(f"{service}-identity", args, self._opts).account

    def _identity(self, service: str) -> "PodIdentity | None":
        """Declare what a service's pods are to AWS; None on a cluster that is brought."""
        if self._foundation.eks is None:
            return None
        # By names, not by outputs: it is part of the cluster, and everything in Kubernetes waits for all of that.
        return self._foundation.eks.pod_identity(service, self._kubernetes_namespace, service)

    def _secret_files(self, service: str, identity: "PodIdentity | None") -> MountedSecrets | None:
        if identity is None or self._foundation.parts is None:
            return None
        files = self._foundation.parts.secrets.deliver(service, self._namespace, identity, self._opts)
        if files is None:
            return None
        return MountedSecrets(provider_class=files.provider_class, checksum=files.checksum)


def _bounds(settings: AutoscalingSettings | None) -> Bounds | None:
    if settings is None:
        return None
    return Bounds(
        minimum=settings.minimum,
        maximum=settings.maximum,
        cpu_percent=settings.cpu_percent,
        memory_percent=settings.memory_percent,
    )
