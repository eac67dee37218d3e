"""Hosts, rings and maintenance: each wrong setting is told by its path, with what is allowed."""

import copy
from typing import Any

import pytest

from infra.settings.loader import load
from infra.settings.models import StackSettings
from tests.examples import BLUE_IMAGE, raw_declared_settings
from tests.examples import settings as brought_settings
from tests.settings.wrong import ROOT, SECTION, problems_of, put

FQDN = "a whole host name, as `shop.example.com`: lower-case, without a dot at its end"
PATH = "a path as `/api`, with everything below it; `/` for all, otherwise no slash at its end"
IMAGE = "registry.tenantry.invalid/nginx@sha256:" + "7" * 64
NO_ZONE = "needs a zone; add dns.zone, or remove it"
NO_HOST = "of no effect without a host; add hosts, or remove it"
NOBODY_ANSWERS = "no service has tenant_hosts; give them to one, or remove it"
OUTSIDE = "outside dns.zone; name the zone, or a host below it"
NOBODY_MEETS = "nobody meets it, as only tenant_hosts have early tenants; make it 1 at least, or remove canary"
DEEP = "more than one label below dns.zone, whose certificate does not hold it; name one nearer"
SLOT = "not allowed; take one of: blue, green"

API: dict[str, Any] = {
    "port": 3001,
    "active": "blue",
    "database_connections": 0,
    "slots": {"blue": {"image": BLUE_IMAGE}},
}
ISTIO: dict[str, object] = {"dns.gateway_class": "istio", "dns.acme": {"email": "platform@example.com"}}
STOREFRONT = "services.storefront"
UNSEEN: dict[str, object] = {"slot": "green", "weight": 0}

# path, value there, what is said after the path
WRONG_VALUES: list[tuple[str, object, str]] = [
    (f"{STOREFRONT}.hosts", "app.shop.example.com", "must be a list"),
    (f"{STOREFRONT}.tenant_hosts", "all", "must be true or false"),
    (f"{STOREFRONT}.tenant_host", True, "unknown key; did you mean tenant_hosts?"),
    (f"{STOREFRONT}.paths", [], "too few; 1 at least"),
    (f"{STOREFRONT}.paths", [f"/{number}" for number in range(17)], "too many; 16 at most"),
    (f"{STOREFRONT}.affinity", {}, "gateway_class aws sets no cookies; remove it, or take another class"),
    ("tenants.1.ring", "general", "not allowed; take one of: early, standard, late"),
    ("tenants.1.release", "blue", SECTION),
    ("tenants.1.release.pin", "red", SLOT),
    ("tenants.1.maintenance", "soon", "must be true or false"),
    ("gateway", True, SECTION),
    ("gateway.class_name", "Istio", "the name of a Kubernetes object: lower-case letters, digits, dashes and dots"),
    ("gateway.maintenance", True, SECTION),
    ("gateway.maintenance.image", ..., "missing; it is required"),
    ("gateway.maintenance.image", "nginx:1.29", "an image by digest, as `registry/name@sha256:...`; a tag can move, a "
     "digest cannot"),
    ("gateway.maintenance.everywhere", "yes please", "must be true or false"),
    ("gateway.maintenance.message", "one\ntwo", "text of one line, 500 characters at most"),
    ("gateway.maintenance.notice", "", "text of one line, 500 characters at most"),
    ("gateway.maintenance.retry_after_seconds", 10, "too small; 60 at least"),
]  # fmt: skip

