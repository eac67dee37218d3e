"""What an environment stands on is checked as a whole: each wrong setting by its path and what is allowed."""

from typing import Any

import pytest

from infra.settings.database import DeclaredDatabase
from infra.settings.foundation import DeclaredCluster
from infra.settings.loader import load
from tests.examples import declared_settings, raw_declared_settings
from tests.settings.wrong import (
    AWS_NAME,
    CIDR,
    LOG_DAYS,
    QUOTES,
    ROOT,
    SECTION,
    SLUG,
    Change,
    problems_of,
    with_changes,
)

ARN = "an IAM role's or user's ARN, as `arn:aws:iam::123456789012:role/operators`; not a session's"
BESIDE = "not allowed beside existing: what is brought is not made here; remove one of the two"
POOL = "cluster.node_pools.general"
LABEL = "letters, digits, dots, dashes and underscores, 63 at most"
SERVICE = "an AWS service as VPC endpoints name it, without `com.amazonaws.REGION`: `sts`, `ecr.api`"
EVERYBODY = "everybody; name the networks of offices and runners, or none: then it answers inside only"
VERSION = "a version as `18` or `18.1`, in quotes; without its second part it takes minor upgrades"
DATABASE_THERE = "a database that servers have already; take another name"
PG_ROLES = "makes roles that begin with `pg_`, which PostgreSQL keeps for its own; take another name"
TENANT_NAMES = "makes names that begin with `tenant_`, as those of tenants do; take another name"

TAINT = {"key": "dedicated", "value": "shop"}
PREFERENCE = {"key": "dedicated", "effect": "PREFER_NO_SCHEDULE"}


# path, value there, what is said after the path
WRONG_VALUES: list[tuple[str, object, str]] = [
    ("aws.account_id", 123456789012, QUOTES),
    ("aws.account_id", "1234", "an AWS account's number: twelve digits, in quotes"),
    ("aws.region", "Frankfurt", "an AWS region, as `eu-central-1`"),
    ("aws.recovery_region", "eu-central-1", "the same as region, and lost with it; name another"),
    ("aws.name", "s" * 31, "too long; 30 characters at most"),
    ("aws.name", "Shop", AWS_NAME),
    ("aws.name", "shop--two", AWS_NAME),
    ("aws.name", "sh", "too short; 3 characters at least"),
    ("aws.name", None, "must be text"),
    ("network.block", "10.20.1.0/16", CIDR),
    ("network.block", "10.20.0.0", "an IPv4 network in CIDR notation, as `10.20.0.0/16`"),
    ("network.block", "10.256.0.0/16", CIDR),
    ("network.block", "10.20.0.0/33", CIDR),
    ("network.block", "10.0.0.0/8", "too large for a network; give /16 to /20"),
    ("network.block", "10.20.0.0/21", "too small for a network; give /16 to /20"),
    (
        "network.block",
        "8.8.0.0/16",
        "not a private network; take a block of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16",
    ),
    ("network.zones", ["eu-central-1a"], "too few; 2 at least"),
    ("network.zones", [f"eu-central-1{zone}" for zone in "abcde"], "too many; 4 at most"),
    ("network.zones", "eu-central-1a", "must be a list"),
    ("network.nat_gateways", "none", "not allowed; take one of: single, per-zone"),
    ("network.flow_log_retention_days", 8, LOG_DAYS),
    ("cluster.version", 1.34, QUOTES),
    ("cluster.version", True, "put it in quotes; without them YAML reads true or false"),
    ("cluster.version", "1.34.1", "a Kubernetes version without patch, as `1.34`, in quotes"),
    ("cluster.log_retention_days", 0, LOG_DAYS),
    ("cluster.log_retention_days", True, LOG_DAYS),
    ("cluster.administrators", {}, "too few; 1 at least"),
    ("cluster.administrators.operators", "arn:aws:sts::123456789012:assumed-role/operators/me", ARN),
    ("cluster.administrators.operators", "arn:aws:iam::123456789012:root", ARN),
    ("cluster.administrators.operators", "arn:aws:iam::1234:role/operators", ARN),
    ("cluster.administrators.Operators", "arn:aws:iam::123456789012:role/operators", SLUG),
    ("cluster.public_access", "203.0.113.0/24", "must be a list"),
    ("cluster.public_access", [f"203.0.113.{number}/32" for number in range(41)], "too many; 40 at most"),
    ("cluster.extended_support", "later", "must be true or false"),
    ("cluster.identity_provider", "iam", "must be true or false"),
    (f"{POOL}.architecture", "arm", "not allowed; take one of: x86_64, arm64"),
    (f"{POOL}.labels", ["purpose"], SECTION),
    (f"{POOL}.taints", {"key": "dedicated"}, "must be a list"),
    ("cluster.protect", "maybe", "must be true or false"),
    ("cluster.node_pools", {}, "too few; 1 at least"),
    ("cluster.node_pools", ["general"], SECTION),
    (f"{POOL}.instance_types", [], "too few; 1 at least"),
    (f"{POOL}.minimum", 6, "more than maximum; lower one or raise the other"),
    (f"{POOL}.minimum", 0, "too small; 1 at least"),
    (f"{POOL}.minimum", "few", "must be a whole number"),
    (f"{POOL}.minimum", True, "must be a whole number"),
    (f"{POOL}.minimum", 5000 * "9", "must be a whole number"),
    (f"{POOL}.maximum", 451, "too large; 450 at most"),
    (f"{POOL}.disk_gib", 19, "too small; 20 at least"),
    ("database.engine_version", 18, QUOTES),
    ("database.engine_version", "PostgreSQL 18", VERSION),
    ("database.instance_class", "m7i.large", "an RDS instance class, as `db.r8g.large`"),
    ("database.storage_gib", 19, "too small; 20 at least"),
    ("database.backup_retention_days", 36, "too large; 35 at most"),
    ("database.log_retention_days", 10, LOG_DAYS),
    ("database.name", "d" * 50, "too long; 49 characters at most"),
    *(("database.name", name, DATABASE_THERE) for name in ("postgres", "template0", "template1", "rdsadmin")),
    *(("database.name", name, PG_ROLES) for name in ("pg", "pg_shop")),
    *(("database.name", name, TENANT_NAMES) for name in ("tenant", "tenant_acme")),
    ("database.name", "Tenantry", "a PostgreSQL name that needs no quotes: lower-case letters, digits and underscores"),
    ("redis.cache.engine_version", 8.1, QUOTES),
    ("redis.cache.node_type", "db.r7g.large", "an ElastiCache node type, as `cache.r7g.large`"),
    ("redis.sessions.nodes", 7, "too large; 6 at most"),
    ("redis", None, SECTION),
    ("cluster", "some-cluster", SECTION),
]

