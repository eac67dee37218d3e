"""Names and the edge: each wrong setting is told by its path, with what is allowed."""

import copy
from typing import Any

import pytest

from infra.settings.dns import RESERVED_HOSTS
from infra.settings.loader import load
from infra.settings.models import StackSettings
from tests.examples import raw_declared_settings, raw_settings
from tests.settings.wrong import CIDR, LOG_DAYS, NOWHERE, ROOT, SECTION, problems_of, put

FQDN = "a whole host name, as `shop.example.com`: lower-case, without a dot at its end"
OUTSIDE = "outside dns.zone; name a host below it"
OWN_HOST = "a host of the platform's own; choose another"
UNUSED = "not used by gateway_class aws, whose certificate is ACM's; remove it"
ACME: dict[str, Any] = {"email": "platform@example.com"}

DECLARED: dict[str, Any] = {
    "dns": {"zone": "shop.example.com", "health_checks": [{"host": "api.shop.example.com", "path": "/api/health"}]},
    "edge": {"rate_limit": {"requests": 200}, "cdn": {"host": "assets.shop.example.com"}},
}
CHECK = "dns.health_checks.0"

# path, value there, what is said after the path
WRONG_VALUES: list[tuple[str, object, str]] = [
    ("dns", "shop.example.com", SECTION),
    ("dns.zone", ..., "missing; it is required"),
    ("dns.zone", "Shop.Example.com", FQDN),
    ("dns.zone", "shop.example.com.", FQDN),
    ("dns.zone", "shop", FQDN),
    ("dns.zone", "*.example.com", FQDN),
    ("dns.gateway_class", "nginx", "not allowed; take one of: aws, istio, envoy"),
    ("dns.gateway_class", None, "not allowed; take one of: aws, istio, envoy"),
    ("dns.acme", ACME, UNUSED),
    ("dns.acme", {}, "missing; it is required"),
    ("dns.expiry_warning_days", 0, "too small; 1 at least"),
    ("dns.expiry_warning_days", 60, "too large; 40 at most"),
    ("dns.protect", "perhaps", "must be true or false"),
    ("dns.health_checks", {"host": "shop.example.com"}, "must be a list"),
    (f"{CHECK}.host", "other.example.com", OUTSIDE),
    (f"{CHECK}.host", "evilshop.example.com", OUTSIDE),
    (f"{CHECK}.path", "api/health", "an absolute HTTP path without query, as `/api/health`"),
    (f"{CHECK}.seconds", 60, "not allowed; take one of: 10, 30"),
    ("dns.heath_checks", [], "unknown key; did you mean health_checks?"),
    ("edge.rate_limit.requests", 9, "too small; 10 at least"),
    ("edge.rate_limit.seconds", 30, "not allowed; take one of: 60, 120, 300, 600"),
    ("edge.rate_limit.second", 60, "unknown key; did you mean seconds?"),
    ("edge.allow", "203.0.113.0/24", "must be a list"),
    ("edge.log_retention_days", 8, LOG_DAYS),
    ("edge.cdn.host", "assets.example.com", "not one label below dns.zone, as its certificate and record are"),
    ("edge.cdn.host", "a.b.shop.example.com", "not one label below dns.zone, as its certificate and record are"),
    ("edge.cdn.host", "api.shop.example.com", OWN_HOST),
    ("edge.cdn.price_class", "cheap", "not allowed; take one of: PriceClass_100, PriceClass_200, PriceClass_All"),
]  # fmt: skip

