"""Policies of pods that are removed or opened."""

from typing import Any

import pytest

from infra.gate.change import Hidden, Properties
from infra.gate.rules import network_policies as rules
from tests.gate.rules.cases import created, deleted, found, there, updated

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
NAMESPACE = "kubernetes:core/v1:Namespace"
API = {"matchLabels": {"app": "api"}}


def policy(pods: Any = None, types: Any = ("Ingress", "Egress"), namespace: str = "shop", **ways: Any) -> Properties:
    spec = {"podSelector": {} if pods is None else pods, "policyTypes": list(types), **ways}
    return {"metadata": {"namespace": namespace}, "spec": spec}


def letting(peer: Any, port: int | None = 8080) -> dict[str, Any]:
    ports = {} if port is None else {"ports": [{"port": port}]}
    return {"ingress": [{"from": [peer] if isinstance(peer, dict) else peer, **ports}]}


FROM_API = letting({"podSelector": API})


def test_a_namespace_stays_closed() -> None:
    closing = deleted(POLICY, policy())
    assert found(rules.network_policy_removed, closing)
    assert not found(rules.network_policy_removed, closing, deleted(NAMESPACE, {"metadata": {"name": "shop"}}))
    assert found(rules.network_policy_removed, closing, deleted(NAMESPACE, {"metadata": {"name": "other"}}))


def test_a_way_may_be_closed_where_the_namespace_is() -> None:
    way = deleted(POLICY, policy(API, **FROM_API))
    assert not found(rules.network_policy_removed, way, there(POLICY, policy(), name="default-deny"))
    assert found(rules.network_policy_removed, way), "its pods are then under no policy"
    half = there(POLICY, policy(types=["Ingress"]), name="half")
    assert found(rules.network_policy_removed, way, half)
    assert found(rules.network_policy_removed, way, there(POLICY, policy(namespace="other"), name="default-deny"))


@pytest.mark.parametrize("after", [policy(API), policy(types=["Ingress"]), policy(types=[])])
def test_what_closes_a_namespace_is_not_narrowed(after: Properties) -> None:
    assert found(rules.network_policy_removed, updated(POLICY, policy(), after))
    assert not found(rules.network_policy_removed, updated(POLICY, after, policy()))


@pytest.mark.parametrize(
    "ways",
    [
        {"ingress": [{}]},
        {"egress": [{}]},
        {"ingress": [{"ports": [{"port": 80}]}]},
        letting({"ipBlock": {"cidr": "0.0.0.0/0"}}),
        letting({"ipBlock": {"cidr": Hidden.UNKNOWN}}),
        letting({"namespaceSelector": {}}),
        letting(Hidden.UNKNOWN),
        {"egress": [{"to": [{"ipBlock": {"cidr": "::/0"}}]}]},
    ],
)
def test_a_policy_is_not_open_to_everybody(ways: Any) -> None:
    for change in (created(POLICY, policy(API, **ways)), updated(POLICY, policy(API, **FROM_API), policy(API, **ways))):
        (finding,) = found(rules.network_policy_opened, change)
        assert finding.level == "dangerous"
    again = updated(POLICY, policy(API, **ways), policy(API, ["Ingress"], **ways))
    assert not found(rules.network_policy_opened, again), "it was before"


@pytest.mark.parametrize(
    "ways",
    [
        FROM_API,
        letting({"ipBlock": {"cidr": "10.0.0.0/16"}}),
        letting({"namespaceSelector": {}, "podSelector": API}),
        letting({"namespaceSelector": {"matchLabels": {"a": "b"}}}),
        {"ingress": []},
    ],
)
def test_a_policy_may_let_in_some(ways: Any) -> None:
    assert not found(rules.network_policy_opened, created(POLICY, policy(API, **ways)))


def test_a_policy_that_cannot_be_seen_is_told() -> None:
    hidden = {"metadata": {"namespace": "shop"}, "spec": Hidden.UNKNOWN}
    assert found(rules.network_policy_opened, updated(POLICY, policy(API), hidden))


def test_a_way_more_is_told() -> None:
    wider = policy(API, **letting({"podSelector": API, "namespaceSelector": {"matchLabels": {"team": "shop"}}}))
    (finding,) = found(rules.network_policy_widened, updated(POLICY, policy(API), wider))
    assert finding.level == "notable"
    assert finding.reason == "ingress more: pods app=api in namespaces team=shop at port 8080"
    assert not found(rules.network_policy_widened, updated(POLICY, wider, policy(API)))
    assert not found(rules.network_policy_widened, created(POLICY, wider))
