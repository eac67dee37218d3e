"""The loader names every wrong setting at once, by path, and echoes no value."""

from typing import Any

import pytest

from infra.settings.database import BroughtDatabase, ExistingDatabase
from infra.settings.loader import load
from tests.examples import ENVIRONMENT, raw_settings
from tests.settings.wrong import problems_of, put

STOREFRONT = "tenantry:settings.services.storefront"


# path, value there, what is said
WRONG: list[tuple[str, object, str]] = [
    ("cluster", ..., "tenantry:settings.cluster: missing; it is required"),
    (
        "cluster.existing.context",
        ...,
        "tenantry:settings.cluster.existing.context: missing; name a context, or a file by kubeconfig: never "
        "whichever is current",
    ),
    (
        "cluster.existing.contxt",
        "x",
        "tenantry:settings.cluster.existing.contxt: unknown key; did you mean context?",
    ),
    ("cluster.existing.context", "", "tenantry:settings.cluster.existing.context: must not be empty"),
    ("namespace", "default", "tenantry:settings.namespace: one that Kubernetes itself makes; name another"),
    ("namespace", "kube-system", "tenantry:settings.namespace: one that Kubernetes itself makes; name another"),
    ("tenant", [], "tenantry:settings.tenant: unknown key; did you mean tenants?"),
    (
        "database.existing.port",
        0,
        "tenantry:settings.database.existing.port: too small; 1 at least",
    ),
    (
        "database.existing.ssl_mode",
        "disable",
        "tenantry:settings.database.existing.ssl_mode: not allowed; take one of: require, verify-ca, verify-full",
    ),
    ("services.storefront.active", "red", f"{STOREFRONT}.active: not allowed; take one of: blue, green"),
    ("services.storefront.port", 65536, f"{STOREFRONT}.port: too large; 65535 at most"),
    (
        "services.storefront.slots.blue.replicas",
        0,
        f"{STOREFRONT}.slots.blue.replicas: too small; 1 at least",
    ),
    (
        "services.storefront.slots.blue.image",
        "storefront:latest",
        f"{STOREFRONT}.slots.blue.image: an image by digest, as `registry/name@sha256:...`; "
        "a tag can move, a digest cannot",
    ),
    (
        "services.storefront.health_path",
        "health",
        f"{STOREFRONT}.health_path: an absolute HTTP path without query, as `/api/health`",
    ),
    (
        "services.storefront.slots",
        {"green": {"image": "a@sha256:" + "0" * 64}},
        f"{STOREFRONT}.active: a slot that slots does not have; add it there, or switch active",
    ),
    (
        "services.storefront.autoscaling",
        {"minimum": 5, "maximum": 4},
        f"{STOREFRONT}.autoscaling.minimum: more than maximum; lower one or raise the other",
    ),
    (
        "services.storefront.autoscaling",
        {"cpu_percent": 0},
        f"{STOREFRONT}.autoscaling.cpu_percent: too small; 1 at least",
    ),
    ("tenants.1.plan", "gold", "tenantry:settings.tenants[1].plan: not allowed; take one of: free, pro, enterprise"),
    (
        "tenants.1.slug",
        "book-store",
        "tenantry:settings.tenants[1].slug: tenants[0] has it already; keep one of each",
    ),
    (
        "tenants.2.slug",
        "Éclair",
        "tenantry:settings.tenants[2].slug: lower-case letters, digits and dashes; begins with a letter, "
        "ends without a dash",
    ),
    (
        "plans",
        {"free": {}, "pro": {}},
        "tenantry:settings.plans.enterprise: missing, but tenants have that plan; add its limits",
    ),
]


def brought(raw: object, environment: dict[str, str] = ENVIRONMENT) -> ExistingDatabase:
    """Return the database that settings bring."""
    database = load("example", raw, environment).database
    assert isinstance(database, BroughtDatabase)
    return database.existing


def change_at(path: str, value: object) -> dict[str, Any]:
    """Return valid settings with `value` at a dotted path; `...` removes the key."""
    raw = raw_settings()
    put(raw, path, value)
    return raw


def test_valid_settings_load() -> None:
    loaded = load("example", raw_settings(), ENVIRONMENT)
    assert loaded.services["storefront"].slots["blue"].replicas == 3
    assert [tenant.effective_isolation for tenant in loaded.tenants] == ["schema", "pool", "database"]


@pytest.mark.parametrize(("path", "value", "expected"), WRONG)
def test_a_wrong_setting_is_named_by_path_and_what_is_allowed(path: str, value: object, expected: str) -> None:
    assert problems_of(change_at(path, value)) == (expected,)


def test_every_problem_is_told_at_once() -> None:
    raw = change_at("tenants.1.plan", "gold")
    raw["services"]["storefront"]["port"] = 0
    del raw["cluster"]
    assert len(problems_of(raw)) == 3


def test_a_cluster_that_is_not_brought_is_declared() -> None:
    assert problems_of(change_at("cluster.existing", ...)) == tuple(
        f"tenantry:settings.cluster.{key}: missing; it is required"
        for key in ("version", "node_pools", "administrators")
    )


def test_no_value_of_the_file_is_echoed() -> None:
    canary = "canary-4f1d"
    raw = change_at("services.storefront.slots.blue.image", canary)
    raw["database"]["name"] = canary
    assert not [problem for problem in problems_of(raw) if canary in problem]


def test_a_stack_file_without_settings_says_so() -> None:
    assert problems_of(None) == ("tenantry:settings: missing; it holds all settings of the stack",)


def test_what_the_database_leaves_out_comes_from_the_libpq_environment() -> None:
    raw = change_at("database.existing", {})
    existing = brought(raw, {"PGHOST": "10.0.0.1", "PGPORT": "6432", "PGUSER": "admin"})
    assert (existing.host, existing.port, existing.username) == ("10.0.0.1", 6432, "admin")


def test_a_kubeconfig_in_the_home_of_a_user_who_is_not_known_is_refused() -> None:
    assert problems_of(change_at("cluster.existing.kubeconfig", "~nobody-has-this-name/config")) == (
        "tenantry:settings.cluster.existing.kubeconfig: begins with `~`, and that user or their home is not known; "
        "write the whole path",
    )


def test_a_setting_wins_over_the_environment() -> None:
    assert brought(raw_settings()).host == "db.example.invalid"


def test_a_database_that_neither_settings_nor_environment_name_is_refused() -> None:
    assert problems_of(change_at("database.existing", {}), {}) == (
        "tenantry:settings.database.existing.host: missing; set it here, or in the environment",
        "tenantry:settings.database.existing.username: missing; set it here, or in the environment",
    )


def test_a_wrong_port_in_the_environment_is_named() -> None:
    environment = {**ENVIRONMENT, "PGPORT": "abc"}
    problems = problems_of(change_at("database.existing", {}), environment)
    assert len(problems) == 1
    assert problems[0].startswith("tenantry:settings.database.existing (from the environment).port: ")
