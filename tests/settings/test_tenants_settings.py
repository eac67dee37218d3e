"""Tenants: each wrong setting is told by its path, with what is allowed; and what a tenant has without saying so."""

from typing import Any

import jsonschema
import pytest

from infra.settings import schema
from tests.examples import TOOLS_IMAGE, declared_settings, raw_declared_settings
from tests.settings.wrong import MOMENT, QUOTES, ROOT, SECTION, SLUG, Change, problems_of, with_changes

LINE = "text of one line, 500 characters at most"
PLANS = "not allowed; take one of: free, pro, enterprise"
ISOLATIONS = "not allowed; take one of: pool, schema, database"
FQDN = "a whole host name, as `shop.example.com`: lower-case, without a dot at its end"
RINGS = "not allowed; take one of: early, standard, late"
SHA256 = "a SHA-256 checksum: 64 hexadecimal digits in lower case"
VERSION = "a version of configurations: lower-case letters, digits, dots and dashes, as `2026-11-01`"
WHOLE = "must be a whole number"
WINDOW = "a window of the week in UTC, as `sun:04:00-sun:05:00`"
EMAIL = "an e-mail address, as `oncall@example.com`; the part behind the `@` in lower case"
KEYS = (
    "unknown key; allowed: configuration, contacts, domains, features, isolation, lifecycle, maintenance, "
    "maintenance_window, name, plan, quota, release, ring, services, slug"
)

# Rules between settings, which JSON Schema has no words for.
RESERVED = "a host of the platform's own; choose another"
TWICE = "named twice; name each once"
NO_END = "missing; a trial ends at a moment, as `2026-12-01T00:00:00Z`"
OF_TRIALS = "only of a trial; remove it"
NO_EXPORT = "missing; its data is gone for good, so give the SHA-256 that `tenantry tenants export` printed"
OF_LEAVERS = "only of a tenant that leaves; remove it"
NO_FLAG = "no such flag; add it to flags, or remove it here"
NO_NAMESPACE = "of no effect with isolation schema, which has no namespace; remove it"
NOT_SHARED = "of no effect with isolation pool, which shares all it uses; remove it"
RULES = {RESERVED, TWICE, NO_END, OF_TRIALS, NO_EXPORT, OF_LEAVERS, NO_FLAG, NO_NAMESPACE, NOT_SHARED}

