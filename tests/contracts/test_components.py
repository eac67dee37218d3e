"""Promises that every component keeps."""

import json

import pytest

from infra.naming import POSTGRESQL_NAME_BYTES
from infra.sandbox.plugins.values import has_secret, reveal
from tests.examples import environment_graph
from tests.harness import Graph

KUBERNETES_NAME_LENGTH = 63  # RFC 1123 label


@pytest.fixture(scope="module")
def graph() -> Graph:
    return environment_graph()


def test_every_resource_has_a_chain_of_parents_that_ends_in_a_component(graph: Graph) -> None:
    for node in graph.nodes.values():
        if node.type.startswith("pulumi:providers:"):
            continue
        top = node
        while top.parent in graph.nodes:
            top = graph.nodes[top.parent]
        assert top.type.startswith("tenantry:"), f"{node.name} stands outside every component"
        assert node.name.startswith(top.name), f"{node.name} does not carry the name of {top.name}"


def test_every_component_registers_outputs(graph: Graph) -> None:
    components = [node for node in graph.nodes.values() if not node.custom]
    assert components
    for node in components:
        assert node.outputs, f"{node.name} registered no outputs"


def test_no_logical_name_holds_the_environment(graph: Graph) -> None:
    assert not [node.name for node in graph.nodes.values() if "mocked" in node.name]


def test_every_resource_uses_a_declared_provider(graph: Graph) -> None:
    for node in graph.nodes.values():
        package = node.type.partition(":")[0]
        if node.custom and package in ("kubernetes", "postgresql"):
            assert f"pulumi:providers:{package}" in node.provider, f"{node.name} uses an ambient provider"


def test_names_are_within_the_limits_of_their_servers(graph: Graph) -> None:
    for node in graph.nodes.values():
        if node.type.startswith("postgresql:") and "name" in node.inputs:
            assert len(node.plain("name").encode()) <= POSTGRESQL_NAME_BYTES
        if node.type.startswith("kubernetes:"):
            assert len(node.plain("metadata").get("name", node.name + "-00000000")) <= KUBERNETES_NAME_LENGTH


def test_kubernetes_objects_carry_the_recommended_labels(graph: Graph) -> None:
    for kind in (":Deployment", ":Service", ":Namespace", ":Secret", ":ConfigMap"):
        for node in graph.of_type(kind):
            if node.type.startswith("kubernetes:"):
                assert node.plain("metadata", "labels", "app.kubernetes.io/part-of") == "tenantry", node.name


def test_no_password_is_anywhere_but_in_a_secret(graph: Graph) -> None:
    holders = []
    for node in graph.nodes.values():
        plain = {key: value for key, value in node.inputs.items() if not has_secret(value)}
        assert "password-of-" not in json.dumps(reveal(plain)), f"{node.name} shows a password"
        assert "password-of-" not in json.dumps(reveal(dict(node.outputs or {}))), f"{node.name} outputs a password"
        if "password-of-" in json.dumps(reveal(dict(node.inputs))):
            holders.append(node.type.rpartition(":")[2])
    assert sorted(holders) == ["Role"] * 3 + ["Secret"] * 3


def test_every_namespace_denies_ingress_and_enforces_the_restricted_standard(graph: Graph) -> None:
    denied = {node.plain("metadata", "namespace") for node in graph.of_type(":NetworkPolicy")}
    for node in graph.of_type(":Namespace"):
        if node.type.startswith("kubernetes:"):
            assert node.plain("metadata", "labels", "pod-security.kubernetes.io/enforce") == "restricted"
            assert node.plain("metadata", "name") in denied


def test_images_are_named_by_digest(graph: Graph) -> None:
    for node in graph.of_type(":Deployment"):
        for container in node.plain("spec", "template", "spec", "containers"):
            assert "@sha256:" in container["image"]
