"""Whom a change touches, by resources that a whole environment declares; and how many people approve it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.gate.blast import blast
from infra.gate.change import Change, Hidden, Kind, Preview, Value
from infra.gate.fleet import Cells, cells_of
from infra.gate.rules.view import View
from infra.gate.verdict import Blast
from infra.settings.cells import CellStackSettings
from infra.settings.gate import GateSettings
from infra.settings.models import StackSettings
from tests.gate.previews import changed, changing, environment, resource, settings
from tests.harness import STACK
from tests.stack_files import write_stack

ALL = {
    "enterprise": ["department-store"],
    "free": ["corner-shop", "tea-house"],
    "pro": ["book-store", "fish-shop"],
}
EVERYWHERE = ["cell-02", "cell-03", "home"]
PLACED = Cells({"fish-shop": "cell-02", "tea-house": "cell-03"}, frozenset({"cell-03"}))


def touched(
    *changes: Change,
    of: StackSettings | CellStackSettings | None = None,
    cells: Cells | None = PLACED,
    preview: Preview | None = None,
) -> Blast:
    whole = changing(preview or environment(), changes)
    return blast(View(whole, of or settings(), STACK), cells=cells)


def named(name: str, kind: Kind = "update", path: str = "other") -> Change:
    return changed(resource(environment(), name), kind, path)


@pytest.mark.parametrize(
    ("name", "tenants", "services", "cells"),
    [
        ("network-vpc", ALL, ["api", "storefront"], EVERYWHERE),
        ("cluster-control-role", ALL, ["api", "storefront"], EVERYWHERE),
        ("sessions-nodes", ALL, ["api", "storefront"], EVERYWHERE),
        ("gateway-entry", ALL, ["api", "storefront"], EVERYWHERE),
        ("routes-storefront-hosts", ALL, ["api", "storefront"], EVERYWHERE),
        ("routes-storefront-closed", {"free": ["corner-shop", "tea-house"]}, ["storefront"], ["cell-03", "home"]),
        ("tenants-lifecycle-schedule", ALL, ["api", "storefront"], EVERYWHERE),
        (
            "database-instance",
            {"enterprise": ["department-store"], "free": ["corner-shop"], "pro": ["book-store", "fish-shop"]},
            ["api", "storefront"],
            ["cell-02", "home"],
        ),
        (
            "tenants-shared-database",
            {"free": ["corner-shop"], "pro": ["book-store", "fish-shop"]},
            ["api", "storefront"],
            ["cell-02", "home"],
        ),
        ("tenants-pool-schema", {"free": ["corner-shop"]}, ["api", "storefront"], ["home"]),
        ("tenant-book-store-data-schema", {"pro": ["book-store"]}, [], ["home"]),
        ("tenant-department-store-own-database", {"enterprise": ["department-store"]}, [], ["home"]),
        ("storefront-blue", {}, ["storefront"], []),
        ("api-service", {}, ["api"], []),
        ("api-identity-account", {}, ["api"], []),
        ("job-expire-schedule", {}, ["api"], []),
        ("cluster-pods-api-role", {}, ["api"], []),
        ("policies-service-api", {}, ["api"], []),
        ("policies-tenants-lifecycle", ALL, ["api", "storefront"], EVERYWHERE),
        ("flags-storefront", {}, ["storefront"], []),
        ("secret-jwt-secret", {}, ["storefront"], []),
        ("storefront-secrets-class", {}, ["storefront"], []),
        ("queue-mail-messages", {}, ["api"], []),
        ("registry-images-api", {}, ["api", "storefront"], []),
        ("alarms-topic", {}, [], []),
        ("rotation-jwt-alarm", {}, [], []),
        ("audit-log-group", {}, [], []),
    ],
)
def test_a_change_touches_who_depends_on_it(
    name: str, tenants: Mapping[str, Sequence[str]], services: Sequence[str], cells: Sequence[str]
) -> None:
    found = touched(named(name))
    assert (found.tenants, found.services, found.cells) == (tenants, services, cells)
    assert (found.environment, found.all_tenants) == (STACK, 5)


def test_what_nobody_knows_touches_everybody() -> None:
    unknown = Change(f"urn:pulumi:{STACK}::tenantry::some:new/thing:Thing::thing", "some:new/thing:Thing", "create")
    found = touched(unknown)
    assert (found.tenants, found.cells, found.services) == (ALL, EVERYWHERE, ["api", "storefront"])


def test_parts_that_touch_everybody_are_known_by_name() -> None:
    """A new component of the program has its place in the table, or is one that everybody depends on."""
    everybody = {
        urn.split("::")[2].split("$")[0]
        for urn, one in environment().resources.items()
        if touched(changed(one)).tenants == ALL
    }
    assert everybody == {
        *(f"pulumi:providers:{name}" for name in ("aws", "kubernetes", "postgresql")),
        *(f"tenantry:dns:{name}" for name in ("ClusterCertificate", "Dns")),
        *(f"tenantry:gateway:{name}" for name in ("Gateway", "Maintenance", "Routes")),
        *(f"tenantry:network:{name}" for name in ("Network", "NetworkPolicies")),
        *(f"tenantry:redis:{name}" for name in ("Redis", "RedisCredentials")),
        "tenantry:cluster:Cluster",
        "tenantry:edge:Firewall",
        "tenantry:namespace:WorkloadNamespace",
        "tenantry:storage:Bucket",
        "tenantry:tenant:TenantLifecycle",
    }


@pytest.mark.parametrize("path", ["tags.owner", "tagsAll", 'tags["a.b"]', "defaultTags.tags.owner"])
def test_tags_touch_nobody(path: str) -> None:
    assert touched(named("network-vpc", path=path)).tenants == {}
    whole = named("network-vpc")
    more = replace(whole, properties=[*whole.properties, *named("network-vpc", path=path).properties])
    assert touched(more).tenants == ALL


def test_what_only_is_told_touches_nobody() -> None:
    assert touched(named("network-vpc", "read"), named("tenants-shared-database", "outputs")).tenants == {}


def registry(before: Value, after: Value, kind: Kind = "update") -> Change:
    one = resource(environment(), "registry-tenants")
    return replace(changed(one, kind), before={"data": before}, after={"data": after})


def entry(**known: str) -> str:
    return json.dumps({"isolation": "pool", "plan": "free", **known})


def test_an_entry_of_the_registry_touches_its_tenant() -> None:
    kept = {"book-store": entry(plan="pro"), "corner-shop": entry()}
    assert touched(registry({**kept, "corner-shop": "{}"}, kept)).tenants == {"free": ["corner-shop"]}
    assert touched(registry(kept, kept)).tenants == {}
    assert touched(registry(kept, kept, "replace")).tenants == {"free": ["corner-shop"], "pro": ["book-store"]}
    assert touched(registry(Hidden.UNKNOWN, kept)).tenants == ALL


def test_a_tenant_that_nothing_else_names_any_more_is_told_by_its_entry() -> None:
    gone = {"old-shop": entry(plan="enterprise")}
    found = touched(registry(gone, {}))
    assert (found.tenants, found.all_tenants) == ({"enterprise": ["old-shop"]}, 6)
    broken = touched(registry({"old-shop": "no json"}, {}))
    assert broken.tenants == {"unknown": ["old-shop"]}


def test_a_route_whose_hosts_alone_change_touches_who_comes_and_goes() -> None:
    one = resource(environment(), "routes-storefront-closed")
    spec: dict[str, Any] = {"hostnames": ["tea-house.shop.example.com"]}
    moved = replace(changed(one, path="spec.hostnames[0]"), before={"spec": spec})
    assert touched(moved).tenants == {"free": ["corner-shop"]}


@pytest.mark.parametrize(("percent", "approvals"), [(0, 3), (19, 3), (20, 1), (100, 1)])
def test_more_people_approve_what_touches_more_than_a_share_of_the_tenants(percent: int, approvals: int) -> None:
    limits = {"usual": 1, "wide": 3, "tenants_percent": percent}
    chosen = settings().model_copy(update={"gate": GateSettings.model_validate({"approvals": limits})})
    assert touched(named("tenant-book-store-data-schema"), of=chosen).approvals == approvals


def test_more_people_approve_what_touches_more_than_one_cell() -> None:
    limits = {"usual": 1, "wide": 2, "tenants_percent": 100}
    chosen = settings().model_copy(update={"gate": GateSettings.model_validate({"approvals": limits})})
    assert touched(named("routes-storefront-closed"), of=chosen).approvals == 2
    assert touched(named("tenant-book-store-data-schema"), of=chosen).approvals == 1
    assert touched(named("storefront-blue"), of=chosen).approvals == 1


def test_a_tenant_of_which_nobody_says_where_it_is_may_be_in_any_cell() -> None:
    assert touched(named("routes-storefront-closed"), cells=None).cells == EVERYWHERE


def test_without_settings_the_registry_tells_who_there_is() -> None:
    found = blast(View(changing(environment(), [named("network-vpc")]), None, STACK))
    known = {"enterprise": ["department-store"], "free": ["corner-shop"], "pro": ["book-store"]}
    assert (found.tenants, found.cells, found.services) == (known, ["home"], ["api", "storefront"])
    assert found.approvals == 2


CELL = CellStackSettings.model_validate(
    {"cell": {"of": STACK, "name": "cell-02"}, "tenants": [{"slug": "fish-shop", "plan": "pro"}]}
)


def test_what_a_cell_shares_touches_its_own_tenants_alone() -> None:
    view = View(changing(Preview("x", "tenantry", ()), [named("network-vpc")]), CELL, f"{STACK}-cell-02")
    found = blast(view, settings(), PLACED)
    assert (found.environment, found.cells, found.tenants) == (STACK, ["cell-02"], {"pro": ["fish-shop"]})
    assert (found.all_tenants, found.approvals) == (5, 2)
    alone = blast(view)
    assert (alone.tenants, alone.all_tenants) == ({"pro": ["fish-shop"]}, 1)


def test_where_tenants_are_is_read_from_the_files_of_their_cells(tmp_path: Path) -> None:
    write_stack(tmp_path, "shop", {"cells": {"home": {}, "cell-02": {}, "cell-03": {}, "cell-04": {}}, "tenants": []})
    write_stack(tmp_path, "shop-cell-02", {"cell": {"name": "cell-02"}, "tenants": [{"slug": "fish-shop"}, {}]})
    write_stack(tmp_path, "shop-cell-03", {"cell": {}, "database": {"a": 1}, "tenants": [{"slug": "tea-house"}]})
    assert cells_of("shop", tmp_path) == PLACED


@pytest.mark.parametrize("parent", ["", "tenant-book-store", "tenant-book-store-part"])
def test_a_resource_whose_components_are_not_told_is_placed_by_its_urn(parent: str) -> None:
    schema = replace(named("tenant-book-store-data-schema"), parent=f"urn:x::y::z::{parent}" if parent else "")
    alone = Preview(STACK, "tenantry", [schema])
    assert blast(View(alone, settings(), STACK)).tenants == {"pro": ["book-store"]}
