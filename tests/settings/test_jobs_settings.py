"""Migrations, warm-ups and scheduled jobs: each wrong setting by its path and what is allowed."""

from typing import Any

import pytest

from tests.examples import raw_settings, settings
from tests.settings.wrong import QUOTES, ROOT, SECTION, SLUG, problems_of, put

DIGEST = "an image by digest, as `registry/name@sha256:...`; a tag can move, a digest cannot"
IMAGE = "registry.tenantry.invalid/storefront@sha256:" + "5" * 64
MIGRATION: dict[str, Any] = {"image": IMAGE, "command": ["migrate"]}
JOB: dict[str, Any] = {"schedule": "0 3 * * *", "service": "storefront", "command": ["expire"]}
FIVE = "a schedule has five fields: minute, hour, day of the month, month, weekday, as `0 2 * * *`"
NEVER = "a schedule that never falls due: no month of it has that day"
ZONE = "not a time zone of the IANA database, as `Etc/UTC` or `Europe/Berlin`"
NEAR_ZONE = "not a time zone of the IANA database; did you mean Europe/Berlin?"
ZONE_WORDS = "a time zone of the IANA database, as `Etc/UTC` or `Europe/Berlin`"
NEEDED = "missing; it is required"
DAY = "too large; 86400 at most"
CONTRACTS = (
    "contract while the other slot has another image, which may need what is removed; "
    "remove that slot first, or keep expand"
)

# path below tenantry:settings, value, what is said there
WRONG_MIGRATIONS: list[tuple[str, Any, str]] = [
    ("migration", [], SECTION),
    ("migration.image", "registry.tenantry.invalid/storefront:1.2", DIGEST),
    ("migration.image", ..., NEEDED),
    ("migration.command", ..., NEEDED),
    ("migration.command", "migrate up", "must be a list"),
    ("migration.command", [], "too few; 1 at least"),
    ("migration.command", ["migrate", ""], "must not be empty"),
    ("migration.command", ["migrate", 1], QUOTES.replace("a number", "a number")),
    ("migration.phase", "both", "not allowed; take one of: expand, contract, none"),
    ("migration.phase", ["expand", "contract"], "not allowed; take one of: expand, contract, none"),
    ("migration.phase", "contract", CONTRACTS),
    ("migration.deadline_seconds", 5, "too small; 10 at least"),
    ("migration.deadline_seconds", 86_401, DAY),
    ("migration.deadline", 60, "unknown key; did you mean deadline_seconds?"),
    ("warm_up.image", "registry.tenantry.invalid/storefront:latest", DIGEST),
    ("warm_up.command", ..., NEEDED),
    ("warm_up.deadline_seconds", 0, "too small; 10 at least"),
]
WRONG_JOBS: list[tuple[str, Any, str]] = [
    ("jobs", [], SECTION),
    ("jobs.Expire", JOB, SLUG),
    ("jobs.expire", None, SECTION),
    ("jobs.expire.schedule", "daily", FIVE),
    ("jobs.expire.schedule", "0 3 30 2 *", NEVER),
    ("jobs.expire.schedule", "0 0 31 4,6,9,11 *", NEVER),
    ("jobs.expire.schedule", "0 0 31 2 */1", NEVER),
    ("jobs.expire.schedule", "0 24 * * *", "the schedule's hour is 0 to 23, `*`, a range, a list, or one with a step"),
    ("jobs.expire.schedule", ..., NEEDED),
    ("jobs.expire.service", "storefrnt", "no such service; add it to services, or name one that is there"),
    ("jobs.expire.service", ..., NEEDED),
    ("jobs.expire.image", "registry.tenantry.invalid/storefront:1.2", DIGEST),
    ("jobs.expire.command", "expire", "must be a list"),
    ("jobs.expire.time_zone", "Nowhere/Atall", ZONE),
    ("jobs.expire.time_zone", "Europe/Brelin", NEAR_ZONE),
    ("jobs.expire.time_zone", "UTC+2 or so", ZONE_WORDS),
    ("jobs.expire.concurrency", "Forbid", "not allowed; take one of: forbid, replace, allow"),
    ("jobs.expire.start_within_seconds", 5, "too small; 30 at least"),
    ("jobs.expire.deadline_seconds", 1, "too small; 10 at least"),
    ("jobs.expire.deadline_seconds", 90_000, DAY),
    ("jobs.expire.retries", 7, "too large; 6 at most"),
    ("jobs.expire.history.failed", 21, "too large; 20 at most"),
    ("jobs.expire.history", 3, SECTION),
    ("jobs.expire.suspended", "maybe", "must be true or false"),
    ("jobs.expire.cron", "0 3 * * *", "unknown key; allowed: "),
]
WRONG = [
    *((f"services.storefront.{path}", value, said) for path, value, said in WRONG_MIGRATIONS),
    *WRONG_JOBS,
]


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return settings with one job of each kind, one value of which is another."""
    raw = raw_settings()
    service = raw["services"]["storefront"]
    service["migration"], service["warm_up"] = dict(MIGRATION), {"command": ["warm"]}
    raw["jobs"] = {"expire": {**JOB, "history": {}}}
    put(raw, path, value)
    return raw


@pytest.mark.parametrize(("path", "value", "said"), WRONG)
def test_a_wrong_setting_is_told_by_its_path_and_what_is_allowed(path: str, value: Any, said: str) -> None:
    (problem,) = problems_of(changed(path, value))
    where, _, what = problem.partition(": ")
    assert where.startswith(f"{ROOT}.{path}")
    assert what.startswith(said)


def test_the_contract_phase_is_for_one_slot_or_two_of_one_image() -> None:
    def alone(raw: dict[str, Any]) -> None:
        service = raw["services"]["storefront"]
        del service["slots"]["green"]
        service["migration"] = {**MIGRATION, "phase": "contract"}

    migration = settings(alone).services["storefront"].migration
    assert migration is not None
    assert migration.phase == "contract"


def test_what_is_left_out_is_safe_for_production() -> None:
    loaded = settings(lambda raw: raw.update(jobs={"expire": JOB}))
    job = loaded.jobs["expire"]
    assert (job.time_zone, job.concurrency, job.suspended, job.image) == ("Etc/UTC", "forbid", False, None)
    assert (job.start_within_seconds, job.deadline_seconds, job.retries) == (600, 3600, 2)
    assert (job.history.succeeded, job.history.failed) == (3, 3)
    assert loaded.services["storefront"].migration is None


@pytest.mark.parametrize("zone", ["Etc/UTC", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_every_name_of_the_database_is_a_time_zone(zone: str) -> None:
    loaded = settings(lambda raw: raw.update(jobs={"expire": {**JOB, "time_zone": zone}}))
    assert loaded.jobs["expire"].time_zone == zone