# Errors that are told elsewhere than at what was changed: changes, path of the error, what is said.
WRONG_COMBINATIONS: list[tuple[dict[str, object], str, str]] = [
    ({f"{STOREFRONT}.hosts": ["App.shop.example.com"]}, f"{STOREFRONT}.hosts[0]", FQDN),
    ({f"{STOREFRONT}.hosts": ["*.shop.example.com"]}, f"{STOREFRONT}.hosts[0]", FQDN),
    ({f"{STOREFRONT}.hosts": ["app.other.example.com"]}, f"{STOREFRONT}.hosts[0]", OUTSIDE),
    ({f"{STOREFRONT}.hosts": ["evilshop.example.com"]}, f"{STOREFRONT}.hosts[0]", OUTSIDE),
    ({f"{STOREFRONT}.hosts": ["a.b.shop.example.com"]}, f"{STOREFRONT}.hosts[0]", DEEP),
    ({f"{STOREFRONT}.hosts": ["assets.shop.example.com"]}, f"{STOREFRONT}.hosts[0]",
     "the host of edge.cdn; choose another"),
    ({f"{STOREFRONT}.hosts": ["book-store.shop.example.com"]}, f"{STOREFRONT}.hosts[0]",
     "the host of the tenant with that slug; choose another"),
    ({f"{STOREFRONT}.hosts": ["app.shop.example.com"] * 2}, f"{STOREFRONT}.hosts[1]", "named twice; name each once"),
    ({f"{STOREFRONT}.paths": ["/a", "/b", "/a"]}, f"{STOREFRONT}.paths[2]", "named twice; name each once"),
    ({f"{STOREFRONT}.paths": ["/a", "b"]}, f"{STOREFRONT}.paths[1]", PATH),
    ({f"{STOREFRONT}.affinity": {"cookie": "a b"}}, f"{STOREFRONT}.affinity.cookie",
     "a cookie's name: letters, digits, dashes and underscores; begins with a letter"),
    ({f"{STOREFRONT}.paths": ["api"]}, f"{STOREFRONT}.paths[0]", PATH),
    ({f"{STOREFRONT}.paths": ["/api/"]}, f"{STOREFRONT}.paths[0]", PATH),
    ({f"{STOREFRONT}.paths": ["/a/../b"]}, f"{STOREFRONT}.paths[0]", PATH),
    ({f"{STOREFRONT}.paths": ["/a?b=c"]}, f"{STOREFRONT}.paths[0]", PATH),
    ({f"{STOREFRONT}.affinity": {"seconds": 59}}, f"{STOREFRONT}.affinity.seconds", "too small; 60 at least"),
    ({f"{STOREFRONT}.affinity": {"seconds": 86_401}}, f"{STOREFRONT}.affinity.seconds", "too large; 86400 at most"),
    ({"services.api": {**API, "hosts": ["app.shop.example.com"]}}, "services.api.hosts[0]",
     "services.storefront has it already on the same path; name another, or other paths"),
    ({**ISTIO, f"{STOREFRONT}.affinity": {},
      "services.api": {**API, "hosts": ["app.shop.example.com"], "paths": ["/api"], "affinity": {}}},
     "services.api.affinity.cookie", "services.storefront has it on the same host; name another"),
    ({"services.api": {**API, "tenant_hosts": True}}, "services.api.tenant_hosts",
     "services.storefront has them already; one service answers for tenants"),
    ({"services.api": {**API, "paths": ["/api"]}}, "services.api.paths", NO_HOST),
    ({"services.api": {**API, "affinity": {}}}, "services.api.affinity", NO_HOST),
    ({f"{STOREFRONT}.tenant_hosts": False, f"{STOREFRONT}.canary": UNSEEN}, f"{STOREFRONT}.canary.weight",
     NOBODY_MEETS),
    ({f"{STOREFRONT}.hosts": [], f"{STOREFRONT}.tenant_hosts": False, f"{STOREFRONT}.canary": {"slot": "green"}},
     f"{STOREFRONT}.canary", NO_HOST),
    ({f"{STOREFRONT}.hosts": [], f"{STOREFRONT}.tenant_hosts": False, f"{STOREFRONT}.canary": UNSEEN},
     f"{STOREFRONT}.canary", NO_HOST),
    ({f"{STOREFRONT}.slots.green": ..., "tenants.1.release": {"pin": "green"}}, "tenants[1].release.pin",
     "a slot that services.storefront does not have; name one of its slots"),
    ({f"{STOREFRONT}.tenant_hosts": False, "tenants.2.release": {"pin": "blue"}}, "tenants[2].release.pin",
     NOBODY_ANSWERS),
    ({f"{STOREFRONT}.tenant_hosts": False, "tenants.2.maintenance": True}, "tenants[2].maintenance", NOBODY_ANSWERS),
    ({"services.mail": {**API, "port": None, "tenant_hosts": False, "hosts": ["mail.shop.example.com"]}},
     "services.mail.hosts", "nobody calls a worker; remove it, or give it a port"),
    ({"gateway": ..., "tenants.2.maintenance": True}, "tenants[2].maintenance",
     "nothing answers for what is closed; add gateway.maintenance with its image"),
    ({"tenants.2.domains": ["tea.shop.example.com"]}, "tenants[2].domains[0]",
     "in dns.zone, where its slug is its host; name one of another zone, or remove it"),
    ({"gateway": ..., "tenants.2.lifecycle": {"state": "suspended"}}, "tenants[2].lifecycle.state",
     "nothing answers for what is closed; add gateway.maintenance with its image"),
    ({f"{STOREFRONT}.hosts": [], f"{STOREFRONT}.tenant_hosts": False, "gateway.maintenance.everywhere": True},
     "gateway.maintenance.everywhere", "no service has hosts that could be closed; set it to false"),
    ({"dns": None, "edge": {}, "gateway": ..., f"{STOREFRONT}.tenant_hosts": False}, f"{STOREFRONT}.hosts", NO_ZONE),
    ({"dns": None, "edge": {}, "gateway": ..., f"{STOREFRONT}.hosts": []}, f"{STOREFRONT}.tenant_hosts", NO_ZONE),
    ({"dns": None, "edge": {}, f"{STOREFRONT}.hosts": [], f"{STOREFRONT}.tenant_hosts": False}, "gateway",
     "stands before hosts of a zone; add dns.zone, or remove it"),
]  # fmt: skip


