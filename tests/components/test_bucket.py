"""The bucket: closed, encrypted, versioned, and who may do what with its objects."""

import json
from typing import Any

import pytest
from pulumi_aws.cloudwatch import LogGroup

from components.bucket import Bucket, BucketArgs
from tests.harness import Graph, graph_of

ARN = "arn:aws:s3:::uploads-bucket"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/uploads-encryption-key"


def bucket(args: BucketArgs | None = None) -> Graph:
    def declare() -> dict[str, Any]:
        created = Bucket("uploads", args or BucketArgs())
        created.grant_read("admin", "role-of-admin")
        created.grant_write("api", "role-of-api")
        LogGroup("user", name=created.bucket)
        return {"bucket": created.bucket}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return bucket()


def rights(graph: Graph, grant: str) -> list[tuple[list[str], list[str]]]:
    policy = json.loads(graph.named(f"{grant}-policy").plain("policy"))
    assert {part["Effect"] for part in policy["Statement"]} == {"Allow"}
    return [(part["Action"], part["Resource"]) for part in policy["Statement"]]


def test_nothing_in_it_can_be_made_public(graph: Graph) -> None:
    block = graph.named("uploads-private")
    for guard in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        assert block.plain(guard) is True


def test_plain_http_and_old_tls_are_denied_to_everyone_for_everything(graph: Graph) -> None:
    statements = json.loads(graph.named("uploads-tls").plain("policy"))["Statement"]
    for part in statements:
        assert (part["Effect"], part["Principal"], part["Action"]) == ("Deny", {"AWS": "*"}, ["s3:*"])
        assert part["Resource"] == [ARN, f"{ARN}/*"]
    assert [part["Condition"] for part in statements] == [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    ]


def test_the_policy_waits_for_the_block_of_public_access(graph: Graph) -> None:
    assert graph.reaches(graph.named("uploads-tls"), graph.named("uploads-private"))


def test_objects_are_encrypted_with_a_key_of_our_own(graph: Graph) -> None:
    assert graph.named("uploads-encrypted").plain("rules") == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY},
            "bucketKeyEnabled": True,
        }
    ]


def test_what_is_overwritten_can_be_brought_back_for_30_days(graph: Graph) -> None:
    assert graph.named("uploads-versions").plain("versioningConfiguration") == {"status": "Enabled"}
    rule = graph.named("uploads-lifecycle").plain("rules", 0)
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert graph.reaches(graph.named("uploads-lifecycle"), graph.named("uploads-versions"))


def test_objects_move_to_infrequent_access_after_30_days_and_stay(graph: Graph) -> None:
    rule = graph.named("uploads-lifecycle").plain("rules", 0)
    assert rule["status"] == "Enabled"
    assert rule["transitions"] == [{"days": 30, "storageClass": "STANDARD_IA"}]
    assert rule["filter"] == {}
    assert "expiration" not in rule


def test_objects_can_be_given_an_end() -> None:
    rule = bucket(BucketArgs(expire_after_days=730)).named("uploads-lifecycle").plain("rules", 0)
    assert rule["expiration"] == {"days": 730}


def test_a_reader_reads_and_changes_nothing(graph: Graph) -> None:
    assert rights(graph, "uploads-admin-reads") == [
        (["s3:ListBucket"], [ARN]),
        (["s3:GetObject", "s3:GetObjectVersion"], [f"{ARN}/*"]),
        (["kms:Decrypt"], [KEY]),
    ]
    assert graph.named("uploads-admin-reads-attachment").plain("role") == "role-of-admin"


def test_a_writer_can_neither_read_objects_nor_destroy_old_versions(graph: Graph) -> None:
    assert rights(graph, "uploads-api-writes") == [
        (["s3:ListBucket"], [ARN]),
        (["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], [f"{ARN}/*"]),
        (["kms:GenerateDataKey", "kms:Decrypt"], [KEY]),
    ]
    assert graph.named("uploads-api-writes-attachment").plain("role") == "role-of-api"


def test_it_is_protected_from_deletion_unless_told_otherwise(graph: Graph) -> None:
    assert graph.named("uploads-bucket").protect
    assert graph.named("uploads-bucket").plain("forceDestroy") is False
    loose = bucket(BucketArgs(protect=False))
    assert not loose.named("uploads-bucket").protect
    assert not loose.named("uploads-encryption-key").protect
    assert loose.named("uploads-bucket").plain("forceDestroy") is True


def test_its_name_is_given_out_once_nothing_public_can_be_put_in_it(graph: Graph) -> None:
    assert graph.exports["bucket"] == "uploads-bucket-1a2b3c4"
    assert graph.reaches(graph.named("user"), graph.named("uploads-private"))
