"""Settings of what runs to an end: a service's migration and warm-up, and jobs on a schedule.

Defaults are production-safe; where nothing else is said the numbers are ours: no source has them. No I/O, no secrets.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from infra.settings.kinds import CronSchedule, ImageDigest, Slug, TimeZone
from infra.settings.section import Contradiction, Section

if TYPE_CHECKING:
    from infra.settings.services import ServiceSettings

Command = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=4096)], ...], Field(min_length=1, max_length=100)
]
"""A program and its arguments, each a text of its own; no shell reads them."""

Phase = Literal["expand", "contract", "none"]

_MOST_SECONDS = 86_400  # a day


class MigrationSettings(Section):
    """What brings the database to what a service's next image needs. It must change nothing when it is run again."""

    image: ImageDigest
    """What runs; as a rule the image of the slot that takes traffic next."""

    command: Command
    """The program and its arguments; `MIGRATION_PHASE` in its environment is `expand` or `contract`."""

    phase: Phase = "expand"
    """`expand` adds, before any slot changes; `contract` removes, after the switch; `none` runs nothing. Give
    `contract` an update of its own, after the one that takes the old slot away: Pulumi deletes last, so that in one
    update it would remove what the old slot's pods still use, and settings do not know what was before."""

    deadline_seconds: Annotated[int, Field(ge=10, le=_MOST_SECONDS)] = 900
    """It has failed, and the update with it, when it takes longer."""


class WarmUpSettings(Section):
    """What fills caches after a switch. The update does not wait for it, so that its failure undoes nothing."""

    command: Command
    """The program and its arguments; `ACTIVE_SLOT` and `SERVICE_URL` in its environment say what to ask."""

    image: ImageDigest | None = None
    """What runs; by default the image of the active slot."""

    deadline_seconds: Annotated[int, Field(ge=10, le=_MOST_SECONDS)] = 300
    """It is ended when it takes longer."""


class HistorySettings(Section):
    """How many runs of a job are kept to be looked at."""

    succeeded: Annotated[int, Field(ge=0, le=20)] = 3
    """Those that went well; Kubernetes's own default."""

    failed: Annotated[int, Field(ge=0, le=20)] = 3
    """Those that did not; one by Kubernetes's own default, which hides whether it is always so."""


class ScheduledJobSettings(Section):
    """Work that is due at times, done with the environment, the secrets and the rights of a service."""

    schedule: CronSchedule
    """When it is due."""

    service: Slug
    """Whose it is."""

    command: Command
    """The program and its arguments."""

    image: ImageDigest | None = None
    """What runs; by default the image of the service's active slot, so that it changes with a switch."""

    as_owner: bool = False
    """Whether it is the owner of the shared tables, as migrations are, for what is more than rows: `VACUUM`."""

    time_zone: TimeZone = "Etc/UTC"
    """Where the schedule's clock is. With summer time an hour of the year is left out, and one is there twice."""

    concurrency: Literal["forbid", "replace", "allow"] = "forbid"
    """When it is due and still runs: leave this run out, end the one that runs, or run both."""

    start_within_seconds: Annotated[int, Field(ge=30, le=_MOST_SECONDS)] = 600
    """A run that cannot begin in time is left out; Kubernetes looks every 10 seconds, so that less may be never."""

    deadline_seconds: Annotated[int, Field(ge=10, le=_MOST_SECONDS)] = 3600
    """A run has failed when it takes longer, its retries with it."""

    retries: Annotated[int, Field(ge=0, le=6)] = 2
    """So often a run that failed is tried again; 6 by Kubernetes's own default."""

    history: HistorySettings = HistorySettings()
    """How many runs are kept."""

    suspended: bool = False
    """It is not run; what runs goes on to its end."""


def unserved_jobs(
    services: Mapping[str, "ServiceSettings"], jobs: Mapping[str, ScheduledJobSettings]
) -> Iterator[Contradiction]:
    """Return jobs whose service is not there, and migrations that would take away what a slot still needs.

    Args:
        services: name -> its slots and its migration; places are those of the whole settings.
        jobs: name -> when and whose.
    """
    for name, job in jobs.items():
        if job.service not in services:
            yield ("jobs", name, "service"), "no such service; add it to services, or name one that is there"
    for name, service in services.items():
        contracts = service.migration is not None and service.migration.phase == "contract"
        if contracts and len({slot.image for slot in service.slots.values()}) > 1:
            yield (
                ("services", name, "migration", "phase"),
                "contract while the other slot has another image, which may need what is removed; "
                "remove that slot first, or keep expand",
            )
