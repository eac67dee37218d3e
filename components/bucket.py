"""A private S3 bucket.

Owns the bucket, its key, its policy and lifecycle, and who reads and writes it. Leaves the copy in another region to
`BucketReplication`, and the bucket of access logs to `LogBucket`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import s3

from components.account import Account
from components.bucket_lifecycle import Ages, rules
from components.closed_bucket import ClosedBucket, ClosedBucketArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam_policy import Statement, Texts, deny
from components.role_grant import RoleGrant, RoleGrantArgs

_CDN = "cloudfront.amazonaws.com"
_ENCRYPTION = "s3:x-amz-server-side-encryption"


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """Arguments of `Bucket`.

    Args:
        ages: what happens to objects as they grow old.
        access_logs: the bucket, of the same region, that requests are logged to; None for no log.
        distributed: whether a CloudFront distribution reads it; then `allow_distribution` must be called once.
        region: where it is; None for the provider's region.
        protect: whether the engine refuses to delete it; without, a destroy deletes the objects too.
    """

    ages: Ages = field(default_factory=Ages)
    access_logs: pulumi.Input[str] | None = None
    distributed: bool = False
    region: str | None = None
    protect: bool = True


class Bucket(pulumi.ComponentResource):
    """Never public, never in plain text on a disk or a wire; what is overwritten can be brought back for a time.

    Nothing is stored in it under another key than its own.
    """

    bucket: pulumi.Output[str]
    """The bucket's name, known once nothing public can be put in it and old versions are kept."""

    arn: pulumi.Output[str]
    """The bucket, known as its name is."""

    domain: pulumi.Output[str]
    """Where it answers, as `NAME.s3.REGION.amazonaws.com`: the origin of a distribution."""

    key_arn: pulumi.Output[str]
    """The KMS key of its objects."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:storage:Bucket", name, None, opts)
        self._name = name
        self._args = args
        self._account = Account(self)
        self.key_arn = self._encryption_key().arn
        self._objects = ClosedBucket(
            f"{name}-objects", ClosedBucketArgs(region=args.region, protect=args.protect), self._child()
        )
        if not args.distributed:
            self._objects.police(*self._only_its_key())
        self._encrypt()
        versioning = self._versioning()
        self._lifecycle(versioning)
        self._log_access()
        self.bucket = versioning.bucket
        self.arn = pulumi.Output.all(self._objects.arn, versioning.id).apply(lambda parts: str(parts[0]))
        self.domain = self._objects.domain
        self.register_outputs({"bucket": self.bucket, "arn": self.arn, "key_arn": self.key_arn})

    def allow_distribution(self, arn: pulumi.Input[str]) -> None:
        """Let one CloudFront distribution read the objects, by its origin access control; makes the bucket's policy.

        A distribution names the bucket as its origin, so it is there first; therefore `distributed` is said before,
        and this once, after. CloudFront must decrypt as well: the key lets the account's distributions do so.

        Args:
            arn: the distribution.

        Raises:
            ValueError: the bucket was not declared as `distributed`, and has its policy already.
        """
        if not self._args.distributed:
            raise ValueError(f"{self._name} has its policy already; declare it with distributed=True")
        reads = Statement(
            actions=("s3:GetObject",),
            resources=[self._all_objects()],
            principals={"Service": _CDN},
            conditions={"StringEquals": {"aws:SourceArn": arn}},
        )
        self._objects.police(*self._only_its_key(), reads)

    def grant_read(self, reader: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role list and read the objects.

        Args:
            reader: who it is, for logical names.
            role: the IAM role's name.
        """
        return self._grant(f"{reader}-reads", role, ("s3:GetObject", "s3:GetObjectVersion"), ("kms:Decrypt",))

    def grant_write(self, writer: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role list, write and delete objects, but not their old versions.

        Args:
            writer: who it is, for logical names.
            role: the IAM role's name.
        """
        # A multipart upload decrypts its parts to put them together.
        objects = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
        return self._grant(f"{writer}-writes", role, objects, ("kms:GenerateDataKey", "kms:Decrypt"))

    def _grant(self, what: str, role: pulumi.Input[str], objects: tuple[str, ...], key: tuple[str, ...]) -> RoleGrant:
        statements = (
            Statement(actions=("s3:ListBucket",), resources=[self.arn]),
            Statement(actions=objects, resources=[pulumi.Output.format("{0}/*", self.arn)]),
            Statement(actions=key, resources=[self.key_arn]),
        )
        args = RoleGrantArgs(role=role, description=f"{what} {self._name}", statements=statements, inline=True)
        return RoleGrant(f"{self._name}-{what}", args, self._child())

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _all_objects(self) -> pulumi.Output[str]:
        return pulumi.Output.format("{0}/*", self._objects.arn)

    def _encryption_key(self) -> EncryptionKey:
        args = EncryptionKeyArgs(
            description=f"objects of {self._name}",
            statements=[self._distributions_decrypt()] if self._args.distributed else [],
            region=self._args.region,
            protect=self._args.protect,
        )
        return EncryptionKey(f"{self._name}-encryption", args, self._child())

    def _distributions_decrypt(self) -> Statement:
        # Every distribution of the account: the key is there before the one that reads; which that is, the bucket says.
        every = self._account.arn("cloudfront", "", "distribution/*")
        return Statement(
            actions=("kms:Decrypt",),
            resources=("*",),
            principals={"Service": _CDN},
            conditions={"ArnLike": {"aws:SourceArn": every}},
        )

    def _only_its_key(self) -> tuple[Statement, Statement]:
        """Refuse uploads that ask for another encryption; those that ask for none get the bucket's."""
        puts, objects = ("s3:PutObject",), (self._all_objects(),)
        another: Mapping[str, Mapping[str, Texts]] = {
            "Null": {_ENCRYPTION: "false"},
            "StringNotEquals": {f"{_ENCRYPTION}-aws-kms-key-id": self.key_arn},
        }
        the_callers = {"Null": {f"{_ENCRYPTION}-customer-algorithm": "false"}}
        return deny(puts, objects, another), deny(puts, objects, the_callers)

    def _encrypt(self) -> s3.BucketServerSideEncryptionConfiguration:
        return s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encrypted",
            bucket=self._objects.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self.key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            region=self._args.region,
            opts=self._child(),
        )

    def _versioning(self) -> s3.BucketVersioning:
        return s3.BucketVersioning(
            f"{self._name}-versions",
            bucket=self._objects.bucket,
            versioning_configuration={"status": "Enabled"},
            region=self._args.region,
            opts=self._child(),
        )

    def _lifecycle(self, versioning: s3.BucketVersioning) -> s3.BucketLifecycleConfiguration:
        return s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=versioning.bucket,  # a rule on old versions asks for versioning first
            rules=rules(self._args.ages),
            region=self._args.region,
            opts=self._child(),
        )

    def _log_access(self) -> s3.BucketLogging | None:
        if self._args.access_logs is None:
            return None
        return s3.BucketLogging(
            f"{self._name}-access-log",
            bucket=self._objects.bucket,
            target_bucket=self._args.access_logs,
            target_prefix=f"{self._name}/",
            region=self._args.region,
            opts=self._child(),
        )
