"""The job that makes the pool agree with the registry: who is served, and whose rows are still there.

Owns the CronJob and what its pods find: the registry as files, and the pool's migration login; and the same once more
for who is closed now, which the update waits for. Leaves what they do to `infra.tenancy.lifecycle`, and whom they reach
to network policies, which know them by `LIFECYCLE`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.batch.v1 import CronJob, Job
from pulumi_kubernetes.core.v1 import (
    ContainerArgsDict,
    PodSpecArgsDict,
    PodTemplateSpecArgsDict,
    VolumeProjectionArgsDict,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

from components import pods
from components.pods import EnvironmentSecret, Room
from infra.naming import labels

LIFECYCLE = "tenants-lifecycle"
"""The CronJob's name, unless it is given another, and its pods' label `app.kubernetes.io/name`."""

_ROLE = "lifecycle"
_COMMAND = ("python", "-m", "infra.tenancy.lifecycle")
_AT_ONCE = (*_COMMAND, "--wait")
_CLOSED = "tenantry.dev/closed"
_FOLDER = f"{pods.CONFIGURATION_DIRECTORY}/tenants"
_START_WITHIN = 200  # seconds, after which the next run is as good; below 100 Kubernetes may miss one
_DEADLINE = 3600  # seconds; a purge that takes longer is gone on with by the next run
_PATIENCE = 60  # seconds beyond the deadline, by which Kubernetes has said that it failed
_GRACE_SECONDS = 60  # to end a batch


@dataclass(frozen=True, kw_only=True)
class TenantLifecycleArgs:
    """Arguments of `TenantLifecycle`.

    Args:
        namespace: the Kubernetes namespace of the platform's services.
        image: the tools image, by digest.
        schedule: minute, hour, day of the month, month, weekday, in UTC.
        registry: the ConfigMaps of the registry; all of them are one folder for the job.
        others: ConfigMaps that are in that folder as well, as far as there are any of that name.
        job_name: the CronJob's name; its pods' label is `LIFECYCLE` whatever it is.
        login: the Kubernetes Secret of the pool's migration login.
        closed: slug -> state, of this stack's tenants that are not served.
        after: what must be there before the registry says so.
    """

    namespace: pulumi.Input[str]
    image: str
    schedule: str
    registry: Sequence[pulumi.Input[str]]
    login: EnvironmentSecret
    others: Sequence[str] = ()
    closed: Mapping[str, str] = field(default_factory=dict)
    after: Sequence[pulumi.Resource] = ()
    job_name: str = LIFECYCLE


class TenantLifecycle(pulumi.ComponentResource):
    """A tenant whose trial is over, who is suspended or deleted is not served from the pool any more, soon after.

    One run at a time; what a run leaves undone the next one does. An update that closes tenants runs it itself, and
    succeeds when they are shut out and the rows of the deleted are gone: so the line of a deleted one may go with the
    next update, and whoever gets its slug finds nothing of it.
    """

    job_name: pulumi.Output[str]
    """The Kubernetes CronJob."""

    def __init__(self, name: str, args: TenantLifecycleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:tenant:TenantLifecycle", name, None, opts)
        job = CronJob(
            f"{name}-schedule",
            metadata={"name": args.job_name, "namespace": args.namespace, "labels": labels(LIFECYCLE, _ROLE)},
            spec={
                "schedule": args.schedule,
                "time_zone": "Etc/UTC",
                "concurrency_policy": "Forbid",
                "starting_deadline_seconds": _START_WITHIN,
                "successful_jobs_history_limit": 3,
                "failed_jobs_history_limit": 3,
                "job_template": {
                    "spec": {
                        "backoff_limit": 1,
                        "active_deadline_seconds": _DEADLINE,
                        "template": _template(args, _COMMAND, {}),
                    }
                },
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.closed:
            _run_at_once(self, name, args)
        self.job_name = job.metadata.apply(lambda metadata: metadata.name or args.job_name)
        self.register_outputs({"job_name": self.job_name})


def _run_at_once(parent: pulumi.Resource, name: str, args: TenantLifecycleArgs) -> Job:
    """Declare a run for who is closed now: others are another Job, as its template cannot change."""
    digest = hashlib.sha256(json.dumps(args.closed, sort_keys=True).encode()).hexdigest()
    seconds = f"{_DEADLINE + _PATIENCE}s"
    return Job(
        f"{name}-now",
        metadata={
            "namespace": args.namespace,
            "labels": labels(LIFECYCLE, _ROLE),
            "annotations": {"pulumi.com/replaceUnready": "true"},
        },
        spec={
            "backoff_limit": 1,
            "active_deadline_seconds": _DEADLINE,
            "template": _template(args, _AT_ONCE, {_CLOSED: digest}),
        },
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=list(args.after),
            custom_timeouts=pulumi.CustomTimeouts(create=seconds, update=seconds),
        ),
    )


def _template(
    args: TenantLifecycleArgs, command: Sequence[str], annotations: Mapping[str, str]
) -> PodTemplateSpecArgsDict:
    own: list[VolumeProjectionArgsDict] = [{"config_map": {"name": one}} for one in args.registry]
    others: list[VolumeProjectionArgsDict] = [{"config_map": {"name": one, "optional": True}} for one in args.others]
    spec: PodSpecArgsDict = {
        "restart_policy": "Never",
        "automount_service_account_token": False,
        "termination_grace_period_seconds": _GRACE_SECONDS,
        "security_context": pods.pod_security(),
        "containers": [_container(args, command)],
        "volumes": [
            {"name": "tmp", "empty_dir": {}},
            {"name": "registry", "projected": {"sources": [*own, *others]}},
        ],
    }
    metadata: ObjectMetaArgsDict = {"labels": labels(LIFECYCLE, _ROLE)}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"metadata": metadata, "spec": spec}


def _container(args: TenantLifecycleArgs, command: Sequence[str]) -> ContainerArgsDict:
    return {
        "name": "job",
        "image": args.image,
        "command": list(command),
        "env": [{"name": "REGISTRY_DIRECTORY", "value": _FOLDER}],
        "env_from": pods.environment([args.login], []),
        "resources": pods.resources(Room()),
        "security_context": pods.container_security(),
        "termination_message_policy": "FallbackToLogsOnError",
        "volume_mounts": [
            {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108  # inside the container
            {"name": "registry", "mount_path": _FOLDER, "read_only": True},
        ],
    }
