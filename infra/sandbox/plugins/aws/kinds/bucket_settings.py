"""What a bucket can be given, each a resource type whose id is the bucket's name: a document that is put as a whole."""

from typing import Any

from infra.sandbox.plugins.aws.kind import Call, Kind
from infra.sandbox.plugins.aws.kinds.bucket_documents import Lifecycle, Logging, Replication, Setting, Versioning

_OF_THE_CALL = "the call's own, no part of what it puts"
_DEFAULT_KEY = "rules.applyServerSideEncryptionByDefault"


def _setting(
    kind: type[Setting], name: str, noun: str, methods: tuple[str, str, str], *, result: str = "", **more: Any
) -> Setting:
    """Return an entry.

    Args:
        kind: its class.
        name: the type's name, as `BucketVersioning`.
        noun: what messages call it.
        methods: of boto3, which put, get and delete it.
        result: where the document is in what the second answers.
        more: further arguments of `kind`.
    """
    put, get, delete = methods
    unchecked = dict.fromkeys(more.pop("of_the_call", ()), _OF_THE_CALL)
    return kind(
        token=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        noun=noun,
        service="s3",
        schema=more.pop("schema", "AWS::S3::Bucket"),
        identifier="=bucket",
        creating=Call(method=put, subject="Bucket", by="bucket"),
        reading=Call(method=get, subject="Bucket", by="bucket", result=result),
        deleting=Call(method=delete, subject="Bucket", by="bucket"),
        schema_names={"bucket": "BucketName", **more.pop("schema_names", {})},
        unchecked={**unchecked, **more.pop("unchecked", {})},
        same_place=frozenset({"bucket"}),
        **more,
    )


KINDS: tuple[Kind, ...] = (
    _setting(
        Setting,
        "BucketPolicy",
        "S3 Bucket Policy",
        ("put_bucket_policy", "get_bucket_policy", "delete_bucket_policy"),
        schema="AWS::S3::BucketPolicy",
        schema_names={"bucket": "Bucket"},
        unchecked={"policy": "the schema has it as an object; it is checked to be JSON"},
        documents=frozenset({"policy"}),
    ),
    _setting(
        Versioning,
        "BucketVersioning",
        "S3 Bucket Versioning",
        ("put_bucket_versioning", "get_bucket_versioning", "put_bucket_versioning"),
        unchecked={"versioningConfiguration.mfaDelete": "the schema does not have it"},
        of_the_call=("expectedBucketOwner", "mfa"),
        replace=frozenset({"expectedBucketOwner"}),
        write_only=frozenset({"mfa"}),
    ),
    _setting(
        Setting,
        "BucketServerSideEncryptionConfiguration",
        "S3 Bucket Encryption",
        ("put_bucket_encryption", "get_bucket_encryption", "delete_bucket_encryption"),
        result="ServerSideEncryptionConfiguration",
        within="ServerSideEncryptionConfiguration",
        names={"rules.blockedEncryptionTypes": ""},
        schema_names={
            "rules": "BucketEncryption/ServerSideEncryptionConfiguration",
            _DEFAULT_KEY: "BucketEncryption/ServerSideEncryptionConfiguration/ServerSideEncryptionByDefault",
            "rules.blockedEncryptionTypes": (
                "BucketEncryption/ServerSideEncryptionConfiguration/BlockedEncryptionTypes/EncryptionType"
            ),
        },
        of_the_call=("expectedBucketOwner",),
        replace=frozenset({"expectedBucketOwner"}),
    ),
    _setting(
        Lifecycle,
        "BucketLifecycleConfiguration",
        "S3 Bucket Lifecycle",
        ("put_bucket_lifecycle_configuration", "get_bucket_lifecycle_configuration", "delete_bucket_lifecycle"),
        within="LifecycleConfiguration",
        schema_names={
            "rules": "LifecycleConfiguration/Rules",
            "rules.noncurrentVersionTransitions.noncurrentDays": (
                "LifecycleConfiguration/Rules/NoncurrentVersionTransitions/TransitionInDays"
            ),
            "rules.transitions.days": "LifecycleConfiguration/Rules/Transitions/TransitionInDays",
            "rules.transitions.date": "LifecycleConfiguration/Rules/Transitions/TransitionDate",
            "rules.expiration.days": "LifecycleConfiguration/Rules/ExpirationInDays",
            "rules.expiration.date": "LifecycleConfiguration/Rules/ExpirationDate",
            "rules.expiration.expiredObjectDeleteMarker": "LifecycleConfiguration/Rules/ExpiredObjectDeleteMarker",
        },
        unchecked={
            "rules.filter": "the schema has its parts in the rule itself",
            "timeouts": "the official plugin's own",
        },
        of_the_call=("expectedBucketOwner", "transitionDefaultMinimumObjectSize"),
        computed=frozenset({"transitionDefaultMinimumObjectSize"}),
        replace=frozenset({"expectedBucketOwner"}),
        write_only=frozenset({"timeouts"}),
    ),
    _setting(
        Setting,
        "BucketPublicAccessBlock",
        "S3 Bucket Public Access Block",
        ("put_public_access_block", "get_public_access_block", "delete_public_access_block"),
        result="PublicAccessBlockConfiguration",
        within="PublicAccessBlockConfiguration",
        schema_names={"": "PublicAccessBlockConfiguration"},
        unchecked={"skipDestroy": "the official plugin's own"},
        defaults={
            "blockPublicAcls": False,
            "blockPublicPolicy": False,
            "ignorePublicAcls": False,
            "restrictPublicBuckets": False,
        },
        write_only=frozenset({"skipDestroy"}),
    ),
    _setting(
        Setting,
        "BucketOwnershipControls",
        "S3 Bucket Ownership Controls",
        ("put_bucket_ownership_controls", "get_bucket_ownership_controls", "delete_bucket_ownership_controls"),
        result="OwnershipControls",
        within="OwnershipControls",
        names={"rule": "Rules"},
        schema_names={"rule": "OwnershipControls/Rules"},
    ),
    _setting(
        Logging,
        "BucketLogging",
        "S3 Bucket Logging",
        ("put_bucket_logging", "get_bucket_logging", "put_bucket_logging"),
        result="LoggingEnabled",
        within="BucketLoggingStatus",
        schema_names={
            "targetBucket": "LoggingConfiguration/DestinationBucketName",
            "targetPrefix": "LoggingConfiguration/LogFilePrefix",
            "targetObjectKeyFormat": "LoggingConfiguration/TargetObjectKeyFormat",
        },
        unchecked={"targetGrants": "the schema does not have them; they are ACLs"},
        of_the_call=("expectedBucketOwner",),
        replace=frozenset({"expectedBucketOwner"}),
    ),
    _setting(
        Replication,
        "BucketReplicationConfig",
        "S3 Bucket Replication",
        ("put_bucket_replication", "get_bucket_replication", "delete_bucket_replication"),
        result="ReplicationConfiguration",
        within="ReplicationConfiguration",
        schema_names={
            "": "ReplicationConfiguration",
            "rules.filter.and.tags": "ReplicationConfiguration/Rules/Filter/And/TagFilters",
            "rules.filter.tag": "ReplicationConfiguration/Rules/Filter/TagFilter",
        },
        unchecked={"rules.existingObjectReplication": "the schema does not have it"},
        of_the_call=("token",),
        secret=frozenset({"token"}),
        write_only=frozenset({"token"}),
    ),
)
"""The entries, for `s3`."""
