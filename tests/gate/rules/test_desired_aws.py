"""What every resource in AWS must be like."""

import json
from typing import Any

import pytest

from infra.gate.change import Hidden, Properties
from infra.gate.rules import desired_aws as rules
from infra.gate.rules.rule import Rule
from tests.gate.rules.cases import created, found, there, updated, urn

UNKNOWN = Hidden.UNKNOWN
BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
SEALED = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
DATABASE = "aws:rds/instance:Instance"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
REDIS = "aws:elasticache/replicationGroup:ReplicationGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
EDGE = "aws:cloudfront/distribution:Distribution"
KEY = "aws:kms/key:Key"
AWS = "pulumi:providers:aws"
CLOSED = dict.fromkeys(rules._SWITCHES, True)
PARENT = urn("tenantry:storage:ClosedBucket", "records")


def forced(value: str | None, version: int = 18) -> Properties:
    listed = [] if value is None else [{"name": "rds.force_ssl", "value": value}]
    return {"family": f"postgres{version}", "parameters": listed}


def edge(policy: str, oldest: str = "TLSv1.2_2021") -> Properties:
    return {
        "defaultCacheBehavior": {"viewerProtocolPolicy": policy},
        "viewerCertificate": {"minimumProtocolVersion": oldest},
    }


def disk(encrypted: Any) -> Properties:
    return {"blockDeviceMappings": [{"deviceName": "a", "ebs": {"encrypted": encrypted}}]}


CASES: list[tuple[Rule, str, Properties, Properties]] = [
    (rules.unencrypted_at_rest, DATABASE, {}, {"storageEncrypted": True}),
    (rules.unencrypted_at_rest, DATABASE, {"storageEncrypted": UNKNOWN}, {"replicateSourceDb": "database"}),
    (rules.unencrypted_at_rest, REDIS, {"atRestEncryptionEnabled": False}, {"atRestEncryptionEnabled": True}),
    (rules.unencrypted_at_rest, "aws:ebs/volume:Volume", {}, {"encrypted": True}),
    (rules.unencrypted_at_rest, TEMPLATE, disk("false"), disk("true")),
    (rules.unencrypted_at_rest, "aws:sqs/queue:Queue", {"sqsManagedSseEnabled": False}, {}),
    (rules.unencrypted_at_rest, "aws:sns/topic:Topic", {}, {"kmsMasterKeyId": UNKNOWN}),
    (rules.key_of_aws, "aws:secretsmanager/secret:Secret", {}, {"kmsKeyId": UNKNOWN}),
    (rules.key_of_aws, "aws:cloudwatch/logGroup:LogGroup", {}, {"kmsKeyId": "key-1"}),
    (rules.tls_not_required, PARAMETERS, forced("0"), forced("1")),
    (rules.tls_not_required, PARAMETERS, forced(None, 14), forced(None, 15)),
    (rules.tls_not_required, PARAMETERS, forced(None, 14), {"family": "mysql8.0"}),
    (rules.tls_not_required, REDIS, {}, {"transitEncryptionEnabled": True}),
    (rules.tls_not_required, EDGE, edge("allow-all"), edge("redirect-to-https")),
    (rules.tls_not_required, EDGE, edge("https-only", "TLSv1_2016"), edge("https-only")),
    (rules.backups_short, DATABASE, {"backupRetentionPeriod": 6}, {"backupRetentionPeriod": 7}),
    (rules.backups_short, DATABASE, {}, {"replicateSourceDb": "database"}),
    (rules.backups_short, DATABASE, {"backupRetentionPeriod": UNKNOWN}, {"backupRetentionPeriod": 30}),
    (rules.database_alone, DATABASE, {"deletionProtection": True}, {"deletionProtection": True, "multiAz": True}),
    (rules.database_alone, DATABASE, {"multiAz": True}, {"deletionProtection": True, "multiAz": True}),
    (rules.key_not_rotated, KEY, {}, {"enableKeyRotation": True}),
    (rules.key_not_rotated, KEY, {"enableKeyRotation": UNKNOWN}, {"customerMasterKeySpec": "RSA_2048"}),
    (rules.node_credentials_open, TEMPLATE, {}, {"metadataOptions": {"httpTokens": "required"}}),
    (
        rules.node_credentials_open,
        TEMPLATE,
        {"metadataOptions": UNKNOWN},
        {"metadataOptions": {"httpTokens": "required"}},
    ),
]


@pytest.mark.parametrize(("rule", "token", "wrong", "right"), CASES)
def test_what_is_declared_is_as_it_must_be(rule: Rule, token: str, wrong: Properties, right: Properties) -> None:
    assert len(found(rule, there(token, wrong))) == 1
    assert not found(rule, there(token, right))