# Errors that are told elsewhere than at what was changed: changes, path of the error, what is said.
WRONG_COMBINATIONS: list[tuple[dict[str, object], str, str]] = [
    ({"dns.gateway_class": "istio"}, "dns.acme", "missing, but this gateway_class has no certificate from ACM; add its "
     "email"),
    ({"dns.gateway_class": "istio", "dns.acme": ACME, "dns.expiry_warning_days": 31}, "dns.expiry_warning_days",
     "30 at most with acme: cert-manager renews no sooner; lower it"),
    ({"dns.gateway_class": "envoy", "dns.acme": {"email": "nobody"}}, "dns.acme.email",
     "an e-mail address, as `oncall@example.com`; the part behind the `@` in lower case"),
    ({"dns.gateway_class": "envoy", "dns.acme": {**ACME, "server": "http://acme.example.com"}}, "dns.acme.server",
     "an ACME directory, as `https://acme-v02.api.letsencrypt.org/directory`"),
    ({"dns": None}, "edge.cdn", "needs a zone for its host; add dns.zone, or remove it"),
    ({"edge.allow": ["203.0.113.0/24"]}, "dns.health_checks",
     "asked from outside of edge.allow, and never answered; remove one of the two"),
    ({"edge.allow": ["203.0.113.7/24"]}, "edge.allow[0]", CIDR),
    ({"dns.health_checks": [], "edge.allow": ["0.0.0.0/0"]}, "edge.allow[0]", "everybody; leave the list empty for "
     "that"),
    ({"dns.health_checks": [], "edge.allow": ["203.0.113.0/24", "203.0.113.0/24"]}, "edge.allow[1]",
     "named twice; name each once"),
    ({"dns.health_checks": [{"host": "shop.example.com"}] * 2}, "dns.health_checks[1]", "named twice; name each once"),
    ({"tenants": [{"slug": "assets", "plan": "free"}]}, "tenants[0].slug", "the host of edge.cdn; choose another"),
    *(({"tenants": [{"slug": name, "plan": "free"}]}, "tenants[0].slug", OWN_HOST) for name in RESERVED_HOSTS),
]  # fmt: skip


def changed(changes: dict[str, object]) -> dict[str, Any]:
    """Return valid settings with values at dotted paths; `...` removes the key."""
    raw = copy.deepcopy({**raw_declared_settings(), **DECLARED})
    for path, value in changes.items():
        put(raw, path, value)
    return raw


def settings(**changes: object) -> StackSettings:
    return load("example", changed(changes), {})


def test_names_and_the_edge_can_be_declared() -> None:
    found = settings()
    assert found.dns is not None
    assert found.edge is not None
    assert (found.dns.gateway_class, found.dns.expiry_warning_days, found.dns.protect) == ("aws", 30, True)
    assert (found.edge.rate_limit.requests, found.edge.rate_limit.seconds, found.edge.allow) == (200, 60, ())
    assert found.edge.cdn is not None


def test_without_a_word_there_is_a_firewall_and_no_zone() -> None:
    found = load("example", raw_declared_settings(), {})
    assert found.dns is None
    assert found.edge is not None
    assert (found.edge.rate_limit.requests, found.edge.rate_limit.seconds) == (100, 60)
    assert found.edge.cdn is None


def test_the_firewall_can_be_left_out() -> None:
    assert settings(edge=None).edge is None


def test_the_issuer_is_the_only_one_beside_amazon_that_may_issue() -> None:
    aws, istio = settings().dns, settings(**{"dns.gateway_class": "istio", "dns.acme": ACME}).dns
    assert aws is not None
    assert istio is not None
    assert (aws.authorities, istio.authorities) == (("amazon.com",), ("amazon.com", "letsencrypt.org"))


@pytest.mark.parametrize(("path", "value", "said"), WRONG_VALUES)
def test_a_wrong_value_is_told_at_its_path(path: str, value: object, said: str) -> None:
    shown = path.replace(".0", "[0]") + (".email" if value == {} else "")
    assert problems_of(changed({path: value})) == (f"{ROOT}.{shown}: {said}",)


@pytest.mark.parametrize(("changes", "path", "said"), WRONG_COMBINATIONS)
def test_what_does_not_go_together_is_told_where_to_mend_it(changes: dict[str, object], path: str, said: str) -> None:
    assert problems_of(changed(changes)) == (f"{ROOT}.{path}: {said}",)


def test_a_zone_without_anything_in_aws_is_refused() -> None:
    raw = {**raw_settings(), "dns": {"zone": "shop.example.com"}}
    assert problems_of(raw) == (f"{ROOT}.dns: {NOWHERE}",)
