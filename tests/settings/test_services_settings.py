"""What a service may be: each wrong setting is told by its path, with what is allowed or what to do."""

from typing import Any

import pytest

from infra.settings.loader import load
from infra.settings.services import in_order, ready_seconds
from tests.examples import BLUE_IMAGE, ENVIRONMENT, GREEN_IMAGE, raw_settings, settings
from tests.settings.wrong import ROOT, Change, problems_of, with_changes

STOREFRONT = "services.storefront"
API: dict[str, Any] = {"port": 3001, "active": "blue", "slots": {"blue": {"image": BLUE_IMAGE}}}
WORKER: dict[str, Any] = {"port": None, "active": "blue", "slots": {"blue": {"image": BLUE_IMAGE}}}
DIGEST = "an image by digest, as `registry/name@sha256:...`; a tag can move, a digest cannot"
MEMORY = "memory: a whole number and a unit, as `512Mi` or `8Gi`"
CPU = "processors, in quotes: whole ones as `2`, or thousandths as `250m`"
VARIABLE = "an environment variable: upper-case letters, digits and underscores; begins with a letter"
CIRCLE = "comes, over this, after itself; remove one of the circle"
LESS = (
    "less than memory_limit, and autoscaling counts use against it, so that idle pods may be as many as its maximum "
    "for ever; make it as much as memory_limit"
)
ROOM = (f"{STOREFRONT}.resources", {"memory": "512Mi"})
TOO_BRIEF = (
    "not more than startup_seconds and min_ready_seconds together (the latter is 30 for those that others come after), "
    "so that an update would fail whose pods start in time; raise it, or lower one of them"
)
NOTHING_ASKS = "nothing asks a worker; remove it, or give it a port"