# the first tenant's field, value there, path of the error below the tenant, what is said
WRONG_VALUES: list[tuple[str, object, str, str]] = [
    ("slug", "Acme", "slug", SLUG),
    ("slug", "acme-", "slug", SLUG),
    ("slug", "-acme", "slug", SLUG),
    ("slug", "1acme", "slug", SLUG),
    ("slug", "acme_shop", "slug", SLUG),
    ("slug", "acme shop", "slug", SLUG),
    ("slug", "bücher", "slug", SLUG),
    ("slug", "a\N{CYRILLIC SMALL LETTER ES}me", "slug", SLUG),
    ("slug", "acme\n", "slug", SLUG),
    ("slug", "", "slug", SLUG),
    ("slug", "a" * 41, "slug", "too long; 40 characters at most"),
    ("slug", 12, "slug", QUOTES),
    ("slug", True, "slug", "put it in quotes; without them YAML reads true or false"),
    ("slug", None, "slug", "must be text"),
    ("slug", ["acme"], "slug", "must be text"),
    ("slug", ..., "slug", "missing; it is required"),
    ("slug", "app", "slug", RESERVED),
    ("name", "", "name", LINE),
    ("name", "one\ntwo", "name", LINE),
    ("name", "n" * 501, "name", "too long; 500 characters at most"),
    ("name", 7, "name", QUOTES),
    ("plan", "gold", "plan", PLANS),
    ("plan", "Pro", "plan", PLANS),
    ("plan", None, "plan", PLANS),
    ("plan", ..., "plan", "missing; it is required"),
    ("plan", True, "plan", PLANS),
    ("isolation", "row", "isolation", ISOLATIONS),
    ("isolation", 1, "isolation", ISOLATIONS),
    ("domains", "www.acme.example.org", "domains", "must be a list"),
    ("domains", ["WWW.acme.example.org"], "domains[0]", FQDN),
    ("domains", ["acme"], "domains[0]", FQDN),
    ("domains", ["https://acme.example.org"], "domains[0]", FQDN),
    ("domains", ["*.acme.example.org"], "domains[0]", FQDN),
    ("domains", ["a.example.org", "a.example.org"], "domains[1]", TWICE),
    ("domains", [f"a{number}.example.org" for number in range(11)], "domains", "too many; 10 at most"),
    ("domains", [3], "domains[0]", QUOTES),
    ("domains", None, "domains", "must be a list"),
    ("ring", "general", "ring", RINGS),
    ("ring", None, "ring", RINGS),
    ("release", "blue", "release", SECTION),
    ("release", {"pin": "red"}, "release.pin", "not allowed; take one of: blue, green"),
    ("release", {"slot": "blue"}, "release.slot", "unknown key; allowed: pin"),
    ("maintenance", "soon", "maintenance", "must be true or false"),
    ("lifecycle", "suspended", "lifecycle", SECTION),
    ("lifecycle", None, "lifecycle", SECTION),
    (
        "lifecycle",
        {"state": "gone"},
        "lifecycle.state",
        "not allowed; take one of: trial, active, suspended, offboarding, deleted",
    ),
    ("lifecycle", {"state": "trial"}, "lifecycle.ends", NO_END),
    ("lifecycle", {"state": "trial", "ends": "tomorrow"}, "lifecycle.ends", MOMENT),
    ("lifecycle", {"state": "trial", "ends": "2026-12-01"}, "lifecycle.ends", MOMENT),
    ("lifecycle", {"state": "trial", "ends": "2026-12-01T00:00:00+01:00"}, "lifecycle.ends", MOMENT),
    ("lifecycle", {"state": "trial", "ends": 20261201}, "lifecycle.ends", MOMENT),
    ("lifecycle", {"ends": "2026-12-01T00:00:00Z"}, "lifecycle.ends", OF_TRIALS),
    ("lifecycle", {"state": "suspended", "ends": "2026-12-01T00:00:00Z"}, "lifecycle.ends", OF_TRIALS),
    ("lifecycle", {"state": "deleted"}, "lifecycle.export", NO_EXPORT),
    ("lifecycle", {"state": "deleted", "export": "abc"}, "lifecycle.export", SHA256),
    ("lifecycle", {"state": "deleted", "export": "E" * 64}, "lifecycle.export", SHA256),
    ("lifecycle", {"state": "active", "export": "e" * 64}, "lifecycle.export", OF_LEAVERS),
    ("lifecycle", {"sate": "active"}, "lifecycle.sate", "unknown key; did you mean state?"),
    ("features", ["ai_forecasting"], "features", SECTION),
    ("features", {"ai_forecasting": "perhaps"}, "features.ai_forecasting", "must be true or false"),
    (
        "features",
        {"AI": True},
        "features.AI",
        "lower-case letters, digits and underscores; begins with a letter, ends without an underscore",
    ),
    ("features", {"unknown": True}, "features.unknown", NO_FLAG),
    ("configuration", "V1", "configuration", VERSION),
    ("configuration", "../v1", "configuration", VERSION),
    ("configuration", "v" * 41, "configuration", "too long; 40 characters at most"),
    ("configuration", 2, "configuration", QUOTES),
    ("services", "storefront", "services", "must be a list"),
    ("services", ["Storefront"], "services[0]", SLUG),
    ("services", [f"s{number}" for number in range(11)], "services", "too many; 10 at most"),
    ("quota", [], "quota", SECTION),
    ("quota", {"connection_limit": 0}, "quota.connection_limit", "too small; 1 at least"),
    ("quota", {"connection_limit": 1001}, "quota.connection_limit", "too large; 1000 at most"),
    ("quota", {"connection_limit": "many"}, "quota.connection_limit", WHOLE),
    ("quota", {"connection_limit": True}, "quota.connection_limit", WHOLE),
    ("quota", {"connection_limit": 1.5}, "quota.connection_limit", WHOLE),
    ("quota", {"statement_timeout_seconds": 0}, "quota.statement_timeout_seconds", "too small; 1 at least"),
    ("quota", {"statement_timeout_seconds": 3601}, "quota.statement_timeout_seconds", "too large; 3600 at most"),
    ("quota", {"cpu": "2"}, "quota.cpu", NO_NAMESPACE),
    ("quota", {"pods": 3}, "quota.pods", NO_NAMESPACE),
    ("quota", {"connections": 3}, "quota.connections", "unknown key; did you mean connection_limit?"),
    ("maintenance_window", "sunday", "maintenance_window", WINDOW),
    ("maintenance_window", "sun:24:00-sun:25:00", "maintenance_window", WINDOW),
    ("contacts", "ops@example.com", "contacts", "must be a list"),
    ("contacts", ["ops"], "contacts[0]", EMAIL),
    ("contacts", ["Ops <ops@example.com>"], "contacts[0]", EMAIL),
    ("contacts", [f"a{number}@example.com" for number in range(11)], "contacts", "too many; 10 at most"),
    ("nmae", "Acme", "nmae", "unknown key; did you mean name?"),
    ("tier", "gold", "tier", KEYS),
]


def changed(field: str, value: object) -> dict[str, Any]:
    """Return valid settings whose first tenant has this."""
    raw = raw_declared_settings()
    raw["tenancy"] = {"lifecycle": {"image": TOOLS_IMAGE}}
    return with_changes(raw, [(f"tenants.0.{field}", value)])


