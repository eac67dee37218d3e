"""How long things are kept, and how often they are copied."""

import json
from typing import Any

import pytest

from infra.gate.change import Hidden, Properties
from infra.gate.rules import retention
from infra.gate.rules.rule import Rule
from tests.gate.rules.cases import created, deleted, found, there, updated, urn

UNKNOWN, SECRET = Hidden.UNKNOWN, Hidden.SECRET
DATABASE = "aws:rds/instance:Instance"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET = "aws:s3/bucket:Bucket"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
QUEUE = "aws:sqs/queue:Queue"
SECRETS = "aws:secretsmanager/secret:Secret"
IMAGES = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
COPIES = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
REGISTRY = "aws:ecr/replicationConfiguration:ReplicationConfiguration"


def expiring(days: Any, former: Any = None, **more: Any) -> Properties:
    rule = {"id": "age", "status": "Enabled", **more}
    if days is not None:
        rule["expiration"] = {"days": days}
    if former is not None:
        rule["noncurrentVersionExpiration"] = {"noncurrentDays": former}
    return {"rules": [rule]}


def images(count: int) -> Properties:
    selection = {"countType": "imageCountMoreThan", "tagStatus": "any", "countNumber": count}
    return {"policy": json.dumps({"rules": [{"rulePriority": 1, "selection": selection}]})}


def copied(*regions: str) -> Properties:
    return {"replicationConfiguration": {"rules": [{"destinations": [{"region": region} for region in regions]}]}}


SHORTER: list[tuple[Rule, str, Properties, Properties]] = [
    (retention.backup_retention_lowered, DATABASE, {"backupRetentionPeriod": 30}, {"backupRetentionPeriod": 7}),
    (retention.backup_retention_lowered, DATABASE, {"backupRetentionPeriod": 30}, {}),
    (retention.backup_retention_lowered, DATABASE, {"backupRetentionPeriod": 7}, {"backupRetentionPeriod": UNKNOWN}),
    (retention.backup_retention_lowered, DATABASE, {"backupRetentionPeriod": 7}, {"backupRetentionPeriod": SECRET}),
    (retention.backup_retention_lowered, COPIES, {"retentionPeriod": 30}, {"retentionPeriod": 7}),
    (retention.backup_retention_lowered, CACHE, {"snapshotRetentionLimit": 7}, {"snapshotRetentionLimit": 0}),
    (retention.log_retention_lowered, LOGS, {"retentionInDays": 90}, {"retentionInDays": 7}),
    (retention.log_retention_lowered, LOGS, {}, {"retentionInDays": 365}),
    (retention.log_retention_lowered, LOGS, {"retentionInDays": 0}, {"retentionInDays": 365}),
    (retention.log_retention_lowered, LOGS, {"retentionInDays": 90}, {"retentionInDays": UNKNOWN}),
    (retention.object_expiry_shortened, LIFECYCLE, expiring(90), expiring(30)),
    (retention.object_expiry_shortened, LIFECYCLE, expiring(None), expiring(30)),
    (retention.object_expiry_shortened, LIFECYCLE, expiring(90, 30), expiring(90, 7)),
    (retention.object_expiry_shortened, LIFECYCLE, expiring(30, status="Disabled"), expiring(30)),
    (retention.object_expiry_shortened, LIFECYCLE, expiring(90), {"rules": UNKNOWN}),
    (retention.image_expiry_shortened, IMAGES, images(100), images(10)),
    (retention.image_expiry_shortened, IMAGES, images(100), {"policy": UNKNOWN}),
    (retention.message_retention_lowered, QUEUE, {}, {"messageRetentionSeconds": 60}),
    (retention.copies_removed, SECRETS, {"replicas": [{"region": "eu-west-1"}]}, {}),
    (retention.copies_removed, SECRETS, {"replicas": [{"region": "eu-west-1"}]}, {"replicas": UNKNOWN}),
    (
        retention.copies_removed,
        REPLICATION,
        {"rules": [{"id": "all"}]},
        {"rules": [{"id": "all", "status": "Disabled"}]},
    ),
    (retention.copies_removed, REGISTRY, copied("eu-west-1", "eu-west-3"), copied("eu-west-1")),
]

LONGER: list[tuple[Rule, str, Properties, Properties]] = [
    (retention.backup_retention_lowered, DATABASE, {"backupRetentionPeriod": 7}, {"backupRetentionPeriod": 30}),
    (retention.backup_retention_lowered, "aws:rds/proxy:Proxy", {"backupRetentionPeriod": 7}, {}),
    (retention.backup_retention_lowered, DATABASE, {}, {"backupRetentionPeriod": UNKNOWN, "a": 1}),
    (retention.log_retention_lowered, LOGS, {"retentionInDays": 7}, {"retentionInDays": 90}),
    (retention.log_retention_lowered, LOGS, {"retentionInDays": 7}, {}),
    (retention.object_expiry_shortened, LIFECYCLE, expiring(30), expiring(90)),
    (retention.object_expiry_shortened, LIFECYCLE, expiring(30), expiring(None)),
    (retention.object_expiry_shortened, LIFECYCLE, expiring(30), expiring(30, transitions=[{"days": 5}])),
    (retention.image_expiry_shortened, IMAGES, images(10), images(100)),
    (retention.message_retention_lowered, QUEUE, {"messageRetentionSeconds": 60}, {}),
    (retention.copies_removed, SECRETS, {}, {"replicas": [{"region": "eu-west-1"}]}),
    (retention.copies_removed, REPLICATION, {"rules": [{"id": "all"}]}, {"rules": [{"id": "all", "key": UNKNOWN}]}),
]


@pytest.mark.parametrize(("rule", "token", "before", "after"), SHORTER)
def test_nothing_is_kept_for_a_shorter_time(rule: Rule, token: str, before: Properties, after: Properties) -> None:
    (finding,) = found(rule, updated(token, before, after))
    assert finding.level == "dangerous"


@pytest.mark.parametrize(("rule", "token", "before", "after"), LONGER)
def test_everything_may_be_kept_longer(rule: Rule, token: str, before: Properties, after: Properties) -> None:
    assert not found(rule, updated(token, before, after))


def test_a_reason_names_both_numbers() -> None:
    change = updated(DATABASE, {"backupRetentionPeriod": 30}, {"backupRetentionPeriod": 7})
    (finding,) = found(retention.backup_retention_lowered, change)
    assert (finding.reason, finding.path) == ("days of backups: 30 -> 7", "backupRetentionPeriod")


def test_objects_of_a_new_bucket_may_expire() -> None:
    parent = urn("tenantry:storage:Bucket", "uploads")
    lifecycle = created(LIFECYCLE, expiring(30), parent=parent)
    assert not found(retention.object_expiry_shortened, lifecycle, created(BUCKET, {}, parent=parent))
    (finding,) = found(retention.object_expiry_shortened, lifecycle, there(BUCKET, {}, parent=parent))
    assert finding.reason == "objects expire after days: never -> 30"


def test_copies_stop_with_what_is_copied() -> None:
    parent = urn("tenantry:storage:BucketReplication", "uploads-replication")
    rule = deleted(REPLICATION, {"rules": [{"id": "all"}]}, parent=parent)
    assert found(retention.copies_removed, rule)
    assert not found(retention.copies_removed, rule, deleted(BUCKET, {}, parent=parent))
    secret = deleted(SECRETS, {"replicas": [{"region": "eu-west-1"}]})
    assert not found(retention.copies_removed, secret), "its own deletion is what there is to say"
