"""What the pods of a service are: probes, drain, rights, room, and what they read by reference.

Owns the template of a service's Deployments, and the parts of it that a job's pod has as well. Leaves how many pods
there are, and when they change, to `slot` and `service`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import (
    ContainerArgsDict,
    CSIVolumeSourceArgsDict,
    EnvFromSourceArgsDict,
    PodSecurityContextArgsDict,
    PodSpecArgsDict,
    PodTemplateSpecArgsDict,
    ProbeArgsDict,
    ResourceRequirementsArgsDict,
    SecurityContextArgsDict,
    TopologySpreadConstraintArgsDict,
    VolumeArgsDict,
    VolumeMountArgsDict,
    VolumeProjectionArgsDict,
)

SECRETS_DIRECTORY = "SECRETS_DIRECTORY"
"""The environment variable that names the folder of a container's secret files, where it has any."""

CONFIGURATION_DIRECTORY = "/etc/tenantry"
"""The folder of a container below which configuration is that it reads as files."""

SECRETS_PATH = "/var/run/secrets/tenantry"
"""The folder that `SECRETS_DIRECTORY` names."""

_CHECKSUM_ANNOTATION = "tenantry.dev/environment-checksum"
# Endpoints propagate late: a pod told to stop answers on until its address is gone everywhere (DESIGN section 6).
DRAIN_SECONDS = 10
"""How long that is within a cluster, and for a gateway in it."""

_AFTER_DRAIN_SECONDS = 35  # for requests that were taken last; ours
_PERIOD_SECONDS = 5
_USER_ID = 10001


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
class EnvironmentConfig:
    """A ConfigMap that pods read; a new name of it rolls them.

    Args:
        name: the ConfigMap.
        rolls: the pods roll when it changes; None: never for the content, which an environment keeps until then and
            files follow within about a minute.
        files: below which folder of `CONFIGURATION_DIRECTORY` its keys are files; None: they are environment variables.
        more: ConfigMaps whose keys are files of the same folder, as far as there are any of that name.
    """

    name: pulumi.Input[str]
    rolls: pulumi.Input[str] | None = None
    files: str | None = None
    more: Sequence[str] = ()


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
class Http:
    """Where a container answers, and how it tells that it can.

    Args:
        port: TCP.
        health_path: answers 200 when a pod can take traffic; a pod that does not is given none, and lives on.
        startup_seconds: how long that may take at first, before the container is started again.
        drain_seconds: how long a pod that is told to stop still answers those who have not heard.
    """

    port: int
    health_path: str
    startup_seconds: int = 60
    drain_seconds: int = DRAIN_SECONDS


@dataclass(frozen=True, kw_only=True)
class Room:
    """What a container gets. No limit of CPU: it would be slowed down while a node is idle.

    Args:
        cpu: requested, as `100m`.
        memory: requested, as `128Mi`.
        memory_limit: above which it is killed, as `512Mi`.
    """

    cpu: str = "100m"
    memory: str = "128Mi"
    memory_limit: str = "512Mi"


@dataclass(frozen=True, kw_only=True)
class PodArgs:
    """What all pods of a service have, in either slot.

    Args:
        http: where they answer; None for a worker, which nobody calls and no probe asks.
        room: CPU and memory.
        writable_root: whether the container may write to its own image's files; it can to `/tmp` in any case.
        priority_class: the PriorityClass; None for the cluster's default.
        environment_secrets: what the container's environment holds.
        service_account: what they are to Kubernetes and, by that, to AWS; None for the namespace's default.
        mounted_secrets: what the container finds as files below `SECRETS_DIRECTORY`.
    """

    http: Http | None
    room: Room = Room()
    writable_root: bool = False
    priority_class: pulumi.Input[str] | None = None
    environment_secrets: Sequence[EnvironmentSecret] = ()
    service_account: pulumi.Input[str] | None = None
    mounted_secrets: MountedSecrets | None = None


def template(
    args: PodArgs,
    configs: Sequence[EnvironmentConfig],
    *,
    image: str,
    labels: Mapping[str, str],
    selector: dict[str, str],
) -> PodTemplateSpecArgsDict:
    """Return the pods of one slot.

    Args:
        args: what they have.
        configs: what they read besides; of two that set the same variable the later one counts, and Secrets do first.
        image: by digest.
        labels: theirs.
        selector: which of those tell them from all other pods.
    """
    return {
        "metadata": {"labels": labels, "annotations": {_CHECKSUM_ANNOTATION: _checksum(args, configs)}},
        "spec": _spec(args, configs, image, selector),
    }


def pod_security(*, owns_volumes: bool = False) -> PodSecurityContextArgsDict:
    """Return what the restricted Pod Security Standard asks of a pod.

    Args:
        owns_volumes: whether its group reads the volumes that nobody else may.
    """
    security: PodSecurityContextArgsDict = {
        "run_as_non_root": True,
        "run_as_user": _USER_ID,
        "seccomp_profile": {"type": "RuntimeDefault"},
    }
    return {**security, "run_as_group": _USER_ID, "fs_group": _USER_ID} if owns_volumes else security


def spread_over_zones(selector: dict[str, str]) -> list[TopologySpreadConstraintArgsDict]:
    """Return that pods are spread evenly over the zones, as far as these have room.

    Args:
        selector: the labels that tell them from other pods.
    """
    return [
        {
            "max_skew": 1,
            "topology_key": "topology.kubernetes.io/zone",
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": selector},
        }
    ]


