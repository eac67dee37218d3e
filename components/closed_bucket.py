"""An S3 bucket that is closed, and its one policy.

Owns the bucket, the block of public access and of ACLs, and the policy, of which S3 keeps one a bucket. Leaves
encryption, versions, lifecycle and who has which rights to the component that it belongs to.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components.iam_policy import IN_PLAIN_TEXT, Statement, deny, document
from infra.tags import tags

_REFUSED = (IN_PLAIN_TEXT, {"NumericLessThan": {"s3:TlsVersion": "1.2"}})


@dataclass(frozen=True, kw_only=True)
class ClosedBucketArgs:
    """Arguments of `ClosedBucket`.

    Args:
        region: where it is; None for the provider's region.
        locked: whether objects in it can be locked against deletion; cannot be said later.
        protect: whether the engine refuses to delete it; without, a destroy deletes the objects too.
    """

    region: str | None = None
    locked: bool = False
    protect: bool = True


class ClosedBucket(pulumi.ComponentResource):
    """Nothing in it can be made public, whatever its policy says, and all objects in it are the account's.

    `police` must be called once: it makes the policy, without which plain HTTP is not refused.
    """

    bucket: pulumi.Output[str]
    """The bucket's name, known once nothing public can be put in it."""

    arn: pulumi.Output[str]
    """The bucket."""

    domain: pulumi.Output[str]
    """Where it answers, as `NAME.s3.REGION.amazonaws.com`."""

    def __init__(self, name: str, args: ClosedBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:storage:ClosedBucket", name, None, opts)
        self._name = name
        self._args = args
        created = self._create()
        self.bucket = self._refuse_acls(self._block_public_access(created)).bucket
        self.arn = created.arn
        self.domain = created.bucket_regional_domain_name
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def police(self, *statements: Statement) -> s3.BucketPolicy:
        """Make the bucket's policy, which refuses plain HTTP and old TLS to everyone; once a bucket.

        Args:
            statements: what else it says.
        """
        refused = (
            deny(("s3:*",), (self.arn, pulumi.Output.format("{0}/*", self.arn)), condition) for condition in _REFUSED
        )
        return s3.BucketPolicy(
            f"{self._name}-policy",
            bucket=self.bucket,
            policy=document(*refused, *statements),
            region=self._args.region,
            opts=self._child(),
        )

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _create(self) -> s3.Bucket:
        return s3.Bucket(
            f"{self._name}-bucket",
            force_destroy=not self._args.protect,
            object_lock_enabled=self._args.locked or None,
            region=self._args.region,
            tags=tags(f"{self._name}-bucket", "storage"),
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protect),
        )

    # One after the other: of two settings changed at the same time S3 refuses one, with OperationAborted.
    def _block_public_access(self, bucket: s3.Bucket) -> s3.BucketPublicAccessBlock:
        return s3.BucketPublicAccessBlock(
            f"{self._name}-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            region=self._args.region,
            opts=self._child(),
        )

    def _refuse_acls(self, closed: s3.BucketPublicAccessBlock) -> s3.BucketOwnershipControls:
        return s3.BucketOwnershipControls(
            f"{self._name}-owner",
            bucket=closed.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            region=self._args.region,
            opts=self._child(),
        )
