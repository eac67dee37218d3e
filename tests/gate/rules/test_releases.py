"""Slots that change, traffic that moves, and migrations."""

from typing import Any

import pytest

from infra.gate.change import Change, Hidden, Properties, Resource
from infra.gate.rules import releases
from tests.examples import GREEN_IMAGE, settings
from tests.gate.rules.cases import created, deleted, found, replaced, tenants, there, updated, urn

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
JOB = "kubernetes:batch/v1:Job"
OLD, NEW = "shop/api@sha256:" + "1" * 64, "shop/api@sha256:" + "2" * 64


def slot(color: str, role: str, image: Any = OLD, replicas: int = 3, service: str = "api") -> Properties:
    labels = {"app.kubernetes.io/name": service, "tenantry.dev/slot": color}
    meta = {
        "name": f"{service}-{color}",
        "namespace": "shop",
        "labels": labels,
        "annotations": {"tenantry.dev/role": role},
    }
    template = {"spec": {"containers": [{"name": "service", "image": image}]}}
    return {"metadata": meta, "spec": {"replicas": replicas, "template": template}}


def ready(count: int | None) -> dict[str, Any]:
    return {"outputs": {"status": {} if count is None else {"readyReplicas": count}}}


def stays(color: str, role: str, count: int | None = 3, **more: Any) -> Resource:
    return there(DEPLOYMENT, slot(color, role, **more), name=f"api-{color}", **ready(count))


def becomes(color: str, before: Properties, after: Properties, count: int | None = 3) -> Change:
    return updated(DEPLOYMENT, before, after, name=f"api-{color}", **ready(count))


def switched(color: str, count: int | None = 3, image: Any = OLD) -> tuple[Change, Change]:
    """Return a switch to a slot."""
    other = "green" if color == "blue" else "blue"
    return (
        becomes(color, slot(color, "candidate"), slot(color, "active", image), count),
        becomes(other, slot(other, "active"), slot(other, "candidate")),
    )


BLUE_ROLLS = becomes("blue", slot("blue", "active"), slot("blue", "active", NEW))
GREEN_ROLLS = becomes("green", slot("green", "candidate"), slot("green", "candidate", NEW))


@pytest.mark.parametrize(
    "green",
    [
        GREEN_ROLLS,
        deleted(DEPLOYMENT, slot("green", "candidate"), name="api-green"),
        replaced(DEPLOYMENT, slot("green", "candidate"), slot("green", "candidate"), name="api-green"),
        becomes("green", slot("green", "candidate"), slot("green", "candidate", Hidden.UNKNOWN)),
    ],
)
def test_both_slots_do_not_change_at_once(green: Change) -> None:
    (finding,) = found(releases.both_slots_changed, BLUE_ROLLS, green)
    assert finding.level == "dangerous"
    assert finding.reason.startswith("api: blue gets other pods and green ")


@pytest.mark.parametrize(
    "parts",
    [
        [BLUE_ROLLS, stays("green", "candidate")],
        [BLUE_ROLLS, created(DEPLOYMENT, slot("green", "candidate"), name="api-green")],
        [BLUE_ROLLS, becomes("green", slot("green", "candidate"), slot("green", "candidate", replicas=5))],
        [BLUE_ROLLS, updated(DEPLOYMENT, slot("green", "x", service="web"), slot("green", "x", NEW, service="web"))],
        switched("green"),
        [created(DEPLOYMENT, slot(color, "active"), name=f"api-{color}") for color in ("blue", "green")],
    ],
)
def test_one_slot_may_change(parts: Any) -> None:
    assert not found(releases.both_slots_changed, *parts)


def test_the_slot_with_the_traffic_does_not_end() -> None:
    blue, green = slot("blue", "active"), slot("green", "candidate")
    assert found(releases.active_slot_ends, deleted(DEPLOYMENT, blue, name="api-blue"))
    assert found(releases.active_slot_ends, replaced(DEPLOYMENT, blue, blue, name="api-blue"))
    assert not found(releases.active_slot_ends, deleted(DEPLOYMENT, green, name="api-green"), stays("blue", "active"))
    leaving = deleted("tenantry:tenant:DatabaseTenant", name="tenant-book-store")
    below = deleted(DEPLOYMENT, blue, name="api-blue", parent=leaving.urn)
    life = {"state": "deleted", "export": "0" * 64}
    left = tenants({"slug": "book-store", "plan": "enterprise", "lifecycle": life})
    assert not found(releases.active_slot_ends, leaving, below, settings=left)


