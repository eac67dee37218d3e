"""A cell with a database of its own: what it declares, where its tenants are, and what is counted."""

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from infra.sandbox.plugins.values import has_secret
from infra.settings import costs
from infra.settings.cells import CellStackSettings
from stacks import cell
from stacks.ground import Ground, ground
from tests.examples import TOOLS_IMAGE, declared_graph, environment_graph
from tests.harness import Graph, graph_of

CELLS = {"home": {"budget": 500}, "cell-02": {"budget": 300}, "cell-03": {"budget": 300}}
OWN: dict[str, Any] = {"engine_version": "18", "instance_class": "db.r8g.large", "max_connections": 450}
TENANTS = [
    {"slug": "acme", "plan": "pro"},
    {"slug": "bolts", "plan": "enterprise"},
    {"slug": "corner", "plan": "free"},
]
HOST = "cell.rds.example.invalid"
NOT_DECLARED = 4
"""Of a cell's overhead: the stack, the reference with its provider, and the default provider of random values."""


def environment(*, copied: bool = False, looked_after: bool = True) -> Graph:
    def change(raw: dict[str, Any]) -> None:
        raw["cells"] = CELLS
        if looked_after:
            raw["tenancy"] = {"lifecycle": {"image": TOOLS_IMAGE}}
        if copied:
            raw["aws"]["recovery_region"] = "eu-west-1"

    return declared_graph(change)


def of_cell(
    tenants: list[dict[str, Any]] = TENANTS, database: dict[str, Any] | None = OWN, name: str = "cell-02"
) -> CellStackSettings:
    place = {"of": "example", "name": name}
    return CellStackSettings.model_validate({"cell": place, "database": database, "tenants": tenants})


def told_by(graph: Graph, settings: CellStackSettings) -> Ground:
    return ground(settings.cell, graph.exports["cell_ground"], graph.exports["pool_connection"])


def cell_graph(settings: CellStackSettings, told: Graph | None = None) -> Graph:
    stands_on = told_by(told or environment(), settings)
    return graph_of(lambda: cell.deploy(settings, stands_on), {"database-instance": {"address": HOST}})


@pytest.fixture(scope="module")
def graph() -> Graph:
    return cell_graph(of_cell())


def counted(graph: Graph) -> int:
    return len(graph.nodes) + NOT_DECLARED


def test_it_declares_as_many_resources_as_were_planned_and_fewer_where_it_is_less() -> None:
    closed = {"slug": "dusty", "plan": "free", "lifecycle": {"state": "suspended"}}
    planned = costs.of_cell(["schema", "database", "pool", "pool"], in_aws=True, own_database=True)
    assert counted(cell_graph(of_cell([*TENANTS, closed]), environment(copied=True))) == planned
    least = counted(cell_graph(of_cell([], {**OWN, "protect": False}), environment(looked_after=False)))
    # No copy of backups, no job in its component with a run of its own, no name of a last snapshot.
    assert least == costs.of_cell([], in_aws=True, own_database=True) - 5 - 3 - 1


def test_its_server_is_in_the_environments_network_and_lets_the_same_groups_in(graph: Graph) -> None:
    above = environment()
    mine, theirs = graph.named("database-instance"), above.named("database-instance")
    assert mine.plain("identifier") == "shop-cell-02"
    assert mine.protect
    assert mine.plain("deletionProtection") is True
    assert graph.named("database-subnets").plain("subnetIds") == above.named("database-subnets").plain("subnetIds")
    assert graph.named("database-port-group").plain("vpcId") == above.named("database-port-group").plain("vpcId")
    assert theirs.plain("identifier") == "shop"
    for rule in ("database-port-from-operators", "database-port-from-cluster"):
        group = "referencedSecurityGroupId"
        assert graph.named(rule).plain(group) == above.named(rule).plain(group)
    assert has_secret(mine.inputs["password"])


def test_its_tenants_are_on_its_server_in_a_database_that_is_guarded_there(graph: Graph) -> None:
    urls = [graph.exports["pool_connection"], graph.exports["database_url"], *graph.exports["connections"].values()]
    assert len(urls) == 4
    assert all(f"@{HOST}:5432/" in url for url in urls)
    assert HOST not in environment().exports["pool_connection"]
    assert graph.named("tenant-acme-data-schema").plain("database") == "cell_02"
    assert "cell_02_tenants" in graph.named("tenant-acme-data-app").plain("roles")
    assert graph.named("tenant-bolts-own-database").plain("name") == "tenant_bolts"
    assert {node.plain("name") for node in graph.of_type(":Function")} == {"current_tenant", "isolate_tenants"}
    (provider,) = graph.of_type("pulumi:providers:postgresql")
    assert provider.plain("host") == HOST
    assert graph.reaches(graph.named("tenant-acme-data-schema"), graph.named("database-instance"))


