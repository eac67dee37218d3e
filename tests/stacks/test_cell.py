"""A cell's stack: tenants on what its environment told, and as many resources as were planned for them."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from infra.paths import PROJECT_ROOT
from infra.sandbox.plugins.values import has_secret
from infra.settings import costs
from infra.settings.cells import CellStackSettings
from infra.settings.kinds import Isolation
from infra.settings.models import StackSettings
from infra.settings.stack_file import read, source_of
from stacks import cell
from stacks.ground import SETTINGS, Ground, ground
from tests.examples import declared_graph, environment_graph
from tests.harness import Graph, graph_of

Change = Callable[[dict[str, Any]], None]

CELLS = {"home": {"budget": 500}, "cell-02": {"budget": 200}}
TENANTS = [
    {"slug": "acme", "plan": "pro"},
    {"slug": "bolts", "plan": "enterprise"},
    {"slug": "corner", "plan": "free"},
]
NOT_DECLARED = 4
"""Of a cell's overhead: the stack, the reference with its provider, and the default provider of random values."""


def with_cells(raw: dict[str, Any]) -> None:
    raw["cells"] = CELLS


def of_cell(tenants: list[dict[str, Any]]) -> CellStackSettings:
    return CellStackSettings.model_validate({"cell": {"of": "example", "name": "cell-02"}, "tenants": tenants})


def told_by(environment: Graph, settings: CellStackSettings) -> Ground:
    return ground(settings.cell, environment.exports["cell_ground"], environment.exports["pool_connection"])


def cell_graph(environment: Graph, tenants: list[dict[str, Any]]) -> Graph:
    settings = of_cell(tenants)
    return graph_of(lambda: cell.deploy(settings, told_by(environment, settings)))


def brought() -> Graph:
    return environment_graph(with_cells)


def declared() -> Graph:
    return declared_graph(with_cells)


@pytest.mark.parametrize(("environment", "in_aws"), [(brought, False), (declared, True)])
@pytest.mark.parametrize(
    "isolations", [[], ["pool"], ["schema"], ["database"], ["schema", "pool", "database", "schema"]]
)
def test_a_cell_declares_as_many_resources_as_were_planned(
    environment: Callable[[], Graph], in_aws: bool, isolations: list[Isolation]
) -> None:
    tenants = [{"slug": f"shop-{at}", "plan": "pro", "isolation": one} for at, one in enumerate(isolations)]
    graph = cell_graph(environment(), tenants)
    assert len(graph.nodes) + NOT_DECLARED == costs.of_cell(isolations, in_aws=in_aws)


def test_an_environment_tells_its_cells_in_one_secret_and_without_cells_nothing() -> None:
    assert "cell_ground" in declared().secret_exports
    assert "cell_ground" not in environment_graph().exports


def provider(graph: Graph, kind: str) -> dict[str, Any]:
    """Return what the one provider of a kind is given."""
    (node,) = graph.of_type(f"pulumi:providers:{kind}")
    return dict(node.plain())


def test_the_providers_of_a_cell_lead_where_its_environments_do() -> None:
    environment, graph = declared(), cell_graph(declared(), TENANTS)
    for kind in ("postgresql", "kubernetes"):
        assert provider(graph, kind) == provider(environment, kind)
    mine, theirs = provider(graph, "aws"), provider(environment, "aws")
    assert (mine["region"], mine["allowedAccountIds"]) == (theirs["region"], theirs["allowedAccountIds"])
    (postgresql,) = graph.of_type("pulumi:providers:postgresql")
    assert has_secret(postgresql.inputs["password"])


def test_tenants_share_the_environments_database_and_its_key() -> None:
    graph = cell_graph(declared(), TENANTS)
    assert graph.named("tenant-acme-data-schema").plain("database") == "tenantry"
    assert "tenantry_tenants" in graph.named("tenant-acme-data-app").plain("roles")
    assert graph.named("tenant-bolts-own-database").plain("name") == "tenant_bolts"
    key = provider_key(declared())
    assert graph.named("tenant-acme-urls-secret").plain("kmsKeyId") == key
    assert not graph.of_type(":Function")  # the guard is the environment's


def provider_key(environment: Graph) -> str:
    return str(environment.named("tenant-book-store-urls-secret").plain("kmsKeyId"))


def test_the_registry_of_a_cell_is_beside_the_environments_and_has_the_same_label() -> None:
    environment, graph = brought(), cell_graph(brought(), TENANTS)
    (mine,), (theirs,) = graph.of_type(":ConfigMap"), [environment.named("registry-tenants")]
    assert mine.plain("metadata", "namespace") == "tenantry"
    assert mine.plain("metadata", "name") == "tenants-cell-02"
    assert theirs.plain("metadata", "name") == "tenants"
    assert mine.plain("metadata", "labels") == theirs.plain("metadata", "labels")
    entries = {slug: json.loads(entry) for slug, entry in mine.plain("data").items()}
    assert {slug: entry["credentials"] for slug, entry in entries.items()} == {
        "acme": "tenant-acme-database",
        "bolts": "tenant-bolts-database",
        "corner": json.loads(theirs.plain("data", "corner-shop"))["credentials"],
    }


