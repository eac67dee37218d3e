"""Examples of trails, and of the lock of the bucket that they deliver to."""

import json

from tests.plugins.aws.world import ACCOUNT, Example, World


def audit_policy(bucket: str, trail: str) -> str:
    """Return the policy of a bucket that one trail may deliver to."""
    source = {"aws:SourceArn": f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/{trail}"}
    asked = {"Action": "s3:GetBucketAcl", "Resource": f"arn:aws:s3:::{bucket}", "Condition": {"StringEquals": source}}
    written = {
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*",
        "Condition": {"StringEquals": {**source, "s3:x-amz-acl": "bucket-owner-full-control"}},
    }
    principal = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**principal, **one} for one in (asked, written)]})


def bucket(world: World, trail: str = "") -> str:
    """Return the name of a new bucket that can be locked, and that one trail may deliver to."""
    name, s3 = world.name("audit"), world.client("s3")
    location = {"LocationConstraint": world.region}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=location, ObjectLockEnabledForBucket=True)
    if trail:
        s3.put_bucket_policy(Bucket=name, Policy=audit_policy(name, trail))
    return name


def trail(world: World) -> dict[str, object]:
    """Return the inputs of a trail."""
    name = world.name("audit")
    return {
        "name": name,
        "s3BucketName": bucket(world, name),
        "enableLogFileValidation": True,
        "isMultiRegionTrail": True,
        "tags": {"owner": "shop"},
    }


def _locked(days: int) -> dict[str, object]:
    return {"defaultRetention": {"mode": "GOVERNANCE", "days": days}}


def _unlock(world: World, it: str) -> None:
    world.client("s3").put_object_lock_configuration(
        Bucket=it,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        },
    )


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:cloudtrail/trail:Trail",
        inputs=trail,
        change={
            "enableLogFileValidation": False,
            "advancedEventSelectors": [
                {
                    "name": "objects",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.ARN", "startsWiths": ["arn:aws:s3:::uploads/"]},
                    ],
                }
            ],
            "tags": {"owner": "platform"},
        },
        replacement={"name": "other"},
        drift=lambda world, it: world.client("cloudtrail").stop_logging(Name=it),
        drifted=frozenset({"enableLogging"}),
    ),
    Example(
        token="aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        inputs=lambda world: {"bucket": bucket(world), "rule": _locked(365)},
        change={"rule": _locked(400)},
        replacement={"bucket": "other"},
        drift=_unlock,
        drifted=frozenset({"rule"}),
        stays=True,  # a bucket stays lockable
    ),
)
