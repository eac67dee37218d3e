"""Each service has one file of flags, and a changed flag changes that file and nothing else."""

import json
from typing import Any

import pytest

from tests.examples import environment_graph
from tests.harness import Graph, Node

FLAGS = {
    "ai_forecasting": {"on": True, "plans": ["pro", "enterprise"]},
    "wishlist": {"on": True, "plans": ["free"], "services": ["storefront"]},
    "new_invoices": {"on": True, "services": ["api"], "rolls": ["api"]},
}


def declare(raw: dict[str, Any]) -> None:
    """Give two services three flags, and a tenant one against its plan."""
    raw["services"]["api"] = {**raw["services"]["storefront"], "port": 3001}
    raw["flags"] = {name: dict(flag) for name, flag in FLAGS.items()}
    raw["tenants"][1]["features"] = {"ai_forecasting": True}


def graph_with(name: str = "wishlist", **changes: Any) -> Graph:
    """Return the graph, one of the flags changed."""

    def change(raw: dict[str, Any]) -> None:
        declare(raw)
        raw["flags"].setdefault(name, {}).update(changes)

    return environment_graph(change)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return environment_graph(declare)


def told(graph: Graph, service: str) -> dict[str, Any]:
    """Return what a service reads."""
    document: dict[str, Any] = json.loads(graph.named(f"flags-{service}").plain("data", "flags.json"))
    return document


def changed(before: Graph, after: Graph) -> set[str]:
    """Return the names of resources that are not in both graphs with the same inputs."""

    def inputs(graph: Graph) -> dict[str, Any]:
        return {node.name: node.plain() for node in graph.nodes.values() if node.custom}

    one, other = inputs(before), inputs(after)
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def deployments(graph: Graph, service: str) -> list[Node]:
    return [node for node in graph.of_type(":Deployment") if node.name in (f"{service}-blue", f"{service}-green")]


def test_a_service_reads_its_flags_and_no_others(graph: Graph) -> None:
    assert told(graph, "storefront")["flags"] == {
        "ai_forecasting": {"on": True, "plans": ["enterprise", "pro"], "tenants": {"corner-shop": True}},
        "wishlist": {"on": True, "plans": ["free"], "tenants": {}},
    }
    assert told(graph, "api")["flags"].keys() == {"ai_forecasting", "new_invoices"}


def test_the_file_has_a_name_that_never_changes_and_says_its_version(graph: Graph) -> None:
    for service in ("storefront", "api"):
        metadata = graph.named(f"flags-{service}").plain("metadata")
        assert metadata["name"] == f"{service}-flags"
        assert metadata["annotations"]["tenantry.dev/flags-version"] == told(graph, service)["version"]
    assert told(graph, "storefront")["version"] != told(graph, "api")["version"]


def test_a_changed_flag_changes_the_files_of_its_readers_and_rolls_no_pod(graph: Graph) -> None:
    assert changed(graph, graph_with("wishlist", plans=["free", "pro"])) == {"flags-storefront"}
    assert changed(graph, graph_with("ai_forecasting", on=False)) == {"flags-storefront", "flags-api"}


def test_a_new_flag_rolls_no_pod(graph: Graph) -> None:
    assert changed(graph, graph_with("compare", on=True)) == {"flags-storefront", "flags-api"}
    assert changed(graph, graph_with("compare", services=["storefront"])) == {"flags-storefront"}


def test_a_flag_that_says_so_rolls_the_pods_that_it_names(graph: Graph) -> None:
    after = graph_with("new_invoices", on=False)
    assert changed(graph, after) == {"flags-api", "api-blue", "api-green"}
    for node in deployments(after, "api"):
        assert graph.named(node.name).plain("spec", "template") != node.plain("spec", "template")


def test_a_tenants_exception_to_a_flag_that_rolls_is_a_change_of_it(graph: Graph) -> None:
    def change(raw: dict[str, Any]) -> None:
        declare(raw)
        raw["tenants"][0]["features"] = {"new_invoices": True}

    assert changed(graph, environment_graph(change)) == {"flags-api", "api-blue", "api-green"}


def test_pods_wait_for_the_file_that_they_read(graph: Graph) -> None:
    for service in ("storefront", "api"):
        assert deployments(graph, service)
        for node in deployments(graph, service):
            assert graph.reaches(node, graph.named(f"flags-{service}"))


def test_pods_find_their_flags_as_a_file_of_a_folder(graph: Graph) -> None:
    for node in deployments(graph, "api"):
        pod = node.plain("spec", "template", "spec")
        (volume,) = [one["name"] for one in pod["volumes"] if one.get("configMap", {}).get("name") == "api-flags"]
        (container,) = pod["containers"]
        (mount,) = [one for one in container["volumeMounts"] if one["name"] == volume]
        # With a subPath it would never change.
        assert mount == {"name": volume, "mountPath": "/etc/tenantry/flags", "readOnly": True}


def test_a_platform_without_flags_declares_nothing_for_them() -> None:
    graph = environment_graph(lambda raw: raw.pop("flags", None))
    assert not [node.name for node in graph.nodes.values() if node.name.startswith("flags")]
