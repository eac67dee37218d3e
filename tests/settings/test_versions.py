"""Versions of engines: those that AWS offers are taken, and others refused with what there is."""

import json
from importlib import resources
from operator import attrgetter
from typing import Any

import pytest

from infra.settings import versions
from infra.settings.foundation import DeclaredCluster
from infra.settings.loader import load
from tests.settings.test_foundation_settings import Change, changed
from tests.settings.wrong import ROOT, problems_of

MAJOR = "no PostgreSQL that RDS offers and the platform can use; take one of: 14, 15, 16, 17, 18"
EIGHTEEN = "no minor version that RDS offers; take one of: 18.1, 18.2, 18.3, 18.4, 18.6, or the major version alone"
EKS = "no Kubernetes that EKS offers; take one of: 1.31, 1.32, 1.33, 1.34, 1.35, 1.36"
ENDED = "in extended support only; take 1.34 or newer, or set extended_support to true"
CACHE = "no version of engine that ElastiCache offers and the platform can use; take one of: "
VALKEY = CACHE + "7.2, 8.0, 8.1, 8.2, 9.0, 9.1"
REDIS = CACHE + "6.0, 6.2, 7.0, 7.1"

# changes, path of the error, what is said
WRONG: list[tuple[list[Change], str, str]] = [
    ([("database.engine_version", "9.6")], "database.engine_version", MAJOR),
    ([("database.engine_version", "13.23")], "database.engine_version", MAJOR),
    ([("database.engine_version", "19")], "database.engine_version", MAJOR),
    ([("database.engine_version", "18.5")], "database.engine_version", EIGHTEEN),
    ([("database.engine_version", "18.01")], "database.engine_version", EIGHTEEN),
    ([("cluster.version", "1.30")], "cluster.version", EKS),
    ([("cluster.version", "1.99")], "cluster.version", EKS),
    ([("cluster.version", "1.33")], "cluster.version", ENDED),
    ([("redis.cache.engine_version", "7.1")], "redis.cache.engine_version", VALKEY),
    ([("redis.cache.engine_version", "9.9")], "redis.cache.engine_version", VALKEY),
    ([("redis.cache.engine", "redis")], "redis.cache.engine_version", REDIS),
    (
        [("redis.sessions.engine", "redis"), ("redis.sessions.engine_version", "5.0")],
        "redis.sessions.engine_version",
        REDIS,
    ),
    (
        [("redis.sessions.engine_version", "8")],
        "redis.sessions.engine_version",
        "a version of two parts, as `8.1`, in quotes",
    ),
]


def test_the_versions_of_postgresql_are_those_that_cfn_lint_carries_and_rds_has_not_deprecated() -> None:
    offered = _carried("aws_rds_dbinstance", "engine_version.json", "postgres")
    gone = _carried("aws_rds_dbinstance", "engine_version_deprecated.json", "postgres")
    new = {version for version in offered - gone if "." in version and int(version.partition(".")[0]) >= 14}
    ours = {version for minors in versions.POSTGRESQL.values() for version in minors}
    assert {version for version in new if "rds" not in version} == ours
    assert set(versions.POSTGRESQL) == {version.partition(".")[0] for version in ours}


@pytest.mark.parametrize("engine", ["redis", "valkey"])
def test_the_versions_of_caches_are_those_that_cfn_lint_carries(engine: str) -> None:
    offered = _carried("aws_elasticache_cachecluster", "engine_version.json", engine)
    assert {version for version in offered if int(version[0]) >= 6} == set(versions.CACHES[engine])


def _carried(folder: str, name: str, engine: str) -> set[str]:
    """Return the versions of an engine in a file of cfn-lint's: in a rule's condition, or in what follows from it."""
    path = resources.files("cfnlint") / "data" / "schemas" / "extensions" / folder / name
    rules: list[dict[str, Any]] = json.loads(path.read_text())["allOf"]
    (rule,) = [
        rule
        for rule in rules
        if rule["if"]["properties"].get("Engine", {}).get("const") == engine
        and "EngineVersion" in rule["if"]["properties"]
    ]
    told = rule["then"] or rule["if"]
    return set(told["properties"]["EngineVersion"]["enum"])


@pytest.mark.parametrize(("changes", "path", "said"), WRONG)
def test_a_version_that_aws_does_not_offer_is_refused_with_what_there_is(
    changes: list[Change], path: str, said: str
) -> None:
    assert problems_of(changed(changes)) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(
    "changes",
    [
        *([("database.engine_version", version)] for version in ("14", "18.6", *versions.POSTGRESQL["17"])),
        *([("cluster.version", version)] for version in versions.IN_STANDARD_SUPPORT),
        *([("redis.cache.engine_version", version)] for version in versions.CACHES["valkey"]),
        [("redis.cache.engine", "redis"), ("redis.cache.engine_version", "7.1")],
    ],
    ids=str,
)
def test_a_version_that_aws_offers_is_taken(changes: list[Change]) -> None:
    loaded = load("example", changed(changes), {})
    assert [attrgetter(path)(loaded) for path, _ in changes] == [value for _, value in changes]


def test_a_version_in_extended_support_is_taken_by_who_asks_for_that() -> None:
    loaded = load("example", changed([("cluster.version", "1.31"), ("cluster.extended_support", True)]), {})
    assert isinstance(loaded.cluster, DeclaredCluster)
    assert loaded.cluster.version == "1.31"
