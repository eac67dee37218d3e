"""A copy of every object of a bucket in a bucket of another region.

Owns the rule and the role that copies. Leaves both buckets, their keys and lifecycles to `Bucket`: the copy is as
private as the first.
"""

from dataclasses import dataclass

import pulumi
from pulumi_aws import iam, s3

from components.account import Account
from components.bucket import Bucket
from components.iam_policy import Statement, document, trust
from components.role_grant import RoleGrant, RoleGrantArgs
from infra.tags import tags

_WITHIN_MINUTES = 15  # the recovery point asked for (REQUIREMENTS, Recovery), and the one value that S3 offers

_SOURCE_OBJECTS = ("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging")
_COPIES = ("s3:ReplicateObject", "s3:ReplicateTags")


@dataclass(frozen=True, kw_only=True)
class BucketReplicationArgs:
    """Arguments of `BucketReplication`.

    Args:
        source: what is copied.
        copy: where to.
        copy_region: the region of the copy.
        deletions: whether what is deleted is deleted in the copy too, as customers may ask; old versions stay there
            for their time. Without, neither a mistake nor an intruder reaches the copy: right for backups.
    """

    source: Bucket
    copy: Bucket
    copy_region: str
    deletions: bool = True


class BucketReplication(pulumi.ComponentResource):
    """What is stored is in another region within 15 minutes; the role that copies reads and writes nothing else."""

    role_arn: pulumi.Output[str]
    """The role that copies."""

    def __init__(self, name: str, args: BucketReplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:storage:BucketReplication", name, None, opts)
        self._name = name
        self._args = args
        self._account = Account(self)
        role = self._role()
        self._replicate(role, self._rights(role))
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _role(self) -> iam.Role:
        # Without conditions on the source: S3's guide has none ("Setting up permissions for live replication"), and one
        # that S3 does not fill would stop all copies. Who could name this role elsewhere needs `iam:PassRole` here.
        return iam.Role(
            f"{self._name}-role",
            assume_role_policy=document(trust("s3.amazonaws.com")),
            tags=tags(f"{self._name}-role", "storage"),
            opts=self._child(),
        )

    def _rights(self, role: iam.Role) -> RoleGrant:
        source, copy = self._args.source, self._args.copy
        copies = (*_COPIES, "s3:ReplicateDelete") if self._args.deletions else _COPIES
        statements = (
            Statement(actions=("s3:GetReplicationConfiguration", "s3:ListBucket"), resources=[source.arn]),
            Statement(actions=_SOURCE_OBJECTS, resources=[pulumi.Output.format("{0}/*", source.arn)]),
            Statement(actions=copies, resources=[pulumi.Output.format("{0}/*", copy.arn)]),
            self._key(("kms:Decrypt",), source, self._account.region),
            self._key(("kms:Encrypt", "kms:GenerateDataKey"), copy, self._args.copy_region),
        )
        args = RoleGrantArgs(role=role.name, description=f"{self._name} copies objects", statements=statements)
        return RoleGrant(f"{self._name}-rights", args, self._child())

    def _key(self, actions: tuple[str, ...], bucket: Bucket, region: pulumi.Input[str]) -> Statement:
        """Return the right to use a bucket's key through S3 in its region, and for nothing else."""
        through = pulumi.Output.format("s3.{0}.amazonaws.com", region)
        return Statement(
            actions=actions, resources=[bucket.key_arn], conditions={"StringEquals": {"kms:ViaService": through}}
        )

    def _replicate(self, role: iam.Role, rights: RoleGrant) -> s3.BucketReplicationConfig:
        return s3.BucketReplicationConfig(
            f"{self._name}-rule",
            bucket=self._args.source.bucket,  # known once both keep versions, as S3 asks for
            role=role.arn,
            rules=[
                {
                    "id": "all",
                    "status": "Enabled",
                    "priority": 1,
                    "filter": {},
                    "delete_marker_replication": {"status": "Enabled" if self._args.deletions else "Disabled"},
                    # Without it S3 leaves out every object under a key of KMS, which is every object.
                    "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
                    "destination": {
                        "bucket": self._args.copy.arn,
                        "encryption_configuration": {"replica_kms_key_id": self._args.copy.key_arn},
                        "replication_time": {"status": "Enabled", "time": {"minutes": _WITHIN_MINUTES}},
                        "metrics": {"status": "Enabled", "event_threshold": {"minutes": _WITHIN_MINUTES}},
                    },
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )
