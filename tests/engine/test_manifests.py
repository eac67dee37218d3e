"""Every kind of object that the program declares, as the API server takes it: a dry run under restricted admission."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.paths import BIN
from tests.engine.stack import Stack
from tests.examples import environment_graph, routed_graph, with_jobs
from tests.harness import Graph, Node

# Their definitions come with add-ons of a cluster that the stack declares; here it is brought.
_OF_ADDONS = ("cert-manager.io", "secrets-store.csi.x-k8s.io")


def manifest(node: Node) -> dict[str, Any]:
    """Return an object as it is declared, with a name where the provider gives it one."""
    declared = node.plain()
    metadata = {"name": node.name.replace("_", "-"), **declared["metadata"]}
    return {**declared, "metadata": metadata}


def objects(graph: Graph) -> list[dict[str, Any]]:
    """Return the objects of a graph whose kinds the cluster has."""
    nodes = [node for node in graph.nodes.values() if node.type.startswith("kubernetes:")]
    return [manifest(node) for node in nodes if not node.type.split(":")[1].startswith(_OF_ADDONS)]


def dry_run(stack: Stack, found: list[dict[str, Any]], file: Path) -> tuple[list[str], str]:
    """Return what the API server would have made of objects, by name, and what it says of them."""
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": found}))
    command = [BIN / "kubectl", "--kubeconfig", stack.workspace.instance.kubeconfig, "apply", "--server-side"]
    asked = [*command, "--force-conflicts", "--dry-run=server", "--output=name", "--filename", file]
    finished = subprocess.run(asked, capture_output=True, text=True, check=False)
    return finished.stdout.split(), finished.stderr


@pytest.mark.parametrize(
    ("declare", "kinds"),
    [
        (routed_graph, {"Gateway", "HTTPRoute", "Deployment", "NetworkPolicy", "PodDisruptionBudget"}),
        (lambda: environment_graph(with_jobs), {"CronJob", "Job", "Deployment", "ServiceAccount"}),
    ],
    ids=["routed", "jobs"],
)
def test_the_api_server_takes_every_manifest_and_warns_of_none(
    stack: Stack, declare: Callable[[], Graph], kinds: set[str], tmp_path: Path
) -> None:
    found = objects(declare())
    assert kinds <= {one["kind"] for one in found}
    taken, said = dry_run(stack, found, tmp_path / "objects.json")
    assert said == ""
    assert len(taken) == len(found)


def test_a_pod_that_may_be_root_is_warned_of(stack: Stack, tmp_path: Path) -> None:
    found = [one for one in objects(routed_graph()) if one["kind"] == "Deployment"][:1]
    del found[0]["spec"]["template"]["spec"]["securityContext"]
    _, said = dry_run(stack, found, tmp_path / "objects.json")
    assert "would violate PodSecurity" in said