def test_the_registry_says_where_they_are_and_which_secret_leads_there(graph: Graph) -> None:
    (registry,) = graph.of_type(":ConfigMap")
    entries = {slug: json.loads(entry) for slug, entry in registry.plain("data").items()}
    assert {slug: (entry["database"], entry["credentials"]) for slug, entry in entries.items()} == {
        "acme": ("cell_02", "tenant-acme-database"),
        "bolts": ("tenant_bolts", "tenant-bolts-database"),
        "corner": ("cell_02", "cell-02-pool-database"),
    }
    made = {node.plain("metadata", "name") for node in graph.of_type(":Secret") if "metadata" in node.inputs}
    assert {entry["credentials"] for entry in entries.values()} <= made


def test_what_two_cells_and_their_environment_call_their_own_has_different_names(graph: Graph) -> None:
    others = (environment(), cell_graph(of_cell([], name="cell-03")))
    for kind in (":Secret", ":CronJob", ":ConfigMap"):
        mine, *theirs = (
            {name_of(node) for node in one.of_type(kind) if "metadata" in node.inputs} for one in (graph, *others)
        )
        assert mine
        assert not mine & set().union(*theirs), kind


def name_of(node: Any) -> tuple[str, str]:
    return node.plain("metadata", "namespace"), node.plain("metadata", "name")


def test_a_job_of_its_own_closes_its_pool_by_its_own_registry_and_login(graph: Graph) -> None:
    (job,) = graph.of_type(":CronJob")
    assert job.plain("metadata", "name") == "tenants-lifecycle-cell-02"
    template = job.plain("spec", "jobTemplate", "spec", "template")
    # The environment's network policy lets out who has this label.
    assert template["metadata"]["labels"]["app.kubernetes.io/name"] == "tenants-lifecycle"
    sources = next(one["projected"]["sources"] for one in template["spec"]["volumes"] if "projected" in one)
    assert [source["configMap"]["name"] for source in sources] == ["tenants-cell-02"]
    (container,) = template["spec"]["containers"]
    assert {"secretRef": {"name": "cell-02-pool-migration"}} in container["envFrom"]
    assert "pg_signal_backend" in graph.named("tenants-migrations-role").plain("roles")
    assert not graph.of_type(":batch/v1:Job")
    unattended = cell_graph(of_cell(), environment(looked_after=False))
    assert not unattended.of_type(":CronJob")
    assert unattended.named("tenants-migrations-role").plain("roles") == ["cell_02_pool_owner"]


def test_an_update_that_closes_tenants_of_its_pool_runs_the_job_at_once() -> None:
    closed = {"slug": "dusty", "plan": "free", "lifecycle": {"state": "suspended"}}
    graph = cell_graph(of_cell([*TENANTS, closed]))
    (run,) = graph.of_type(":batch/v1:Job")
    (container,) = run.plain("spec", "template", "spec", "containers")
    assert container["command"][-1] == "--wait"
    assert graph.reaches(run, graph.named("registry-tenants-cell-02"))


def test_its_secrets_are_secrets_and_its_outputs_an_environments(graph: Graph) -> None:
    assert {"pool_connection", "connections", "database_url", "database_logins"} <= graph.secret_exports
    assert graph.exports["database_logins"].keys() == {
        "cell_02_pool_app",
        "cell_02_pool_migrator",
        "tenant_acme_app",
        "tenant_bolts_app",
    }
    assert graph.exports["database"] == "cell_02"
    assert graph.exports["tenants"]["corner"]["database"] == "cell_02"
    copied = cell_graph(of_cell([]), environment(copied=True))
    assert "database_backups" in copied.exports


def test_without_a_place_for_it_nothing_is_declared() -> None:
    settings = of_cell()
    brought = told_by(environment_graph(lambda raw: raw.update(cells=CELLS)), settings)
    older = replace(told_by(environment(), settings), data_tier=None)
    for stands_on in (brought, older):
        with pytest.raises(pulumi.RunError, match="told of no network with a database, database, run `pulumi up"):
            cell.deploy(settings, stands_on)


def test_nothing_is_declared_beyond_a_budget_that_its_database_alone_exceeds() -> None:
    settings, above = of_cell([]), declared_graph(lambda raw: raw.update(cells={"cell-02": {"budget": 30}}))
    used = costs.of_cell([], in_aws=True, own_database=True)
    with pytest.raises(pulumi.RunError, match=rf"the cell has {used} resources and a budget of 30, cells\.cell-02"):
        cell.deploy(settings, told_by(above, settings))
