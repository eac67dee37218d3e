"""The bucket: closed, encrypted, versioned, and who may do what with its objects."""

import json
from typing import Any

import pytest
from pulumi_aws.cloudwatch import LogGroup

from components.bucket import Bucket, BucketArgs
from components.bucket_lifecycle import Ages
from tests.harness import Graph, graph_of

ARN = "arn:aws:s3:::uploads-objects-bucket"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/uploads-encryption-key"
DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/EXAMPLE"


def bucket(args: BucketArgs | None = None) -> Graph:
    def declare() -> dict[str, Any]:
        created = Bucket("uploads", args or BucketArgs())
        created.grant_read("admin", "role-of-admin")
        created.grant_write("api", "role-of-api")
        if args is not None and args.distributed:
            created.allow_distribution(DISTRIBUTION)
        LogGroup("user", name=created.bucket)
        return {"bucket": created.bucket, "arn": created.arn}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return bucket()


def rights(graph: Graph, grant: str) -> list[tuple[list[str], list[str]]]:
    policy = json.loads(graph.named(f"{grant}-policy").plain("policy"))
    assert {part["Effect"] for part in policy["Statement"]} == {"Allow"}
    return [(part["Action"], part["Resource"]) for part in policy["Statement"]]


def statements(graph: Graph, name: str = "uploads-objects-policy") -> list[Any]:
    found: list[Any] = json.loads(graph.named(name).plain("policy"))["Statement"]
    return found


def lifecycle(ages: Ages) -> dict[str, Any]:
    """Return the rules by their ids."""
    rules = bucket(BucketArgs(ages=ages)).named("uploads-lifecycle").plain("rules")
    return {rule["id"]: rule for rule in rules}


def test_nothing_in_it_can_be_made_public(graph: Graph) -> None:
    block = graph.named("uploads-objects-private")
    for guard in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"):
        assert block.plain(guard) is True


def test_no_object_has_another_owner_or_rights_of_its_own(graph: Graph) -> None:
    assert graph.named("uploads-objects-owner").plain("rule") == {"objectOwnership": "BucketOwnerEnforced"}


def test_plain_http_and_old_tls_are_denied_to_everyone_for_everything(graph: Graph) -> None:
    refused = statements(graph)[:2]
    for part in refused:
        assert (part["Effect"], part["Principal"], part["Action"]) == ("Deny", {"AWS": "*"}, ["s3:*"])
        assert part["Resource"] == [ARN, f"{ARN}/*"]
    assert [part["Condition"] for part in refused] == [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    ]


def test_uploads_under_another_key_are_denied_and_those_that_name_none_get_the_buckets(graph: Graph) -> None:
    another, the_callers = statements(graph)[2:]
    for part in (another, the_callers):
        assert (part["Effect"], part["Principal"], part["Action"]) == ("Deny", {"AWS": "*"}, ["s3:PutObject"])
        assert part["Resource"] == [f"{ARN}/*"]
    # Both conditions must hold: an upload that says nothing of encryption is not refused.
    assert another["Condition"] == {
        "Null": {"s3:x-amz-server-side-encryption": "false"},
        "StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": KEY},
    }
    assert the_callers["Condition"] == {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}}


def test_its_policy_lets_nobody_in(graph: Graph) -> None:
    assert {part["Effect"] for part in statements(graph)} == {"Deny"}


def test_the_policy_waits_for_the_block_of_public_access(graph: Graph) -> None:
    assert graph.reaches(graph.named("uploads-objects-policy"), graph.named("uploads-objects-private"))


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
    (rule,) = graph.named("uploads-lifecycle").plain("rules")
    assert rule["status"] == "Enabled"
    assert rule["transitions"] == [{"days": 30, "storageClass": "STANDARD_IA"}]
    assert rule["filter"] == {}
    assert rule["expiration"] == {"expiredObjectDeleteMarker": True}


def test_objects_can_be_given_an_end() -> None:
    rule = lifecycle(Ages(infrequent_access=None, expire=730))["age"]
    assert rule["expiration"] == {"days": 730}
    assert "transitions" not in rule


def test_objects_below_a_prefix_end_or_are_archived_by_days_of_their_own() -> None:
    rules = lifecycle(Ages(expire_below={"daily/": 30, "pre-migration/": 90}, archive_below={"carts/": 1}))
    assert list(rules) == ["age", "expire-daily", "expire-pre-migration", "archive-carts"]
    ends = {rule["filter"]["prefix"]: rule["expiration"]["days"] for rule in list(rules.values())[1:3]}
    assert ends == {"daily/": 30, "pre-migration/": 90}
    assert rules["archive-carts"]["filter"] == {"prefix": "carts/"}
    assert rules["archive-carts"]["transitions"] == [{"days": 1, "storageClass": "GLACIER_IR"}]
    assert "expiration" not in rules["archive-carts"]


