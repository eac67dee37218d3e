"""Work that is due at times: a Kubernetes CronJob with the environment, the secrets and the rights of a service.

Owns the CronJob. Leaves its pods to `job_pods`, and what they do to the product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_kubernetes.batch.v1 import CronJob

from components.job_pods import Task, Workload, template
from infra.naming import labels

Concurrency = Literal["Allow", "Forbid", "Replace"]

_ROLE = "job"


@dataclass(frozen=True, kw_only=True)
class ScheduledJobArgs:
    """Arguments of `ScheduledJob`.

    Args:
        workload: the service.
        job: the CronJob's name.
        image: by digest.
        command: the program and its arguments.
        schedule: minute, hour, day of the month, month, weekday.
        time_zone: where the schedule's clock is, by its IANA name.
        concurrency: what happens when it is due and still runs.
        start_within: seconds after which a run that could not begin is left out.
        deadline: seconds that a run may take, with its retries.
        retries: so often a run that failed is tried again.
        kept: runs that went well and stay to be looked at.
        kept_failed: the same of those that did not.
        suspended: whether it is not run.
        after: what must be there before it changes.
    """

    workload: Workload
    job: str
    image: str
    command: tuple[str, ...]
    schedule: str
    time_zone: str
    concurrency: Concurrency
    start_within: int
    deadline: int
    retries: int
    kept: int
    kept_failed: int
    suspended: bool
    after: Sequence[pulumi.Resource] = ()


class ScheduledJob(pulumi.ComponentResource):
    """No run lasts longer than its deadline, and none begins so late that the next one is near.

    A run is never made up for: a job does all that is due when it runs. One that runs is not touched by an update,
    which counts from the next run on.
    """

    job_name: pulumi.Output[str]
    """The Kubernetes CronJob."""

    def __init__(self, name: str, args: ScheduledJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:jobs:ScheduledJob", name, None, opts)
        task = Task(role=_ROLE, image=args.image, command=args.command)
        job = CronJob(
            f"{name}-schedule",
            metadata={
                "name": args.job,
                "namespace": args.workload.namespace,
                "labels": labels(args.workload.service, _ROLE),
            },
            spec={
                "schedule": args.schedule,
                "time_zone": args.time_zone,
                "concurrency_policy": args.concurrency,
                "starting_deadline_seconds": args.start_within,
                "suspend": args.suspended,
                "successful_jobs_history_limit": args.kept,
                "failed_jobs_history_limit": args.kept_failed,
                "job_template": {
                    "spec": {
                        "backoff_limit": args.retries,
                        "active_deadline_seconds": args.deadline,
                        "template": template(args.workload, task),
                    }
                },
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.job_name = job.metadata.apply(lambda metadata: metadata.name or args.job)
        self.register_outputs({"job_name": self.job_name})