def test_a_cell_exports_what_tools_ask_a_stack_for() -> None:
    graph = cell_graph(brought(), TENANTS)
    assert (graph.exports["environment"], graph.exports["cell"]) == ("example", "cell-02")
    assert graph.exports["tenants"].keys() == {"acme", "bolts", "corner"}
    assert graph.exports["connections"].keys() == {"acme", "bolts"}
    assert graph.exports["pool_connection"] == brought().exports["pool_connection"]
    assert {"pool_connection", "connections"} <= graph.secret_exports
    assert not any("postgresql://" in json.dumps(graph.exports[key]) for key in ("tenants", "database", "namespace"))


def test_tenants_of_a_cell_reach_the_server_and_no_pooler() -> None:
    graph = cell_graph(declared(), TENANTS)
    urls = graph.named("tenant-acme-data-credentials").plain("stringData")
    assert urls["DATABASE_URL"] == urls["DIRECT_DATABASE_URL"]


def refusal(environment: Graph, tenants: list[dict[str, Any]]) -> str:
    settings = of_cell(tenants)
    with pytest.raises(pulumi.RunError) as caught:
        cell.deploy(settings, told_by(environment, settings))
    return str(caught.value)


def test_nothing_is_declared_beyond_the_budget_that_the_environment_was_applied_with() -> None:
    many = [{"slug": f"shop-{at}", "plan": "enterprise"} for at in range(10)]
    used = costs.of_cell(["database"] * 10, in_aws=False)
    assert refusal(brought(), many).startswith(f"the cell has {used} resources and a budget of 200, cells.cell-02")


def test_a_cell_that_the_environment_does_not_list_declares_nothing() -> None:
    other = environment_graph(lambda raw: raw.update(cells={"cell-03": {"budget": 200}}))
    assert refusal(other, []).startswith("the stack example has no such cell, cell.name, run `pulumi up --stack")


def test_a_plan_that_the_environment_has_no_limits_of_declares_nothing() -> None:
    def change(raw: dict[str, Any]) -> None:
        raw |= {"cells": CELLS, "plans": {"free": {}}, "tenants": []}

    assert refusal(environment_graph(change), TENANTS).startswith("the stack example has no limits of plans, enterpr")


@pytest.mark.parametrize("told", [None, "text", {"settings": {"cluster": {"existing": {"contest": "x"}}}}])
def test_an_environment_that_told_nothing_that_is_understood_is_to_be_applied_first(told: object) -> None:
    with pytest.raises(pulumi.RunError, match="run `pulumi up --stack example` first"):
        ground(of_cell([]).cell, told, "postgresql://")


def test_a_kubeconfig_is_told_from_the_projects_folder_and_found_there() -> None:
    def change(raw: dict[str, Any]) -> None:
        raw |= {"cells": CELLS, "cluster": {"existing": {"kubeconfig": "clusters/shop.yaml"}}}

    environment = environment_graph(change)
    assert environment.exports["cell_ground"]["kubeconfig"] == "clusters/shop.yaml"
    assert told_by(environment, of_cell([])).kubeconfig == str(PROJECT_ROOT / "clusters/shop.yaml")


@pytest.mark.parametrize("stack", ["local", "staging", "production", "dr"])
def test_what_the_stacks_of_this_project_would_tell_is_understood(stack: str) -> None:
    settings = StackSettings.model_validate({**read(source_of(stack)).settings, "cells": CELLS})
    told = settings.model_dump(mode="json", include=SETTINGS, exclude_unset=True)
    again = ground(of_cell([]).cell, {"settings": told, "database": {}}, "postgresql://").settings
    assert {name: getattr(again, name) for name in SETTINGS} == {name: getattr(settings, name) for name in SETTINGS}


def test_pods_of_the_environment_read_its_cells_registries_once_they_are_there() -> None:
    (deployment, *_) = brought().of_type(":Deployment")
    volumes = deployment.plain("spec", "template", "spec", "volumes")
    sources = next(one["projected"]["sources"] for one in volumes if "projected" in one)
    mounted = {source["configMap"]["name"]: source["configMap"].get("optional", False) for source in sources}
    assert mounted["tenants"] is False
    assert [name for name in mounted if "cell" in name] == [
        "tenants-cell-02",
        *(f"tenants-cell-02-{n}" for n in (1, 2, 3)),
    ]
    assert mounted["tenants-cell-02"] is True
