"""What keeps things from being deleted or tampered with, and is lowered.

Owns protection of what is there. Leaves its deletion to `stateful`, and how long copies of it are kept to `retention`.
"""

from collections.abc import Iterator, Sequence

from infra.gate.change import Change, Value
from infra.gate.rules.lowering import FEWER, LOWERED, REMOVED, SWITCHED_OFF, SWITCHED_ON, Guard, lowered, ranked
from infra.gate.rules.properties import at, differs, is_hidden, number, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View

_BUCKET = "aws:s3/bucket:Bucket"
_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
_VERSIONS = "aws:s3/bucketVersioning:BucketVersioning"
_SCHEMA = "postgresql:index/schema:Schema"

_REFUSES: Sequence[Guard] = (
    Guard("aws:rds/instance:Instance", ("deletionProtection",), "deletion protection", SWITCHED_OFF),
    Guard("aws:rds/cluster:Cluster", ("deletionProtection",), "deletion protection", SWITCHED_OFF),
    Guard("aws:eks/cluster:Cluster", ("deletionProtection",), "deletion protection", SWITCHED_OFF),
    Guard("aws:dynamodb/table:Table", ("deletionProtectionEnabled",), "deletion protection", SWITCHED_OFF),
    Guard("aws:lb/loadBalancer:LoadBalancer", ("enableDeletionProtection",), "deletion protection", SWITCHED_OFF),
)

_KEEPS: Sequence[Guard] = (
    Guard("aws:rds/instance:Instance", ("skipFinalSnapshot",), "deleted without a last snapshot", SWITCHED_ON),
    Guard("aws:rds/cluster:Cluster", ("skipFinalSnapshot",), "deleted without a last snapshot", SWITCHED_ON),
    Guard("aws:rds/instance:Instance", ("deleteAutomatedBackups",), "its backups go with it", SWITCHED_ON, True),
    Guard("aws:elasticache/replicationGroup:ReplicationGroup", ("finalSnapshotIdentifier",), "last snapshot", REMOVED),
    Guard(_BUCKET, ("forceDestroy",), "deleted with the objects in it", SWITCHED_ON),
    Guard("aws:ecr/repository:Repository", ("forceDelete",), "deleted with the images in it", SWITCHED_ON),
    Guard("aws:route53/zone:Zone", ("forceDestroy",), "deleted with the records in it", SWITCHED_ON),
    # Both are 30 days where nothing is said: the KMS and the Secrets Manager API reference.
    Guard("aws:kms/key:Key", ("deletionWindowInDays",), "days in which a deletion can be taken back", LOWERED, 30),
    Guard(
        "aws:secretsmanager/secret:Secret",
        ("recoveryWindowInDays",),
        "days in which a deletion can be taken back",
        LOWERED,
        30,
    ),
)

_RECORDS: Sequence[Guard] = (
    Guard("aws:cloudtrail/trail:Trail", ("enableLogging",), "the record of who did what", SWITCHED_OFF, True),
    Guard("aws:cloudtrail/trail:Trail", ("enableLogFileValidation",), "proof that records are whole", SWITCHED_OFF),
    Guard("aws:cloudtrail/trail:Trail", ("isMultiRegionTrail",), "records of all regions", SWITCHED_OFF),
    Guard("aws:cloudtrail/trail:Trail", ("includeGlobalServiceEvents",), "records of IAM", SWITCHED_OFF, True),
    Guard("aws:cloudtrail/trail:Trail", ("cloudWatchLogsGroupArn",), "records that alarms read", REMOVED),
    Guard("aws:eks/cluster:Cluster", ("enabledClusterLogTypes",), "logs of the control plane", FEWER),
    Guard("aws:rds/instance:Instance", ("enabledCloudwatchLogsExports",), "logs of the database", FEWER),
    Guard("aws:ec2/flowLog:FlowLog", ("trafficType",), "recorded traffic", ranked("ACCEPT", "REJECT", "ALL")),
)

_RECORDERS = {
    "aws:ec2/flowLog:FlowLog": "who talked to whom in the network is no longer recorded",
    "aws:s3/bucketLogging:BucketLogging": "who read the bucket is no longer recorded",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": "what the firewall stops is no longer recorded",
}

_POD_SECURITY = "pod-security.kubernetes.io/"


@rule("dangerous")
def protection_lowered(view: View) -> Iterator[Found]:
    """Pulumi's own protection is taken away, so that the next update may delete it.

    Source: Pulumi, resource option protect
    """
    for change in view.preview.changes:
        if change.protected_before and not change.protected_after:
            what = "is deleted although it is protected" if change.kind == "delete" else "is no longer protected"
            yield Found(change.urn, f"{what}: a later update could delete it", "protect")


@rule("dangerous")
def deletion_protection_lowered(view: View) -> Iterator[Found]:
    """AWS no longer refuses to delete a database, a cluster, a table or a load balancer.

    Source: AWS Security Hub RDS.8, ELB.6, DynamoDB.6
    """
    yield from lowered(view, _REFUSES)