# Errors that are told elsewhere than at what was changed: changes, path of the error, what is said.
WRONG_COMBINATIONS: list[tuple[list[Change], str, str]] = [
    ([("network.block", 10)], "network.block", QUOTES),
    (
        [("network.zones", ["eu-central-1a", "eu-central-1a", "eu-central-1b"])],
        "network.zones[1]",
        "named twice; name each once",
    ),
    (
        [("network.zones", ["eu-central-1a", "eu-west-1a", "eu-central-1b"])],
        "network.zones[1]",
        "outside aws.region; name a zone of that region",
    ),
    ([("network.zones", ["a", "eu-central-1b"])], "network.zones[0]", "an availability zone, as `eu-central-1a`"),
    (
        [("network.interface_endpoints", ["sts", "sts"])],
        "network.interface_endpoints[1]",
        "named twice; name each once",
    ),
    ([("cluster.public_access", ["203.0.113.7/24"])], "cluster.public_access[0]", CIDR),
    ([("cluster.public_access", ["0.0.0.0/0"])], "cluster.public_access[0]", EVERYBODY),
    (
        [("cluster.public_access", ["203.0.113.0/24", "128.0.0.0/1"])],
        "cluster.public_access[1]",
        "not a part of the internet; private networks are peered or come in by VPN",
    ),
    (
        [("cluster.public_access", ["11.0.0.0/8"])],
        "cluster.public_access[0]",
        "too much of the internet; give networks of /16 or smaller",
    ),
    (
        [("cluster.public_access", ["10.30.0.0/16"])],
        "cluster.public_access[0]",
        "not a part of the internet; private networks are peered or come in by VPN",
    ),
    (
        [("cluster.public_access", ["203.0.113.0/24", "203.0.113.0/24"])],
        "cluster.public_access[1]",
        "named twice; name each once",
    ),
    (
        [("cluster.administrators.again", "arn:aws:iam::123456789012:role/operators")],
        "cluster.administrators.again",
        "named twice; EKS keeps one access entry for each; remove one",
    ),
    ([("network.interface_endpoints", ["com.amazonaws.eu-central-1.sts"])], "network.interface_endpoints[0]", SERVICE),
    ([("network.interface_endpoints", ["ECR.api"])], "network.interface_endpoints[0]", SERVICE),
    (
        [(f"{POOL}.instance_types", ["m7i.large", "m7g.large"])],
        f"{POOL}.instance_types[1]",
        "not x86_64; change it, or architecture",
    ),
    ([(f"{POOL}.architecture", "arm64")], f"{POOL}.instance_types[0]", "not arm64; change it, or architecture"),
    (
        [(f"{POOL}.instance_types", ["m7i.large", "m7i.large"])],
        f"{POOL}.instance_types[1]",
        "named twice; name each once",
    ),
    (
        [(f"{POOL}.labels", {"kubernetes.io/role": "shop"})],
        f"{POOL}.labels.kubernetes.io/role",
        "reserved for Kubernetes and EKS; choose a prefix of yours",
    ),
    (
        [(f"{POOL}.labels", {"purpose": "general use"})],
        f"{POOL}.labels.purpose",
        f"a Kubernetes label's value: {LABEL}",
    ),
    ([(f"{POOL}.taints", [TAINT])], "cluster.node_pools", "all have taints; leave one without, for the add-ons"),
    (
        [(f"{POOL}.taints", [PREFERENCE, {"value": "other", **PREFERENCE}])],
        f"{POOL}.taints[1]",
        "the same key and effect as one before; keep one of them",
    ),
    (
        [(f"{POOL}.taints", [{**PREFERENCE, "effect": "NoSchedule"}])],
        f"{POOL}.taints[0].effect",
        "not allowed; take one of: NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE",
    ),
    (
        [("cluster", {"existing": {"security_group_id": "sg-12345678"}})],
        "cluster.existing.context",
        "missing; name a context, or a file by kubeconfig: never whichever is current",
    ),
    ([(f"{POOL}.instance_types", ["large"])], f"{POOL}.instance_types[0]", "an EC2 instance type, as `m7i.large`"),
    (
        [("database.storage_gib", 950)],
        "database.max_storage_gib",
        "too close to storage_gib; RDS asks for a tenth more at least",
    ),
    (
        [("aws", ...)],
        "aws",
        "missing, but made there: cluster, database, redis.cache, redis.sessions; add it, or bring them (`existing`)",
    ),
    (
        [("network", ...), ("cluster", {"existing": {"context": "c", "security_group_id": "sg-12345678"}})],
        "network",
        "missing, but made there: database, redis.cache, redis.sessions; add it, or bring them (`existing`)",
    ),
    (
        [("cluster", {"existing": {"context": "c"}}), ("redis.sessions", ...)],
        "cluster.existing.security_group_id",
        "missing, but declared: database, redis.cache; name the group of the cluster's nodes and pods, which they "
        "let in",
    ),
    (
        [("cluster", {"existing": {"context": "c", "security_group_id": "group"}})],
        "cluster.existing.security_group_id",
        "a security group, as `sg-0123456789abcdef0`",
    ),
]

