"""The composition: what the stack exports, and what the registry tells services."""

import json

from tests.examples import environment_graph


def test_the_stack_exports_where_everything_is() -> None:
    exports = environment_graph().exports
    assert exports["services"] == {"storefront": {"service": "storefront", "active": "blue"}}
    assert exports["tenants"]["department-store"] == {
        "isolation": "database",
        "state": "active",
        "plan": "enterprise",
        "database": "tenant_department_store",
        "schema": "shop",
        "role": "tenant_department_store_app",
    }


def test_the_registry_names_each_tenants_place_and_nothing_secret() -> None:
    data = environment_graph().named("registry-tenants").plain("data")
    assert {slug: json.loads(entry)["isolation"] for slug, entry in data.items()} == {
        "corner-shop": "pool",
        "book-store": "schema",
        "department-store": "database",
    }
    assert "password" not in json.dumps(data)


def test_connections_verify_the_server() -> None:
    graph = environment_graph()
    urls = graph.exports["connections"]
    assert urls.keys() == {"book-store", "department-store"}, "a pool tenant has none of its own"
    pool = graph.exports["pool_connection"]
    assert pool.startswith("postgresql://tenantry_pool_app:")
    assert all(url.endswith("?sslmode=verify-full") for url in (*urls.values(), pool))
    assert {"connections", "pool_connection"} <= graph.secret_exports


def test_a_stack_without_tenants_or_services_is_whole() -> None:
    def emptied(raw: dict[str, object]) -> None:
        raw["tenants"] = []
        raw["services"] = {}

    graph = environment_graph(emptied)
    assert graph.named("registry-tenants").plain("data") == {}
    assert not graph.of_type(":Deployment")
