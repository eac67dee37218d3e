"""What settings of a tenant come to: its states, its quota, and what services are told of it."""

import json
from typing import Any

import pytest

from tests.examples import BLUE_IMAGE, environment_graph
from tests.harness import Graph


def living(**lifes: Any) -> Graph:
    """Return the environment with what is given of a tenant, by slug with underscores."""

    def change(raw: dict[str, Any]) -> None:
        for tenant in raw["tenants"]:
            tenant.update(lifes.get(tenant["slug"].replace("-", "_"), {}))
        raw["tenancy"] = {"lifecycle": {"image": BLUE_IMAGE}}  # it ends trials

    return environment_graph(change)


def registered(graph: Graph) -> dict[str, Any]:
    """Return what the registry says, by slug."""
    return {slug: json.loads(entry) for slug, entry in graph.named("registry-tenants").plain("data").items()}


def test_a_trials_login_ends_with_it_and_services_are_told_when() -> None:
    life = {"lifecycle": {"state": "trial", "ends": "2027-01-02T03:04:05Z"}}
    graph = living(book_store=life, corner_shop=life)
    role = graph.named("tenant-book-store-data-app")
    assert role.plain("validUntil") == "2027-01-02 03:04:05+00", (
        "as PostgreSQL prints it: a refresh finds no difference"
    )
    assert role.plain("login") is True
    for slug in ("book-store", "corner-shop"):
        entry = registered(graph)[slug]
        assert (entry["state"], entry["ends"]) == ("trial", "2027-01-02T03:04:05Z")
    assert "validUntil" not in living().named("tenant-book-store-data-app").inputs


@pytest.mark.parametrize(
    ("state", "login", "droppable"),
    [("active", True, False), ("suspended", False, False), ("offboarding", True, True)],
)
def test_a_state_decides_whether_a_tenant_logs_in_and_its_data_may_go(state: str, login: bool, droppable: bool) -> None:
    life = {"lifecycle": {"state": state}}
    graph = living(book_store=life, department_store=life)
    for slug in ("book-store", "department-store"):
        assert graph.named(f"tenant-{slug}-data-app").plain("login") is login
        assert graph.named(f"tenant-{slug}-data-schema").plain("dropCascade") is droppable
        assert registered(graph)[slug]["state"] == graph.exports["tenants"][slug]["state"] == state
    made = {graph.nodes[urn].name for urn in graph.nodes.keys() - living().nodes.keys()}
    assert made == ({"tenants-lifecycle-now"} if state == "suspended" else set()), (
        "but a run that shuts out who is closed"
    )
    assert living().nodes.keys() <= graph.nodes.keys(), "a state removes nothing"


def test_nothing_is_declared_of_a_deleted_tenant_and_the_pools_job_is_told_to_purge_it() -> None:
    gone = {"lifecycle": {"state": "deleted", "export": "0" * 64}}
    graph = living(book_store=gone, department_store=gone, corner_shop=gone)
    assert not [node.name for node in graph.nodes.values() if node.name.startswith("tenant-")]
    plans = {
        "corner-shop": ("pool", "free"),
        "book-store": ("schema", "pro"),
        "department-store": ("database", "enterprise"),
    }
    assert graph.exports["tenants"] == {
        slug: {"isolation": isolation, "state": "deleted", "plan": plan} for slug, (isolation, plan) in plans.items()
    }
    assert graph.exports["connections"] == {}
    assert {slug: entry["state"] for slug, entry in registered(graph).items()} == {"corner-shop": "deleted"}


def test_a_quota_of_its_own_counts_before_the_plans() -> None:
    graph = living(
        book_store={"quota": {"connection_limit": 3, "statement_timeout_seconds": 2}},
        department_store={"quota": {"cpu": "3", "memory": "1Gi", "pods": 4}},
    )
    book, department = (graph.named(f"tenant-{slug}-data-app") for slug in ("book-store", "department-store"))
    assert (book.plain("connectionLimit"), book.plain("statementTimeout")) == (3, 2_000)
    assert (department.plain("connectionLimit"), department.plain("statementTimeout")) == (50, 30_000)
    hard = graph.named("tenant-department-store-space-quota").plain("spec", "hard")
    assert hard == {"requests.cpu": "3", "requests.memory": "1Gi", "pods": "4"}
    (limits,) = graph.named("tenant-department-store-space-limits").plain("spec", "limits")
    assert limits["max"] == {"memory": "1Gi"}


def test_the_registry_tells_what_services_must_know_of_a_tenant_and_previews_know_all_of_it() -> None:
    graph = living(corner_shop={"domains": ["shop.example.org"], "maintenance_window": "sun:04:00-sun:05:00"})
    assert registered(graph)["corner-shop"] == {
        "plan": "free",
        "isolation": "pool",
        "state": "active",
        "database": "tenantry",
        "schema": "pool",
        "credentials": "tenantry-pool-database",
        "domains": ["shop.example.org"],
        "maintenance_window": "sun:04:00-sun:05:00",
    }
    for slug, entry in registered(graph).items():
        names = {node.plain("metadata", "name") for node in graph.of_type("core/v1:Secret")}
        assert entry["credentials"] in names, slug


def test_services_have_the_registry_as_one_folder_whose_pods_no_tenant_rolls() -> None:
    def templates(graph: Graph) -> dict[str, Any]:
        found = graph.of_type(":Deployment")
        assert found
        return {node.name: node.plain("spec", "template") for node in found}

    def add(raw: dict[str, Any]) -> None:
        raw["tenants"] += [{"slug": f"shop-{number:035}", "plan": "free"} for number in range(4_000)]

    graph, fleet = environment_graph(), environment_graph(add)
    assert templates(graph) == templates(fleet)
    assert len([node for node in fleet.of_type(":ConfigMap") if node.name.startswith("registry-")]) == 2
    (volume,) = [
        one for one in templates(graph)["storefront-blue"]["spec"]["volumes"] if one["name"] == "config-tenants"
    ]
    first, second, *_ = [source["configMap"] for source in volume["projected"]["sources"]]
    assert (first, second) == ({"name": "tenants"}, {"name": "tenants-1", "optional": True})
    (container,) = templates(graph)["storefront-blue"]["spec"]["containers"]
    paths = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert paths["config-tenants"] == "/etc/tenantry/tenants"
