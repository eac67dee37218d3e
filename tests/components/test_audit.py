"""The audit: who may write records, who can delete them, and what is told."""

import json
from typing import Any

import pytest

from components.audit import Audit, AuditArgs
from tests.harness import Graph, graph_of

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
TRAIL = "arn:aws:cloudtrail:eu-central-1:123456789012:trail/shop"
BUCKET = "arn:aws:s3:::audit-records-bucket"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/audit-encryption-key"
CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}


def audit(**changes: Any) -> Graph:
    def declare() -> dict[str, Any]:
        created = Audit("audit", AuditArgs(trail_name="shop", alarm_topic_arn=TOPIC, **changes))
        return {"bucket": created.bucket, "trail": created.trail_arn}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return audit()


def statements(graph: Graph, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(graph.named(name).plain("policy"))["Statement"]
    return found


def test_every_region_is_recorded_signed_and_encrypted(graph: Graph) -> None:
    trail = graph.named("audit-trail")
    assert trail.plain("isMultiRegionTrail") is trail.plain("includeGlobalServiceEvents") is True
    assert trail.plain("enableLogFileValidation") is True
    assert trail.plain("kmsKeyId") == KEY
    assert trail.plain("s3BucketName") == "audit-records-bucket-1a2b3c4"


def test_only_this_trail_writes_and_only_records(graph: Graph) -> None:
    allowed = [one for one in statements(graph, "audit-records-policy") if one["Effect"] == "Allow"]
    assert [(one["Principal"], one["Action"], one["Resource"]) for one in allowed] == [
        (CLOUDTRAIL, ["s3:GetBucketAcl"], [BUCKET]),
        (CLOUDTRAIL, ["s3:PutObject"], [f"{BUCKET}/AWSLogs/123456789012/*"]),
    ]
    assert [one["Condition"]["StringEquals"]["aws:SourceArn"] for one in allowed] == [TRAIL] * 2
    assert allowed[1]["Condition"]["StringEquals"]["s3:x-amz-acl"] == "bucket-owner-full-control"


def test_plain_http_is_denied(graph: Graph) -> None:
    denied = [one for one in statements(graph, "audit-records-policy") if one["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [one["Condition"] for one in denied]


def test_only_this_trail_encrypts_with_the_key(graph: Graph) -> None:
    used = [one for one in statements(graph, "audit-encryption-key") if one["Principal"] == CLOUDTRAIL]
    assert [one["Action"] for one in used] == [["kms:GenerateDataKey*"], ["kms:DescribeKey"]]
    assert [one["Condition"]["StringEquals"]["aws:SourceArn"] for one in used] == [TRAIL] * 2
    context = used[0]["Condition"]["StringLike"]["kms:EncryptionContext:aws:cloudtrail:arn"]
    assert context == "arn:aws:cloudtrail:*:123456789012:trail/shop"


def test_records_keep_the_context_that_the_key_lets_them_in_by(graph: Graph) -> None:
    assert graph.named("audit-encrypted").plain("rules", 0, "bucketKeyEnabled") is False


def test_nobody_deletes_a_record_within_a_year(graph: Graph) -> None:
    assert graph.named("audit-records-bucket").plain("objectLockEnabled") is True
    assert graph.named("audit-versions").plain("versioningConfiguration") == {"status": "Enabled"}
    lock = graph.named("audit-lock").plain("rule", "defaultRetention")
    assert lock == {"mode": "COMPLIANCE", "days": 365}
    rule = graph.named("audit-lifecycle").plain("rules", 0)
    assert rule["expiration"] == {"days": 365}
    assert rule["transitions"] == [{"days": 30, "storageClass": "STANDARD_IA"}]


def test_a_record_comes_only_once_it_would_be_locked_and_let_in(graph: Graph) -> None:
    for name in ("audit-lock", "audit-records-policy", "audit-log-write-attachment"):
        assert graph.reaches(graph.named("audit-trail"), graph.named(name)), name


def test_a_short_retention_moves_nothing_to_a_cheaper_class() -> None:
    rule = audit(retention_days=30, lock="governance").named("audit-lifecycle").plain("rules", 0)
    assert "transitions" not in rule
    assert rule["expiration"] == {"days": 30}


def test_records_can_be_searched_and_cloudtrail_alone_writes_there(graph: Graph) -> None:
    group = graph.named("audit-log-group")
    assert (group.plain("name"), group.plain("retentionInDays")) == ("/aws/cloudtrail/shop", 90)
    assert group.plain("kmsKeyId") == KEY
    trail = graph.named("audit-trail")
    assert trail.plain("cloudWatchLogsGroupArn").endswith(":audit-log-group:*")
    assert trail.plain("cloudWatchLogsRoleArn") == "arn:aws:iam::123456789012:role/audit-log-role"
    (trusted,) = json.loads(graph.named("audit-log-role").plain("assumeRolePolicy"))["Statement"]
    assert trusted == {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": CLOUDTRAIL}
    (writes,) = statements(graph, "audit-log-write-policy")
    assert writes["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]


@pytest.mark.parametrize("what", ["root", "trail", "keys"])
def test_what_nobody_should_do_is_told(graph: Graph, what: str) -> None:
    counted = graph.named(f"audit-log-{what}-count")
    assert counted.plain("logGroupName") == "/aws/cloudtrail/shop"
    assert counted.plain("metricTransformation") == {"name": what, "namespace": "Tenantry/shop", "value": "1"}
    alarm = graph.named(f"audit-log-{what}-alarm")
    assert (alarm.plain("namespace"), alarm.plain("metricName")) == ("Tenantry/shop", what)
    assert alarm.plain("alarmActions") == [TOPIC]


def test_without_a_log_there_are_no_alarms_on_it() -> None:
    graph = audit(log_retention_days=None)
    assert not graph.of_type(":LogGroup") + graph.of_type(":MetricAlarm") + graph.of_type("iam/role:Role")
    assert "cloudWatchLogsGroupArn" not in graph.named("audit-trail").inputs


def test_each_access_to_an_object_can_be_recorded(graph: Graph) -> None:
    assert "advancedEventSelectors" not in graph.named("audit-trail").inputs
    management, objects = (
        audit(object_arns=["arn:aws:s3:::uploads"]).named("audit-trail").plain("advancedEventSelectors")
    )
    assert management["fieldSelectors"] == [{"field": "eventCategory", "equals": ["Management"]}]
    assert {"field": "resources.ARN", "startsWiths": ["arn:aws:s3:::uploads/"]} in objects["fieldSelectors"]


def test_it_is_protected_from_deletion_unless_told_otherwise(graph: Graph) -> None:
    kept = ("audit-trail", "audit-records-bucket", "audit-encryption-key")
    assert [graph.named(name).protect for name in kept] == [True] * 3
    loose = audit(protect=False, lock="governance")
    assert [loose.named(name).protect for name in kept] == [False] * 3
    assert loose.named("audit-lock").plain("rule", "defaultRetention", "mode") == "GOVERNANCE"