def test_a_reader_reads_and_changes_nothing(graph: Graph) -> None:
    assert rights(graph, "uploads-admin-reads") == [
        (["s3:ListBucket"], [ARN]),
        (["s3:GetObject", "s3:GetObjectVersion"], [f"{ARN}/*"]),
        (["kms:Decrypt"], [KEY]),
    ]
    assert graph.named("uploads-admin-reads-policy").plain("role") == "role-of-admin"


def test_a_writer_can_neither_read_objects_nor_destroy_old_versions(graph: Graph) -> None:
    assert rights(graph, "uploads-api-writes") == [
        (["s3:ListBucket"], [ARN]),
        (["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], [f"{ARN}/*"]),
        (["kms:GenerateDataKey", "kms:Decrypt"], [KEY]),
    ]
    assert graph.named("uploads-api-writes-policy").plain("role") == "role-of-api"


def test_it_is_protected_from_deletion_unless_told_otherwise(graph: Graph) -> None:
    assert graph.named("uploads-objects-bucket").protect
    assert graph.named("uploads-objects-bucket").plain("forceDestroy") is False
    loose = bucket(BucketArgs(protect=False))
    assert not loose.named("uploads-objects-bucket").protect
    assert not loose.named("uploads-encryption-key").protect
    assert loose.named("uploads-objects-bucket").plain("forceDestroy") is True


def test_its_name_is_given_out_once_nothing_public_can_be_put_in_it_and_old_versions_stay(graph: Graph) -> None:
    assert graph.exports == {"bucket": "uploads-objects-bucket-1a2b3c4", "arn": ARN}
    for goal in ("uploads-objects-private", "uploads-versions"):
        assert graph.reaches(graph.named("user"), graph.named(goal))
        assert graph.reaches(graph.named("uploads-admin-reads-policy"), graph.named(goal))


def test_requests_are_logged_where_they_are_asked_to_be(graph: Graph) -> None:
    assert graph.of_type(":BucketLogging") == []
    log = bucket(BucketArgs(access_logs="logs-bucket")).named("uploads-access-log")
    assert (log.plain("targetBucket"), log.plain("targetPrefix")) == ("logs-bucket", "uploads/")
    assert log.plain("bucket") == "uploads-objects-bucket-1a2b3c4"


def test_all_of_it_is_in_the_region_it_is_wanted_in() -> None:
    elsewhere = bucket(BucketArgs(region="eu-west-1", access_logs="logs-bucket"))
    regional = [n for kind in ("aws:s3/", "aws:kms/") for n in elsewhere.nodes.values() if n.type.startswith(kind)]
    assert len(regional) == 10
    assert {node.plain("region") for node in regional} == {"eu-west-1"}


def test_one_distribution_reads_what_is_distributed() -> None:
    distributed = bucket(BucketArgs(distributed=True))
    (policy,) = distributed.of_type(":BucketPolicy")
    (reads,) = [part for part in statements(distributed) if part["Effect"] == "Allow"]
    assert policy.name == "uploads-objects-policy"
    assert len(statements(distributed)) == 5
    assert reads == {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": ["s3:GetObject"],
        "Resource": [f"{ARN}/*"],
        "Condition": {"StringEquals": {"aws:SourceArn": DISTRIBUTION}},
    }


def test_distributions_of_the_account_decrypt_what_is_distributed_and_nothing_else(graph: Graph) -> None:
    distributed = bucket(BucketArgs(distributed=True))
    _, decrypts = statements(distributed, "uploads-encryption-key")
    assert (decrypts["Principal"], decrypts["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, ["kms:Decrypt"])
    every = "arn:aws:cloudfront::123456789012:distribution/*"
    assert decrypts["Condition"] == {"ArnLike": {"aws:SourceArn": every}}
    assert len(statements(graph, "uploads-encryption-key")) == 1


def test_a_bucket_that_is_not_distributed_takes_no_distribution() -> None:
    def declare() -> None:
        Bucket("uploads", BucketArgs()).allow_distribution(DISTRIBUTION)

    with pytest.raises(ValueError, match="uploads has its policy already; declare it with distributed=True"):
        graph_of(declare)
