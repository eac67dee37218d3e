"""The record of who did what in an account, in a bucket that cannot be emptied.

Owns the trail, its bucket and key. Leaves searching it, and alarms on what is found, to `AuditLog`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import cloudtrail, s3

from components.account import Account
from components.audit_log import AuditLog, AuditLogArgs
from components.bucket_lifecycle import Ages, rules
from components.closed_bucket import ClosedBucket, ClosedBucketArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam_policy import Statement
from infra.tags import tags

_SERVICE = "cloudtrail.amazonaws.com"
_LEAST_DAYS_TO_COLD = 30  # what S3 asks for before it moves an object to a cheaper class
_OLD_VERSIONS_DAYS = 1  # an expired record is an old version for a day, then it is gone


@dataclass(frozen=True, kw_only=True)
class AuditArgs:
    """Arguments of `Audit`.

    Args:
        trail_name: unique in the account's region.
        alarm_topic_arn: where alarms go.
        lock: who can delete a record early: nobody at all (compliance), or who has `s3:BypassGovernanceRetention`.
        retention_days: so long records cannot be deleted or changed, then they expire (PCI DSS 10.5.1: 12 months).
        log_retention_days: how long they can be searched in CloudWatch (PCI DSS 10.5.1: 3 months), one of its own
            periods; None for not at all, and no alarms.
        object_arns: buckets of which each access to an object is recorded too.
        protect: whether the engine refuses to delete it; without, a destroy deletes the records too.
    """

    trail_name: str
    alarm_topic_arn: pulumi.Input[str]
    lock: Literal["compliance", "governance"] = "compliance"
    retention_days: int = 365
    log_retention_days: int | None = 90
    object_arns: Sequence[pulumi.Input[str]] = ()
    protect: bool = True


class Audit(pulumi.ComponentResource):
    """What is done in the account, in any region, is recorded, and nobody can delete or change a record in its time.

    Only this trail writes there. Records are encrypted, and signed so that a change would show.
    """

    trail_arn: pulumi.Output[str]
    """The trail."""

    bucket: pulumi.Output[str]
    """The bucket with the records."""

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:audit:Audit", name, None, opts)
        self._name = name
        self._args = args
        self._account = Account(self)
        self._arn = self._account.arn("cloudtrail", self._account.region, f"trail/{args.trail_name}")
        self._log_group = f"/aws/cloudtrail/{args.trail_name}"
        self._key = self._encryption_key()
        closed_args = ClosedBucketArgs(protect=args.protect, locked=True)
        self._records = ClosedBucket(f"{name}-records", closed_args, self._child())
        self._encrypt()
        log = self._log()
        trail = self._trail(self._records.police(*self._deliveries()), self._retain(), log)
        self.trail_arn = trail.arn
        self.bucket = self._records.bucket
        self.register_outputs({"trail_arn": self.trail_arn, "bucket": self.bucket})

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _encryption_key(self) -> EncryptionKey:
        from_trail = {"aws:SourceArn": self._arn}
        # In any region: a trail of all regions has one in each.
        anywhere = self._account.arn("cloudtrail", "*", f"trail/{self._args.trail_name}")
        encrypts = Statement(
            actions=("kms:GenerateDataKey*",),
            resources=("*",),
            principals={"Service": _SERVICE},
            conditions={
                "StringEquals": from_trail,
                "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": anywhere},
            },
        )
        looks = Statement(
            actions=("kms:DescribeKey",),
            resources=("*",),
            principals={"Service": _SERVICE},
            conditions={"StringEquals": from_trail},
        )
        args = EncryptionKeyArgs(
            description=f"records of {self._args.trail_name}",
            log_groups=() if self._args.log_retention_days is None else (self._log_group,),
            statements=(encrypts, looks),
            protect=self._args.protect,
        )
        return EncryptionKey(f"{self._name}-encryption", args, self._child())

    def _deliveries(self) -> tuple[Statement, Statement]:
        """Return what the trail may do, and no other: AWS's policy for a trail's bucket (CloudTrail user guide)."""
        from_trail = {"aws:SourceArn": self._arn}
        looks = Statement(
            actions=("s3:GetBucketAcl",),
            resources=[self._records.arn],
            principals={"Service": _SERVICE},
            conditions={"StringEquals": from_trail},
        )
        writes = Statement(
            actions=("s3:PutObject",),
            resources=[pulumi.Output.format("{0}/AWSLogs/{1}/*", self._records.arn, self._account.id)],
            principals={"Service": _SERVICE},
            conditions={"StringEquals": {**from_trail, "s3:x-amz-acl": "bucket-owner-full-control"}},
        )
        return looks, writes

    def _encrypt(self) -> s3.BucketServerSideEncryptionConfiguration:
        return s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encrypted",
            bucket=self._records.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self._key.arn,
                    },
                    # A bucket key replaces the trail's encryption context, by which the key's policy lets it in.
                    "bucket_key_enabled": False,
                }
            ],
            opts=self._child(),
        )

    def _retain(self) -> s3.BucketLifecycleConfiguration:
        versions = s3.BucketVersioning(
            f"{self._name}-versions",
            bucket=self._records.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self._child(),
        )
        days = self._args.retention_days
        locked = s3.BucketObjectLockConfiguration(
            f"{self._name}-lock",
            bucket=versions.bucket,
            rule={"default_retention": {"mode": self._args.lock.upper(), "days": days}},
            opts=self._child(),
        )
        cold = _LEAST_DAYS_TO_COLD if days > _LEAST_DAYS_TO_COLD else None
        return s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=locked.bucket,
            rules=rules(Ages(infrequent_access=cold, expire=days, old_versions=_OLD_VERSIONS_DAYS)),
            opts=self._child(),
        )

    def _log(self) -> AuditLog | None:
        if self._args.log_retention_days is None:
            return None
        return AuditLog(
            f"{self._name}-log",
            AuditLogArgs(
                group_name=self._log_group,
                namespace=f"Tenantry/{self._args.trail_name}",
                retention_days=self._args.log_retention_days,
                key_arn=self._key.arn,
                alarm_topic_arn=self._args.alarm_topic_arn,
            ),
            self._child(),
        )

    def _trail(
        self, policy: s3.BucketPolicy, retained: s3.BucketLifecycleConfiguration, log: AuditLog | None
    ) -> cloudtrail.Trail:
        return cloudtrail.Trail(
            f"{self._name}-trail",
            name=self._args.trail_name,
            s3_bucket_name=policy.bucket,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            kms_key_id=self._key.arn,
            cloud_watch_logs_group_arn=None if log is None else log.stream_arns,
            cloud_watch_logs_role_arn=None if log is None else log.role_arn,
            advanced_event_selectors=self._selectors(),
            tags=tags(f"{self._name}-trail", "audit"),
            # Before the first record comes: what is there before the lock is not locked.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[retained] if log is None else [retained, log], protect=self._args.protect
            ),
        )

    def _selectors(self) -> list[cloudtrail.TrailAdvancedEventSelectorArgsDict] | None:
        if not self._args.object_arns:
            return None  # AWS's own: everything that manages something
        below = [pulumi.Output.format("{0}/", arn) for arn in self._args.object_arns]
        return [
            {"name": "management", "field_selectors": [{"field": "eventCategory", "equals": ["Management"]}]},
            {
                "name": "objects",
                "field_selectors": [
                    {"field": "eventCategory", "equals": ["Data"]},
                    {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                    {"field": "resources.ARN", "starts_withs": below},
                ],
            },
        ]
