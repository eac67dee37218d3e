"""No policy on a resource lets in somebody without business: computed for every policy that any part declares."""

from collections.abc import Callable

import pytest

from tests.cloud_examples import cloud_graph
from tests.effects.iam import statements
from tests.effects.policies import ResourcePolicy, resource_policies
from tests.effects.strangers import ANONYMOUS, COLLEAGUE, FOREIGNER, Stranger, services, succeeds
from tests.examples import declared_graph
from tests.harness import Graph

# Services that may be told to act by anybody, and why that gives nobody anything.
HARMLESS = dict.fromkeys(
    (
        "cloudtrail.amazonaws.com",
        "ec2.amazonaws.com",
        "eks.amazonaws.com",
        "pods.eks.amazonaws.com",
        "s3.amazonaws.com",
    ),
    "takes a role only from a caller of the role's own account who may pass it (iam:PassRole)",
)

UNCONDITIONED = {
    ("alarms-encryption-key", "aps.amazonaws.com"): "as AWS documents it; the topic's policy says whose alerts come",
}


@pytest.fixture(scope="module", params=[cloud_graph, declared_graph], ids=["cloud", "declared"])
def policies(request: pytest.FixtureRequest) -> list[ResourcePolicy]:
    declare: Callable[[], Graph] = request.param
    return resource_policies(declare())


def test_policies_of_every_sort_are_judged(policies: list[ResourcePolicy]) -> None:
    kinds = {policy.node.type.rpartition(":")[2] for policy in policies}
    assert kinds >= {"Role", "Key", "BucketPolicy", "QueuePolicy", "TopicPolicy"}


@pytest.mark.parametrize("stranger", [ANONYMOUS, FOREIGNER, COLLEAGUE], ids=lambda stranger: stranger.name)
def test_a_stranger_may_do_nothing(policies: list[ResourcePolicy], stranger: Stranger) -> None:
    found = {policy.node.name: succeeds(stranger, policy) for policy in policies}
    assert {name: actions for name, actions in found.items() if actions} == {}


def test_a_policy_that_lost_its_conditions_would_be_seen() -> None:
    graph = declared_graph()
    topic = next(policy for policy in resource_policies(graph) if policy.node.type.endswith(":TopicPolicy"))
    assert not any(succeeds(service, topic) for service in services(topic))
    for opened, stranger in (({}, services(topic)[0]), ({"Principal": {"AWS": "*"}}, ANONYMOUS)):
        bare = [{**part, "Condition": {}, **opened} for part in statements(topic.document) if part["Effect"] == "Allow"]
        assert "sns:Publish" in succeeds(stranger, ResourcePolicy(topic.node, {"Statement": bare}))


def _acting(policies: list[ResourcePolicy]) -> list[tuple[str, str | None, bool]]:
    """Return whose policy lets which service act for another account, and whether it is a role's trust."""
    return [
        (policy.node.name, service.caller.service, policy.is_trust)
        for policy in policies
        for service in services(policy)
        if succeeds(service, policy)
    ]


def test_a_service_acts_for_this_account_only(policies: list[ResourcePolicy]) -> None:
    found = [(name, service) for name, service, trust in _acting(policies) if not (trust and service in HARMLESS)]
    assert found == [*UNCONDITIONED]


def test_there_is_no_exception_that_nobody_needs() -> None:
    found = _acting(resource_policies(cloud_graph()))
    assert {service for _, service, trust in found if trust} == set(HARMLESS)
