"""An environment on another one's backup: what came with the backup is used as it is, and not made again."""

from typing import Any

import pulumi
import pytest

from infra.sandbox.plugins.values import has_secret
from tests.examples import declared_graph
from tests.harness import Graph, Node


@pytest.fixture(scope="module")
def graph() -> Graph:
    return declared_graph(lambda raw: raw["database"].update(restore={"stack": "production"}))


def in_server(graph: Graph) -> list[Node]:
    """Return what is made inside of the PostgreSQL server."""
    return [node for node in graph.nodes.values() if node.type.startswith("postgresql:")]


def test_nothing_is_made_in_a_server_that_came_with_all_of_it(graph: Graph) -> None:
    assert in_server(graph) == []
    drawn = {node.name for node in graph.of_type(":RandomPassword")}
    assert not [name for name in drawn if name.startswith(("tenant-", "tenants-"))]
    assert len(in_server(declared_graph())) > 20, "otherwise there is much to make"


def test_everybody_logs_in_as_the_roles_of_the_backup_with_their_passwords(graph: Graph) -> None:
    found = {node.name: node for node in graph.of_type("v1:Secret") if "DATABASE_URL" in node.plain("stringData")}
    assert len(found) == 3
    for name, role in (
        ("tenants-pool-credentials", "tenantry_pool_app"),
        ("tenant-book-store-data-credentials", "tenant_book_store_app"),
        ("tenant-department-store-data-credentials", "tenant_department_store_app"),
    ):
        url = found[name].plain("stringData")["DATABASE_URL"]
        assert url.startswith(f"postgresql://{role}:password of {role}@database.rds.example.invalid:5432/")
        assert has_secret(found[name].inputs["stringData"])


def test_its_outputs_are_those_of_any_environment(graph: Graph) -> None:
    other = declared_graph()
    assert graph.exports.keys() == other.exports.keys()
    assert graph.exports["tenants"] == other.exports["tenants"]


def test_the_passwords_of_an_environment_are_an_output_for_those_who_restore_it(graph: Graph) -> None:
    assert "database_logins" in graph.secret_exports
    logins = declared_graph().exports["database_logins"]
    assert logins["tenantry_pool_app"] == "password-of-tenants-pool-password"
    assert len(logins) == 3


def test_a_tenant_that_the_backup_does_not_have_is_refused_by_its_role() -> None:
    def add(raw: dict[str, Any]) -> None:
        raw["database"]["restore"] = {"stack": "production"}
        raw["tenants"].append({"slug": "new-shop", "plan": "pro"})

    with pytest.raises(pulumi.RunError, match="the backup has no role tenant_new_shop_app; declare only tenants that"):
        declared_graph(add)