@rule("dangerous")
def deletion_less_reversible(view: View) -> Iterator[Found]:
    """A deletion would take more along than before, or could be taken back for a shorter time.

    A schema may be dropped with its tables once the settings say that its tenant is leaving.

    Source: DESIGN 6 (RDS); AWS KMS, Deleting keys
    """
    yield from lowered(view, _KEEPS)
    for one in lowered(view, [Guard(_SCHEMA, ("dropCascade",), "dropped with the tables in it", SWITCHED_ON)]):
        slug = view.tenant(one.urn)
        if slug is None or view.tenant_state(slug) not in ("offboarding", "deleted"):
            yield one


@rule("dangerous")
def object_lock_lowered(view: View) -> Iterator[Found]:
    """Objects that nobody may delete are locked for a shorter time, more weakly, or no longer.

    Source: REQUIREMENTS, Security and compliance (retention); AWS S3 Object Lock
    """
    place = ("rule", "defaultRetention")
    mode = Guard(_LOCK, (*place, "mode"), "who may delete locked objects", ranked("GOVERNANCE", "COMPLIANCE"))
    for change in view.changes(_LOCK, "update", "replace"):
        before, after = (_days(at(inputs, *place)) for inputs in (change.before, change.after))
        if is_hidden(at(change.after, *place)):
            if differs(change, *place):
                yield Found(change.urn, "how long objects are locked cannot be seen in this preview", "rule")
        elif after < before:
            yield Found(change.urn, f"days that objects are locked: {told(before)} -> {told(after)}", "rule")
    yield from lowered(view, [mode, Guard(_BUCKET, ("objectLockEnabled",), "locks of objects", SWITCHED_OFF)])
    for change in _removed_from_bucket(view, _LOCK):
        yield Found(change.urn, "new objects are no longer locked")


@rule("dangerous")
def versioning_lowered(view: View) -> Iterator[Found]:
    """A bucket no longer keeps what is overwritten or deleted.

    Source: AWS Security Hub S3.14
    """
    path = ("versioningConfiguration", "status")
    order = ranked("Disabled", "Suspended", "Enabled")
    yield from lowered(view, [Guard(_VERSIONS, path, "former versions of objects", order)])
    for change in _removed_from_bucket(view, _VERSIONS):
        yield Found(change.urn, "former versions of objects are no longer kept")


@rule("dangerous")
def record_lowered(view: View) -> Iterator[Found]:
    """Less is recorded of who did what: the trail, logs of databases and clusters, of traffic and of reads.

    Source: CIS AWS Foundations 3.0 section 3; REQUIREMENTS, Security and compliance (audit logs)
    """
    yield from lowered(view, _RECORDS)
    for token, reason in _RECORDERS.items():
        for change in view.changes(token, "delete"):
            if not _goes_with(view, change):
                yield Found(change.urn, reason)


@rule("notable")
def alarm_removed(view: View) -> Iterator[Found]:
    """An alarm is gone, so that nobody is told of what it watched.

    Source: REQUIREMENTS, Alerts
    """
    for change in view.changes("aws:cloudwatch/metricAlarm:MetricAlarm", "delete"):
        about = change.before.get("alarmDescription")
        yield Found(change.urn, f"nobody is told any more: {told(about or change.name)}")


@rule("dangerous")
def pod_security_lowered(view: View) -> Iterator[Found]:
    """A namespace admits pods that it refused before.

    Source: Kubernetes, Pod Security Standards; CIS Kubernetes 5.2
    """
    order = ranked("privileged", "baseline", "restricted")
    guards = [
        Guard(
            "kubernetes:core/v1:Namespace",
            ("metadata", "labels", f"{_POD_SECURITY}{mode}"),
            f"pods that the namespace {words}",
            order,
        )
        for mode, words in (("enforce", "admits"), ("audit", "records"), ("warn", "warns of"))
    ]
    yield from lowered(view, guards)


def _days(retention: Value) -> float:
    return (number(at(retention, "days")) or 0) + 365 * (number(at(retention, "years")) or 0)


def _removed_from_bucket(view: View, token: str) -> Iterator[Change]:
    """Return settings of buckets that are deleted, where the bucket stays."""
    for change in view.changes(token, "delete"):
        if not _goes_with(view, change):
            yield change


def _goes_with(view: View, change: Change) -> bool:
    """Whether what a setting is of is deleted as well: then that is what there is to say."""
    owners = (_BUCKET, "aws:ec2/vpc:Vpc", "aws:wafv2/webAcl:WebAcl")
    return any(view.ends(urn) for owner in owners for urn in view.related(change.urn, owner))


RULES = (
    protection_lowered,
    deletion_protection_lowered,
    deletion_less_reversible,
    object_lock_lowered,
    versioning_lowered,
    record_lowered,
    alarm_removed,
    pod_security_lowered,
)