def changed(changes: dict[str, object]) -> dict[str, Any]:
    """Return valid settings with values at dotted paths; `...` removes the key."""
    raw = copy.deepcopy(raw_declared_settings())
    raw["dns"] = {"zone": "shop.example.com"}
    raw["edge"] = {"cdn": {"host": "assets.shop.example.com"}}
    raw["services"]["storefront"] |= {"hosts": ["app.shop.example.com"], "tenant_hosts": True}
    raw["gateway"] = {"maintenance": {"image": IMAGE}}
    raw["tenants"][1]["release"] = {}
    for path, value in changes.items():
        put(raw, path, value)
    return raw


def settings(changes: dict[str, object] | None = None) -> StackSettings:
    return load("example", changed(changes or {}), {})


def test_hosts_rings_and_maintenance_can_be_declared() -> None:
    rings = {"tenants.0.ring": "early", "tenants.2.ring": "late"}
    found = settings({**rings, "tenants.1.release": {"pin": "green"}, "tenants.2.maintenance": True})
    storefront = found.services["storefront"]
    assert (storefront.hosts, storefront.tenant_hosts, storefront.paths) == (("app.shop.example.com",), True, ("/",))
    assert [tenant.ring for tenant in found.tenants] == ["early", "standard", "late"]
    assert [tenant.release.pin for tenant in found.tenants] == [None, "green", None]
    assert [tenant.maintenance for tenant in found.tenants] == [False, False, True]
    assert found.gateway is not None
    assert found.gateway.maintenance is not None
    assert (found.gateway.maintenance.retry_after_seconds, found.gateway.maintenance.everywhere) == (1800, False)


def test_without_a_word_no_service_has_a_host() -> None:
    found = brought_settings()
    assert found.gateway is None
    assert [service.hosts for service in found.services.values()] == [()]
    assert not any(service.tenant_hosts for service in found.services.values())


def test_one_host_may_have_services_on_different_paths() -> None:
    api = {**API, "hosts": ["app.shop.example.com"], "paths": ["/api"], "affinity": {"cookie": "api-slot"}}
    found = settings({**ISTIO, f"{STOREFRONT}.affinity": {}, "services.api": api})
    assert found.services["api"].paths == ("/api",)


def test_the_zone_itself_is_a_host_of_it() -> None:
    assert settings({f"{STOREFRONT}.hosts": ["shop.example.com"]}).services["storefront"].hosts == ("shop.example.com",)


def test_an_early_tenant_without_anything_to_be_early_for_is_as_any_other() -> None:
    def early(raw: dict[str, Any]) -> None:
        raw["tenants"][1]["ring"] = "early"

    assert brought_settings(early).tenants[1].ring == "early"


def test_a_canary_for_early_tenants_alone_weighs_nothing() -> None:
    canary = settings({f"{STOREFRONT}.hosts": [], f"{STOREFRONT}.canary": UNSEEN}).services["storefront"].canary
    assert canary is not None
    assert canary.weight == 0


def test_a_canary_needs_no_host_where_there_is_no_zone() -> None:
    def canary(raw: dict[str, Any]) -> None:
        raw["services"]["storefront"]["canary"] = {"slot": "green"}

    found = brought_settings(canary)
    assert found.dns is None
    assert found.services["storefront"].canary is not None


@pytest.mark.parametrize(("path", "value", "said"), WRONG_VALUES)
def test_a_wrong_value_is_told_at_its_path(path: str, value: object, said: str) -> None:
    place = path.replace(".1", "[1]")
    assert problems_of(changed({path: value})) == (f"{ROOT}.{place}: {said}",)


@pytest.mark.parametrize(("changes", "path", "said"), WRONG_COMBINATIONS)
def test_what_does_not_go_together_is_told_where_to_mend_it(changes: dict[str, object], path: str, said: str) -> None:
    assert problems_of(changed(changes)) == (f"{ROOT}.{path}: {said}",)
