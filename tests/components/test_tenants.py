"""What each isolation declares, and what it does not."""

from typing import Any

import pytest

from tests.examples import environment_graph
from tests.harness import Graph, Node


@pytest.fixture(scope="module")
def graph() -> Graph:
    return environment_graph()


def below(graph: Graph, component: Node) -> list[Node]:
    """Return the component and everything under it."""
    children = [node for node in graph.nodes.values() if node.parent == component.urn]
    return [component, *(inner for child in children for inner in below(graph, child))]


def test_a_pool_tenant_has_no_resource_but_a_key_in_the_registry(graph: Graph) -> None:
    def without(raw: dict[str, Any]) -> None:
        raw["tenants"] = [tenant for tenant in raw["tenants"] if tenant["slug"] != "corner-shop"]

    smaller = environment_graph(without)
    assert smaller.nodes.keys() == graph.nodes.keys()
    keys = [
        graph.named("registry-tenants").plain("data").keys() - smaller.named("registry-tenants").plain("data").keys()
    ]
    assert keys == [{"corner-shop"}]


def test_a_schema_tenant_costs_at_most_13_resources(graph: Graph) -> None:
    assert len(below(graph, graph.named("tenant-book-store"))) <= 13


def test_a_database_tenant_costs_about_20_resources(graph: Graph) -> None:
    assert len(below(graph, graph.named("tenant-department-store"))) <= 20


def test_public_may_connect_to_no_database_of_the_platform(graph: Graph) -> None:
    closed = {
        node.plain("database")
        for node in graph.of_type(":Grant")
        if node.plain("role") == "public" and node.plain("objectType") == "database" and not node.plain("privileges")
    }
    assert closed == {node.plain("name") for node in graph.of_type(":Database")}


def test_schemas_are_made_only_where_public_is_shut_out(graph: Graph) -> None:
    shut = {node.plain("database"): node for node in graph.of_type(":Grant") if node.plain("role") == "public"}
    schemas = graph.of_type(":Schema")
    assert {node.plain("database") for node in schemas} == shut.keys()
    assert all(graph.reaches(node, shut[node.plain("database")]) for node in schemas)


def test_no_tenant_depends_on_another(graph: Graph) -> None:
    book = {node.urn for node in below(graph, graph.named("tenant-book-store"))}
    department = {node.urn for node in below(graph, graph.named("tenant-department-store"))}
    for urn in book:
        assert not graph.nodes[urn].dependencies & department
    for urn in department:
        assert not graph.nodes[urn].dependencies & book


def test_roles_can_do_no_more_than_log_in(graph: Graph) -> None:
    for role in graph.of_type(":Role"):
        for power in ("superuser", "createDatabase", "createRole", "bypassRowLevelSecurity", "replication"):
            assert role.plain().get(power) in (None, False), f"{role.name} has {power}"
        assert role.plain("login") == role.name.endswith("-app")


def test_each_application_role_is_granted_its_own_schema_only(graph: Graph) -> None:
    granted = {}
    for grant in graph.of_type(":Grant"):
        if grant.plain("objectType") == "schema":
            granted.setdefault(grant.plain("role"), []).append((grant.plain("database"), grant.plain("schema")))
    assert granted == {
        "tenantry_pool_app": [("tenantry", "pool")],
        "tenant_book_store_app": [("tenantry", "tenant_book_store")],
        "tenant_department_store_app": [("tenant_department_store", "shop")],
    }


def test_credentials_are_delivered_where_the_workload_is(graph: Graph) -> None:
    places = {node.name: node.plain("metadata", "namespace") for node in graph.of_type("core/v1:Secret")}
    assert places == {
        "tenants-pool-credentials": "tenantry",
        "tenant-book-store-data-credentials": "tenantry",
        "tenant-department-store-data-credentials": "tenant-department-store",
    }


def test_connection_limits_follow_the_plan() -> None:
    def limited(raw: dict[str, Any]) -> None:
        raw["plans"] = {"free": {}, "pro": {"connection_limit": 7}, "enterprise": {"connection_limit": 9}}

    graph = environment_graph(limited)
    assert graph.named("tenant-book-store-data-app").plain("connectionLimit") == 7
    assert graph.named("tenant-department-store-data-app").plain("connectionLimit") == 9


def test_an_isolation_can_be_given_against_the_plan() -> None:
    def promoted(raw: dict[str, Any]) -> None:
        raw["tenants"][1]["isolation"] = "schema"

    assert environment_graph(promoted).named("tenant-corner-shop").type == "tenantry:tenant:SchemaTenant"
