"""What fills a service's caches after a switch: a Kubernetes Job that the update does not wait for.

Owns the Job. Leaves what is warm to the product.

Its failure undoes nothing and fails nothing, by intent: when it runs, traffic has moved, and a cold cache is slow, not
wrong. An update that failed for it would look like a release to be rolled back, and the rollback would meet a colder
cache still. So the engine makes the Job and goes on (`pulumi.com/skipAwait`); that it failed is told by the Job itself
in the cluster, which stays there until the next switch.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.batch.v1 import Job

from components.job_pods import Task, Workload, template
from infra.naming import labels

_ROLE = "warm-up"
_RETRIES = 1  # ours: a cache that answers late the first time


@dataclass(frozen=True, kw_only=True)
class WarmUpJobArgs:
    """Arguments of `WarmUpJob`.

    Args:
        workload: the service.
        image: by digest.
        command: the program and its arguments.
        deadline: seconds that it may take.
        active: the slot that takes traffic; another one runs it again.
        url: where the service answers within the cluster; None for one that does not.
        after: what must be there before it runs.
    """

    workload: Workload
    image: str
    command: tuple[str, ...]
    deadline: int
    active: str
    url: pulumi.Input[str] | None = None
    after: Sequence[pulumi.Resource] = ()


class WarmUpJob(pulumi.ComponentResource):
    """It runs once after each switch; whatever becomes of it, the update goes on and succeeds."""

    job_name: pulumi.Output[str]
    """The Kubernetes Job, known when it is there."""

    def __init__(self, name: str, args: WarmUpJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:jobs:WarmUpJob", name, None, opts)
        workload = args.workload
        variables: dict[str, pulumi.Input[str]] = {"ACTIVE_SLOT": args.active}
        if args.url is not None:
            variables["SERVICE_URL"] = args.url
        task = Task(role=_ROLE, image=args.image, command=args.command, variables=variables)
        job = Job(
            f"{name}-job",
            metadata={
                "namespace": workload.namespace,
                "labels": labels(workload.service, _ROLE),
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec={
                "backoff_limit": _RETRIES,
                "active_deadline_seconds": args.deadline,
                "template": template(workload, task),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.job_name = job.metadata.apply(lambda metadata: metadata.name or name)
        self.register_outputs({"job_name": self.job_name})
