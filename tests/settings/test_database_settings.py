"""Settings of database and Redis: each wrong one by its path and what to do, and what is safe when left out."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.cache_memory import reserved_percent
from infra.settings.database import DeclaredDatabase
from infra.settings.loader import SettingsError, load
from tests.examples import raw_declared_settings
from tests.settings.test_foundation_settings import Change, changed
from tests.settings.wrong import MOMENT, ROOT, SLUG, problems_of

IMAGE = "registry.tenantry.invalid/pgbouncer@sha256:" + "3" * 64
BACKUPS = "arn:aws:rds:eu-central-1:123456789012:auto-backup:ab-1"
DAILY = "a window of each day in UTC, as `02:00-03:00`"
WEEKLY = "a window of the week in UTC, as `sun:04:00-sun:05:00`"
SOURCES = "needs one of snapshot, backups and stack, and no other of them"
OVERLAP_B = "overlaps backup_window; AWS refuses that, move one of the two"
OVERLAP_S = "overlaps snapshot_window; AWS refuses that, move one of the two"
DIGEST = "an image by digest, as `registry/name@sha256:...`; a tag can move, a digest cannot"
SMALL = "headroom_mib takes more than half of its memory; take a larger one, or lower it"
NO_FAMILY = "no family of node types that is known here; take one of: m5, m6g, m7g, r5, r6g, r7g, t3, t4g"
NO_SIZE = "no size of that family that is known here; take one of: micro, small, medium"
POOLER: Mapping[str, Any] = {"image": IMAGE}

# path, value there, what is said after the path
WRONG_VALUES: list[tuple[str, object, str]] = [
    ("database.backup_window", "2:00-3:00", DAILY),
    ("database.backup_window", "02:00-24:00", DAILY),
    ("database.backup_window", "02:00-02:29", "must last 30 minutes at least, and a day at most"),
    ("database.maintenance_window", "04:00-05:00", WEEKLY),
    ("database.maintenance_window", "sunday:04:00-sunday:05:00", WEEKLY),
    ("database.maintenance_window", "sun:02:30-sun:03:30", OVERLAP_B),
    ("database.slow_statement_ms", -1, "too small; 0 at least"),
    ("database.audit", "ddl", "must be a list"),
    ("database.restore", {}, SOURCES),
    ("database.restore", {"snapshot": "last", "backups": BACKUPS}, SOURCES),
    ("database.restore", {"time": "2026-03-01T12:00:00Z"}, SOURCES),
    ("database.read_replica.instance_class", "r8g.large", "an RDS instance class, as `db.r8g.large`"),
    ("database.pooler.replicas", 1, "too small; 2 at least"),
    ("database.pooler.image", "pgbouncer:1.24", DIGEST),
    ("database.pooler.tenant_connections", 0, "too small; 1 at least"),
    ("database.pooler.certificate", "Certificate", SLUG),
    ("database.master_password.rotated_at", "yesterday", MOMENT),
    ("database.master_password.rotated_at", "2026-11-21T10:00:00+01:00", MOMENT),
    ("redis.cache.engine", "memcached", "not allowed; take one of: valkey, redis"),
    ("redis.cache.headroom_mib", 32, "too small; 64 at least"),
    ("redis.sessions.snapshot_window", "02:00-02:45", "must last 60 minutes at least, and a day at most"),
    ("redis.sessions.maintenance_window", "sun:01:30-sun:02:30", OVERLAP_S),
    ("redis.sessions.auth_token.rotated_at", "2026-02-30T10:00:00Z", MOMENT),
    ("redis.cache.node_type", "cache.t4g.micro", SMALL),
    ("redis.cache.node_type", "cache.x9g.large", NO_FAMILY),
    ("redis.cache.node_type", "cache.t4g.large", NO_SIZE),
]

# Errors that are told elsewhere than at what was changed: changes, path of the error, what is said.
WRONG_COMBINATIONS: list[tuple[list[Change], str, str]] = [
    ([("database.audit", ["ddl", "ddl"])], "database.audit[1]", "named twice; name each once"),
    (
        [("database.restore", {"snapshot": "last", "time": "2026-03-01T12:00:00Z"})],
        "database.restore.time",
        "not allowed beside snapshot, which is of one moment; remove it, or restore from backups",
    ),
    (
        [("database.restore", {"backups": "last"})],
        "database.restore.backups",
        "automated backups, as `arn:aws:rds:REGION:ACCOUNT:auto-backup:ab-...`",
    ),
    (
        [("database.restore", {"snapshot": "-last-"})],
        "database.restore.snapshot",
        "a database snapshot's identifier, as `before-migration`, or its ARN",
    ),
    (
        [("database.restore", {"stack": "../production"})],
        "database.restore.stack",
        "a stack of this project: letters, digits, dots, dashes and underscores",
    ),
    (
        [("database.restore", {"backups": BACKUPS.replace("central", "north")})],
        "database.restore.backups",
        "of another region than aws.region; name its copy in this one",
    ),
    (
        [("database.pooler", {**POOLER, "replicas": 20})],
        "database.max_connections",
        "too few for this pooler, whose pools together stay below 70 % of it; 780 at least, or lower "
        "pooler.replicas, pooler.tenant_connections or pooler.own_databases",
    ),
    (
        [("database.pooler", {**POOLER, "own_databases": 0})],
        "database.pooler.own_databases",
        "fewer than the tenants of isolation database that there are; raise it",
    ),
    (
        [("database.pooler", POOLER), ("plans", {"free": {}, "pro": {"connection_limit": 7}, "enterprise": {}})],
        "plans.pro.connection_limit",
        "fewer than the 8 that the pooler may open for one role; raise it, or lower database.pooler.tenant_connections",
    ),
]

UNKNOWN_KEYS: list[tuple[str, str]] = [
    ("database.backup_windows", "unknown key; did you mean backup_window?"),
    ("database.pooler.replica", "unknown key; did you mean replicas?"),
    ("database.read_replica.multi-az", "unknown key; did you mean multi_az?"),
    ("redis.cache.headroom", "unknown key; did you mean headroom_mib?"),
]


def with_sections(changes: list[Change]) -> dict[str, Any]:
    """Return valid settings with changes, which may be in sections that the example does without."""
    sections: dict[str, object] = {
        "database.pooler": dict(POOLER),
        "database.read_replica": {"instance_class": "db.r8g.large"},
        "database.master_password": {"rotated_at": "2026-11-21T10:00:00Z"},
        "redis.sessions.auth_token": {"rotated_at": "2026-11-21T10:00:00Z"},
    }
    needed = [
        (name, value) for name, value in sections.items() if any(path.startswith(f"{name}.") for path, _ in changes)
    ]
    return changed([*needed, *changes])


@pytest.mark.parametrize(("path", "value", "said"), WRONG_VALUES)
def test_a_wrong_value_is_told_at_its_path(path: str, value: object, said: str) -> None:
    assert problems_of(with_sections([(path, value)])) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(("changes", "path", "said"), WRONG_COMBINATIONS)
def test_what_does_not_go_together_is_told_where_to_mend_it(changes: list[Change], path: str, said: str) -> None:
    assert problems_of(with_sections(changes)) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(("path", "said"), UNKNOWN_KEYS)
def test_an_unknown_key_is_told_with_what_was_meant(path: str, said: str) -> None:
    assert problems_of(with_sections([(path, {})])) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize("least", [780, 779])
def test_the_least_that_is_told_is_enough_and_one_less_is_not(least: int) -> None:
    pooler = {**POOLER, "replicas": 20}
    raw = changed([("database.pooler", pooler), ("database.max_connections", least), ("tenants", [])])
    if least == 780:
        assert load("example", raw, {}).declares_aws
    else:
        with pytest.raises(SettingsError, match="780 at least"):
            load("example", raw, {})


@pytest.mark.parametrize(
    "restore",
    [
        {"snapshot": "before-migration"},
        {"snapshot": "rds:shop-2026-11-21-02-00"},
        {"snapshot": "arn:aws:rds:eu-central-1:123456789012:snapshot:shared"},
        {"backups": BACKUPS},
        {"backups": BACKUPS, "time": "2026-03-01T12:00:00Z"},
        {"stack": "production", "time": "2026-03-01T12:00:00Z"},
    ],
)
def test_a_database_starts_from_one_source(restore: dict[str, str]) -> None:
    assert load("example", changed([("database.restore", restore)]), {}).declares_aws


def test_what_is_left_out_of_the_database_is_safe_for_production() -> None:
    database = load("example", raw_declared_settings(), {}).database
    assert isinstance(database, DeclaredDatabase)
    assert (database.backup_window, database.maintenance_window) == ("02:00-03:00", "sun:04:00-sun:05:00")
    assert (database.slow_statement_ms, database.audit) == (500, ("ddl", "role"))
    assert (database.restore, database.pooler, database.read_replica, database.master_password) == (None,) * 4


@pytest.mark.parametrize(
    ("node_type", "headroom", "percent"),
    [
        ("cache.r7g.large", 512, 25),
        ("cache.t4g.small", 512, 37),
        ("cache.t4g.medium", 512, 25),
        ("cache.t4g.micro", 128, 25),
        ("cache.t4g.micro", 256, 50),
        ("cache.x9g.large", 512, None),
    ],
)
def test_at_least_the_headroom_is_reserved_and_never_less_than_a_quarter(
    node_type: str, headroom: int, percent: int | None
) -> None:
    assert reserved_percent(node_type, headroom) == percent


def test_a_tenants_own_limit_of_connections_is_told_where_it_is() -> None:
    raw = with_sections([("database.pooler", POOLER)])
    (position,) = [number for number, tenant in enumerate(raw["tenants"]) if tenant["slug"] == "book-store"]
    book_store = raw["tenants"][position]
    book_store["quota"] = {"connection_limit": 7}
    (problem,) = problems_of(raw)
    assert problem.startswith(f"{ROOT}.tenants[{position}].quota.connection_limit: fewer than the 8 that the pooler")
    book_store["lifecycle"] = {"state": "deleted", "export": "0" * 64}
    assert load("example", raw, {}).present_tenants
