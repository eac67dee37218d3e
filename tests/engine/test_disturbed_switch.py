"""What happens beside switches, and nobody notices: nodes are drained, autoscalers take pods away, engines are killed.

Each is done for real while a watch sees every state of the Service's endpoints.
"""

from collections.abc import Callable, Iterator

import httpx
import pytest

from infra.sandbox.control_plane.api import ApiClient, ApiError
from infra.sandbox.waiting import wait_until
from tests.engine.interruption import assert_nothing_survives, update
from tests.engine.services import Services
from tests.engine.stack import Settings

pytestmark = pytest.mark.timeout(600)  # seconds: several updates, one after the other

IMAGE = "registry.tenantry.invalid/storefront@sha256:"
PODS = "/api/v1/namespaces/tenantry/pods"
SWITCHES = 20  # in a row
BUDGET = "/apis/policy/v1/namespaces/tenantry/poddisruptionbudgets/storefront-blue"


def alone(settings: Settings) -> None:
    """Leave the storefront: what happens beside its switches concerns no other service."""
    settings["services"] = {"storefront": settings["services"]["storefront"]}


def with_candidate(settings: Settings) -> None:
    settings["services"]["storefront"]["slots"]["green"] = {"image": IMAGE + "2" * 64, "replicas": 2}


def switched(settings: Settings) -> None:
    """Switch to another candidate than was there."""
    settings["services"]["storefront"]["slots"]["green"]["image"] = IMAGE + "3" * 64
    settings["services"]["storefront"]["active"] = "green"


def taking_traffic(slot: str) -> Callable[[Settings], None]:
    """Return what lets a slot take the traffic."""

    def change(settings: Settings) -> None:
        settings["services"]["storefront"]["active"] = slot

    return change


def growing(settings: Settings) -> None:
    service = settings["services"]["storefront"]
    service["autoscaling"] = {"minimum": 2, "maximum": 8}
    service["slots"]["green"] = {"image": IMAGE + "2" * 64, "replicas": 4, "floor": 4}


def switched_with_fewer_pods(settings: Settings) -> None:
    """Switch to another candidate, and let the autoscalers have fewer pods than the live slot has."""
    switched(settings)
    settings["services"]["storefront"]["autoscaling"]["maximum"] = 4


@pytest.fixture
def cluster(services: Services) -> Iterator[ApiClient]:
    """The cluster's administrator."""
    with services.cluster() as api:
        yield api


@pytest.fixture
def admit(services: Services) -> Iterator[Callable[..., None]]:
    """Says whether the namespace takes further pods; it does afterwards."""
    yield services.admit
    services.admit(pods=True)


def serving(cluster: ApiClient) -> list[str]:
    """Return the names of the live slot's pods that are not about to go."""
    listed = cluster.get(PODS, labelSelector="app.kubernetes.io/name=storefront,tenantry.dev/slot=blue")
    return [pod["metadata"]["name"] for pod in listed["items"] if "deletionTimestamp" not in pod["metadata"]]


def wait_for_disruptions(cluster: ApiClient, allowed: int, healthy: int) -> None:
    """Return once the live slot's budget has counted its pods, and allows so many to be taken away."""

    def counted() -> bool:
        status = cluster.get(BUDGET)["status"]
        return (status["disruptionsAllowed"], status["currentHealthy"]) == (allowed, healthy)

    wait_until(
        counted, seconds=120, what="the budget does not allow it", where=BUDGET, remedy="see its status", every=0.2
    )


def evict(cluster: ApiClient, pod: str) -> None:
    """Take a pod from its node as `kubectl drain` does.

    Raises:
        ApiError: it is refused.
    """
    cluster.create(f"{PODS}/{pod}/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}})


def kill_at_start_of(services: Services, resource: str) -> None:
    """Begin an update, kill its engine as soon as it has begun with a resource, and give up its lock."""
    with update(services) as killed:
        killed.reach_start_of(resource).kill()
    services.pulumi("cancel", "--yes")


def test_a_drain_takes_one_pod_of_a_slot_and_no_other_until_that_one_is_replaced(
    services: Services, cluster: ApiClient, admit: Callable[..., None]
) -> None:
    services.begin(alone, with_candidate)
    wait_for_disruptions(cluster, allowed=1, healthy=2)
    with services.watched("storefront") as watched:
        admit(pods=False)  # its replacement has no room, as when the next node is not there yet
        first, second = serving(cluster)
        evict(cluster, first)
        wait_for_disruptions(cluster, allowed=0, healthy=1)
        with pytest.raises(ApiError, match="violate the pod's disruption budget") as refused:
            evict(cluster, second)
        assert refused.value.status == httpx.codes.TOO_MANY_REQUESTS
        assert serving(cluster) == [second]

        admit(pods=True)
        wait_for_disruptions(cluster, allowed=1, healthy=2)
        evict(cluster, second)
        wait_for_disruptions(cluster, allowed=1, healthy=2)
    assert watched["storefront"].fewest == 1
    assert not {first, second} & set(serving(cluster))


def test_twenty_switches_in_a_row_leave_the_traffic_on_one_slot_with_all_its_pods(services: Services) -> None:
    services.begin(alone, with_candidate)
    taken = []
    with services.watched("storefront") as watched:
        for _ in range(SWITCHES // 2):
            for active in ("green", "blue"):
                services.configure(taking_traffic(active))
                services.up()
                taken.append(services.selected_slot("storefront"))
    assert taken == ["green", "blue"] * (SWITCHES // 2)
    states = watched["storefront"].states
    assert [slot for state in states for slot in state if state[slot] == 2].count("green") >= SWITCHES // 2
    assert watched["storefront"].fewest == 2
    assert watched["storefront"].mixed == 0


def test_a_switch_and_a_rollback_whose_engines_are_killed_are_completed_and_traffic_is_on_one_slot_throughout(
    services: Services,
) -> None:
    services.begin(alone, with_candidate)
    with services.watched("storefront") as watched:
        services.configure(switched)
        # The new slot, what is between it and the traffic, the traffic, and the old slot.
        for resource in ("storefront-green", "storefront-green-budget", "storefront-service", "storefront-blue"):
            kill_at_start_of(services, resource)
        services.up()
        assert services.selected_slot("storefront") == "green"
        services.configure(taking_traffic("blue"))
        kill_at_start_of(services, "storefront-service")
        services.up()
    assert_nothing_survives(services)
    assert services.selected_slot("storefront") == "blue"
    assert watched["storefront"].fewest == 2
    assert watched["storefront"].mixed == 0
    assert services.changes() == {}


def test_an_autoscaler_that_takes_pods_away_during_a_switch_leaves_the_live_slot_its_floor(
    services: Services, admit: Callable[..., None]
) -> None:
    services.begin(alone, growing)
    services.scale("storefront-blue", 8)
    services.wait_for_ready("storefront", {"blue": 8, "green": 4})
    services.configure(switched_with_fewer_pods)
    with services.watched("storefront") as watched:
        admit(pods=False)  # so that the candidate's other pods are not ready before the autoscaler has acted
        with update(services) as switching:
            switching.reach_start_of("storefront-green")
            services.wait_for_ready("storefront", {"blue": 4, "green": 4})
            assert services.selected_slot("storefront") == "blue"
            admit(pods=True)
            result = switching.result()
    assert result.code == 0, result.text
    assert services.selected_slot("storefront") == "green"
    assert services.ready("storefront") == {"blue": 4, "green": 4}
    assert watched["storefront"].states[0] == {"blue": 8}
    assert watched["storefront"].fewest == 4
    assert watched["storefront"].mixed == 0
    services.scale("storefront-blue", 2)
