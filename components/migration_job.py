"""A service's migration: a Kubernetes Job that brings the database to what the service's next image needs.

Owns the Job and its plain configuration. Leaves the schema to the product's own migrations, and what waits for them to
whoever takes traffic.

It runs once for each image, command and phase:

- The Job is named automatically and its template is immutable, so that a change of these replaces it: the new one is
  made, and has to succeed, before the old one goes.
- What else changes from update to update is not in the template. Configuration and credentials are in a ConfigMap and
  in Secrets of fixed names, whose content may change, and its room is the same for all; so an `up` that is about
  something else finds the same Job, finished, and leaves it. Only one more Secret to read, as of a store that is new,
  is another template.
- It has no `ttlSecondsAfterFinished`. A Job that vanished would be missed by the next refresh, and then be made, which
  is to run it, again.
- One that failed is replaced by the next `up`: mend the cause and run `up`, with no setting to touch.

For the rest a migration must change nothing when it is run again, as every tool for them promises that keeps a table of
what it did, and must take a lock in the database: going back to an earlier image runs that one's again, and an engine
that was killed leaves a Job that may still be at work when the next `up` makes another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import pulumi
from pulumi_kubernetes.batch.v1 import Job, PodFailurePolicyArgsDict
from pulumi_kubernetes.core.v1 import ConfigMap

from components.job_pods import Task, Workload, template
from components.pods import EnvironmentConfig, EnvironmentSecret, Room
from infra.naming import labels

PHASE_VARIABLE = "MIGRATION_PHASE"
"""The environment variable that tells the program which phase it is."""

_ROLE = "migration"
_PATIENCE = 60  # seconds beyond the deadline, by which Kubernetes has said that it failed


@dataclass(frozen=True, kw_only=True)
class MigrationJobArgs:
    """Arguments of `MigrationJob`.

    Args:
        workload: the service; what its pods read besides, and their secret files, are not read here.
        image: by digest.
        command: the program and its arguments.
        phase: `expand` before a switch, `contract` after it.
        deadline: seconds that it may take.
        environment: plain configuration.
        login: the Kubernetes Secret of who may change tables; its keys count before the service's own. None for the
            service's own login.
        after: what must be there before it runs.
    """

    workload: Workload
    image: str
    command: tuple[str, ...]
    phase: Literal["expand", "contract"]
    deadline: int
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    login: EnvironmentSecret | None = None
    after: Sequence[pulumi.Resource] = ()


class MigrationJob(pulumi.ComponentResource):
    """What depends on it happens after the migration has succeeded, or not at all.

    It is tried once: what failed half-way is for people to look at, and the update fails with the last lines that it
    wrote. A pod that a drained node took away is no failure, and gets a successor. It knows the database's login and
    Redis's, and none of the service's secret files.
    """

    job_name: pulumi.Output[str]
    """The Kubernetes Job, known once it is complete."""

    def __init__(self, name: str, args: MigrationJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:jobs:MigrationJob", name, None, opts)
        self._name = name
        self._args = args
        job = self._job(self._configured())
        self.job_name = job.metadata.apply(lambda metadata: metadata.name or name)
        self.register_outputs({"job_name": self.job_name})

    def _configured(self) -> Workload:
        """Return the service without what a migration has no use for, and must not be run again for."""
        workload, login = self._args.workload, self._args.login
        secrets = [*workload.pods.environment_secrets, *([login] if login else [])]
        pods = replace(
            workload.pods, environment_secrets=secrets, room=Room(), priority_class=None, mounted_secrets=None
        )
        return replace(workload, pods=pods, configs=[self._configuration()])

    def _configuration(self) -> EnvironmentConfig:
        """Declare the plain configuration, an empty one as well: to refer to it or not would be another template."""
        workload = self._args.workload
        created = ConfigMap(
            f"{self._name}-configuration",
            metadata={
                "name": f"{workload.service}-migration",
                "namespace": workload.namespace,
                "labels": labels(workload.service, _ROLE),
            },
            data=dict(self._args.environment),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return EnvironmentConfig(name=created.metadata.apply(lambda metadata: metadata.name or ""))

    def _job(self, workload: Workload) -> Job:
        args = self._args
        task = Task(role=_ROLE, image=args.image, command=args.command, variables={PHASE_VARIABLE: args.phase})
        # Retries of what was no fault of its own are not counted.
        disruption: PodFailurePolicyArgsDict = {
            "rules": [{"action": "Ignore", "on_pod_conditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        }
        seconds = f"{args.deadline + _PATIENCE}s"
        return Job(
            f"{self._name}-job",
            metadata={
                "namespace": workload.namespace,
                "labels": labels(workload.service, _ROLE),
                "annotations": {"pulumi.com/replaceUnready": "true"},
            },
            spec={
                "backoff_limit": 0,
                "active_deadline_seconds": args.deadline,
                "pod_failure_policy": disruption,
                "template": template(workload, task),
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(args.after),
                custom_timeouts=pulumi.CustomTimeouts(create=seconds, update=seconds),
            ),
        )