# changes, path of the error, what is said
WRONG: list[tuple[list[Change], str, str]] = [
    ([(f"{STOREFRONT}.canary", {"slot": "blue"})], f"{STOREFRONT}.canary.slot",
     "the active slot, which has the rest; name the other one"),
    ([(f"{STOREFRONT}.slots.green", ...), (f"{STOREFRONT}.canary", {"slot": "green"})], f"{STOREFRONT}.canary.slot",
     "a slot without an image; add it to slots, or remove canary"),
    ([(f"{STOREFRONT}.slots.green.image", BLUE_IMAGE), (f"{STOREFRONT}.canary", {"slot": "green"})],
     f"{STOREFRONT}.canary", "both slots have the same image; give the canary's another, or remove canary"),
    ([(f"{STOREFRONT}.canary", {"slot": "green", "weight": -1})], f"{STOREFRONT}.canary.weight",
     "too small; 0 at least"),
    ([(f"{STOREFRONT}.canary", {"slot": "green", "weight": 0})], f"{STOREFRONT}.canary.weight",
     "nobody meets it, as only tenant_hosts have early tenants; make it 1 at least, or remove canary"),
    ([(f"{STOREFRONT}.canary", {"slot": "green", "weight": 100})], f"{STOREFRONT}.canary.weight",
     "too large; 99 at most"),
    ([(f"{STOREFRONT}.canary", {"weight": 10})], f"{STOREFRONT}.canary.slot", "missing; it is required"),
    ([(f"{STOREFRONT}.canary", {"slot": "red"})], f"{STOREFRONT}.canary.slot",
     "not allowed; take one of: blue, green"),
    ([(f"{STOREFRONT}.port", ...)], f"{STOREFRONT}.port", "missing; it is required"),
    ([(f"{STOREFRONT}.scale_down", "later")], f"{STOREFRONT}.scale_down",
     "not allowed; take one of: keep, immediately"),
    ([(f"{STOREFRONT}.slots.green.image", "registry.example/storefront:1.2")], f"{STOREFRONT}.slots.green.image",
     DIGEST),
    ([(f"{STOREFRONT}.slots.green.floor", 5)], f"{STOREFRONT}.slots.green.floor",
     "of no use without autoscaling; set replicas, or add autoscaling"),
    ([ROOM, (f"{STOREFRONT}.autoscaling", {"minimum": 4})], f"{STOREFRONT}.slots.blue.replicas",
     "outside the bounds of autoscaling; begin between them"),
    ([ROOM, (f"{STOREFRONT}.autoscaling", {"maximum": 4})], f"{STOREFRONT}.slots.green.replicas",
     "outside the bounds of autoscaling; begin between them"),
    ([(f"{STOREFRONT}.autoscaling", {})], f"{STOREFRONT}.resources.memory", LESS),
    ([(f"{STOREFRONT}.autoscaling", {}), (f"{STOREFRONT}.resources", {"memory": "512Mi", "memory_limit": "1Gi"})],
     f"{STOREFRONT}.resources.memory", LESS),
    ([ROOM, (f"{STOREFRONT}.autoscaling", {"maximum": 12}), (f"{STOREFRONT}.slots.green.floor", 13)],
     f"{STOREFRONT}.slots.green.floor", "more than autoscaling.maximum; lower it, or raise that"),
    ([(f"{STOREFRONT}.slots.green.floor", 0)], f"{STOREFRONT}.slots.green.floor", "too small; 1 at least"),
    ([(f"{STOREFRONT}.slots.green.replicas", 201)], f"{STOREFRONT}.slots.green.replicas", "too large; 200 at most"),
    ([(f"{STOREFRONT}.ready_timeout", 60)], f"{STOREFRONT}.ready_timeout", TOO_BRIEF),
    ([(f"{STOREFRONT}.startup_seconds", 600)], f"{STOREFRONT}.ready_timeout", TOO_BRIEF),
    ([(f"{STOREFRONT}.startup_seconds", 100), (f"{STOREFRONT}.min_ready_seconds", 20),
      (f"{STOREFRONT}.ready_timeout", 120)], f"{STOREFRONT}.ready_timeout", TOO_BRIEF),
    ([("services.worker", {**WORKER, "min_ready_seconds": 60, "ready_timeout": 60})], "services.worker.ready_timeout",
     TOO_BRIEF),
    ([(f"{STOREFRONT}.min_ready_seconds", 601)], f"{STOREFRONT}.min_ready_seconds", "too large; 600 at most"),
    ([(f"{STOREFRONT}.startup_seconds", 4)], f"{STOREFRONT}.startup_seconds", "too small; 5 at least"),
    ([(f"{STOREFRONT}.resources", {"memory": "1Gi"})], f"{STOREFRONT}.resources.memory",
     "more than memory_limit; lower one or raise the other"),
    ([(f"{STOREFRONT}.resources", {"memory": "1G"})], f"{STOREFRONT}.resources.memory", MEMORY),
    ([(f"{STOREFRONT}.resources", {"cpu": "0.5"})], f"{STOREFRONT}.resources.cpu", CPU),
    ([(f"{STOREFRONT}.resources", {"cpu_limit": "1"})], f"{STOREFRONT}.resources.cpu_limit",
     "unknown key; allowed: cpu, memory, memory_limit"),
    ([(f"{STOREFRONT}.disruption", {"max_unavailable": 0})], f"{STOREFRONT}.disruption.max_unavailable",
     "too small; 1 at least"),
    ([(f"{STOREFRONT}.priority", "urgent")], f"{STOREFRONT}.priority", "not allowed; take one of: normal, high"),
    ([(f"{STOREFRONT}.writable_root", "sometimes")], f"{STOREFRONT}.writable_root", "must be true or false"),
    ([(f"{STOREFRONT}.environment", {"log-level": "info"})], f"{STOREFRONT}.environment.log-level", VARIABLE),
    ([(f"{STOREFRONT}.environment", {"DATABASE_URL": "x"})], f"{STOREFRONT}.environment.DATABASE_URL",
     "set by the platform; take another name"),
    ([(f"{STOREFRONT}.environment", {"MAIL_TOKEN": "x"})], f"{STOREFRONT}.environment.MAIL_TOKEN",
     "a secret, by its name; declare it in secrets, or rename it"),
    *(
        ([(f"{STOREFRONT}.environment", {name: "x"})], f"{STOREFRONT}.environment.{name}",
         "a secret, by its name; declare it in secrets, or rename it")
        for name in ("ENCRYPTION_KEY", "SECRET_KEY_BASE", "MAIL_SECRET_NAME", "SIGNING_PASSPHRASE", "SENTRY_DSN")
    ),
    *(
        ([(f"{STOREFRONT}.environment", {"SEARCH_URL": url})], f"{STOREFRONT}.environment.SEARCH_URL",
         "a URL with a password; declare it in secrets, or take the password out")
        for url in ("https://shop:pa55@search.example/x", "redis://:pa55@10.0.0.7:6379", "use amqp://a:b@mq.example/")
    ),
    ([(f"{STOREFRONT}.environment", {"GREETING": 4097 * "x"})], f"{STOREFRONT}.environment.GREETING",
     "too long; 4096 characters at most"),
    ([(f"{STOREFRONT}.after", ["api"])], f"{STOREFRONT}.after[0]",
     "no such service; add it to services, or remove it here"),
    ([("services.api", API), (f"{STOREFRONT}.after", ["api", "api"])], f"{STOREFRONT}.after[1]",
     "named twice; name each once"),
    ([(f"{STOREFRONT}.after", "api")], f"{STOREFRONT}.after", "must be a list"),
    ([(f"{STOREFRONT}.after", ["storefront"])], f"{STOREFRONT}.after[0]", CIRCLE),
    ([("services.api", {**API, "after": ["storefront"]}), (f"{STOREFRONT}.after", ["api"])],
     "services.api.after[0]", CIRCLE),
    ([("services.api", {**API, "ready_timeout": 90}), (f"{STOREFRONT}.after", ["api"])], "services.api.ready_timeout",
     TOO_BRIEF),
    ([("services.storefront-blue", API)], "services.storefront-blue",
     "the name of another service's slot; rename it"),
    *(
        ([(f"services.{name}", API)], f"services.{name}",
         "the name of something else in the platform's namespace or cluster; rename it")
        for name in ("default", "cni", "database-pooler", "gateway-maintenance", "gateway-istio")
    ),
    ([("services.worker", {**WORKER, "health_path": "/health"})], "services.worker.health_path", NOTHING_ASKS),
    ([("services.worker", {**WORKER, "startup_seconds": 30})], "services.worker.startup_seconds", NOTHING_ASKS),
    ([("services.worker", {**WORKER, "scale_down": "keep"})], "services.worker.scale_down",
     "a worker's other slot never has pods, it would work too; remove it, or give it a port"),
    ([("services.worker", {**WORKER, "slots": {"blue": {"image": BLUE_IMAGE}, "green": {"image": GREEN_IMAGE}},
                           "canary": {"slot": "green"}})],
     "services.worker.canary", "a worker has no traffic to share; remove it, or give it a port"),
]  # fmt: skip