def test_a_switch_to_a_ready_slot_that_stays_as_it_is_passes() -> None:
    assert not found(releases.traffic_to_unready_slot, *switched("green"))


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        (switched("green", count=None), "of whose pods none is known to be ready"),
        (switched("green", count=0), "of whose pods none is ready"),
        (switched("green", count=2), "which has 2 pods ready, where 3 serve now"),
        (switched("green", image=NEW), "which gets other pods in the same update"),
        (
            [
                created(DEPLOYMENT, slot("green", "active"), name="api-green"),
                becomes("blue", slot("blue", "active"), slot("blue", "candidate")),
            ],
            "which is made in this very update",
        ),
        (
            [
                created(DEPLOYMENT, slot("green", "active"), name="api-green"),
                deleted(DEPLOYMENT, slot("blue", "active"), "b"),
            ],
            "which is made in this very update",
        ),
        (
            [
                stays("blue", "active"),
                becomes("green", slot("green", "candidate"), slot("green", "canary"), None),
            ],
            "of whose pods none is known to be ready",
        ),
    ],
)
def test_traffic_does_not_move_to_what_is_not_ready(parts: Any, why: str) -> None:
    (finding,) = found(releases.traffic_to_unready_slot, *parts)
    assert finding.reason == f"api: traffic moves to green, {why}"


def test_a_new_service_has_its_first_slot() -> None:
    assert not found(releases.traffic_to_unready_slot, created(DEPLOYMENT, slot("blue", "active"), name="api-blue"))


def test_a_canary_may_have_fewer_pods() -> None:
    canary = becomes("green", slot("green", "candidate"), slot("green", "canary"), 1)
    assert not found(releases.traffic_to_unready_slot, stays("blue", "active"), canary)


def job(phase: Any, image: str = OLD, component: str = "migration") -> Properties:
    labels = {"app.kubernetes.io/name": "api", "app.kubernetes.io/component": component}
    env = [{"name": "MIGRATION_PHASE", "value": phase}] if phase else []
    return {
        "spec": {"template": {"metadata": {"labels": labels}, "spec": {"containers": [{"image": image, "env": env}]}}}
    }


@pytest.mark.parametrize("phase", [None, "both", Hidden.UNKNOWN])
def test_a_migration_says_its_phase(phase: Any) -> None:
    assert found(releases.migration_without_phase, created(JOB, job(phase)))
    assert not found(releases.migration_without_phase, created(JOB, job(phase, component="warm-up")))


def test_a_migration_expands_before_it_contracts() -> None:
    one = stays("blue", "active")
    assert not found(releases.migration_without_phase, one, replaced(JOB, job("expand", NEW), job("contract", NEW)))
    assert not found(releases.migration_without_phase, one, replaced(JOB, job("expand", OLD), job("expand", NEW)))
    assert found(releases.migration_without_phase, one, replaced(JOB, job("expand", OLD), job("contract", NEW)))
    assert found(releases.migration_without_phase, one, created(JOB, job("contract")))
    assert not found(releases.migration_without_phase, created(JOB, job("contract"))), "nothing was there to contract"


def test_a_migration_contracts_in_an_update_of_its_own() -> None:
    contracts = replaced(JOB, job("expand"), job("contract"))
    assert found(releases.migration_without_phase, contracts, stays("blue", "active"), stays("green", "candidate"))
    assert found(releases.migration_without_phase, contracts, BLUE_ROLLS)
    assert not found(releases.migration_without_phase, contracts, stays("blue", "active"))


def test_another_image_without_a_migration_is_told() -> None:
    def migrated(raw: dict[str, Any]) -> None:
        raw["services"]["storefront"]["migration"] = {"image": GREEN_IMAGE, "command": ["migrate"]}

    with_migration = settings(migrated)
    before, after = (slot("blue", "active", image, service="storefront") for image in (OLD, NEW))
    change = updated(DEPLOYMENT, before, after, name="storefront-blue")
    (finding,) = found(releases.migration_left_out, change, settings=with_migration)
    assert finding.level == "notable"
    assert not found(releases.migration_left_out, change, settings=settings()), "it has none"
    assert not found(releases.migration_left_out, change)
    run = job("expand", NEW)
    run["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"] = "storefront"  # type: ignore[index,call-overload]
    assert not found(releases.migration_left_out, change, created(JOB, run), settings=with_migration)
    assert urn(DEPLOYMENT, "storefront-blue") == finding.urn
