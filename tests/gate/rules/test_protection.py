"""Protection that is lowered, and that which is only changed."""

from dataclasses import replace
from typing import Any

import pytest

from infra.gate.change import Hidden
from infra.gate.rules import protection
from infra.gate.rules.rule import Rule
from tests.gate.rules.cases import created, deleted, found, nested, replaced, tenants, there, updated, urn

UNKNOWN, SECRET = Hidden.UNKNOWN, Hidden.SECRET
DATABASE = "aws:rds/instance:Instance"
BUCKET = "aws:s3/bucket:Bucket"
LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
VERSIONS = "aws:s3/bucketVersioning:BucketVersioning"
NAMESPACE = "kubernetes:core/v1:Namespace"
SCHEMA = "postgresql:index/schema:Schema"
TRAIL = "aws:cloudtrail/trail:Trail"


def inputs(path: tuple[str, ...], value: Any) -> Any:
    return {"other": 1} if value is None else {"other": 1, **nested(path, value)}  # type: ignore[dict-item]


LOWERED: list[tuple[Rule, str, tuple[str, ...], Any, Any]] = [
    (protection.deletion_protection_lowered, DATABASE, ("deletionProtection",), True, False),
    (protection.deletion_protection_lowered, DATABASE, ("deletionProtection",), True, None),
    (protection.deletion_protection_lowered, DATABASE, ("deletionProtection",), True, UNKNOWN),
    (protection.deletion_protection_lowered, DATABASE, ("deletionProtection",), True, SECRET),
    (protection.deletion_protection_lowered, "aws:eks/cluster:Cluster", ("deletionProtection",), True, False),
    (protection.deletion_protection_lowered, "aws:dynamodb/table:Table", ("deletionProtectionEnabled",), True, False),
    (protection.deletion_less_reversible, DATABASE, ("skipFinalSnapshot",), False, True),
    (protection.deletion_less_reversible, DATABASE, ("skipFinalSnapshot",), None, UNKNOWN),
    (protection.deletion_less_reversible, DATABASE, ("deleteAutomatedBackups",), False, None),
    (protection.deletion_less_reversible, BUCKET, ("forceDestroy",), False, True),
    (protection.deletion_less_reversible, "aws:ecr/repository:Repository", ("forceDelete",), None, True),
    (protection.deletion_less_reversible, "aws:kms/key:Key", ("deletionWindowInDays",), 30, 7),
    (protection.deletion_less_reversible, "aws:kms/key:Key", ("deletionWindowInDays",), None, 29),
    (protection.deletion_less_reversible, "aws:secretsmanager/secret:Secret", ("recoveryWindowInDays",), 30, 0),
    (protection.deletion_less_reversible, SCHEMA, ("dropCascade",), False, True),
    (protection.object_lock_lowered, LOCK, ("rule", "defaultRetention", "days"), 365, 30),
    (protection.object_lock_lowered, LOCK, ("rule", "defaultRetention", "days"), 365, UNKNOWN),
    (protection.object_lock_lowered, LOCK, ("rule", "defaultRetention", "mode"), "COMPLIANCE", "GOVERNANCE"),
    (protection.object_lock_lowered, BUCKET, ("objectLockEnabled",), True, False),
    (protection.versioning_lowered, VERSIONS, ("versioningConfiguration", "status"), "Enabled", "Suspended"),
    (protection.versioning_lowered, VERSIONS, ("versioningConfiguration",), {"status": "Enabled"}, UNKNOWN),
    (protection.record_lowered, TRAIL, ("enableLogging",), None, False),
    (protection.record_lowered, TRAIL, ("isMultiRegionTrail",), True, False),
    (protection.record_lowered, "aws:eks/cluster:Cluster", ("enabledClusterLogTypes",), ["api", "audit"], ["api"]),
    (protection.record_lowered, DATABASE, ("enabledCloudwatchLogsExports",), ["postgresql"], None),
    (protection.record_lowered, "aws:ec2/flowLog:FlowLog", ("trafficType",), "ALL", "REJECT"),
]

KEPT: list[tuple[Rule, str, tuple[str, ...], Any, Any]] = [
    (protection.deletion_protection_lowered, DATABASE, ("deletionProtection",), False, True),
    (protection.deletion_protection_lowered, DATABASE, ("deletionProtection",), None, UNKNOWN),
    (protection.deletion_protection_lowered, "aws:rds/proxy:Proxy", ("deletionProtection",), True, False),
    (protection.deletion_less_reversible, DATABASE, ("skipFinalSnapshot",), True, False),
    (protection.deletion_less_reversible, DATABASE, ("skipFinalSnapshot",), True, UNKNOWN),
    (protection.deletion_less_reversible, DATABASE, ("deleteAutomatedBackups",), True, False),
    (protection.deletion_less_reversible, "aws:kms/key:Key", ("deletionWindowInDays",), 7, 30),
    (protection.deletion_less_reversible, "aws:kms/key:Key", ("deletionWindowInDays",), 30, None),
    (protection.deletion_less_reversible, SCHEMA, ("dropCascade",), True, False),
    (protection.object_lock_lowered, LOCK, ("rule", "defaultRetention", "days"), 30, 365),
    (protection.object_lock_lowered, LOCK, ("rule", "defaultRetention", "mode"), "GOVERNANCE", "COMPLIANCE"),
    (protection.versioning_lowered, VERSIONS, ("versioningConfiguration", "status"), "Suspended", "Enabled"),
    (protection.record_lowered, TRAIL, ("isMultiRegionTrail",), False, True),
    (protection.record_lowered, "aws:eks/cluster:Cluster", ("enabledClusterLogTypes",), ["api"], ["audit", "api"]),
    (protection.record_lowered, "aws:ec2/flowLog:FlowLog", ("trafficType",), "REJECT", "ALL"),
]


