"""Buckets and their settings: what is refused, what a deletion does, and what is no change."""

import json
from typing import Any

import pytest

from infra.sandbox.plugins.values import reveal
from tests.plugins.aws.examples.s3 import bucket, encrypted, log_bucket, replicated, tls_only
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

BUCKET = "aws:s3/bucket:Bucket"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
LOGGING = "aws:s3/bucketLogging:BucketLogging"


def aged(storage_class: str, days: int) -> dict[str, Any]:
    transition = {"days": days, "storageClass": storage_class}
    return {"bucket": "media", "rules": [{"id": "age", "status": "Enabled", "transitions": [transition]}]}


def copying(**rule: Any) -> dict[str, Any]:
    destination = {"bucket": "arn:aws:s3:::copies", **rule.pop("destination", {})}
    return {"bucket": "media", "role": "r", "rules": [{"status": "Enabled", "destination": destination, **rule}]}


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (BUCKET, {"bucket": "Media_Files"}, "bucket", "must match"),
        (BUCKET, {"bucket": "a" * 64}, "bucket", "63"),
        (BUCKET, {"bucket": "a", "bucketPrefix": "b"}, "bucket", "together with bucketPrefix"),
        (BUCKET, {"versioning": {"enabled": True}}, "versioning", "aws.s3.BucketVersioning"),
        (POLICY, {"bucket": "media", "policy": "{"}, "policy", "must be a JSON object"),
        (
            VERSIONING,
            {"bucket": "media", "versioningConfiguration": {"status": "On"}},
            "versioningConfiguration.status",
            "one of Enabled, Suspended",
        ),
        (
            ENCRYPTION,
            {"bucket": "media", "rules": encrypted("AES128")},
            "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm",
            "aws:kms",
        ),
        (LIFECYCLE, aged("COLD", 30), "rules[0].transitions[0].storageClass", "STANDARD_IA"),
        (LIFECYCLE, aged("STANDARD_IA", 7), "rules[0].transitions[0].days", "30 or more for STANDARD_IA"),
        (LIFECYCLE, {"bucket": "media", "rules": [{"status": "Enabled"}]}, "rules[0].id", "is required"),
        (
            OWNERSHIP,
            {"bucket": "media", "rule": {"objectOwnership": "Nobody"}},
            "rule.objectOwnership",
            "BucketOwnerEnforced",
        ),
        (REPLICATION, {"bucket": "media", "role": "r", "rules": [{"status": "On"}]}, "rules[0].status", "Enabled"),
        (REPLICATION, copying(filter={}), "rules[0].deleteMarkerReplication", "is required beside filter"),
        (
            REPLICATION,
            copying(sourceSelectionCriteria={"sseKmsEncryptedObjects": {"status": "Enabled"}}),
            "rules[0].destination.encryptionConfiguration",
            "is required beside sourceSelectionCriteria.sseKmsEncryptedObjects",
        ),
        (
            REPLICATION,
            copying(destination={"encryptionConfiguration": {"replicaKmsKeyId": "k"}}),
            "rules[0].sourceSelectionCriteria",
            "is required beside destination.encryptionConfiguration",
        ),
        (
            REPLICATION,
            copying(destination={"replicationTime": {"status": "Enabled", "time": {"minutes": 15}}}),
            "rules[0].destination.metrics",
            "is required beside destination.replicationTime",
        ),
        (
            LIFECYCLE,
            {"bucket": "media", "rules": [{**aged("STANDARD_IA", 30)["rules"][0], "expiration": {"days": 30}}]},
            "rules[0].expiration.days",
            "more than the days of every transition",
        ),
        (LOGGING, {"bucket": "media", "targetBucket": "logs"}, "targetPrefix", "is required"),
    ],
)
def test_wrong_input_fails_in_the_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    assert allowed in failures[property_]


def test_other_classes_than_infrequent_access_may_be_reached_earlier(world: World) -> None:
    assert world.object(LIFECYCLE).check(**aged("GLACIER", 1))[1] == {}