# changes of settings, path of the error, what is said
WRONG_COMBINATIONS: list[tuple[list[Change], str, str]] = [
    ([("tenants.2.slug", "corner-shop")], "tenants[2].slug", "tenants[1] has it already; keep one of each"),
    (
        [("tenants.0.domains", ["a.example.org"]), ("tenants.2.domains", ["b.example.org", "a.example.org"])],
        "tenants[2].domains[1]",
        "tenants[0] has it already; a host leads to one tenant",
    ),
    ([("tenants.1.quota", {"connection_limit": 3})], "tenants[1].quota.connection_limit", NOT_SHARED),
    (
        [("tenants.1.isolation", "schema"), ("tenants.1.quota", {"memory": "1Gi"})],
        "tenants[1].quota.memory",
        NO_NAMESPACE,
    ),
    (
        [("plans", {"free": {}, "enterprise": {}})],
        "plans.pro",
        "missing, but tenants have that plan; add its limits",
    ),
]

FULL: dict[str, Any] = {
    "slug": "acme",
    "name": "Zoë's: #1 \N{BALLOON}",
    "plan": "free",
    "isolation": "database",
    "domains": ["acme.example.org", "www.acme.example.org"],
    "ring": "late",
    "release": {"pin": None},
    "maintenance": False,
    "lifecycle": {"state": "trial", "ends": "2026-12-01T00:00:00Z"},
    "features": {"ai_forecasting": True},
    "configuration": "2026-11-01",
    "quota": {"connection_limit": 7, "statement_timeout_seconds": 5, "cpu": "500m", "memory": "1Gi", "pods": 5},
    "services": ["storefront"],
    "maintenance_window": "sun:04:00-sun:05:00",
    "contacts": ["Ops+Acme@example.com"],
}


def combined(changes: list[Change]) -> dict[str, Any]:
    """Return settings after changes."""
    return with_changes(raw_declared_settings(), changes)


def refuses(tenant: dict[str, Any]) -> bool:
    """Whether editors refuse a tenant, by the JSON Schema."""
    return not jsonschema.Draft202012Validator(schema.document_of_tenants()).is_valid([tenant])


@pytest.mark.parametrize(("field", "value", "path", "said"), WRONG_VALUES)
def test_a_wrong_value_of_a_tenant_is_told_by_its_path(field: str, value: object, path: str, said: str) -> None:
    assert problems_of(changed(field, value)) == (f"{ROOT}.tenants[0].{path}: {said}",)


@pytest.mark.parametrize(("changes", "path", "said"), WRONG_COMBINATIONS)
def test_what_does_not_go_together_is_told_where_it_is(changes: list[Change], path: str, said: str) -> None:
    assert problems_of(combined(changes)) == (f"{ROOT}.{path}: {said}",)


def test_editors_refuse_what_the_loader_refuses_but_for_rules_between_settings() -> None:
    for field, value, _, said in WRONG_VALUES:
        if value == "acme\n":
            continue  # Python's `$` is before a line's end, editors' is not
        tenant = changed(field, value)["tenants"][0]
        assert refuses(tenant) == (said not in RULES), (field, value)


def test_editors_accept_what_the_loader_accepts() -> None:
    def full(raw: dict[str, Any]) -> None:
        raw["tenants"] = [FULL]
        raw["tenancy"] = {"lifecycle": {"image": TOOLS_IMAGE}}
        raw["dns"] = {"zone": "shop.example.com"}
        raw["services"]["storefront"]["tenant_hosts"] = True

    assert not refuses(FULL)
    (tenant,) = declared_settings(full).tenants
    assert tenant.model_dump(mode="json", exclude_unset=True) == {**FULL, "lifecycle": {**FULL["lifecycle"]}}


def test_a_tenant_has_its_plans_isolation_and_limits_unless_it_says_otherwise() -> None:
    settings = declared_settings()
    schema_tenant, pool_tenant, database_tenant = settings.tenants
    assert [tenant.effective_isolation for tenant in settings.tenants] == ["schema", "pool", "database"]
    assert [tenant.limits(settings.plans).connection_limit for tenant in settings.tenants] == [20, 5, 50]
    assert schema_tenant.lifecycle.state == pool_tenant.lifecycle.state == "active"
    assert database_tenant.is_declared
    own = declared_settings(lambda raw: raw["tenants"][0].update(quota={"connection_limit": 7})).tenants[0]
    limits = own.limits(settings.plans)
    assert (limits.connection_limit, limits.statement_timeout_seconds) == (7, 30)


def test_a_deleted_tenant_is_not_declared() -> None:
    gone = {"state": "deleted", "export": "e" * 64}
    assert not declared_settings(lambda raw: raw["tenants"][0].update(lifecycle=gone)).tenants[0].is_declared
