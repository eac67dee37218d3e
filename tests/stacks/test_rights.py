"""What services may do with buckets and queues: how their pods and jobs know of them, and what waits for what."""

import copy
import json
from typing import Any

import pytest

from tests.effects.policies import ROLE, own_policies
from tests.examples import declared_graph, with_jobs
from tests.harness import Graph

USES: dict[str, Any] = {"buckets": {"uploads": "read_write", "exports": "write"}, "queues": {"mail": "send"}}
KNOWN = {
    "BUCKET_UPLOADS": "uploads-objects-bucket-1a2b3c4",
    "BUCKET_EXPORTS": "exports-objects-bucket-1a2b3c4",
    "QUEUE_MAIL_URL": "https://sqs.example.invalid/queue-mail-messages",
    "AWS_REGION": "eu-central-1",
}
GRANTS = ("uploads-storefront-reads", "uploads-storefront-writes", "exports-storefront-writes")


def graph(**uses: Any) -> Graph:
    """Return an environment of a service with jobs that uses these."""

    def change(raw: dict[str, Any]) -> None:
        with_jobs(raw)
        raw["services"]["storefront"] |= copy.deepcopy(uses)
        image = {"blue": {"image": "registry.tenantry.invalid/worker@sha256:" + "3" * 64}}
        raw["services"]["worker"] = {"port": None, "active": "blue", "database_connections": 0, "slots": image}

    return declared_graph(change)


@pytest.fixture(scope="module")
def declared() -> Graph:
    return graph(**USES)


def pod(graph: Graph, name: str) -> dict[str, Any]:
    """Return the pods of a Deployment, a Job or a CronJob."""
    spec = graph.named(name).plain("spec")
    found: dict[str, Any] = spec.get("jobTemplate", {}).get("spec", spec)["template"]["spec"]
    return found


def environment(graph: Graph, name: str) -> dict[str, str]:
    """Return the plain configuration of such pods."""
    maps = {
        node.plain().get("metadata", {}).get("name", f"{node.name}-1a2b3c4d"): node.plain("data")
        for node in graph.of_type(":ConfigMap")
    }
    (container,) = pod(graph, name)["containers"]
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        if "configMapRef" in source:
            found |= maps[source["configMapRef"]["name"]]
    return found


@pytest.mark.parametrize(
    "pods",
    ["storefront-blue", "storefront-green", "job-expire-sessions-schedule", "storefront-warm-job",
     "storefront-migrate-job"],
)  # fmt: skip
def test_pods_and_jobs_of_a_service_know_its_buckets_and_queues_and_the_region(declared: Graph, pods: str) -> None:
    assert environment(declared, pods) == {"LEVEL": "info", **KNOWN}
    assert pod(declared, pods)["serviceAccountName"] == "storefront"


def test_a_service_that_uses_nothing_knows_nothing_and_its_role_may_do_nothing(declared: Graph) -> None:
    assert environment(declared, "worker-blue") == {}
    assert own_policies(declared, declared.named("cluster-pods-worker-role")) == []


def test_no_pod_of_a_service_starts_before_it_has_its_rights(declared: Graph) -> None:
    for pods in ("storefront-blue", "storefront-migrate-job", "job-expire-sessions-schedule"):
        for grant in (*GRANTS, "queue-mail-storefront-sends"):
            assert declared.reaches(declared.named(pods), declared.named(f"{grant}-policy")), (pods, grant)


def test_rights_are_of_the_services_own_role(declared: Graph) -> None:
    policies = {node.name: node.plain("role") for node in declared.of_type("iam/rolePolicy:RolePolicy")}
    assert policies == {
        f"{grant}-policy": "cluster-pods-storefront-role-1a2b3c4" for grant in (*GRANTS, "queue-mail-storefront-sends")
    }


def test_what_aws_has_of_a_service_waits_for_nothing_in_kubernetes(declared: Graph) -> None:
    kubernetes = [node for node in declared.nodes.values() if node.type.startswith("kubernetes:")]
    ours = [declared.named(f"{grant}-policy") for grant in GRANTS]
    ours.append(declared.named("cluster-pods-storefront-association"))
    assert len(kubernetes) > 20
    waited = [(one.name, node.name) for one in ours for node in kubernetes if declared.reaches(one, node)]
    assert waited == []


def test_one_more_bucket_rolls_the_pods_that_use_it_and_no_other(declared: Graph) -> None:
    more = graph(**{**USES, "buckets": {**USES["buckets"], "assets": "read"}})
    # A ConfigMap that cannot change has another name, which is in the template of its pods.
    assert declared.named("storefront-environment").plain("immutable") is True
    before, after = (found.named("storefront-environment").plain("data") for found in (declared, more))
    assert after == {**before, "BUCKET_ASSETS": "assets-objects-bucket-1a2b3c4"}
    assert pod(declared, "worker-blue") == pod(more, "worker-blue")


def test_a_migration_is_not_run_again_for_one_more_bucket(declared: Graph) -> None:
    more = graph(**{**USES, "buckets": {**USES["buckets"], "assets": "read"}})
    job = "storefront-migrate-job"
    assert declared.named(job).plain("spec", "template") == more.named(job).plain("spec", "template")


@pytest.mark.parametrize(
    ("uses", "there"),
    [({"queues": {"mail": "consume"}}, True), ({"buckets": {"uploads": "read"}}, False), ({}, False)],
    ids=["queue", "bucket", "nothing"],
)
def test_there_is_an_endpoint_for_queues_where_a_service_uses_one(uses: dict[str, Any], there: bool) -> None:
    endpoints = {node.plain("serviceName").rpartition(".")[2] for node in graph(**uses).of_type(":VpcEndpoint")}
    assert ("sqs" in endpoints) == there


def test_all_rights_that_settings_allow_have_room_in_a_role() -> None:
    long = [f"{letter * 40}" for letter in "abcd"]

    def change(raw: dict[str, Any]) -> None:
        every = dict.fromkeys(("uploads", "exports", "assets", "backups"), "read_write")
        raw["services"]["storefront"] |= {"buckets": every, "queues": dict.fromkeys(long, "both")}
        raw["queues"] = {name: {} for name in long}

    found = declared_graph(change)
    (role,) = [node for node in found.of_type(ROLE) if node.name == "cluster-pods-storefront-role"]
    documents = own_policies(found, role)
    assert len(documents) == 16
    # IAM counts no white space; names and regions here are up to 40 characters shorter than AWS's longest, in 4 places.
    sizes = [len(json.dumps(document, separators=(",", ":"))) + 4 * 40 for document in documents]
    assert max(sizes) < 10_240 / 16
    assert sum(sizes) < 10_240
