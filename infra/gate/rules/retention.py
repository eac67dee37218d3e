"""How long copies, logs and objects are kept, and in how many places; and that is lowered.

Owns time. Leaves deletion itself to `stateful`, and locks to `protection`.
"""

from collections.abc import Iterator, Mapping, Sequence

from infra.gate.change import Change, Hidden, Properties, Value
from infra.gate.rules.lowering import LOWERED, SWITCHED_OFF, Guard, lowered
from infra.gate.rules.properties import at, differs, is_hidden, number, objects, parsed, text, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.stateful import is_stateful
from infra.gate.rules.view import View

_BUCKET = "aws:s3/bucket:Bucket"
_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_IMAGES = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
_LOGS = "aws:cloudwatch/logGroup:LogGroup"

_BACKUPS: Sequence[Guard] = (
    # Defaults are those of the RDS and the ElastiCache API reference.
    Guard("aws:rds/instance:Instance", ("backupRetentionPeriod",), "days of backups", LOWERED, 0),
    Guard("aws:rds/cluster:Cluster", ("backupRetentionPeriod",), "days of backups", LOWERED, 1),
    Guard(
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        ("retentionPeriod",),
        "days of backups in another region",
        LOWERED,
        7,
    ),
    Guard(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        ("snapshotRetentionLimit",),
        "days of snapshots",
        LOWERED,
        0,
    ),
    Guard("aws:dynamodb/table:Table", ("pointInTimeRecovery", "enabled"), "restores to a moment", SWITCHED_OFF),
)

_COPIED: Mapping[str, tuple[str, str]] = {
    _REPLICATION: ("objects", "rules"),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": ("images", "replicationConfiguration"),
    "aws:secretsmanager/secret:Secret": ("values", "replicas"),
}
"""Type token -> what is copied elsewhere, and the input that says where to."""


@rule("dangerous")
def backup_retention_lowered(view: View) -> Iterator[Found]:
    """Backups of a database or a store are kept for fewer days.

    Source: REQUIREMENTS, Data (retention); AWS Security Hub RDS.11
    """
    yield from lowered(view, _BACKUPS)


@rule("dangerous")
def log_retention_lowered(view: View) -> Iterator[Found]:
    """Logs are kept for fewer days; where no number is given they are kept for ever.

    Source: REQUIREMENTS, Security and compliance (audit logs, retention)
    """
    place = "retentionInDays"
    for change in view.changes(_LOGS, "update", "replace"):
        before, after = change.before.get(place), change.after.get(place)
        if is_hidden(after):
            if differs(change, place):
                yield Found(change.urn, "days of logs cannot be seen in this preview", place)
        elif _kept(after) < _kept(before):
            yield Found(change.urn, f"days of logs: {told(before or 'for ever')} -> {told(after)}", place)


@rule("dangerous")
def object_expiry_shortened(view: View) -> Iterator[Found]:
    """Objects of a bucket are deleted sooner, or now at all.

    Source: REQUIREMENTS, Data (retention)
    """
    for change in view.changes(_LIFECYCLE, "update", "replace"):
        if is_hidden(change.after.get("rules")):
            if differs(change, "rules"):
                yield Found(change.urn, "when objects expire cannot be seen in this preview", "rules")
            continue
        yield from _sooner(change, _expiries(change.before), _expiries(change.after))
    for change in view.changes(_LIFECYCLE, "create"):
        buckets = list(view.related(change.urn, _BUCKET))
        if buckets and not any(view.is_new(urn) for urn in buckets):
            yield from _sooner(change, {}, _expiries(change.after))


