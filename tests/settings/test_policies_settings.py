"""Who calls whom is declared by services: each wrong setting is told by its path, with what is allowed."""

from typing import Any

import pytest

from infra.settings.loader import load
from tests.examples import ENVIRONMENT, declared_settings, raw_declared_settings, raw_settings
from tests.settings.wrong import CIDR, ROOT, SECTION, SLUG, problems_of, put

CIDR_FORM = "an IPv4 network in CIDR notation, as `10.20.0.0/16`"
SERVICE = "services.storefront"
FIRST = f"{SERVICE}.egress.0"
TOO_PUBLIC = "too much of the internet; give networks of /8 or smaller"
TOO_PRIVATE = "too much of what is private; give networks of /16 or smaller there"
EVERYBODY = "everybody; name the networks of what is called, as its operator publishes them"
NOWHERE = "loopback, link-local, multicast or reserved; nobody that may be called is there"
NO_SERVICE = "no such service; add it to services, or remove it here"
OWN = "in network.block, where the platform is; a service that is called names its callers"
PAYMENT: dict[str, Any] = {"name": "payment", "blocks": ["203.0.113.0/24"], "ports": [443]}

# path, value there, where in it the mistake is, what is said
WRONG: list[tuple[str, object, str, str]] = [
    (f"{SERVICE}.callers", "api", "", "must be a list"),
    (f"{SERVICE}.callers", ["Api"], "[0]", SLUG),
    (f"{SERVICE}.callers", ["checkout"], "[0]", NO_SERVICE),
    (f"{SERVICE}.callers", ["api", "api"], "[1]", "named twice; name each once"),
    (f"{SERVICE}.egress", "203.0.113.0/24", "", "must be a list"),
    (f"{SERVICE}.egress", ["203.0.113.0/24"], "[0]", SECTION),
    (f"{SERVICE}.egress", [PAYMENT] * 21, "", "too many; 20 at most"),
    (f"{SERVICE}.egress", [PAYMENT, PAYMENT], "[1]", "named twice; name each once"),
    (
        f"{SERVICE}.egress",
        [{**PAYMENT, "name": f"n{first}", "ports": list(range(first, first + 13))} for first in (1, 101)],
        "[1].blocks[0]",
        "called on more than 24 ports; name fewer",
    ),
    (f"{FIRST}.name", ..., "", "missing; it is required"),
    (f"{FIRST}.name", "Payment Provider", "", SLUG),
    (f"{FIRST}.blocks", ..., "", "missing; it is required"),
    (f"{FIRST}.blocks", [], "", "too few; 1 at least"),
    (f"{FIRST}.blocks", [f"203.0.113.{number}/32" for number in range(51)], "", "too many; 50 at most"),
    (f"{FIRST}.blocks", ["pay.example.com"], "[0]", CIDR_FORM),
    (f"{FIRST}.blocks", ["203.0.113.7/24"], "[0]", CIDR),
    (f"{FIRST}.blocks", ["203.0.113.7"], "[0]", CIDR_FORM),
    (f"{FIRST}.blocks", ["203.0.113.0/24", "203.0.113.0/24"], "[1]", "named twice; name each once"),
    (f"{FIRST}.blocks", ["0.0.0.0/0"], "[0]", EVERYBODY),
    (f"{FIRST}.blocks", ["0.0.0.0/1"], "[0]", TOO_PUBLIC),
    (f"{FIRST}.blocks", ["203.0.113.0/24", "128.0.0.0/1"], "[1]", TOO_PUBLIC),
    (f"{FIRST}.blocks", ["127.0.0.0/8"], "[0]", NOWHERE),
    (f"{FIRST}.blocks", ["169.254.169.254/32"], "[0]", NOWHERE),
    (f"{FIRST}.blocks", ["224.0.0.0/8"], "[0]", NOWHERE),
    (f"{FIRST}.blocks", ["10.0.0.0/8"], "[0]", TOO_PRIVATE),
    (f"{FIRST}.blocks", ["172.16.0.0/12"], "[0]", TOO_PRIVATE),
    (f"{FIRST}.blocks", ["100.64.0.0/10"], "[0]", TOO_PRIVATE),
    (f"{FIRST}.blocks", ["10.20.0.0/16"], "[0]", OWN),
    (f"{FIRST}.blocks", ["10.21.0.0/16", "10.20.3.0/24"], "[1]", OWN),
    (f"{FIRST}.ports", [], "", "too few; 1 at least"),
    (f"{FIRST}.ports", [0], "[0]", "too small; 1 at least"),
    (f"{FIRST}.ports", [65536], "[0]", "too large; 65535 at most"),
    (f"{FIRST}.ports", ["https"], "[0]", "must be a whole number"),
    (f"{FIRST}.ports", [443, 443], "[1]", "named twice; name each once"),
    (f"{FIRST}.ports", list(range(1, 22)), "", "too many; 20 at most"),
    (f"{SERVICE}.caller", {}, "", "unknown key; did you mean callers?"),
    (f"{FIRST}.port", {}, "", "unknown key; did you mean ports?"),
    (f"{FIRST}.domains", {}, "", "unknown key; allowed: blocks, name, ports"),
    (
        "services.worker",
        {**raw_settings()["services"]["storefront"], "port": None, "callers": ["api"], "database_connections": 0},
        ".callers",
        "nobody calls a service without a port; add its port, or remove callers",
    ),
]


def changed(path: str, value: object) -> dict[str, Any]:
    """Return valid settings with one value at a dotted path; `...` removes the key."""
    raw = raw_declared_settings()
    raw["services"]["api"] = {**raw["services"]["storefront"], "port": 3001, "database_connections": 0}
    raw["services"]["storefront"].update(egress=[dict(PAYMENT)])
    put(raw, path, value)
    return raw


@pytest.mark.parametrize(("path", "value", "within", "said"), WRONG)
def test_a_wrong_connection_is_told_at_its_path(path: str, value: object, within: str, said: str) -> None:
    place = "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path.split("."))
    assert problems_of(changed(path, value)) == (f"{ROOT}{place}{within}: {said}",)


def test_a_service_is_called_by_nobody_and_calls_nobody_unless_it_says_so() -> None:
    storefront = declared_settings().services["storefront"]
    assert storefront.callers == ()
    assert storefront.egress == ()


def test_what_is_called_answers_on_443_unless_it_says_otherwise() -> None:
    raw = changed(f"{FIRST}.ports", ...)
    assert load("example", raw, {}).services["storefront"].egress[0].ports == (443,)


def test_a_network_that_is_peered_may_be_called_and_so_may_the_whole_of_a_brought_one() -> None:
    peered = load("example", changed(f"{FIRST}.blocks", ["10.99.0.0/16", "192.168.7.0/24"]), {})
    assert len(peered.services["storefront"].egress[0].blocks) == 2
    raw = raw_settings()
    raw["services"]["storefront"]["egress"] = [{"name": "ledger", "blocks": ["10.20.0.0/16"]}]
    assert load("example", raw, ENVIRONMENT).services["storefront"].egress[0].name == "ledger"