@pytest.mark.parametrize(("rule", "token", "path", "before", "after"), LOWERED)
def test_protection_is_not_lowered(rule: Rule, token: str, path: tuple[str, ...], before: Any, after: Any) -> None:
    for make in (updated, replaced):
        (finding,) = found(rule, make(token, inputs(path, before), inputs(path, after)))
        assert finding.level == "dangerous"
        assert "\n" not in finding.reason


@pytest.mark.parametrize(("rule", "token", "path", "before", "after"), KEPT)
def test_protection_may_be_raised(rule: Rule, token: str, path: tuple[str, ...], before: Any, after: Any) -> None:
    assert not found(rule, updated(token, inputs(path, before), inputs(path, after)))


def test_a_reason_names_what_was_and_what_will_be() -> None:
    path = ("deletionWindowInDays",)
    (finding,) = found(
        protection.deletion_less_reversible, updated("aws:kms/key:Key", inputs(path, 30), inputs(path, 7))
    )
    assert finding.reason == "days in which a deletion can be taken back: 30 -> 7"
    assert finding.path == "deletionWindowInDays"


def test_pulumi_s_protection_is_not_taken_away() -> None:
    options = replace(updated(DATABASE, {}, {}, protected_before=True), kind="options")
    (finding,) = found(protection.protection_lowered, options)
    assert finding.reason == "is no longer protected: a later update could delete it"
    assert found(protection.protection_lowered, deleted(DATABASE, protected_before=True))
    for change in (replace(options, protected_after=True), created(DATABASE, {}), updated(DATABASE, {}, {})):
        assert not found(protection.protection_lowered, change)


def test_a_bucket_keeps_its_settings_unless_it_goes_itself() -> None:
    parent = urn("tenantry:storage:Bucket", "audit")
    inner = there("tenantry:storage:ClosedBucket", {}, name="audit-records", parent=parent)
    versions, lock = deleted(VERSIONS, parent=parent), deleted(LOCK, parent=parent)
    staying = there(BUCKET, {}, parent=inner.urn)
    assert found(protection.versioning_lowered, versions, inner, staying)
    assert found(protection.object_lock_lowered, lock, inner, staying)
    going = deleted(BUCKET, {}, parent=inner.urn)
    assert not found(protection.versioning_lowered, versions, inner, going)
    assert not found(protection.object_lock_lowered, lock, inner, going)
    another = deleted(BUCKET, {}, name="two", parent=urn("tenantry:storage:Bucket", "uploads"))
    assert found(protection.versioning_lowered, versions, inner, another), "one of another component"


@pytest.mark.parametrize("token", sorted(protection._RECORDERS))
def test_recorders_stay(token: str) -> None:
    assert found(protection.record_lowered, deleted(token))
    assert not found(protection.record_lowered, created(token, {}))


def test_an_alarm_that_goes_is_told() -> None:
    (finding,) = found(
        protection.alarm_removed,
        deleted("aws:cloudwatch/metricAlarm:MetricAlarm", {"alarmDescription": "audit: root is used"}),
    )
    assert finding.level == "notable"
    assert finding.reason == "nobody is told any more: audit: root is used"
    assert not found(protection.alarm_removed, deleted("aws:cloudwatch/dashboard:Dashboard"))


@pytest.mark.parametrize(
    ("before", "after", "falls"),
    [
        ("restricted", "baseline", True),
        ("restricted", None, True),
        ("baseline", "privileged", True),
        ("restricted", UNKNOWN, True),
        ("baseline", "restricted", False),
        (None, "baseline", False),
    ],
)
def test_a_namespace_admits_no_more_pods(before: Any, after: Any, falls: bool) -> None:
    place = ("metadata", "labels", "pod-security.kubernetes.io/enforce")
    change = updated(NAMESPACE, inputs(place, before), inputs(place, after))
    assert bool(found(protection.pod_security_lowered, change)) is falls


@pytest.mark.parametrize(("state", "fires"), [("active", True), ("offboarding", False)])
def test_a_schema_may_be_dropped_once_its_tenant_is_leaving(state: str, fires: bool) -> None:
    tenant = there("tenantry:tenant:SchemaTenant", {}, name="tenant-book-store")
    change = updated(SCHEMA, {"dropCascade": False}, {"dropCascade": True}, parent=tenant.urn)
    settings = tenants({"slug": "book-store", "plan": "pro", "lifecycle": {"state": state}})
    assert bool(found(protection.deletion_less_reversible, change, tenant, settings=settings)) is fires
