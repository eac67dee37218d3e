"""Promises that every pod keeps, whatever it is of: what a Deployment, a Job or a CronJob makes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.examples import declared_graph, environment_graph, with_jobs
from tests.harness import Graph


# With a job of each kind; all brought, and all declared.
@pytest.fixture(scope="module", params=[environment_graph, declared_graph], ids=["platform", "declared"])
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.param(with_jobs)
    return made


def templates(graph: Graph) -> Iterator[tuple[str, Any]]:
    """Return the name of everything that makes pods, and the template of those."""
    for kind in (":Deployment", ":Job", ":CronJob"):
        for node in graph.of_type(kind):
            spec = node.plain("spec")
            yield node.name, spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]


def test_there_are_pods_of_every_kind(graph: Graph) -> None:
    assert {"storefront-blue", "storefront-migrate-job", "storefront-warm-job", "job-vacuum-schedule"} <= {
        name for name, _ in templates(graph)
    }


def test_every_pod_obeys_the_restricted_standard(graph: Graph) -> None:
    for name, template in templates(graph):
        pod = template["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            security = container["securityContext"]
            assert security["allowPrivilegeEscalation"] is False, name
            assert security["capabilities"] == {"drop": ["ALL"]}, name
            assert security["readOnlyRootFilesystem"] is True, name


def test_every_pod_says_what_it_needs_and_runs_an_image_by_digest(graph: Graph) -> None:
    for name, template in templates(graph):
        for container in template["spec"]["containers"]:
            assert "@sha256:" in container["image"], name
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name
            assert "memory" in container["resources"]["limits"], name


def test_every_pod_says_whose_it_is(graph: Graph) -> None:
    for name, template in templates(graph):
        labels = template["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "tenantry", name
        assert labels["app.kubernetes.io/name"] in name or "job-" in name
