"""The pods of jobs: those of a service, but that they do something and end.

Owns their template, made of the parts that a service's pods have (`pods`). Leaves when they run to the jobs, and what
they reach to network policies, which know them by the name of their service, as its own pods.

They carry no slot, by which every Service, budget and autoscaler of a service selects: none of them takes a job's pod
for one of the service's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.core.v1 import ContainerArgsDict, EnvVarArgsDict, PodSpecArgsDict, PodTemplateSpecArgsDict
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

from components import pods
from components.pods import EnvironmentConfig, PodArgs
from infra.naming import labels

_GRACE_SECONDS = 60  # to end a transaction; ours
_KEEP = "cluster-autoscaler.kubernetes.io/safe-to-evict"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A service, as far as its jobs are like it.

    Args:
        namespace: the Kubernetes namespace.
        service: its name.
        pods: what its pods have.
        configs: what they read besides.
        environment: of that, the plain configuration, for a job that keeps its own.
    """

    namespace: pulumi.Input[str]
    service: str
    pods: PodArgs
    configs: Sequence[EnvironmentConfig] = ()
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a job's pod does.

    Args:
        role: what it is within the platform, as `migration`.
        image: by digest.
        command: the program and its arguments.
        variables: of its environment, beside the service's.
    """

    role: str
    image: str
    command: Sequence[str]
    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


def template(workload: Workload, task: Task) -> PodTemplateSpecArgsDict:
    """Return the template of a job's pods.

    Unlike a service's it has no checksum of what it refers to: a rotated secret runs no finished job again.

    Args:
        workload: whose job it is.
        task: what it does.
    """
    # Emptying a node must not end what would begin anew elsewhere.
    metadata: ObjectMetaArgsDict = {"labels": labels(workload.service, task.role), "annotations": {_KEEP: "false"}}
    spec: PodSpecArgsDict = {
        "restart_policy": "Never",  # a pod a try, so that each one's end and last words are kept
        "automount_service_account_token": False,
        "termination_grace_period_seconds": _GRACE_SECONDS,
        "security_context": pods.pod_security(),
        "containers": [_container(workload, task)],
        "volumes": list(pods.volumes(workload.pods, workload.configs)),
    }
    if workload.pods.service_account is not None:
        spec["service_account_name"] = workload.pods.service_account
    return {"metadata": metadata, "spec": spec}


def _container(workload: Workload, task: Task) -> ContainerArgsDict:
    args, configs = workload.pods, workload.configs
    variables: list[EnvVarArgsDict] = [{"name": name, "value": value} for name, value in task.variables.items()]
    if args.mounted_secrets is not None:
        variables.append({"name": pods.SECRETS_DIRECTORY, "value": pods.SECRETS_PATH})
    return {
        "name": "job",
        "image": task.image,
        "command": list(task.command),
        "env": variables,
        "env_from": pods.environment(args.environment_secrets, configs),
        "resources": pods.resources(args.room),
        "security_context": pods.container_security(writable_root=args.writable_root),
        # The end of its output is told with its failure.
        "termination_message_policy": "FallbackToLogsOnError",
        "volume_mounts": list(pods.mounts(args, configs)),
    }
