"""A workload in two slots, blue and green, one of which takes traffic.

Owns both Deployments and the stable Service. The order of an update is the graph's: the active slot is ready, then the
Service points to it, then the other slot changes. Leaves the number of pods to `Autoscaler` where there is one, routes
to a later component, and holds in time to the release command.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import (
    ContainerArgsDict,
    CSIVolumeSourceArgsDict,
    PodSpecArgsDict,
    ProbeArgsDict,
    TopologySpreadConstraintArgsDict,
    VolumeArgsDict,
    VolumeMountArgsDict,
)
from pulumi_kubernetes.core.v1 import Service as KubernetesService

from components.autoscaler import Autoscaler, AutoscalerArgs
from infra.naming import labels

Slot = Literal["blue", "green"]

SECRETS_DIRECTORY = "SECRETS_DIRECTORY"
"""The environment variable that names the folder of a container's secret files, where it has any."""

_SECRETS_PATH = "/var/run/secrets/tenantry"

_SLOT_LABEL = "tenantry.dev/slot"
_ROLE_ANNOTATION = "tenantry.dev/role"
_CHECKSUM_ANNOTATION = "tenantry.dev/environment-checksum"
# Endpoints propagate late: a pod told to stop answers on until its address is gone everywhere (DESIGN section 6).
_DRAIN_SECONDS = 10
_TERMINATION_GRACE_SECONDS = 45
_USER_ID = 10001