@rule("dangerous")
def image_expiry_shortened(view: View) -> Iterator[Found]:
    """Images of a repository are deleted sooner, which a rollback may need.

    Source: REQUIREMENTS, Releases (rollback)
    """
    for change in view.changes(_IMAGES, "update", "replace"):
        if is_hidden(change.after.get("policy")):
            if differs(change, "policy"):
                yield Found(change.urn, "which images are kept cannot be seen in this preview", "policy")
            continue
        before, after = (_counts(inputs) for inputs in (change.before, change.after))
        for kind, count in sorted(after.items()):
            if count < before.get(kind, float("inf")):
                yield Found(change.urn, f"kept by {kind}: {told(before.get(kind, 'all'))} -> {told(count)}", "policy")


@rule("dangerous")
def message_retention_lowered(view: View) -> Iterator[Found]:
    """Messages that nobody took from a queue are lost sooner.

    Source: REQUIREMENTS, Workloads (dead letters); AWS SQS (four days where nothing is said)
    """
    place = ("messageRetentionSeconds",)
    yield from lowered(view, [Guard("aws:sqs/queue:Queue", place, "seconds that messages wait", LOWERED, 345_600)])


@rule("dangerous")
def copies_removed(view: View) -> Iterator[Found]:
    """What is copied to another region, for the day when this one is lost, is copied no longer.

    Source: REQUIREMENTS, Recovery (cross-region copies)
    """
    for token, (what, place) in _COPIED.items():
        for change in view.changes(token, "update", "replace", "delete"):
            if change.kind == "delete" and _goes_with(view, change):
                continue
            if isinstance(change.after.get(place), Hidden):
                if differs(change, place):
                    yield Found(change.urn, f"whether {what} are still copied cannot be seen in this preview", place)
            elif gone := _copies(change.before.get(place)) - _copies(change.after.get(place)):
                yield Found(change.urn, f"{what} are no longer copied: {told(sorted(gone))}", place)


def _kept(days: Value) -> float:
    return number(days) or float("inf")


def _expiries(inputs: Properties) -> dict[tuple[str, str], float]:
    """Return (rule, what expires) -> after how many days."""
    found: dict[tuple[str, str], float] = {}
    for one in objects(inputs.get("rules")):
        name = text(one.get("id"))
        if one.get("status") == "Disabled":
            continue
        current = number(at(one, "expiration", "days"))
        former = number(at(one, "noncurrentVersionExpiration", "noncurrentDays"))
        if current:
            found[name, "objects"] = current
        if former:
            found[name, "former versions of objects"] = former
    return found


def _sooner(
    change: Change, before: Mapping[tuple[str, str], float], after: Mapping[tuple[str, str], float]
) -> Iterator[Found]:
    for (name, what), days in sorted(after.items()):
        old = before.get((name, what))
        if old is None or days < old:
            yield Found(change.urn, f"{what} expire after days: {told(old or 'never')} -> {told(days)}", "rules")


def _counts(inputs: Properties) -> dict[str, float]:
    """Return what images are counted by -> how many, or for how long, are kept."""
    found: dict[str, float] = {}
    for one in objects(at(parsed(inputs.get("policy")), "rules")):
        choice = at(one, "selection")
        count = number(at(choice, "countNumber"))
        if count is not None:
            found[f"{text(at(choice, 'countType'))} of {text(at(choice, 'tagStatus'))}"] = count
    return found


def _copies(value: Value) -> set[str]:
    """Return what is copied: the rules that are on, by their ids, or the regions that are copied to."""
    found = {text(one.get("id")) for one in objects(value) if "id" in one and one.get("status") != "Disabled"}
    for one in objects(at(value, "rules")):
        found |= {text(place.get("region")) for place in objects(one.get("destinations"))}
    return found | {text(one.get("region")) for one in objects(value) if "region" in one}


def _goes_with(view: View, change: Change) -> bool:
    """Whether what is copied ends itself: then that is what there is to say."""
    return is_stateful(change.urn) or any(view.ends(urn) for urn in view.related(change.urn, _BUCKET))


RULES = (
    backup_retention_lowered,
    log_retention_lowered,
    object_expiry_shortened,
    image_expiry_shortened,
    message_retention_lowered,
    copies_removed,
)
