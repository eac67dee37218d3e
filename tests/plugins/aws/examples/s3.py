"""Examples of buckets and what they can be given."""

import json

from tests.plugins.aws.world import Example, World

_AGE = {
    "id": "age",
    "status": "Enabled",
    "filter": {},
    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}],
    "noncurrentVersionExpiration": {"noncurrentDays": 30},
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
}
_LOGS = {
    "id": "logs",
    "status": "Enabled",
    "filter": {"and": {"prefix": "logs/", "tags": {"kind": "log"}}},
    "expiration": {"days": 90},
}


def bucket(world: World, *, versions: bool = False) -> str:
    """Return the name of a new bucket."""
    s3, name = world.client("s3"), world.name("bucket")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": world.region})
    if versions:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def tls_only(bucket: str, version: str) -> str:
    """Return a policy of a bucket."""
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["s3:*"],
        "Resource": [f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"NumericLessThan": {"s3:TlsVersion": version}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def encrypted(algorithm: str) -> list[dict[str, object]]:
    """Return the rules of an encryption."""
    return [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm}, "bucketKeyEnabled": True}]


def _policed(world: World) -> dict[str, object]:
    name = bucket(world)
    return {"bucket": name, "policy": tls_only(name, "1.2")}


def replicated(world: World) -> dict[str, object]:
    """Return the inputs of a replication."""
    return {
        "bucket": bucket(world, versions=True),
        "role": world.role,
        "rules": [
            {
                "id": "all",
                "status": "Enabled",
                "priority": 1,
                "filter": {"prefix": "media/"},
                "deleteMarkerReplication": {"status": "Disabled"},
                "destination": {
                    "bucket": f"arn:aws:s3:::{bucket(world, versions=True)}",
                    "storageClass": "STANDARD_IA",
                },
            }
        ],
    }


def log_bucket(world: World) -> str:
    """Return the name of a new bucket that S3 may write access logs to."""
    name = bucket(world)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{name}/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.client("s3").put_bucket_policy(Bucket=name, Policy=policy)
    return name


def _logged(world: World) -> dict[str, object]:
    return {"bucket": bucket(world), "targetBucket": log_bucket(world), "targetPrefix": "media/"}


def _log_elsewhere(world: World, name: str) -> None:
    enabled = {"TargetBucket": log_bucket(world), "TargetPrefix": "other/"}
    world.client("s3").put_bucket_logging(Bucket=name, BucketLoggingStatus={"LoggingEnabled": enabled})


def _encrypt(world: World, name: str) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    world.client("s3").put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _forget(world: World, name: str) -> None:
    rule = {"ID": "age", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    world.client("s3").put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})


def _open(world: World, name: str) -> None:
    block = {"BlockPublicAcls": False, "IgnorePublicAcls": True, "RestrictPublicBuckets": True}
    world.client("s3").put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)


def _replicate_by_another_role(world: World, bucket: str) -> None:
    s3 = world.client("s3")
    found = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    changed = {**found, "Role": "arn:aws:iam::123456789012:role/third"}
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=changed)


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:s3/bucket:Bucket",
        inputs=lambda world: {"bucket": world.name("media"), "forceDestroy": True, "tags": {"owner": "shop"}},
        change={"forceDestroy": False, "tags": {"owner": "platform"}},
        replacement={"bucket": "elsewhere"},
        drift=lambda world, it: world.client("s3").delete_bucket_tagging(Bucket=it),
        drifted=frozenset({"tags"}),
        unimported=frozenset({"forceDestroy"}),
    ),
    Example(
        token="aws:s3/bucketPolicy:BucketPolicy",
        inputs=_policed,
        change={"policy": tls_only("other", "1.3")},
        replacement={"bucket": "elsewhere"},
        drift=lambda world, it: world.client("s3").put_bucket_policy(Bucket=it, Policy=tls_only(it, "1.0")),
        drifted=frozenset({"policy"}),
    ),
    Example(
        token="aws:s3/bucketVersioning:BucketVersioning",
        inputs=lambda world: {"bucket": bucket(world), "versioningConfiguration": {"status": "Enabled"}},
        change={"versioningConfiguration": {"status": "Suspended"}},
        replacement={"bucket": "elsewhere"},
        drift=lambda world, it: world.client("s3").put_bucket_versioning(
            Bucket=it, VersioningConfiguration={"Status": "Enabled"}
        ),
        drifted=frozenset({"versioningConfiguration"}),
        stays=True,
    ),
    Example(
        token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        inputs=lambda world: {"bucket": bucket(world), "rules": encrypted("AES256")},
        change={"rules": encrypted("aws:kms")},
        replacement={"bucket": "elsewhere"},
        drift=_encrypt,
        drifted=frozenset({"rules"}),
    ),
    Example(
        token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        inputs=lambda world: {"bucket": bucket(world), "rules": [_AGE]},
        change={"rules": [{**_AGE, "expiration": {"days": 365}}, _LOGS]},
        replacement={"bucket": "elsewhere"},
        drift=_forget,
        drifted=frozenset({"rules"}),
    ),
    Example(
        token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        inputs=lambda world: {"bucket": bucket(world), "blockPublicAcls": True, "ignorePublicAcls": True},
        change={"blockPublicPolicy": True, "restrictPublicBuckets": True},
        replacement={"bucket": "elsewhere"},
        drift=_open,
        drifted=frozenset({"blockPublicAcls", "blockPublicPolicy"}),
    ),
    Example(
        token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        inputs=lambda world: {"bucket": bucket(world), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        change={"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        replacement={"bucket": "elsewhere"},
        drift=lambda world, it: world.client("s3").put_bucket_ownership_controls(
            Bucket=it, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        ),
        drifted=frozenset({"rule"}),
    ),
    Example(
        token="aws:s3/bucketLogging:BucketLogging",
        inputs=_logged,
        change={"targetPrefix": "photos/"},
        replacement={"bucket": "elsewhere"},
        drift=_log_elsewhere,
        drifted=frozenset({"targetBucket", "targetPrefix"}),
    ),
    Example(
        token="aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        inputs=replicated,
        change={"role": "arn:aws:iam::123456789012:role/other"},
        replacement={"bucket": "elsewhere"},
        drift=_replicate_by_another_role,
        drifted=frozenset({"role"}),
    ),
)
