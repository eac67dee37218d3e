"""The copy of a bucket in another region: what is copied, and what the role that copies can do."""

import json
from typing import Any

import pytest

from components.bucket import Bucket, BucketArgs
from components.bucket_replication import BucketReplication, BucketReplicationArgs
from tests.harness import Graph, graph_of

SOURCE = "arn:aws:s3:::uploads-objects-bucket"
COPY = "arn:aws:s3:::uploads-copy-objects-bucket"
KEYS = "arn:aws:kms:eu-central-1:123456789012:key/"  # the mocks know one region


def replication(*, deletions: bool = True) -> Graph:
    def declare() -> None:
        source = Bucket("uploads", BucketArgs())
        copy = Bucket("uploads-copy", BucketArgs(region="eu-west-1"))
        args = BucketReplicationArgs(source=source, copy=copy, copy_region="eu-west-1", deletions=deletions)
        BucketReplication("uploads-replication", args)

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return replication()


def rule(graph: Graph) -> dict[str, Any]:
    (found,) = graph.named("uploads-replication-rule").plain("rules")
    return dict(found)


def statements(graph: Graph) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(graph.named("uploads-replication-rights-policy").plain("policy"))[
        "Statement"
    ]
    return found


def test_every_object_is_copied_those_under_keys_of_kms_too(graph: Graph) -> None:
    assert rule(graph)["status"] == "Enabled"
    assert rule(graph)["filter"] == {}
    assert rule(graph)["sourceSelectionCriteria"] == {"sseKmsEncryptedObjects": {"status": "Enabled"}}


def test_copies_are_under_the_key_of_their_region(graph: Graph) -> None:
    destination = rule(graph)["destination"]
    assert destination["bucket"] == COPY
    key = destination["encryptionConfiguration"]["replicaKmsKeyId"]
    assert key == f"{KEYS}uploads-copy-encryption-key"
    assert graph.named("uploads-copy-encryption-key").plain("region") == "eu-west-1"


def test_copies_are_made_within_the_recovery_point_and_it_is_told_when_not(graph: Graph) -> None:
    destination = rule(graph)["destination"]
    assert destination["replicationTime"] == {"status": "Enabled", "time": {"minutes": 15}}
    assert destination["metrics"] == {"status": "Enabled", "eventThreshold": {"minutes": 15}}


def test_deletions_are_copied_unless_the_copy_is_there_to_outlive_them(graph: Graph) -> None:
    kept = replication(deletions=False)
    assert rule(graph)["deleteMarkerReplication"] == {"status": "Enabled"}
    assert rule(kept)["deleteMarkerReplication"] == {"status": "Disabled"}
    actions = {action for part in statements(kept) for action in part["Action"]}
    assert not [action for action in actions if "Delete" in action]


def test_copying_waits_for_old_versions_on_both_sides_and_for_its_rights(graph: Graph) -> None:
    waiting = graph.named("uploads-replication-rule")
    for goal in ("uploads-versions", "uploads-copy-versions", "uploads-replication-rights-attachment"):
        assert graph.reaches(waiting, graph.named(goal)), goal


def test_s3_alone_assumes_the_role_by_the_trust_that_its_guide_shows(graph: Graph) -> None:
    (trust,) = json.loads(graph.named("uploads-replication-role").plain("assumeRolePolicy"))["Statement"]
    assert trust == {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": "s3.amazonaws.com"}}


def test_the_role_reads_the_source_and_writes_copies_and_nothing_else(graph: Graph) -> None:
    assert [(part["Effect"], part["Action"], part["Resource"]) for part in statements(graph)] == [
        ("Allow", ["s3:GetReplicationConfiguration", "s3:ListBucket"], [SOURCE]),
        (
            "Allow",
            ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
            [f"{SOURCE}/*"],
        ),
        ("Allow", ["s3:ReplicateObject", "s3:ReplicateTags", "s3:ReplicateDelete"], [f"{COPY}/*"]),
        ("Allow", ["kms:Decrypt"], [f"{KEYS}uploads-encryption-key"]),
        ("Allow", ["kms:Encrypt", "kms:GenerateDataKey"], [f"{KEYS}uploads-copy-encryption-key"]),
    ]


def test_the_role_uses_each_key_through_s3_of_its_region_alone(graph: Graph) -> None:
    conditions = [part["Condition"] for part in statements(graph) if part["Action"][0].startswith("kms:")]
    assert conditions == [
        {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}},
        {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
    ]


def test_the_copy_is_as_closed_as_the_first(graph: Graph) -> None:
    for kind in ("BucketPublicAccessBlock", "BucketPolicy", "BucketOwnershipControls", "BucketVersioning"):
        first, copy = sorted(graph.of_type(f":{kind}"), key=lambda node: "copy" in node.name)
        assert copy.plain("region") == "eu-west-1"
        assert first.inputs.keys() == copy.inputs.keys() - {"region"}