@dataclass(frozen=True, kw_only=True)
class SlotArgs:
    """One slot.

    Args:
        image: by digest.
        replicas: number of pods; with bounds, only that at the start.
    """

    image: str
    replicas: int


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Between which numbers each slot's pods follow the load.

    Args:
        minimum: pods of a slot at least.
        maximum: pods of a slot at most.
        cpu_percent: of what they request, above which there are more.
        memory_percent: of what they request, above which there are more.
    """

    minimum: int
    maximum: int
    cpu_percent: int
    memory_percent: int


@dataclass(frozen=True, kw_only=True)
class EnvironmentSecret:
    """A Kubernetes Secret whose keys become environment variables.

    Args:
        name: the Secret.
        checksum: changes with its content; the pods roll when it does.
    """

    name: pulumi.Input[str]
    checksum: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class MountedSecrets:
    """Files that the Secrets Store CSI driver fetches when a pod starts.

    Args:
        provider_class: the SecretProviderClass that says what is fetched.
        checksum: changes with its content; the pods roll when it does.
    """

    provider_class: pulumi.Input[str]
    checksum: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """Arguments of `Service`.

    Args:
        namespace: the Kubernetes namespace.
        port: the container's TCP port, and the Service's.
        health_path: answers 200 when a pod can take traffic.
        active: the slot that takes traffic; a key of `slots`.
        ready_timeout: seconds that a slot's pods may take to become ready before the update fails.
        slots: the active slot and, while there is one, the candidate.
        bounds: of each slot's number of pods; None for exactly its replicas.
        environment_secrets: what the container's environment holds.
        service_account: what its pods are to Kubernetes and, by that, to AWS; None for the namespace's default.
        mounted_secrets: what its container finds as files below `SECRETS_DIRECTORY`.
    """

    namespace: pulumi.Input[str]
    port: int
    health_path: str
    active: Slot
    ready_timeout: int
    slots: Mapping[Slot, SlotArgs]
    bounds: Bounds | None = None
    environment_secrets: Sequence[EnvironmentSecret] = ()
    service_account: pulumi.Input[str] | None = None
    mounted_secrets: MountedSecrets | None = None


class Service(pulumi.ComponentResource):
    """The stable Service points to one slot, and never to one that was not ready first.

    It carries traffic inside the cluster (east-west). Switching `active` makes the engine wait until the new slot's
    Deployment is available, then change the Service's selector, then touch the old slot; when the new slot never
    becomes ready the update fails at its time-out and the selector has not moved.
    """

    service_name: pulumi.Output[str]
    """The stable Service's name, known once it has ready endpoints."""

    active_slot: pulumi.Output[str]
    """The slot that takes traffic."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:service:Service", name, None, opts)
        self._name = name
        self._args = args
        active = self._deployment(args.active, [])
        stable = self._stable_service(active)
        for slot in args.slots.keys() - {args.active}:
            self._deployment(slot, [stable])
        self.service_name = stable.metadata.apply(lambda metadata: metadata.name or name)
        self.active_slot = pulumi.Output.from_input(str(args.active))
        self.register_outputs({"service_name": self.service_name, "active_slot": self.active_slot})

    def _selector(self, slot: Slot) -> dict[str, str]:
        return {"app.kubernetes.io/name": self._name, _SLOT_LABEL: slot}

    def _deployment(self, slot: Slot, depends_on: list[pulumi.Resource]) -> Deployment:
        args = self._args.slots[slot]
        pod_labels = {**labels(self._name, "service"), _SLOT_LABEL: slot}
        # The role is on the Deployment, not on its pods: a switch updates both Deployments, so that the engine waits
        # for the new slot's readiness even where nothing else of it changes, and restarts no pod.
        role = "active" if slot == self._args.active else "candidate"
        seconds = f"{self._args.ready_timeout}s"
        timeout = pulumi.CustomTimeouts(create=seconds, update=seconds)
        name = f"{self._name}-{slot}"
        deployment = Deployment(
            name,
            metadata={
                "name": name,
                "namespace": self._args.namespace,
                "labels": pod_labels,
                "annotations": {_ROLE_ANNOTATION: role},
            },
            spec={
                "replicas": args.replicas,
                "selector": {"match_labels": self._selector(slot)},
                "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": "25%", "max_unavailable": 0}},
                "template": {
                    "metadata": {"labels": pod_labels, "annotations": {_CHECKSUM_ANNOTATION: self._checksum()}},
                    "spec": self._pod(slot),
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=depends_on,
                custom_timeouts=timeout,
                ignore_changes=["spec.replicas"] if self._args.bounds else None,
            ),
        )
        if self._args.bounds is not None:
            self._autoscaler(name, deployment, self._args.bounds)
        return deployment

    def _autoscaler(self, name: str, deployment: Deployment, bounds: Bounds) -> Autoscaler:
        args = AutoscalerArgs(
            namespace=self._args.namespace,
            deployment=deployment.metadata.apply(lambda metadata: metadata.name or name),
            workload=self._name,
            minimum=bounds.minimum,
            maximum=bounds.maximum,
            cpu_percent=bounds.cpu_percent,
            memory_percent=bounds.memory_percent,
        )
        return Autoscaler(f"{name}-scale", args, pulumi.ResourceOptions(parent=self))

    def _checksum(self) -> pulumi.Output[str]:
        """Return one checksum over everything that the pods read by reference."""
        checksums = [secret.checksum for secret in self._args.environment_secrets]
        if self._args.mounted_secrets is not None:
            checksums.append(self._args.mounted_secrets.checksum)
        return pulumi.Output.all(*checksums).apply(
            lambda known: hashlib.sha256("".join(map(str, known)).encode()).hexdigest()
        )

    def _pod(self, slot: Slot) -> PodSpecArgsDict:
        spread: TopologySpreadConstraintArgsDict = {
            "max_skew": 1,
            "topology_key": "topology.kubernetes.io/zone",
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": self._selector(slot)},
        }
        pod: PodSpecArgsDict = {
            "automount_service_account_token": False,
            "termination_grace_period_seconds": _TERMINATION_GRACE_SECONDS,
            "security_context": {
                "run_as_non_root": True,
                "run_as_user": _USER_ID,
                "seccomp_profile": {"type": "RuntimeDefault"},
            },
            "topology_spread_constraints": [spread],
            "containers": [self._container(slot)],
            "volumes": self._volumes(),
        }
        if self._args.service_account is not None:
            pod["service_account_name"] = self._args.service_account
        return pod

    def _volumes(self) -> list[VolumeArgsDict]:
        volumes: list[VolumeArgsDict] = [{"name": "tmp", "empty_dir": {}}]
        mounted = self._args.mounted_secrets
        if mounted is not None:
            attributes = {"secretProviderClass": mounted.provider_class}
            csi: CSIVolumeSourceArgsDict = {
                "driver": "secrets-store.csi.k8s.io",
                "read_only": True,
                "volume_attributes": attributes,
            }
            volumes.append({"name": "secrets", "csi": csi})
        return volumes

    def _container(self, slot: Slot) -> ContainerArgsDict:
        probe: ProbeArgsDict = {"http_get": {"path": self._args.health_path, "port": "http"}, "period_seconds": 5}
        container: ContainerArgsDict = {
            "name": "service",
            "image": self._args.slots[slot].image,
            "ports": [{"name": "http", "container_port": self._args.port}],
            "env_from": [{"secret_ref": {"name": secret.name}} for secret in self._args.environment_secrets],
            "readiness_probe": probe,
            "liveness_probe": {**probe, "failure_threshold": 6},
            "lifecycle": {"pre_stop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
            "security_context": {
                "allow_privilege_escalation": False,
                "read_only_root_filesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "volume_mounts": self._mounts(),
        }
        if self._args.mounted_secrets is not None:
            container["env"] = [{"name": SECRETS_DIRECTORY, "value": _SECRETS_PATH}]
        return container

    def _mounts(self) -> list[VolumeMountArgsDict]:
        mounts: list[VolumeMountArgsDict] = [{"name": "tmp", "mount_path": "/tmp"}]  # noqa: S108  # inside the container
        if self._args.mounted_secrets is not None:
            mounts.append({"name": "secrets", "mount_path": _SECRETS_PATH, "read_only": True})
        return mounts

    def _stable_service(self, active: Deployment) -> KubernetesService:
        return KubernetesService(
            f"{self._name}-service",
            metadata={
                "name": self._name,
                "namespace": self._args.namespace,
                "labels": labels(self._name, "service"),
            },
            spec={
                "selector": self._selector(self._args.active),
                "ports": [{"name": "http", "port": self._args.port, "target_port": "http"}],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[active]),
        )
