"""Tenants of cells in their environment's stack: their hosts, flags and configurations, and nothing else of them."""

import json
from typing import Any

import pulumi
import pytest

from infra.sandbox.plugins.values import reveal
from infra.settings.cells import CellStackSettings
from stacks import cell
from stacks.ground import ground
from tests.examples import declared_graph
from tests.harness import Graph, graph_of
from tests.stacks.test_routing import IMAGE, ZONE, Change, hosts, routed

CELL = {"cell": {"of": "example", "name": "cell-02"}}
CELLS = {"home": {"budget": 500}, "cell-02": {"budget": 200}}
PLAIN: list[dict[str, Any]] = [{"slug": "acme", "plan": "pro"}, {"slug": "bolts", "plan": "enterprise"}]

WAYS: list[dict[str, Any]] = [
    {"slug": "acme", "plan": "pro", "lifecycle": {"state": "suspended"}, "features": {"ai_forecasting": False}},
    {"slug": "bolts", "plan": "enterprise", "release": {"pin": "green"}, "configuration": "old"},
    {"slug": "corner", "plan": "free", "ring": "early", "features": {"ai_forecasting": True}},
    {"slug": "dolls", "plan": "free", "maintenance": True},
    {"slug": "gone", "plan": "pro", "lifecycle": {"state": "deleted", "export": "0" * 64}, "ring": "late"},
    {"slug": "plain", "plan": "free"},
]
"""Tenants of a cell, each of which but the last has something that its environment makes."""


def with_cell(tenants: list[dict[str, Any]]) -> Change:
    """Return a change to an environment that closes hosts and has versions of configurations: its cell has these."""

    def change(raw: dict[str, Any]) -> None:
        raw |= {"cells": CELLS, "cell_tenants": tenants}
        raw["gateway"] = {"maintenance": {"image": IMAGE}}
        raw["tenancy"] = {"configuration": "new"}
        raw["configurations"] = {"old": {"settings": {"compare": False}}, "new": {"settings": {"compare": True}}}

    return change


@pytest.fixture(scope="module")
def environment() -> Graph:
    return routed(with_cell(WAYS))


@pytest.fixture(scope="module")
def before() -> Graph:
    return routed(with_cell(PLAIN))


def test_a_tenant_of_a_cell_goes_the_way_that_its_line_says(environment: Graph) -> None:
    assert hosts(environment) == {
        "storefront-hosts": [f"app.{ZONE}", f"*.{ZONE}"],
        "storefront-notice": [f"acme.{ZONE}"],
        "storefront-green": [f"bolts.{ZONE}"],
        "storefront-early": [f"corner.{ZONE}"],
        "storefront-closed": [f"dolls.{ZONE}"],
        "api-hosts": [f"api.{ZONE}"],
    }
    (rule,) = environment.named("routes-storefront-notice").plain("spec", "rules")
    assert [backend["name"] for backend in rule["backendRefs"]] == ["gateway-notice"]
    # A slot that a tenant is pinned to is ready before it is led there.
    assert environment.reaches(environment.named("routes-storefront-green"), environment.named("storefront-green"))


def test_flags_have_the_tenants_of_cells_that_differ_from_their_plan(environment: Graph) -> None:
    document = json.loads(environment.named("flags-storefront").plain("data", "flags.json"))
    assert document["flags"]["ai_forecasting"]["tenants"] == {"acme": False, "corner": True}


def test_configurations_that_tenants_of_cells_have_are_there_and_told_to_the_cells(environment: Graph) -> None:
    files = environment.named("configurations-files").plain("data")
    told = environment.exports["cell_ground"]["configurations"]
    assert told.keys() == {"old", "new"}
    assert files.keys() == set(told.values())


def test_what_tenants_of_cells_have_of_their_own_is_not_the_environments(environment: Graph, before: Graph) -> None:
    assert environment.exports["tenants"].keys() == before.exports["tenants"].keys()
    assert not environment.exports["tenants"].keys() & {tenant["slug"] for tenant in WAYS}
    assert not [node.name for node in environment.nodes.values() if node.name.startswith("tenant-acme")]
    assert not environment.named("registry-tenants").plain("data").keys() & {tenant["slug"] for tenant in WAYS}


def test_tenants_of_cells_that_go_with_everybody_else_cost_their_environment_nothing(before: Graph) -> None:
    many = [{"slug": f"shop-{number}", "plan": "free"} for number in range(50)]
    after = routed(with_cell([*PLAIN, *many]))
    assert after.nodes.keys() == before.nodes.keys()
    assert all(reveal(node.inputs) == reveal(after.nodes[urn].inputs) for urn, node in before.nodes.items())
    assert after.exports.keys() == before.exports.keys()


def deploy(environment: Graph, tenants: list[dict[str, Any]]) -> dict[str, pulumi.Input[object]]:
    settings = CellStackSettings.model_validate({**CELL, "tenants": tenants})
    told = ground(settings.cell, environment.exports["cell_ground"], environment.exports["pool_connection"])
    return cell.deploy(settings, told)


def test_the_registry_of_a_cell_leads_to_its_environments_configurations(environment: Graph) -> None:
    graph = graph_of(lambda: deploy(environment, WAYS))
    entries = {slug: json.loads(text) for slug, text in graph.named("registry-tenants-cell-02").plain("data").items()}
    files = environment.exports["cell_ground"]["configurations"]
    assert {slug: entry["configuration"] for slug, entry in entries.items()} == {
        **dict.fromkeys(("acme", "corner", "dolls", "plain"), files["new"]),
        "bolts": files["old"],
    }
    assert entries["acme"]["state"] == "suspended"


def test_a_cell_waits_for_configurations_that_its_environment_was_not_applied_with(before: Graph) -> None:
    with pytest.raises(pulumi.RunError, match="no such configurations, old, run `pulumi up --stack example` first"):
        deploy(before, WAYS)


def test_an_environment_without_hosts_of_tenants_has_no_routes_for_those_of_cells() -> None:
    def change(raw: dict[str, Any]) -> None:
        raw |= {"cells": CELLS, "cell_tenants": WAYS[:1] + WAYS[2:3]}

    assert not declared_graph(change).of_type(":HTTPRoute")
