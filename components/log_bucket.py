"""The bucket that S3 writes access logs of other buckets to.

Owns the bucket and who writes to it: S3's log delivery, for the account's own buckets. Leaves which bucket is logged to
that bucket. Access logs of a bucket are in its own region.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components.account import Account
from components.bucket_lifecycle import Ages, rules
from components.closed_bucket import ClosedBucket, ClosedBucketArgs
from components.iam_policy import Statement

_DELIVERY = "logging.s3.amazonaws.com"
_OLD_VERSIONS_DAYS = 7  # ours: log delivery overwrites nothing; it is for what a person deleted


@dataclass(frozen=True, kw_only=True)
class LogBucketArgs:
    """Arguments of `LogBucket`.

    Args:
        retention_days: records are deleted; more than 30, after which they move to a cheaper class.
        region: where it is; None for the provider's region.
        protect: whether the engine refuses to delete it; without, a destroy deletes the records too.
    """

    retention_days: int = 90
    region: str | None = None
    protect: bool = True


class LogBucket(pulumi.ComponentResource):
    """Only S3 writes to it, for buckets of this account; never public, never in plain text; records end."""

    bucket: pulumi.Output[str]
    """The bucket's name, known once S3 may write to it."""

    arn: pulumi.Output[str]
    """The bucket."""

    def __init__(self, name: str, args: LogBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:storage:LogBucket", name, None, opts)
        self._name = name
        self._args = args
        closed_args = ClosedBucketArgs(region=args.region, protect=args.protect)
        self._records = ClosedBucket(f"{name}-records", closed_args, self._child())
        self._encrypt()
        self._end(self._versioning())
        self.bucket = self._records.police(self._delivery()).bucket
        self.arn = self._records.arn
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _delivery(self) -> Statement:
        return Statement(
            actions=("s3:PutObject",),
            resources=[pulumi.Output.format("{0}/*", self._records.arn)],
            principals={"Service": _DELIVERY},
            conditions={"StringEquals": {"aws:SourceAccount": Account(self).id}},
        )

    def _encrypt(self) -> s3.BucketServerSideEncryptionConfiguration:
        # S3's own keys: log delivery cannot use one of KMS ("Enabling Amazon S3 server access logging").
        return s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encrypted",
            bucket=self._records.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            region=self._args.region,
            opts=self._child(),
        )

    def _versioning(self) -> s3.BucketVersioning:
        return s3.BucketVersioning(
            f"{self._name}-versions",
            bucket=self._records.bucket,
            versioning_configuration={"status": "Enabled"},
            region=self._args.region,
            opts=self._child(),
        )

    def _end(self, versioning: s3.BucketVersioning) -> s3.BucketLifecycleConfiguration:
        return s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=versioning.bucket,
            rules=rules(Ages(expire=self._args.retention_days, old_versions=_OLD_VERSIONS_DAYS)),
            region=self._args.region,
            opts=self._child(),
        )
