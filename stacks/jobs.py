"""The jobs of an environment: settings -> components, and when each runs.

Owns what comes before a service's traffic and what comes after it. Leaves what a job is to `components`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi

from components.job_pods import Workload
from components.migration_job import MigrationJob, MigrationJobArgs
from components.migration_login import MigrationLogin
from components.scheduled_job import Concurrency, ScheduledJob, ScheduledJobArgs
from components.warm_up_job import WarmUpJob, WarmUpJobArgs
from infra.settings.jobs import Phase, ScheduledJobSettings
from infra.settings.services import ServiceSettings

_CONCURRENCY: Mapping[str, Concurrency] = {"allow": "Allow", "forbid": "Forbid", "replace": "Replace"}


class Jobs:
    """What runs to an end for services, each with the environment and the rights of its service."""

    def __init__(
        self,
        scheduled: Mapping[str, ScheduledJobSettings],
        *,
        login: MigrationLogin | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Prepare; nothing is declared yet.

        Args:
            scheduled: name -> what is due at times.
            login: of migrations, and of jobs that are as they are; None when there are neither.
            opts: with the cluster's provider, and what pods need before they run.
        """
        self._scheduled = scheduled
        self._login = login.credentials if login else None
        self._opts = opts

    def before_traffic(self, workload: Workload, settings: ServiceSettings) -> Sequence[pulumi.Resource]:
        """Declare what must have succeeded before a service's pods change or take traffic.

        Args:
            workload: the service.
            settings: the service's.
        """
        migration = self._migration(workload, settings, "expand", [])
        return [migration] if migration else []

    def after_switch(self, workload: Workload, settings: ServiceSettings, switched: Sequence[pulumi.Resource]) -> None:
        """Declare what follows a switch: what an old slot needed goes, caches are filled, jobs take the new image.

        Args:
            workload: the service.
            settings: the service's.
            switched: there when traffic has moved.
        """
        self._migration(workload, settings, "contract", switched)
        if settings.warm_up is not None:
            self._warm_up(workload, settings, switched)
        for name, job in self._scheduled.items():
            if job.service == workload.service:
                self._schedule(name, job, workload, settings, switched)

    def _migration(
        self, workload: Workload, settings: ServiceSettings, phase: Phase, after: Sequence[pulumi.Resource]
    ) -> MigrationJob | None:
        wanted = settings.migration
        if wanted is None or phase == "none" or wanted.phase != phase:
            return None
        args = MigrationJobArgs(
            workload=workload,
            image=wanted.image,
            command=wanted.command,
            phase=phase,
            deadline=wanted.deadline_seconds,
            environment=workload.environment,
            login=self._login,
            after=after,
        )
        return MigrationJob(f"{workload.service}-migrate", args, self._opts)

    def _warm_up(self, workload: Workload, settings: ServiceSettings, after: Sequence[pulumi.Resource]) -> None:
        wanted = settings.warm_up
        assert wanted is not None
        url = None
        if settings.port is not None:
            url = pulumi.Output.format("http://{0}.{1}.svc:{2}", workload.service, workload.namespace, settings.port)
        args = WarmUpJobArgs(
            workload=workload,
            image=wanted.image or settings.slots[settings.active].image,
            command=wanted.command,
            deadline=wanted.deadline_seconds,
            active=settings.active,
            url=url,
            after=after,
        )
        WarmUpJob(f"{workload.service}-warm", args, self._opts)

    def _as_owner(self, workload: Workload) -> Workload:
        assert self._login is not None
        secrets = [*workload.pods.environment_secrets, self._login]
        return replace(workload, pods=replace(workload.pods, environment_secrets=secrets))

    def _schedule(
        self,
        name: str,
        wanted: ScheduledJobSettings,
        workload: Workload,
        settings: ServiceSettings,
        after: Sequence[pulumi.Resource],
    ) -> None:
        args = ScheduledJobArgs(
            workload=self._as_owner(workload) if wanted.as_owner else workload,
            job=name,
            image=wanted.image or settings.slots[settings.active].image,
            command=wanted.command,
            schedule=wanted.schedule,
            time_zone=wanted.time_zone,
            concurrency=_CONCURRENCY[wanted.concurrency],
            start_within=wanted.start_within_seconds,
            deadline=wanted.deadline_seconds,
            retries=wanted.retries,
            kept=wanted.history.succeeded,
            kept_failed=wanted.history.failed,
            suspended=wanted.suspended,
            after=after,
        )
        ScheduledJob(f"job-{name}", args, self._opts)
