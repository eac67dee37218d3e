"""What each isolation declares, and what it does not."""

import json
from typing import Any

import pytest

from infra.sandbox.plugins.values import has_secret
from tests.cloud_outputs import ACCOUNT, REGION
from tests.examples import declared_graph, environment_graph
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


def test_a_schema_tenant_costs_13_resources_in_aws_and_11_elsewhere(graph: Graph) -> None:
    assert len(below(graph, graph.named("tenant-book-store"))) == 11
    assert len(below(declared_graph(), declared_graph().named("tenant-book-store"))) == 13


def test_a_database_tenant_costs_22_resources_in_aws_and_20_elsewhere(graph: Graph) -> None:
    assert len(below(graph, graph.named("tenant-department-store"))) == 20
    assert len(below(declared_graph(), declared_graph().named("tenant-department-store"))) == 22


def test_no_tenant_has_a_component_within_its_own(graph: Graph) -> None:
    for slug in ("book-store", "department-store"):
        _, *inner = below(graph, graph.named(f"tenant-{slug}"))
        assert all(node.custom for node in inner)


def test_a_tenants_urls_are_kept_in_aws_as_well_and_its_name_is_free_again_once_it_is_gone() -> None:
    graph = declared_graph()
    for slug, namespace in (("book-store", "tenantry"), ("department-store", "tenant-department-store")):
        secret, version = graph.named(f"tenant-{slug}-urls-secret"), graph.named(f"tenant-{slug}-urls-version")
        assert secret.plain("name") == f"shop/tenants/{slug}"
        assert secret.plain("kmsKeyId") == f"arn:aws:kms:{REGION}:{ACCOUNT}:key/tenants-encryption-key"
        assert secret.plain("recoveryWindowInDays") == 0
        delivered = graph.named(f"tenant-{slug}-data-credentials")
        assert delivered.plain("metadata", "namespace") == namespace
        assert json.loads(version.plain("secretString")) == delivered.plain("stringData")
        assert has_secret(version.inputs["secretString"])


def test_what_a_nested_component_had_is_moved_and_not_made_anew(graph: Graph) -> None:
    formers = {
        "tenant-book-store-data-schema": "SchemaTenant$tenantry:database:IsolatedSchema",
        "tenant-department-store-own-database": "DatabaseTenant$tenantry:database:ClosedDatabase",
        "tenant-department-store-space-namespace": "DatabaseTenant$tenantry:namespace:WorkloadNamespace",
    }
    for name, former in formers.items():
        (parent,) = graph.named(name).former_parents
        assert f"tenantry:tenant:{former}::" in parent
        assert name.startswith(parent.rpartition("::")[2])


def test_the_namespace_gives_containers_that_ask_for_nothing_what_its_quota_allows() -> None:
    def tiny(raw: dict[str, Any]) -> None:
        raw["plans"] = {"free": {}, "pro": {}, "enterprise": {"cpu": "50m", "memory": "64Mi", "pods": 1}}

    usual = environment_graph().named("tenant-department-store-space-limits").plain("spec", "limits")
    small = environment_graph(tiny).named("tenant-department-store-space-limits").plain("spec", "limits")
    assert usual == [
        {
            "type": "Container",
            "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
            "default": {"memory": "512Mi"},
            "max": {"memory": "8Gi"},
        }
    ]
    assert small == [
        {
            "type": "Container",
            "defaultRequest": {"cpu": "50m", "memory": "64Mi"},
            "default": {"memory": "64Mi"},
            "max": {"memory": "64Mi"},
        }
    ]


def test_a_tenants_own_namespace_has_an_account_whose_pods_get_no_token(graph: Graph) -> None:
    account = graph.named("tenant-department-store-account")
    assert account.plain("metadata", "namespace") == "tenant-department-store"
    assert account.plain("automountServiceAccountToken") is False


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


def test_roles_can_do_no_more_than_log_in(graph: Graph) -> None:
    for role in graph.of_type(":Role"):
        for power in ("superuser", "createDatabase", "createRole", "bypassRowLevelSecurity", "replication"):
            assert role.plain().get(power) in (None, False), f"{role.name} has {power}"
        assert role.plain("login") == role.name.endswith("-app")


def test_each_application_role_reads_its_own_schema_only_and_joins_no_other_role(graph: Graph) -> None:
    places = {"tenantry_pool": ("tenantry", "pool"), "tenant_book_store": ("tenantry", "tenant_book_store")}
    places["tenant_department_store"] = ("tenant_department_store", "shop")
    grants = [grant for grant in graph.of_type(":Grant") if grant.plain("objectType") == "schema"]
    assert {grant.plain("role"): (grant.plain("database"), grant.plain("schema")) for grant in grants} == {
        f"{prefix}_reader": place for prefix, place in places.items()
    }
    assert len(grants) == len(places)
    joined = {role.plain("name"): role.plain()["roles"] for role in graph.of_type(":Role") if "roles" in role.plain()}
    assert joined == {
        "tenantry_pool_app": ["tenantry_pool_reader"],
        "tenant_book_store_app": ["tenant_book_store_reader", "tenantry_tenants"],
        "tenant_department_store_app": ["tenant_department_store_reader"],
    }


def test_the_shared_databases_access_list_does_not_grow_with_its_tenants(graph: Graph) -> None:
    connect = [
        (grant.plain("database"), grant.plain("role"))
        for grant in graph.of_type(":Grant")
        if grant.plain("objectType") == "database" and grant.plain("privileges") == ["CONNECT"]
    ]
    assert sorted(connect) == [
        ("tenant_department_store", "tenant_department_store_reader"),
        ("tenantry", "tenantry_pool_reader"),
        ("tenantry", "tenantry_tenants"),
    ]


def test_tables_made_later_are_covered_one_row_of_defaults_after_the_other(graph: Graph) -> None:
    defaults = [node for node in graph.of_type(":DefaultPrivileges") if node.plain("schema") == "tenant_book_store"]
    assert {(node.plain("role"), node.plain("objectType")): node.plain("privileges") for node in defaults} == {
        ("tenant_book_store_reader", "table"): ["SELECT"],
        ("tenant_book_store_app", "table"): ["INSERT", "UPDATE", "DELETE"],
        ("tenant_book_store_app", "sequence"): ["USAGE", "SELECT"],
    }
    assert all(node.plain("owner") == "tenant_book_store_owner" for node in defaults)
    first, second = (graph.named(f"tenant-book-store-data-{what}-defaults") for what in ("read-table", "table"))
    assert graph.reaches(second, first)


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
