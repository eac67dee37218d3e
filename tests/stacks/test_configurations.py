"""Configurations in the composition: which are there, who has which, and what a tenant's step to another changes."""

import json
from typing import Any

from infra.sandbox.plugins.values import reveal
from tests.examples import environment_graph
from tests.harness import Graph

OLD: dict[str, Any] = {"settings": {"compare": False}}
NEW: dict[str, Any] = {"settings": {"compare": True}}


def configured(pins: dict[str, str], **versions: Any) -> Graph:
    """Return an environment whose default version is `new`.

    Args:
        pins: slug -> version.
        versions: what they say.
    """

    def change(raw: dict[str, Any]) -> None:
        raw["tenancy"] = {"configuration": "new"}
        raw["configurations"] = {"old": OLD, "new": NEW, **versions}
        for tenant in raw["tenants"]:
            if tenant["slug"] in pins:
                tenant["configuration"] = pins[tenant["slug"]]

    return environment_graph(change)


def leads(graph: Graph) -> dict[str, str | None]:
    """Return which file the registry leads each tenant to."""
    data = graph.named("registry-tenants").plain("data")
    return {slug: json.loads(entry).get("configuration") for slug, entry in data.items()}


def files(graph: Graph) -> dict[str, Any]:
    """Return what the files with configurations say, by name."""
    found = [node for node in graph.of_type(":ConfigMap") if node.plain("metadata", "name") == "configurations"]
    return {name: json.loads(text) for node in found for name, text in node.plain("data").items()}


def folders(graph: Graph) -> dict[str, Any]:
    """Return where the storefront's pods have which ConfigMap as a folder."""
    pod = graph.named("storefront-blue").plain("spec", "template", "spec")
    named = {volume["name"]: volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume}
    return {
        mount["mountPath"]: named[mount["name"]]
        for mount in pod["containers"][0]["volumeMounts"]
        if mount["name"] in named
    }


def test_services_find_each_tenants_version_by_the_registry() -> None:
    graph = configured({"book-store": "old"})
    names, found = leads(graph), files(graph)
    assert found.keys() == set(names.values())
    compare = {slug: found[name]["settings"]["compare"] for slug, name in names.items() if name}
    assert compare == {"corner-shop": True, "book-store": False, "department-store": True}
    assert folders(graph)["/etc/tenantry/configurations"] == "configurations"
    made = graph.named("configurations-files")
    assert graph.reaches(graph.named("registry-tenants"), made), "nobody is led to what is not there yet"


def test_one_tenants_step_to_another_version_changes_that_tenants_key_and_nothing_else() -> None:
    before = configured({"book-store": "old"})
    after = configured({"book-store": "old", "corner-shop": "old"})
    changed = {
        node.name
        for node in after.nodes.values()
        if node.urn not in before.nodes or reveal(before.nodes[node.urn].inputs) != reveal(node.inputs)
    }
    assert changed == {"registry-tenants"}
    assert after.nodes.keys() == before.nodes.keys()
    old, new = leads(before), leads(after)
    assert {slug for slug in old if old[slug] != new[slug]} == {"corner-shop"}
    assert new["corner-shop"] == old["book-store"]


def test_a_published_version_that_says_something_else_is_another_file_and_rolls_no_pod() -> None:
    before, after = configured({}), configured({}, new={"settings": {"compare": True, "cart": False}})
    assert len(files(before)) == len(files(after)) == 1
    assert not files(before).keys() & files(after).keys()
    assert set(leads(after).values()) == files(after).keys()
    assert before.named("storefront-blue").plain() == after.named("storefront-blue").plain()


def test_versions_that_nobody_has_and_stacks_that_name_none_declare_nothing() -> None:
    assert len(files(configured({}))) == 1
    assert files(environment_graph()) == {}
    assert set(leads(environment_graph()).values()) == {None}