def container_security(*, writable_root: bool = False) -> SecurityContextArgsDict:
    """Return what that standard asks of a container, and a root that it cannot write to unless it may."""
    return {
        "allow_privilege_escalation": False,
        "read_only_root_filesystem": not writable_root,
        "capabilities": {"drop": ["ALL"]},
    }


def environment(
    secrets: Sequence[EnvironmentSecret], configs: Sequence[EnvironmentConfig]
) -> list[EnvFromSourceArgsDict]:
    """Return where a container's variables come from; of two of one name the later counts, so Secrets are last."""
    variables: list[EnvFromSourceArgsDict] = [
        {"config_map_ref": {"name": config.name}} for config in configs if config.files is None
    ]
    return variables + [{"secret_ref": {"name": secret.name}} for secret in secrets]


def _checksum(args: PodArgs, configs: Sequence[EnvironmentConfig]) -> pulumi.Output[str]:
    """Return one checksum over everything that the pods read by reference and roll for."""
    checksums = [secret.checksum for secret in args.environment_secrets]
    if args.mounted_secrets is not None:
        checksums.append(args.mounted_secrets.checksum)
    checksums += [config.rolls for config in configs if config.rolls is not None]
    return pulumi.Output.all(*checksums).apply(
        lambda known: hashlib.sha256("".join(map(str, known)).encode()).hexdigest()
    )


def _spec(args: PodArgs, configs: Sequence[EnvironmentConfig], image: str, selector: dict[str, str]) -> PodSpecArgsDict:
    pod: PodSpecArgsDict = {
        "automount_service_account_token": False,
        "termination_grace_period_seconds": _grace(args.http),
        "security_context": pod_security(),
        "topology_spread_constraints": spread_over_zones(selector),
        "containers": [_container(args, configs, image)],
        "volumes": list(volumes(args, configs)),
    }
    if args.service_account is not None:
        pod["service_account_name"] = args.service_account
    if args.priority_class is not None:
        pod["priority_class_name"] = args.priority_class
    return pod


def _grace(http: Http | None) -> int:
    return (DRAIN_SECONDS if http is None else http.drain_seconds) + _AFTER_DRAIN_SECONDS


def volumes(args: PodArgs, configs: Sequence[EnvironmentConfig]) -> Iterator[VolumeArgsDict]:
    """Return what a pod mounts: `/tmp`, its secret files, and configuration that it reads as files."""
    yield {"name": "tmp", "empty_dir": {}}
    mounted = args.mounted_secrets
    if mounted is not None:
        csi: CSIVolumeSourceArgsDict = {
            "driver": "secrets-store.csi.k8s.io",
            "read_only": True,
            "volume_attributes": {"secretProviderClass": mounted.provider_class},
        }
        yield {"name": "secrets", "csi": csi}
    for config in configs:
        if config.files is not None:
            yield _files(f"config-{config.files}", config)


def _files(volume: str, config: EnvironmentConfig) -> VolumeArgsDict:
    if not config.more:
        return {"name": volume, "config_map": {"name": config.name}}
    more: list[VolumeProjectionArgsDict] = [{"config_map": {"name": name, "optional": True}} for name in config.more]
    return {"name": volume, "projected": {"sources": [{"config_map": {"name": config.name}}, *more]}}


def mounts(args: PodArgs, configs: Sequence[EnvironmentConfig]) -> Iterator[VolumeMountArgsDict]:
    """Return where a container finds what its pod mounts."""
    yield {"name": "tmp", "mount_path": "/tmp"}  # noqa: S108  # inside the container
    if args.mounted_secrets is not None:
        yield {"name": "secrets", "mount_path": SECRETS_PATH, "read_only": True}
    for config in configs:
        if config.files is not None:
            path = f"{CONFIGURATION_DIRECTORY}/{config.files}"
            yield {"name": f"config-{config.files}", "mount_path": path, "read_only": True}


def _container(args: PodArgs, configs: Sequence[EnvironmentConfig], image: str) -> ContainerArgsDict:
    container: ContainerArgsDict = {
        "name": "service",
        "image": image,
        "env_from": environment(args.environment_secrets, configs),
        "resources": resources(args.room),
        "security_context": container_security(writable_root=args.writable_root),
        "volume_mounts": list(mounts(args, configs)),
    }
    if args.http is not None:
        _answering(container, args.http)
    if args.mounted_secrets is not None:
        container["env"] = [{"name": SECRETS_DIRECTORY, "value": SECRETS_PATH}]
    return container


def _answering(container: ContainerArgsDict, http: Http) -> None:
    """Add to a container what makes it one that is called.

    It lives while it takes connections: what its path says may depend on a store, and a store that fails over must
    take pods out of traffic and not end them all at once.
    """
    probe: ProbeArgsDict = {"http_get": {"path": http.health_path, "port": "http"}, "period_seconds": _PERIOD_SECONDS}
    container["ports"] = [{"name": "http", "container_port": http.port}]
    container["startup_probe"] = {**probe, "failure_threshold": -(-http.startup_seconds // _PERIOD_SECONDS)}
    container["readiness_probe"] = probe
    container["liveness_probe"] = {
        "tcp_socket": {"port": "http"},
        "period_seconds": _PERIOD_SECONDS,
        "failure_threshold": 6,
    }
    container["lifecycle"] = {"pre_stop": {"sleep": {"seconds": http.drain_seconds}}}


def resources(room: Room) -> ResourceRequirementsArgsDict:
    """Return CPU and memory as Kubernetes has them."""
    return {"requests": {"cpu": room.cpu, "memory": room.memory}, "limits": {"memory": room.memory_limit}}