def changed(changes: list[Change]) -> dict[str, Any]:
    """Return valid settings after changes, as a stack file holds them."""
    return with_changes(raw_settings(), changes)


@pytest.mark.parametrize(("changes", "path", "said"), WRONG)
def test_a_wrong_setting_of_a_service_is_told_by_its_path(changes: list[Change], path: str, said: str) -> None:
    assert problems_of(changed(changes)) == (f"{ROOT}.{path}: {said}",)


def test_addresses_without_a_password_are_plain_configuration() -> None:
    plain = {"SEARCH_URL": "https://search.example:9200/a:b@c", "REPLY_TO": "shop:help@shop.example", "KEYBOARD": "de"}
    loaded = load("example", changed([(f"{STOREFRONT}.environment", plain)]), ENVIRONMENT)
    assert loaded.services["storefront"].environment == plain


def test_a_circle_of_three_services_is_told_once() -> None:
    raw = changed([("services.api", {**API, "after": ["storefront"]}), ("services.admin", {**API, "after": ["api"]})])
    raw["services"]["storefront"]["after"] = ["admin"]
    (problem,) = problems_of(raw)
    assert problem.endswith(f".after[0]: {CIRCLE}")


def test_services_are_taken_in_the_order_that_they_ask_for() -> None:
    raw = changed([("services.api", API), ("services.worker", {**WORKER, "after": ["storefront"]})])
    raw["services"]["storefront"]["after"] = ["api"]
    services = load("example", raw, ENVIRONMENT).services
    assert in_order(services) == ("api", "storefront", "worker")


def test_who_comes_before_others_must_be_ready_for_half_a_minute() -> None:
    raw = changed([("services.api", API), (f"{STOREFRONT}.after", ["api"])])
    services = load("example", raw, ENVIRONMENT).services
    assert {name: ready_seconds(name, services) for name in services} == {"storefront": 0, "api": 30}


def test_how_long_a_pod_must_be_ready_can_be_said() -> None:
    raw = changed([("services.api", {**API, "min_ready_seconds": 5}), (f"{STOREFRONT}.after", ["api"])])
    assert ready_seconds("api", load("example", raw, ENVIRONMENT).services) == 5


def test_an_update_may_wait_no_longer_than_a_pod_takes_to_start_and_to_count() -> None:
    raw = changed(
        [
            ("services.api", {**API, "ready_timeout": 91}),
            ("services.worker", {**WORKER, "ready_timeout": 10}),
            (f"{STOREFRONT}.after", ["api"]),
        ]
    )
    services = load("example", raw, ENVIRONMENT).services
    assert [services[name].ready_timeout for name in ("api", "worker")] == [91, 10]


def test_a_slot_without_traffic_keeps_its_pods_unless_told_or_a_worker() -> None:
    def three_kinds(raw: dict[str, Any]) -> None:
        raw["services"]["storefront"]["scale_down"] = "immediately"
        raw["services"].update(api=dict(API), worker=dict(WORKER))

    services = settings(three_kinds).services
    assert {name: service.keeps_idle for name, service in services.items()} == {
        "storefront": False,
        "api": True,
        "worker": False,
    }
