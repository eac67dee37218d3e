"""Services that tenants have copies of: what makes no sense is told by its path, and what to do."""

from typing import Any

import pytest

from infra.settings import costs
from infra.settings.loader import load
from infra.settings.own_services import copied_slot, pods_of
from tests.examples import BLUE_IMAGE, raw_declared_settings
from tests.settings.wrong import QUOTES, ROOT, Change, problems_of, with_changes

SERVICES = "tenants.2.services"
UNKNOWN = "no such service; add it to services, or remove it here"
NOT_ROUTED = "without tenant_hosts, so that no host of a tenant would lead to a copy of it; name another, or remove it"
TWICE = "named twice; name each once"
LARGE = "have a memory_limit of 9216Mi, more than all the tenant has; raise quota.memory, or lower it"


def _short(field: str, wanted: str, given: str) -> str:
    return (
        f"need {wanted} of {field} while an update replaces their pods, 4 of each at most, and the tenant has {given}; "
        f"raise quota.{field}, or remove one"
    )


def _no_namespace(isolation: str) -> str:
    return f"of no effect with isolation {isolation}, which has no namespace; remove it"


# changes of settings whose storefront answers for tenants, path of the error, what is said
WRONG: list[tuple[list[Change], str, str]] = [
    ([("tenants.0.services", ["storefront"])], "tenants[0].services", _no_namespace("schema")),
    ([("tenants.1.services", ["storefront"])], "tenants[1].services", _no_namespace("pool")),
    ([(SERVICES, ["checkout"])], "tenants[2].services[0]", UNKNOWN),
    ([(SERVICES, ["storefront", "worker"])], "tenants[2].services[1]", NOT_ROUTED),
    ([(SERVICES, ["api"])], "tenants[2].services[0]", NOT_ROUTED),
    ([(SERVICES, ["storefront", "storefront"])], "tenants[2].services[1]", TWICE),
    ([(SERVICES, "storefront")], "tenants[2].services", "must be a list"),
    ([(SERVICES, [3])], "tenants[2].services[0]", QUOTES),
    (
        [(SERVICES, ["storefront"]), ("tenants.2.quota", {"cpu": "399m"})],
        "tenants[2].services",
        _short("cpu", "400m", "399m"),
    ),
    (
        [(SERVICES, ["storefront"]), ("tenants.2.quota", {"memory": "511Mi", "pods": 4})],
        "tenants[2].services",
        _short("memory", "512Mi", "511Mi"),
    ),
    (
        [(SERVICES, ["storefront"]), ("services.storefront.resources", {"memory_limit": "9Gi"})],
        "tenants[2].services",
        LARGE,
    ),
    ([(SERVICES, ["storefront"]), ("tenants.2.quota", {"pods": 3})], "tenants[2].services", _short("pods", "4", "3")),
]


def changed(changes: list[Change]) -> dict[str, Any]:
    """Return valid settings with a service of each kind, after changes."""
    raw = raw_declared_settings()
    worker = {"port": None, "active": "blue", "database_connections": 0, "slots": {"blue": {"image": BLUE_IMAGE}}}
    raw["dns"] = {"zone": "shop.example.com"}
    raw["services"]["storefront"]["tenant_hosts"] = True
    raw["services"] |= {"worker": worker, "api": {**worker, "port": 3001}}
    return with_changes(raw, changes)


@pytest.mark.parametrize(("changes", "path", "said"), WRONG)
def test_a_copy_that_makes_no_sense_is_told_where_it_is(changes: list[Change], path: str, said: str) -> None:
    assert problems_of(changed(changes)) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(("state", "pods"), [("active", 2), ("suspended", 0), ("offboarding", 0)])
def test_a_closed_tenants_copies_have_no_pods_to_count(state: str, pods: int) -> None:
    gateway = {"maintenance": {"image": BLUE_IMAGE}}
    changes: list[Change] = [
        (SERVICES, ["storefront"]),
        ("tenants.2.lifecycle", {"state": state}),
        ("gateway", gateway),
    ]
    assert pods_of(load("example", changed(changes), {}).tenants) == pods


def test_copies_count_in_the_budget_of_the_home_cell() -> None:
    used = 35 + costs.OF_OWN_SERVICE
    copied: Change = (SERVICES, ["storefront"])
    told = f"its tenants have {used} resources; raise it to that or more"
    tight = changed([copied, ("cells", {"home": {"budget": used - 1}})])
    assert problems_of(tight) == (f"{ROOT}.cells.home.budget: {told}",)
    assert load("example", changed([copied, ("cells", {"home": {"budget": used}})]), {}).cells["home"].budget == used


@pytest.mark.parametrize(
    ("changes", "slot"),
    [
        ([], "blue"),
        ([("services.storefront.active", "green")], "green"),
        ([("services.storefront.active", "green"), ("tenants.2.release", {"pin": "blue"})], "blue"),
        ([("services.storefront.canary", {"slot": "green", "weight": 10})], "blue"),
        ([("services.storefront.canary", {"slot": "green", "weight": 10}), ("tenants.2.ring", "early")], "green"),
        ([("services.storefront.canary", {"slot": "green", "weight": 10}), ("tenants.2.ring", "late")], "blue"),
        ([("tenants.2.ring", "early")], "blue"),
    ],
)
def test_a_copy_is_of_the_slot_that_would_answer_its_tenant(changes: list[Change], slot: str) -> None:
    settings = load("example", changed([(SERVICES, ["storefront"]), *changes]), {})
    assert copied_slot(settings.tenants[2], settings.services["storefront"]) == slot