def test_a_bucket_is_kept_from_the_public() -> None:
    bucket = there(BUCKET, {}, parent=PARENT)
    assert found(rules.bucket_not_private, bucket)
    assert not found(rules.bucket_not_private, bucket, there(BLOCK, CLOSED, parent=PARENT))
    half = there(BLOCK, {**CLOSED, "blockPublicPolicy": False}, parent=PARENT)
    (finding,) = found(rules.bucket_not_private, bucket, half)
    assert finding.reason == "only a part keeps the bucket from the public: blockPublicPolicy off"
    account = there("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", CLOSED)
    assert not found(rules.bucket_not_private, bucket, account)


def test_settings_of_a_bucket_without_a_component_name_it() -> None:
    bucket = there(BUCKET, {"bucket": "records"})
    assert not found(rules.bucket_not_private, bucket, there(BLOCK, {**CLOSED, "bucket": "records"}))
    assert found(rules.bucket_not_private, bucket, there(BLOCK, {**CLOSED, "bucket": "others"}))
    made = there(BUCKET, {}, outputs={"id": "records"})
    assert not found(rules.bucket_not_private, made, there(BLOCK, {**CLOSED, "bucket": "records"}))


def test_a_bucket_refuses_requests_without_tls() -> None:
    bucket = there(BUCKET, {}, parent=PARENT)
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    refusing = {"policy": json.dumps({"Statement": [{**statement, "Condition": condition}]})}
    assert found(rules.tls_not_required, bucket)
    assert not found(rules.tls_not_required, bucket, there(POLICY, refusing, parent=PARENT))
    other = {"policy": json.dumps({"Statement": [{**statement, "Effect": "Allow", "Condition": condition}]})}
    assert found(rules.tls_not_required, bucket, there(POLICY, other, parent=PARENT))
    assert not found(rules.tls_not_required, bucket, there(POLICY, {"policy": UNKNOWN}, parent=PARENT)), "not made yet"


def test_a_bucket_has_a_key_of_ours() -> None:
    bucket = there(BUCKET, {}, parent=PARENT)
    assert [finding.level for finding in found(rules.key_of_aws, bucket)] == ["notable"]
    assert not found(rules.key_of_aws, bucket, there(SEALED, {}, parent=PARENT))


def shared(*names: str) -> Properties:
    return {"defaultTags": json.dumps({"tags": dict.fromkeys(names, "x")})}


def test_resources_say_whose_they_are() -> None:
    bucket = there(BUCKET, {"tags": {"owner": "a"}})
    (finding,) = found(rules.tags_missing, bucket, there(AWS, shared("environment")))
    assert (finding.level, finding.reason) == ("notable", "without the tags cost-centre")
    assert not found(rules.tags_missing, bucket, there(AWS, shared("environment", "cost-centre")))
    assert not found(rules.tags_missing, bucket, there(AWS, {"defaultTags": UNKNOWN}))
    assert not found(rules.tags_missing, there(BUCKET, {"tags": UNKNOWN}))
    assert not found(rules.tags_missing, there("aws:ec2/route:Route", {}))


def test_tags_are_those_of_a_resources_own_provider() -> None:
    tagged, bare = there(AWS, shared("owner", "environment", "cost-centre")), there(AWS, {}, name="two")
    assert not found(rules.tags_missing, there(BUCKET, {}), tagged, bare), "it stays as it was"
    assert not found(rules.tags_missing, created(BUCKET, {}, provider_after=tagged.urn), tagged, bare)
    (finding,) = found(rules.tags_missing, created(BUCKET, {}, provider_after=bare.urn), tagged, bare)
    assert finding.reason == "without the tags owner, environment, cost-centre"
    hidden = there(AWS, {"defaultTags": UNKNOWN}, name="two")
    assert not found(rules.tags_missing, created(BUCKET, {}, provider_after=hidden.urn), tagged, hidden)


@pytest.mark.parametrize("rule", [rules.bucket_not_private, rules.key_of_aws, rules.tls_not_required])
def test_what_a_saved_document_leaves_out_of_a_bucket_is_not_missing(rule: Rule) -> None:
    tagged = updated(BUCKET, {"bucket": "records"}, {"bucket": "records", "tags": {"owner": "us"}})
    assert found(rule, tagged)
    assert not found(rule, tagged, same=9)
    assert found(rule, created(BUCKET, {"bucket": "records"}), same=9)  # all that it has is new as well
