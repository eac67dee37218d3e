"""Nothing of one tenant refers to another: by what it waits for, and by what it says.

The proof is over the graph that the program declares, for two tenants of each isolation and all of their pairs.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pulumi
import pytest

from components import schema_tenant
from components.isolated_schema import IsolatedObjects, IsolatedSchemaArgs
from components.schema_tenant import SchemaTenant, SchemaTenantArgs
from infra.naming import reader_role, tenant_schema
from infra.sandbox.plugins.values import reveal
from stacks import tenants
from tests.examples import TOOLS_IMAGE, declared_graph, declared_settings, raw_declared_settings
from tests.harness import Graph, Node, graph_of

PLANS = {
    "corner-shop": "free",
    "tea-house": "free",
    "book-store": "pro",
    "garden-tools": "pro",
    "department-store": "enterprise",
    "airport-mall": "enterprise",
}
PAIRS = list(permutations(PLANS, 2))
ALONE = ("department-store", "airport-mall")


def six(raw: dict[str, Any]) -> None:
    raw["tenants"] = [{"slug": slug, "plan": plan} for slug, plan in PLANS.items()]


@pytest.fixture(scope="module")
def graph() -> Graph:
    return declared_graph(six)


@pytest.fixture(scope="module")
def served_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """The same with hosts and a pooler, which waits for all tenants' roles; some have a storefront of their own."""

    def own(raw: dict[str, Any]) -> None:
        six(raw)
        raw["database"]["pooler"] = {"image": TOOLS_IMAGE}
        raw["dns"] = {"zone": "shop.example.com"}
        raw["services"]["storefront"] |= {"tenant_hosts": True, "environment": {"LEVEL": "info"}}
        for tenant in raw["tenants"]:
            if tenant["slug"] in ALONE:
                tenant["services"] = ["storefront"]

    authority = tmp_path_factory.mktemp("authority") / "authority.pem"
    authority.write_text("an authority\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGSSLROOTCERT", str(authority))
        yield declared_graph(own)


def below(graph: Graph, slug: str) -> list[Node]:
    """Return a tenant's component and everything under it; nothing for a pool tenant."""
    found = [node for node in graph.nodes.values() if node.name == f"tenant-{slug}"]
    for node in found:
        found.extend(child for child in graph.nodes.values() if child.parent == node.urn)
    return found


def waited_for(graph: Graph, nodes: Sequence[Node]) -> set[str]:
    """Return the URNs that any of these waits for, directly or through others."""
    seen: set[str] = set()
    waiting = [urn for node in nodes for urn in node.dependencies]
    while waiting:
        urn = waiting.pop()
        if urn not in seen and urn in graph.nodes:
            seen.add(urn)
            waiting.extend(graph.nodes[urn].dependencies)
    return seen


def crossings(graph: Graph, slug: str, other: str) -> list[str]:
    """Return what of one tenant refers to another, and how."""
    own = below(graph, slug)
    others = {node.urn for node in below(graph, other)}
    found = [f"{slug} waits for {graph.nodes[urn].name}" for urn in waited_for(graph, own) & others]
    names = (other, other.replace("-", "_"))
    for node in own:
        text = json.dumps([node.name, reveal(dict(node.inputs)), reveal(dict(node.outputs or {})), node.provider])
        found += [f"{node.name} names {name}" for name in names if name in text]
    return sorted(found)


@pytest.mark.parametrize(("slug", "other"), PAIRS)
def test_nothing_under_a_tenant_refers_to_another(graph: Graph, slug: str, other: str) -> None:
    assert crossings(graph, slug, other) == []


@pytest.mark.parametrize(("slug", "other"), PAIRS)
def test_nor_does_a_service_of_its_own(served_alone: Graph, slug: str, other: str) -> None:
    assert crossings(served_alone, slug, other) == []
    assert [len(below(served_alone, one)) for one in ALONE] == [28, 28]


def test_what_is_proved_is_about_resources(graph: Graph) -> None:
    assert {slug: len(below(graph, slug)) for slug in PLANS} == {
        "corner-shop": 0,
        "tea-house": 0,
        "book-store": 13,
        "garden-tools": 13,
        "department-store": 22,
        "airport-mall": 22,
    }
    for slug in ("book-store", "airport-mall"):
        assert any(slug.replace("-", "_") in json.dumps(reveal(dict(node.inputs))) for node in below(graph, slug))
        assert len(waited_for(graph, below(graph, slug))) > 5


def test_a_tenant_that_waits_for_another_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[pulumi.Resource] = []

    class Waiting(SchemaTenant):
        def __init__(self, name: str, args: SchemaTenantArgs, opts: pulumi.ResourceOptions) -> None:
            super().__init__(name, args, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=made)))
            made.extend(self.last)

    monkeypatch.setattr(tenants, "SchemaTenant", Waiting)
    graph = _declared()
    assert "garden-tools waits for tenant-book-store-data-credentials" in crossings(graph, "garden-tools", "book-store")
    assert crossings(graph, "book-store", "garden-tools") == []


def test_a_tenant_that_is_let_in_as_another_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def objects(name: str, args: IsolatedSchemaArgs, opts: pulumi.ResourceOptions) -> IsolatedObjects:
        neighbour = reader_role(tenant_schema("book-store"))
        return IsolatedObjects(name, replace(args, connects_as=neighbour), opts)

    monkeypatch.setattr(schema_tenant, "IsolatedObjects", objects)
    found = crossings(_declared(), "garden-tools", "book-store")
    assert found == ["tenant-garden-tools-data-app names book_store"]


def _declared() -> Graph:
    """Return the graph anew: `declared_graph` keeps what it has made."""
    assert raw_declared_settings(six)["tenants"]
    from stacks.environment import deploy

    return graph_of(lambda: deploy(declared_settings(six)))
