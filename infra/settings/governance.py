"""Settings of what watches over an environment and limits it: alarms, queues, budget and audit.

Defaults are production-safe. No I/O, no secrets.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field

from infra.settings.kinds import Duration, Email, LogRetentionDays
from infra.settings.section import Contradiction, Section, repeated
from infra.units import seconds

DEAD_LETTER_DAYS = 14
"""The longest that SQS keeps a message (its developer guide, "Amazon SQS message quotas")."""

_DAY = 86_400  # seconds

_LONGEST_VISIBILITY = 43_200  # seconds; SetQueueAttributes' reference


class AlarmSettings(Section):
    """Who is told of alarms. There is always a topic that others can subscribe to."""

    emails: Annotated[tuple[Email, ...], Field(max_length=20)] = ()
    """Addresses; each has to confirm once, by the link that AWS sends."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return addresses that are named twice."""
        yield from repeated("emails", self.emails)


class QueueSettings(Section):
    """A queue of work, and the queue of what nobody could do."""

    visibility_timeout: Duration = "60s"
    """How long one worker has for a message before another gets it; at most `12h`. Ours: no source has it."""

    max_receives: Annotated[int, Field(ge=1, le=1000)] = 3
    """So often a message is tried before it is a dead letter (REQUIREMENTS, workloads: retry at most 3 times)."""

    retention_days: Annotated[int, Field(ge=1, le=DEAD_LETTER_DAYS - 1)] = 4
    """How long a message waits for a worker. Less than dead letters are kept, whose age counts from the beginning."""

    age_alarm: Duration = "15m"
    """An alarm when the oldest message waits longer: the workers do not keep up. Ours: no source has it."""

    protect: bool = True
    """The engine refuses to delete it."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return times that do not leave room for each other."""
        visible = seconds(self.visibility_timeout)
        tries = visible * self.max_receives
        if visible > _LONGEST_VISIBILITY:
            yield ("visibility_timeout",), "more than SQS allows; give `12h` at most"
        elif tries > seconds(self.age_alarm):
            yield ("age_alarm",), "less than visibility_timeout x max_receives, which retries alone take; give more"
        if tries >= self.retention_days * _DAY:
            yield (
                ("retention_days",),
                "no longer than visibility_timeout x max_receives: messages would be lost before they are dead "
                "letters; give more days, or fewer receives",
            )


class BudgetAlertSettings(Section):
    """When the budget tells of itself."""

    percent: Annotated[int, Field(ge=1, le=1000)]
    """Of the monthly limit."""

    of: Literal["actual", "forecast"] = "actual"
    """What was spent in the month so far, or what AWS expects to its end."""


def _default_alerts() -> tuple[BudgetAlertSettings, ...]:
    """Return those of AWS's own template "Monthly cost budget" (AWS Budgets user guide)."""
    return (
        BudgetAlertSettings(percent=85),
        BudgetAlertSettings(percent=100),
        BudgetAlertSettings(percent=100, of="forecast"),
    )


class BudgetSettings(Section):
    """What the environment may cost. It is told apart by its tag `environment`, activated as a cost allocation tag."""

    monthly_usd: Annotated[int, Field(ge=1, le=1_000_000)]
    """US dollars in a month; 200 to 400 at launch, 800 to 1,500 in growth, 2,000 to 5,000 at scale (REQUIREMENTS)."""

    alerts: Annotated[tuple[BudgetAlertSettings, ...], Field(min_length=1, max_length=10)] = Field(
        default_factory=_default_alerts
    )
    """When to tell; AWS allows ten (its API reference, CreateBudget)."""

    emails: Annotated[tuple[Email, ...], Field(max_length=10)] = ()
    """Addresses beside those of alarms, as that of who pays; AWS allows ten."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return alerts and addresses that are given twice."""
        for position, alert in enumerate(self.alerts):
            if alert in self.alerts[:position]:
                yield ("alerts", position), "given twice; AWS takes each once"
        yield from repeated("emails", self.emails)


class AuditSettings(Section):
    """The record of who did what in the account, in every region of it."""

    lock: Literal["compliance", "governance"] = "compliance"
    """Who can delete a record early: nobody at all, or who has `s3:BypassGovernanceRetention`."""

    retention_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    """So long records cannot be deleted or changed, then they expire; PCI DSS 10.5.1 asks for 12 months."""

    log_retention_days: LogRetentionDays | None = 90
    """How long they can be searched in CloudWatch (PCI DSS 10.5.1: 3 months); without, there are no alarms on them."""

    object_events: bool = False
    """Whether each access to an object in the stack's buckets is recorded too, but public assets; AWS bills it."""

    protect: bool = True
    """The engine refuses to delete it; without, a destroy deletes the records too, past their lock."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return a lock that a destroy cannot pass."""
        if self.lock == "compliance" and not self.protect:
            yield (
                ("protect",),
                "false, but nobody can delete records under lock compliance; leave it, or lock by governance",
            )


def ungoverned(
    audit: AuditSettings | None, stated: Iterable[str], *, in_aws: bool, stores: bool
) -> Iterator[Contradiction]:
    """Return sections of this module that have nothing to be about.

    Args:
        audit: the stack's.
        stated: the sections that the stack file has.
        in_aws: whether anything of the stack is made in AWS.
        stores: whether it declares buckets.
    """
    for name in sorted({"alarms", "audit", "budget", "queues"} & set(stated)):
        if not in_aws:
            yield (name,), "made in AWS, where this stack declares nothing; remove it"
    if in_aws and audit is not None and audit.object_events and not stores:
        yield ("audit", "object_events"), "true, but the stack declares no buckets (storage); remove it"
