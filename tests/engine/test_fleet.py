"""Two hundred tenants in one update: nothing is lost or twice, and none of them reaches another."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from infra.naming import tenant_namespace
from infra.sandbox.control_plane.api import ApiClient, ApiError
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.waiting import wait_until
from tests.engine.consistency import assert_as_recorded
from tests.engine.fleet import ATTACKERS, TENANTS, Onboarded, slug_of
from tests.isolation.evidence import Evidence
from tests.isolation.model import DATABASE, PAIRS, POOL
from tests.isolation.runner import Runner, duels, everybody

pytestmark = pytest.mark.timeout(900)  # seconds: the first test waits for two updates of all the tenants

_CALLED = {53, 5432}
"""The ports that a tenant's pods may call: name servers and its database."""

_SPACE = tenant_namespace(slug_of(DATABASE, 0))


def test_an_update_of_two_hundred_tenants_is_completed_after_a_kill(fleet: Onboarded) -> None:
    assert 0 < fleet.left < len(fleet.stack.resources())
    assert "tuple concurrently updated" not in fleet.result.text
    tenants = fleet.stack.outputs()["tenants"]
    assert sum(TENANTS.values()) == 200
    assert {
        isolation: [place["isolation"] for place in tenants.values()].count(isolation) for isolation in TENANTS
    } == TENANTS


def test_nothing_of_two_hundred_tenants_is_there_twice_or_missing(fleet: Onboarded) -> None:
    assert_as_recorded(fleet.stack)
    assert fleet.stack.changes() == {}


@pytest.fixture
def api(fleet: Onboarded) -> Any:
    """A connection of the cluster's administrator."""
    with closing(ControlPlane(fleet.stack.workspace.instance).api()) as api:
        yield api


def test_every_tenant_with_a_namespace_has_its_quota_its_bounds_and_its_policies(
    fleet: Onboarded, api: ApiClient
) -> None:
    def objects(kind: str) -> Callable[[str], list[dict[str, Any]]]:
        group = "apis/networking.k8s.io/v1" if kind == "networkpolicies" else "api/v1"
        items = api.get(f"/{group}/{kind}")["items"]
        return lambda space: [item for item in items if item["metadata"]["namespace"] == space]

    quotas, bounds, policies = objects("resourcequotas"), objects("limitranges"), objects("networkpolicies")
    for number in range(TENANTS[DATABASE]):
        space = tenant_namespace(slug_of(DATABASE, number))
        labels = api.get(f"/api/v1/namespaces/{space}")["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        (quota,) = quotas(space)
        assert quota["spec"]["hard"]["pods"] == "20"
        assert len(bounds(space)) == 1
        (closed,) = [policy["spec"] for policy in policies(space) if policy["spec"]["podSelector"] == {}]
        assert sorted(closed["policyTypes"]) == ["Egress", "Ingress"]
        assert "ingress" not in closed
        assert {port["port"] for rule in closed["egress"] for port in rule["ports"]} == _CALLED


def test_a_pod_over_the_quota_of_a_tenant_is_refused(fleet: Onboarded, api: ApiClient) -> None:
    def counted() -> bool:
        (quota,) = api.get(f"/api/v1/namespaces/{_SPACE}/resourcequotas")["items"]
        return "used" in quota.get("status", {})

    wait_until(counted, seconds=60, what="the quota is not counted", where=_SPACE, remedy="", every=0.1)
    with pytest.raises(ApiError, match="exceeded quota"):
        api.create(f"/api/v1/namespaces/{_SPACE}/pods", _pod(cpu="5"))
    api.create(f"/api/v1/namespaces/{_SPACE}/pods", _pod(cpu="1"))
    api.delete(f"/api/v1/namespaces/{_SPACE}/pods/one", {"gracePeriodSeconds": 0})


def test_a_privileged_pod_of_a_tenant_is_refused(fleet: Onboarded, api: ApiClient) -> None:
    with pytest.raises(ApiError, match="violates PodSecurity"):
        api.create(f"/api/v1/namespaces/{_SPACE}/pods", _pod(cpu="1", privileged=True))


@pytest.fixture(scope="module")
def runner(fleet: Onboarded) -> Runner:
    """Those who attack each other, with rows in tables that are all made after they were onboarded."""
    attacked = fleet.fleet()
    return Runner(attacked, attacked.stock())


def test_no_tenant_of_fifty_one_reaches_another(runner: Runner, record_property: Callable[[str, object], None]) -> None:
    before = Evidence.of(runner.fleet)
    report = runner.run(duels(runner.fleet.tenants))
    for line in report.lines():
        record_property("isolation", line)
    assert report.successes == []
    assert before.differences(Evidence.of(runner.fleet)) == []
    assert report.total >= 10_000
    assert len(report.attackers) == len(report.targets) == sum(ATTACKERS.values()) == 51
    assert {pair for pair, _category in report.attempts} == set(PAIRS)


def test_a_policy_that_is_broken_on_purpose_lets_tenants_reach_each_other(runner: Runner) -> None:
    with runner.fleet.administrator(runner.fleet.shared) as connection:
        connection.execute("ALTER POLICY tenant_isolation ON pool.orders USING (true)")
        report = runner.run(everybody(runner.fleet.tenants, (POOL, POOL)))
        connection.execute("SELECT pool.isolate_tenants('pool.orders')")
    assert any("select from orders" in success for success in report.successes)


def _pod(*, cpu: str, privileged: bool = False) -> dict[str, Any]:
    secure = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    resources = {"cpu": cpu, "memory": "64Mi"}
    container = {
        "name": "one",
        "image": "registry.tenantry.invalid/any",
        "resources": {"requests": resources, "limits": resources},
        "securityContext": {"privileged": True} if privileged else secure,
    }
    return {"metadata": {"name": "one"}, "spec": {"containers": [container]}}