@pytest.mark.parametrize(
    ("region", "code"), [("eu-west-1", "BucketAlreadyOwnedByYou"), ("us-east-1", "BucketAlreadyExists")]
)
def test_a_name_in_use_is_refused(world: World, region: str, code: str) -> None:
    name = world.name("media")
    world.object(BUCKET).create(bucket=name, region=region)
    with pytest.raises(Refused, match=code):
        world.object(BUCKET).create(bucket=name, region=region)


def test_a_bucket_with_objects_is_only_deleted_when_the_program_says_so(world: World) -> None:
    made = world.object(BUCKET).create()
    s3 = world.client("s3")
    s3.put_bucket_versioning(Bucket=made.id, VersioningConfiguration={"Status": "Enabled"})
    for text in (b"old", b"new"):
        s3.put_object(Bucket=made.id, Key="photo", Body=text)
    s3.delete_object(Bucket=made.id, Key="photo")
    with pytest.raises(Refused, match="BucketNotEmpty"):
        made.delete()
    made.update(forceDestroy=True)
    made.delete()
    assert made.refresh() == {"gone"}


def test_an_automatic_name_is_in_small_letters(world: World) -> None:
    made = world.object(BUCKET, "Media").create(tags={"owner": "shop"})
    assert made.id.startswith("media-")
    assert world.client("s3").get_bucket_tagging(Bucket=made.id)["TagSet"] == [{"Key": "owner", "Value": "shop"}]
    assert made.outputs["arn"] == f"arn:aws:s3:::{made.id}"
    assert made.outputs["bucketRegionalDomainName"] == f"{made.id}.s3.{world.region}.amazonaws.com"


def test_a_bucket_is_where_the_program_wants_it(world: World) -> None:
    made = world.object(BUCKET).create(region="eu-central-1")
    assert world.client("s3").get_bucket_location(Bucket=made.id)["LocationConstraint"] == "eu-central-1"
    assert made.outputs["bucketRegion"] == "eu-central-1"


@pytest.mark.parametrize(
    ("token", "given"),
    [
        (POLICY, {"policy": "{}"}),
        (VERSIONING, {"versioningConfiguration": {"status": "Enabled"}}),
        (ENCRYPTION, {"rules": encrypted("AES256")}),
    ],
)
def test_a_setting_of_no_bucket_is_refused(world: World, token: str, given: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="NoSuchBucket"):
        world.object(token).create(bucket=world.name("nowhere"), **given)


def test_a_setting_goes_with_its_bucket(world: World) -> None:
    name = bucket(world)
    made = world.object(ENCRYPTION).create(bucket=name, rules=encrypted("AES256"))
    world.client("s3").delete_bucket(Bucket=name)
    assert made.refresh() == {"gone"}
    made.delete()


def test_versions_that_are_no_longer_wanted_are_suspended(world: World) -> None:
    name = bucket(world)
    made = world.object(VERSIONING).create(bucket=name, versioningConfiguration={"status": "Enabled"})
    made.delete()
    assert world.client("s3").get_bucket_versioning(Bucket=name)["Status"] == "Suspended"


def test_a_bucket_policy_that_means_the_same_is_no_change(world: World) -> None:
    name = bucket(world)
    made = world.object(POLICY).create(bucket=name, policy=tls_only(name, "1.2"))
    body = json.loads(tls_only(name, "1.2"))
    body["Statement"][0]["Action"] = "s3:*"
    assert made.changes(bucket=name, policy=json.dumps({**body, "Statement": body["Statement"][0]})) == {}
    assert made.changes(bucket=name, policy=tls_only(name, "1.3")) == {"policy": "UPDATE"}


def test_copies_need_versions_on_both_sides(world: World) -> None:
    wanted = replicated(world)
    rules: Any = wanted["rules"]
    plain = bucket(world)
    target = [{**rules[0], "destination": {"bucket": f"arn:aws:s3:::{plain}"}}]
    with pytest.raises(Refused, match=r"InvalidRequest: Destination bucket must have versioning"):
        world.object(REPLICATION).create(**{**wanted, "rules": target})
    with pytest.raises(Refused, match=r"InvalidRequest|ReplicationConfiguration"):
        world.object(REPLICATION).create(**{**wanted, "bucket": plain})


