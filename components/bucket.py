"""A private S3 bucket.

Owns the bucket, its key, its policy and lifecycle, and who reads and writes it. Leaves replication to another region
and access logs to a later component.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.iam_policy import Statement, document
from components.role_grant import RoleGrant, RoleGrantArgs
from infra.tags import tags

_ABANDONED_UPLOAD_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """Arguments of `Bucket`.

    Args:
        infrequent_access_after_days: objects move to a cheaper class; 30 is the least that S3 allows (REQUIREMENTS,
            Data, asks for the lifecycle).
        expire_after_days: objects are deleted; None for never.
        old_versions_days: a replaced or deleted object can be brought back for so long (REQUIREMENTS, Data: media 30).
        protect: whether the engine refuses to delete it; without, a destroy deletes the objects too.
    """

    infrequent_access_after_days: int = 30
    expire_after_days: int | None = None
    old_versions_days: int = 30
    protect: bool = True


class Bucket(pulumi.ComponentResource):
    """Never public, never in plain text on a disk or a wire; what is overwritten can be brought back for a time."""

    bucket: pulumi.Output[str]
    """The bucket's name, known once nothing public can be put in it."""

    arn: pulumi.Output[str]
    """The bucket."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:storage:Bucket", name, None, opts)
        self._name = name
        self._args = args
        self._key = EncryptionKey(
            f"{name}-encryption",
            EncryptionKeyArgs(description=f"objects of {name}", protect=args.protect),
            self._child(),
        )
        created = self._create()
        closed = self._block_public_access(created)
        self._require_tls(created, closed)
        self._encrypt(created)
        self._lifecycle(created, self._versioning(created))
        self.bucket = closed.bucket
        self.arn = created.arn
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

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
            Statement(actions=key, resources=[self._key.arn]),
        )
        args = RoleGrantArgs(role=role, description=f"{what} {self._name}", statements=statements)
        return RoleGrant(f"{self._name}-{what}", args, self._child())

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _create(self) -> s3.Bucket:
        return s3.Bucket(
            f"{self._name}-bucket",
            force_destroy=not self._args.protect,
            tags=tags(f"{self._name}-bucket", "storage"),
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protect),
        )

    def _block_public_access(self, bucket: s3.Bucket) -> s3.BucketPublicAccessBlock:
        return s3.BucketPublicAccessBlock(
            f"{self._name}-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child(),
        )

    def _require_tls(self, bucket: s3.Bucket, closed: s3.BucketPublicAccessBlock) -> s3.BucketPolicy:
        resources = [bucket.arn, pulumi.Output.format("{0}/*", bucket.arn)]
        refused = ({"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": "1.2"}})
        statements = [
            Statement(
                effect="Deny",
                actions=("s3:*",),
                resources=resources,
                principals={"AWS": "*"},
                conditions=condition,
            )
            for condition in refused
        ]
        # Changed at the same time, S3 refuses one of the two: OperationAborted.
        return s3.BucketPolicy(
            f"{self._name}-tls", bucket=closed.bucket, policy=document(*statements), opts=self._child()
        )

    def _encrypt(self, bucket: s3.Bucket) -> s3.BucketServerSideEncryptionConfiguration:
        return s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encrypted",
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self._key.arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self._child(),
        )

    def _versioning(self, bucket: s3.Bucket) -> s3.BucketVersioning:
        return s3.BucketVersioning(
            f"{self._name}-versions",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self._child(),
        )

    def _lifecycle(self, bucket: s3.Bucket, versioning: s3.BucketVersioning) -> s3.BucketLifecycleConfiguration:
        rule: s3.BucketLifecycleConfigurationRuleArgsDict = {
            "id": "age",
            "status": "Enabled",
            "filter": {},
            "transitions": [{"days": self._args.infrequent_access_after_days, "storage_class": "STANDARD_IA"}],
            "noncurrent_version_expiration": {"noncurrent_days": self._args.old_versions_days},
            "abort_incomplete_multipart_upload": {"days_after_initiation": _ABANDONED_UPLOAD_DAYS},
        }
        if self._args.expire_after_days is not None:
            rule["expiration"] = {"days": self._args.expire_after_days}
        # A rule on old versions asks for versioning first.
        return s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=bucket.bucket,
            rules=[rule],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
