"""Tenants that leave, and those that do not."""

import json
from typing import Any

import pytest

from infra.gate.change import Hidden
from infra.gate.rules import tenants as rules
from tests.gate.rules.cases import created, deleted, found, tenants, there, updated

MAP = "kubernetes:core/v1:ConfigMap"
OWNER = "tenantry:tenant:SchemaTenant"
DELETED = {"slug": "book-store", "plan": "pro", "lifecycle": {"state": "deleted", "export": "0" * 64}}
LEAVING = {"slug": "book-store", "plan": "pro", "lifecycle": {"state": "offboarding"}}
STAYING = {"slug": "book-store", "plan": "pro"}


def registry(*slugs: str, **more: Any) -> dict[str, Any]:
    entry = {"state": "active", "isolation": "pool", "database": "shop", "schema": "pool", **more}
    labels = {"app.kubernetes.io/component": "tenant-registry"}
    return {"metadata": {"labels": labels}, "data": {slug: json.dumps(entry) for slug in slugs}}


COMPONENT = deleted(OWNER, name="tenant-book-store")
KEY = updated(MAP, registry("book-store", "corner-shop"), registry("corner-shop"))


@pytest.mark.parametrize("change", [COMPONENT, KEY])
def test_a_tenant_does_not_go_by_accident(change: Any) -> None:
    for settings in (tenants(STAYING), tenants(LEAVING), tenants(), None):
        (finding,) = found(rules.tenant_removed, change, settings=settings)
        assert "tenant book-store" in finding.reason
        assert not found(rules.tenant_deleted, change, settings=settings)


@pytest.mark.parametrize("change", [COMPONENT, KEY])
def test_a_tenant_goes_as_declared(change: Any) -> None:
    assert not found(rules.tenant_removed, change, settings=tenants(DELETED))
    (finding,) = found(rules.tenant_deleted, change, settings=tenants(DELETED))
    assert finding.level == "notable"


def test_an_entry_may_move_to_another_map() -> None:
    half = updated(MAP, registry("book-store", "corner-shop"), registry("corner-shop"), name="tenants")
    other = created(MAP, registry("book-store"), name="tenants-1")
    assert not found(rules.tenant_removed, half, other)
    kept = there(MAP, registry("book-store"), name="tenants-1")
    assert not found(rules.tenant_removed, half, kept)


def test_a_registry_under_another_name_is_deleted_after_it_is_made() -> None:
    full = registry("book-store")
    named = {**full, "metadata": {**full["metadata"], "namespace": "example", "name": "tenants"}}
    moved = created(MAP, named, name="registry"), deleted(MAP, named, name="tenants")
    (finding,) = found(rules.tenant_removed, *moved)
    assert "tenant book-store" in finding.reason
    kept = deleted(MAP, named, name="tenants", retained=True)
    assert not found(rules.tenant_removed, moved[0], kept)
    for other in ({**named["metadata"], "name": "tenants-1"}, {**named["metadata"], "namespace": "another"}):
        assert not found(rules.tenant_removed, created(MAP, {**named, "metadata": other}, name="registry"), moved[1])
    assert not found(rules.tenant_removed, created(MAP, full, name="registry"), deleted(MAP, full, name="tenants"))


def test_other_maps_are_no_registries() -> None:
    before, after = ({"data": dict.fromkeys(names, "1")} for names in (("a", "b"), ("b",)))
    assert not found(rules.tenant_removed, updated(MAP, before, after))
    assert not found(rules.tenant_removed, created(OWNER, {}, name="tenant-book-store"))


def test_a_registry_that_cannot_be_seen_is_told_once() -> None:
    hidden = {**registry(), "data": Hidden.UNKNOWN}
    change = updated(MAP, registry("book-store", "corner-shop"), hidden)
    assert len(found(rules.tenants_hidden, change)) == 1
    assert not found(rules.tenant_removed, change)
    assert not found(rules.tenants_hidden, KEY)


@pytest.mark.parametrize("state", ["suspended", "offboarding"])
def test_a_tenant_that_is_closed_is_told(state: str) -> None:
    before, after = registry("book-store"), registry("book-store", state=state)
    (finding,) = found(rules.tenant_closed, updated(MAP, before, after))
    assert (finding.level, finding.reason) == ("notable", f"tenant book-store: active -> {state}")
    assert not found(rules.tenant_closed, updated(MAP, after, before))
    assert not found(rules.tenant_closed, updated(MAP, registry("book-store", state="trial"), before))


@pytest.mark.parametrize("key", ["isolation", "database", "schema"])
def test_the_data_of_a_tenant_stays_where_it_is(key: str) -> None:
    change = updated(MAP, registry("book-store"), registry("book-store", **{key: "other"}))
    (finding,) = found(rules.tenant_moved, change)
    assert finding.level == "dangerous"
    assert not found(rules.tenant_moved, updated(MAP, registry("book-store"), registry("book-store", plan="pro")))