def test_rules_by_tags_reach_the_bucket_and_come_back(world: World) -> None:
    name = bucket(world)
    rule = {
        "id": "logs",
        "status": "Enabled",
        "filter": {"and": {"prefix": "logs/", "tags": {"kind": "log", "size": "big"}}},
        "expiration": {"days": 90},
    }
    made = world.object(LIFECYCLE).create(bucket=name, rules=[rule])
    found = world.client("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Filter"]["And"]
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {"kind": "log", "size": "big"}
    taken = world.object(LIFECYCLE).take(name)
    assert reveal(taken.inputs)["rules"][0]["filter"]["and"]["tags"] == {"kind": "log", "size": "big"}
    assert made.refresh() == set()


def test_access_is_only_logged_where_s3_may_write(world: World) -> None:
    name, closed = bucket(world), bucket(world)
    with pytest.raises(Refused, match=r"InvalidTargetBucketForLogging: You must .*provide the necessary permissions"):
        world.object(LOGGING).create(bucket=name, targetBucket=closed, targetPrefix="media/")
    with pytest.raises(Refused, match="InvalidTargetBucketForLogging: The target bucket for logging does not exist"):
        world.object(LOGGING).create(bucket=name, targetBucket=world.name("nowhere"), targetPrefix="media/")


def test_access_is_only_logged_in_the_buckets_own_region(world: World) -> None:
    far = world.object(BUCKET).create(region="eu-central-1")
    with pytest.raises(Refused, match="CrossLocationLoggingProhibit"):
        world.object(LOGGING).create(
            bucket=far.id, targetBucket=log_bucket(world), targetPrefix="media/", region="eu-central-1"
        )


def test_no_record_is_delivered_so_that_a_log_bucket_stays_as_the_program_made_it(world: World) -> None:
    name, logs = bucket(world), log_bucket(world)
    world.object(LOGGING).create(bucket=name, targetBucket=logs, targetPrefix="media/")
    s3 = world.client("s3")
    s3.put_object(Bucket=name, Key="photo", Body=b"new")
    s3.list_objects_v2(Bucket=name)
    assert s3.list_objects_v2(Bucket=logs)["KeyCount"] == 0


@pytest.mark.parametrize(
    "chosen", [{}, {"prefix": ""}, {"and": {"prefix": "a/", "tags": {"kind": "log", "size": "big"}}}], ids=str
)
def test_a_replication_is_told_as_it_was_put_and_what_changes_in_it_is_seen(
    world: World, chosen: dict[str, Any]
) -> None:
    wanted: dict[str, Any] = replicated(world)
    rule = {
        **wanted["rules"][0],
        "filter": chosen,
        "deleteMarkerReplication": {"status": "Enabled"},
        "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
        "destination": {
            "bucket": wanted["rules"][0]["destination"]["bucket"],
            "encryptionConfiguration": {"replicaKmsKeyId": "arn:aws:kms:eu-central-1:123456789012:key/1"},
            "replicationTime": {"status": "Enabled", "time": {"minutes": 15}},
            "metrics": {"status": "Enabled", "eventThreshold": {"minutes": 15}},
        },
    }
    made = world.object(REPLICATION).create(**{**wanted, "rules": [rule]})
    assert made.refresh() == set()
    s3 = world.client("s3")
    found = s3.get_bucket_replication(Bucket=made.id)["ReplicationConfiguration"]
    found["Rules"][0]["DeleteMarkerReplication"] = {"Status": "Disabled"}
    s3.put_bucket_replication(Bucket=made.id, ReplicationConfiguration=found)
    assert made.refresh() == {"rules"}
    assert reveal(made.inputs)["rules"][0]["destination"] == rule["destination"]