UNKNOWN_KEYS: list[tuple[str, str]] = [
    ("aws.acount_id", "unknown key; did you mean account_id?"),
    ("network.zone", "unknown key; did you mean zones?"),
    ("cluster.verison", "unknown key; did you mean version?"),
    ("cluster.existin", "unknown key; did you mean existing?"),
    ("cluster.node_pools.general.instance_type", "unknown key; did you mean instance_types?"),
    ("database.instance_clas", "unknown key; did you mean instance_class?"),
    ("redis.session", "unknown key; did you mean sessions?"),
    ("redis.cache.node_typ", "unknown key; did you mean node_type?"),
    ("redis.queue", "unknown key; allowed: cache, sessions"),
]


def changed(changes: list[Change]) -> dict[str, Any]:
    """Return valid settings with values at dotted paths; `...` removes the key."""
    return with_changes(raw_declared_settings(), changes)


def test_everything_an_environment_stands_on_can_be_declared() -> None:
    settings = declared_settings()
    assert settings.declares_aws
    assert isinstance(settings.cluster, DeclaredCluster)
    assert isinstance(settings.database, DeclaredDatabase)


def test_what_is_left_out_is_safe_for_production() -> None:
    settings = declared_settings()
    cluster, database, redis, network = settings.cluster, settings.database, settings.redis, settings.network
    assert isinstance(cluster, DeclaredCluster)
    assert isinstance(database, DeclaredDatabase)
    assert network is not None
    assert redis.cache is not None
    assert (cluster.protect, database.protect, redis.cache.protect) == (True, True, True)
    assert cluster.public_access == ()
    assert (network.nat_gateways, network.interface_endpoints) == ("per-zone", None)
    assert (database.multi_az, database.backup_retention_days, redis.cache.nodes) == (True, 30, 2)


@pytest.mark.parametrize(("path", "value", "said"), WRONG_VALUES)
def test_a_wrong_value_is_told_at_its_path(path: str, value: object, said: str) -> None:
    assert problems_of(changed([(path, value)])) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(("changes", "path", "said"), WRONG_COMBINATIONS)
def test_what_does_not_go_together_is_told_where_to_mend_it(changes: list[Change], path: str, said: str) -> None:
    assert problems_of(changed(changes)) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(("path", "said"), UNKNOWN_KEYS)
