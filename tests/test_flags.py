"""The order in which a feature flag is decided, and that services read the same from their document."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from infra.flags import MOST_BYTES, Decision, decide, document, resolve, size, version

PLANS = ("free", "pro", "enterprise")
GRANTS = [chosen for count in range(len(PLANS) + 1) for chosen in itertools.combinations(PLANS, count)]
OVERRIDES = (None, True, False)
LONGEST_SLUG = 40


@dataclass(frozen=True)
class Flag:
    on: bool
    plans: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tenant:
    slug: str
    plan: str
    features: Mapping[str, bool] = field(default_factory=dict)


def expected(on: bool, plans: tuple[str, ...], plan: str, override: bool | None) -> Decision:
    """Return the decision by the table of REQUIREMENTS: the first row that holds."""
    table = [
        (not on, False, "global"),
        (override is True, True, "tenant"),
        (override is False, False, "tenant"),
        (plan in plans, True, "plan"),
        (True, False, "default"),
    ]
    return next(Decision(on=result, rule=rule) for holds, result, rule in table if holds)  # type: ignore[arg-type]  # one of the rules


def read(text: str, flag: str, tenant: Tenant) -> bool:
    """Return what a service makes of its document, as `infra.flags` tells it to."""
    known = json.loads(text)["flags"].get(flag)
    return known is not None and known["tenants"].get(tenant.slug, tenant.plan in known["plans"])


COMBINATIONS = list(itertools.product((True, False), GRANTS, PLANS, OVERRIDES))


def test_the_table_has_every_combination() -> None:
    assert len(COMBINATIONS) == 2 * 8 * 3 * 3
    rules = {decide(Flag(on, grant), plan, override).rule for on, grant, plan, override in COMBINATIONS}
    assert rules == {"global", "tenant", "plan", "default"}


@pytest.mark.parametrize(("on", "grant", "plan", "override"), COMBINATIONS)
def test_a_flag_is_decided_in_the_order_of_the_requirements(
    on: bool, grant: tuple[str, ...], plan: str, override: bool | None
) -> None:
    assert decide(Flag(on, grant), plan, override) == expected(on, grant, plan, override)


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("grant", GRANTS)
def test_a_service_reads_what_was_decided_for_every_tenant(on: bool, grant: tuple[str, ...]) -> None:
    flag = Flag(on, grant)
    tenants = [
        Tenant(f"{plan}-{override}".lower(), plan, {} if override is None else {"wishlist": override})
        for plan in PLANS
        for override in OVERRIDES
    ]
    text = document(resolve({"wishlist": flag}, tenants))
    for tenant in tenants:
        assert read(text, "wishlist", tenant) == decide(flag, tenant.plan, tenant.features.get("wishlist")).on


def test_a_flag_that_the_document_does_not_have_is_off() -> None:
    assert not read(document({}), "wishlist", Tenant("corner-shop", "enterprise"))


def test_the_document_names_only_tenants_that_differ_from_their_plan() -> None:
    tenants = [
        Tenant("follows", "pro"),
        Tenant("says-the-same", "pro", {"wishlist": True}),
        Tenant("differs", "pro", {"wishlist": False}),
        Tenant("differs-too", "free", {"wishlist": True}),
    ]
    resolved = resolve({"wishlist": Flag(True, ("pro",))}, tenants)
    assert resolved["wishlist"].tenants == {"differs": False, "differs-too": True}


def test_a_flag_that_is_off_for_everybody_names_nobody() -> None:
    resolved = resolve({"wishlist": Flag(False, PLANS)}, [Tenant("wants-it", "free", {"wishlist": True})])
    assert json.loads(document(resolved))["flags"] == {"wishlist": {"on": False, "plans": [], "tenants": {}}}


def test_the_version_changes_with_what_is_decided_and_with_nothing_else() -> None:
    flags = {"cart": Flag(True, ("free",)), "wishlist": Flag(True, ("pro", "free"))}
    first = resolve(flags, [Tenant("a", "free", {"cart": False}), Tenant("b", "free", {"cart": False})])
    same = resolve(
        {"wishlist": Flag(True, ("free", "pro")), "cart": Flag(True, ("free",))},
        [Tenant("b", "free", {"cart": False}), Tenant("c", "free"), Tenant("a", "free", {"cart": False})],
    )
    other = resolve(flags, [Tenant("a", "free", {"cart": False})])
    assert document(first) == document(same)
    assert json.loads(document(first))["version"] == version(first) != version(other)


def test_10_000_pool_tenants_that_follow_their_plan_add_nothing() -> None:
    flags = {f"flag_{number}": Flag(True, ("free",)) for number in range(20)}
    everybody = [Tenant(f"shop-{number:05}", "free") for number in range(10_000)]
    assert document(resolve(flags, everybody)) == document(resolve(flags, []))
    assert len(document(resolve(flags, everybody))) < 2 * 1024


def test_10_000_tenants_with_the_longest_names_may_all_differ_in_one_flag() -> None:
    everybody = [Tenant(f"shop-{number:0{LONGEST_SLUG - 5}}", "free", {"wishlist": False}) for number in range(10_000)]
    resolved = resolve({"wishlist": Flag(True, ("free",))}, everybody)
    text = document(resolved)
    assert 480 * 1024 - 4096 < len(text) <= MOST_BYTES
    assert len(text) - size(resolved["wishlist"]) < 100  # the flag's name, and what is around all flags
