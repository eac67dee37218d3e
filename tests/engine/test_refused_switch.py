"""Switches through the engine that are refused, or that fail: traffic stays where it is until there is a better one."""

from collections.abc import Callable, Iterator

import pytest

from tests.engine.services import Change, Services
from tests.engine.stack import Settings

pytestmark = pytest.mark.timeout(600)  # seconds: several updates, one after the other

IMAGE = "registry.tenantry.invalid/storefront@sha256:"


def active(service: str, slot: str) -> Change:
    """Return the change that gives a slot the traffic."""

    def change(settings: Settings) -> None:
        settings["services"][service]["active"] = slot

    return change


def candidate(service: str, replicas: int) -> Change:
    """Return the change that puts something into green."""

    def change(settings: Settings) -> None:
        settings["services"][service]["slots"]["green"] = {"image": IMAGE + "2" * 64, "replicas": replicas}

    return change


def autoscaled(service: str) -> Change:
    """Return the change by which the number of pods follows the load."""

    def change(settings: Settings) -> None:
        settings["services"][service]["autoscaling"] = {"minimum": 1, "maximum": 20}

    return change


def floor(service: str, pods: int) -> Change:
    """Return the change that gives green so many pods at least."""

    def change(settings: Settings) -> None:
        settings["services"][service]["slots"]["green"]["floor"] = pods

    return change


def assert_refused(services: Services, service: str, why: str, *command: str) -> None:
    """Fail unless a command says that a switch is refused, and nothing has moved."""
    result = services.pulumi(*command, expect=None)
    assert result.code != 0
    assert f"{service}-green has fewer pods ready than {service}-blue, which serves ({why})" in result.text
    assert services.selected_slot(service) == "blue"


UPDATE = ("up", "--yes", "--skip-preview")


@pytest.fixture
def scale(services: Services) -> Iterator[Callable[[str, int], None]]:
    """Scales a Deployment as an autoscaler does; those of slot blue have two pods again afterwards."""
    yield services.scale
    for service in ("storefront", "api"):
        services.scale(f"{service}-blue", 2)


def test_a_switch_to_fewer_pods_than_serve_is_refused_until_its_floor_is_raised_to_what_the_other_has_grown_to(
    services: Services, scale: Callable[[str, int], None]
) -> None:
    services.begin(candidate("storefront", 1), candidate("api", 2), autoscaled("api"), floor("api", 3))
    services.configure(active("storefront", "green"))
    assert_refused(services, "storefront", "1, not 2", "preview")
    assert_refused(services, "storefront", "1, not 2", *UPDATE)

    scale("api-blue", 17)
    services.wait_for_ready("api", {"blue": 17, "green": 3})
    services.configure(active("storefront", "blue"))
    services.configure(active("api", "green"))
    assert_refused(services, "api", "3, not 17", *UPDATE)

    services.configure(active("api", "blue"))
    services.configure(floor("api", 17))
    services.up()
    services.wait_for_ready("api", {"blue": 17, "green": 17})
    services.configure(active("api", "green"))
    services.up()
    assert services.selected_slot("api") == "green"
    assert services.ready("api") == {"blue": 17, "green": 17}
    assert services.changes() == {}


@pytest.fixture
def full_namespace(services: Services) -> Iterator[Services]:
    """The stack with two slots of a service, in a namespace that takes no further pod."""
    services.begin(candidate("storefront", 2), autoscaled("storefront"))
    services.scale("storefront-green", 2)  # an update leaves the number of an autoscaled slot as it was
    services.wait_for_ready("storefront", {"blue": 2, "green": 2})
    services.admit(pods=False)
    yield services
    services.admit(pods=True)


def test_a_switch_to_a_slot_that_never_becomes_ready_fails_moves_nothing_and_says_why_and_is_judged_anew(
    full_namespace: Services, scale: Callable[[str, int], None]
) -> None:
    def to_another_green(settings: Settings) -> None:
        service = settings["services"]["storefront"]
        service["active"] = "green"
        service["slots"]["green"]["image"] = IMAGE + "3" * 64
        service["ready_timeout"] = 10

    with full_namespace.watched("storefront") as watched:
        full_namespace.configure(to_another_green)
        failed = full_namespace.up(expect=None)  # there is no room for the pod more that a rollout takes
        assert failed.code != 0
        assert "storefront-green" in failed.text
        assert "exceeded quota" in failed.text
        assert full_namespace.selected_slot("storefront") == "blue"
        assert "storefront-green" in {resource["urn"].rpartition("::")[2] for resource in full_namespace.resources()}

        full_namespace.admit(pods=True)
        scale("storefront-blue", 3)
        full_namespace.wait_for_ready("storefront", {"blue": 3, "green": 2})
        assert_refused(full_namespace, "storefront", "2, not 3", *UPDATE)  # as many as serve now, not when it failed
    assert {slot for state in watched["storefront"].states for slot in state} == {"blue"}
    assert watched["storefront"].states[0] == {"blue": 2}
    assert watched["storefront"].fewest == 2
    assert watched["storefront"].mixed == 0