def test_an_unknown_key_is_told_with_what_was_meant(path: str, said: str) -> None:
    assert problems_of(changed([(path, {})])) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(
    "path",
    [
        "cluster.version",
        "cluster.node_pools",
        "cluster.administrators",
        "database.engine_version",
        "database.instance_class",
        "database.max_connections",
        *("aws.account_id", "aws.region", "aws.name", "network.block", "network.zones"),
        *(f"{POOL}.instance_types", f"{POOL}.minimum", f"{POOL}.maximum"),
        *("redis.cache.engine_version", "redis.cache.node_type"),
    ],
)
def test_what_has_no_default_must_be_there(path: str) -> None:
    assert problems_of(changed([(path, ...)])) == (f"{ROOT}.{path}: missing; it is required",)


def test_what_is_brought_is_not_described() -> None:
    brought = {"existing": {"context": "c", "security_group_id": "sg-12345678"}, "version": "1.34", "protect": False}
    server = {"existing": {"host": "h", "username": "u"}, "name": "shop", "multi_az": False}
    assert problems_of(changed([("cluster", brought), ("database", server)])) == (
        f"{ROOT}.cluster.version: {BESIDE}",
        f"{ROOT}.cluster.protect: {BESIDE}",
        f"{ROOT}.database.multi_az: {BESIDE}",
    )


def test_a_key_that_neither_knows_is_unknown_beside_existing() -> None:
    brought = {"existing": {"context": "c", "contxt": "c"}, "nodes": 3}
    assert problems_of(changed([("cluster", brought)])) == (
        f"{ROOT}.cluster.existing.contxt: unknown key; did you mean context?",
        f"{ROOT}.cluster.nodes: unknown key; allowed: existing",
    )


def test_existing_without_content_is_no_cluster() -> None:
    assert problems_of(changed([("cluster", {"existing": None})])) == (f"{ROOT}.cluster.existing: {SECTION}",)


def test_a_disk_may_grow_by_a_tenth_at_least() -> None:
    fits = changed([("database.storage_gib", 100), ("database.max_storage_gib", 110)])
    assert load("example", fits, {}).declares_aws
    close = changed([("database.storage_gib", 100), ("database.max_storage_gib", 109)])
    assert len(problems_of(close)) == 1


def test_every_wrong_section_is_told_at_once() -> None:
    wrong: list[Change] = [
        ("aws.account_id", 123456789012),
        ("network.zones", ["eu-central-1a", "eu-central-1a", "eu-central-1b"]),
        ("cluster.version", 1.34),
        (f"{POOL}.minimum", 9),
        ("database.instance_class", "large"),
        ("redis.cache.node_type", "large"),
        ("redis.caches", {}),
    ]
    paths = [problem.removeprefix(f"{ROOT}.").partition(": ")[0] for problem in problems_of(changed(wrong))]
    assert paths == [
        "aws.account_id",
        "network.zones[1]",
        "cluster.version",
        f"{POOL}.minimum",
        "database.instance_class",
        "redis.cache.node_type",
        "redis.caches",
    ]


def test_every_contradiction_between_sections_is_told_at_once() -> None:
    raw = changed([("aws", ...), ("network", ...), ("cluster", {"existing": {"context": "c"}})])
    raw["tenants"][1]["slug"] = raw["tenants"][0]["slug"]
    paths = [problem.removeprefix(f"{ROOT}.").partition(": ")[0] for problem in problems_of(raw)]
    assert paths == ["aws", "network", "cluster.existing.security_group_id", "tenants[1].slug"]


CANARY = "canary-4f1d"
LEAVES = [
    *("aws.account_id", "aws.region", "network.block", "network.zones", "network.nat_gateways"),
    *("network.flow_log_retention_days", "cluster.version", "cluster.administrators.operators", "cluster.protect"),
    *(f"{POOL}.minimum", f"{POOL}.instance_types", "cluster.public_access", "database.engine_version"),
    *("database.instance_class", "database.storage_gib", "redis.cache.engine_version", "redis.cache.node_type"),
]


@pytest.mark.parametrize("value", [CANARY, [CANARY], {"x": CANARY}], ids=["text", "list", "section"])
@pytest.mark.parametrize("path", LEAVES)
def test_no_value_is_echoed(path: str, value: object) -> None:
    problems = problems_of(changed([(path, value)]))
    assert problems
    assert not [problem for problem in problems if CANARY in problem]


@pytest.mark.parametrize("value", ["10.77.0.0/8", "10.77.0.0/30", "177.0.0.0/16", "10.77.9.0/16"])
def test_no_address_is_echoed(value: str) -> None:
    assert not [problem for problem in problems_of(changed([("network.block", value)])) if "77" in problem]
