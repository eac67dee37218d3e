"""Buckets. What a bucket can be given beside its name is in `bucket_settings`, a type for each."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind, is_gone
from infra.sandbox.plugins.aws.kinds import bucket_settings, object_lock
from infra.sandbox.plugins.aws.tagging import Tagging, Tags
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 63  # "General purpose bucket naming rules" of S3
_FIRST_REGION = "us-east-1"  # takes no location, and a bucket of one's own again
_INSTEAD = {
    "accelerationStatus": "BucketAccelerateConfiguration",
    "acl": "BucketAcl",
    "corsRules": "BucketCorsConfiguration",
    "grants": "BucketAcl",
    "lifecycleRules": "BucketLifecycleConfiguration",
    "logging": "BucketLogging",
    "objectLockConfiguration": "BucketObjectLockConfiguration",
    "policy": "BucketPolicy",
    "replicationConfiguration": "BucketReplicationConfig",
    "requestPayer": "BucketRequestPaymentConfiguration",
    "serverSideEncryptionConfiguration": "BucketServerSideEncryptionConfiguration",
    "versioning": "BucketVersioning",
    "website": "BucketWebsiteConfiguration",
}
"""Deprecated input -> the type that took its place."""
_REFUSED = "deprecated, and refused: another type took its place"


class BucketTagging(Tagging):
    """A bucket's tags are one document, and none is an error."""

    def read(self, client: Any, subject: str, answer: Mapping[str, Any]) -> dict[str, str]:
        """Return the tags of a bucket."""
        del answer
        try:
            found = client.get_bucket_tagging(Bucket=subject)["TagSet"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchTagSet":
                raise
            return {}
        return {tag["Key"]: tag["Value"] for tag in found}

    def update(self, client: Any, subject: str, old: Tags, new: Tags) -> None:
        """Make the tags `new`."""
        del old
        if new:
            client.put_bucket_tagging(Bucket=subject, Tagging={"TagSet": self._written(new)})
        else:
            client.delete_bucket_tagging(Bucket=subject)


_TAGGING = BucketTagging(parameter="", by="id")


class Bucket(Kind):
    """A bucket; its id is its name."""

    def named(self, name: str) -> str:
        """Return an automatic name in small letters, as the official plugin does."""
        return name.lower()

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it where it belongs.

        Raises:
            ProviderError: the name is in use in us-east-1, where S3 takes the creation of one's own bucket again.
        """
        s3, name = cloud.client(self.service, region), str(inputs["bucket"])
        location: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        if region == _FIRST_REGION:
            location = {}
            if self.read(cloud, region, name, inputs) is not None:
                raise ProviderError(f"BucketAlreadyExists: the bucket {name} exists")
        lock = {"ObjectLockEnabledForBucket": True} if inputs.get("objectLockEnabled") else {}
        s3.create_bucket(Bucket=name, **location, **lock)
        if tags:
            _TAGGING.update(s3, name, {}, tags)
        return name

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties and its addresses."""
        where = str(answer.get("BucketRegion") or region)
        return {
            "arn": f"arn:aws:s3:::{id}",
            "bucket": id,
            "bucketDomainName": f"{id}.s3.amazonaws.com",
            "bucketRegion": where,
            "bucketRegionalDomainName": f"{id}.s3.{where}.amazonaws.com",
            "objectLockEnabled": self._is_locked(cloud, region, id),
        }

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, with all objects in it when the program says so; else S3 refuses one that is not empty."""
        if known.get("forceDestroy"):
            try:
                self._empty(cloud, region, id)
            except ClientError as error:
                if not is_gone(error):
                    raise
        super().delete(cloud, region, id, known)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return the deprecated inputs, which are types of their own."""
        return [
            (name, f"is deprecated and not in the offline plugin; use aws.s3.{other}")
            for name, other in _INSTEAD.items()
            if name in inputs
        ]

    def _is_locked(self, cloud: Cloud, region: str, id: str) -> bool:
        try:
            answer = cloud.client(self.service, region).get_object_lock_configuration(Bucket=id)
        except ClientError as error:
            if not is_gone(error):
                raise
            return False
        return bool(answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled")

    def _empty(self, cloud: Cloud, region: str, id: str) -> None:
        s3 = cloud.client(self.service, region)
        bypass = {"BypassGovernanceRetention": True} if self._is_locked(cloud, region, id) else {}
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=id):
            objects = list(_versions(page))
            if objects:
                answer = s3.delete_objects(Bucket=id, Delete={"Objects": objects, "Quiet": True}, **bypass)
                for refused in answer.get("Errors", []):
                    raise ProviderError(f"{refused['Code']}: {refused['Message']} ({refused['Key']})")


def _versions(page: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
        yield {"Key": found["Key"], "VersionId": found["VersionId"]}


KINDS: tuple[Kind, ...] = (
    Bucket(
        token="aws:s3/bucket:Bucket",
        noun="S3 Bucket",
        service="s3",
        schema="AWS::S3::Bucket",
        identifier="=bucket",
        creating=Call(method="create_bucket"),
        reading=Call(method="head_bucket", subject="Bucket"),
        deleting=Call(method="delete_bucket", subject="Bucket"),
        tagging=_TAGGING,
        schema_names={"bucket": "BucketName", "bucketPrefix": "BucketNamePrefix"},
        unchecked={"forceDestroy": "the official plugin's own", **dict.fromkeys(_INSTEAD, _REFUSED)},
        defaults={"forceDestroy": False},
        computed=frozenset({*_INSTEAD, "bucketNamespace", "objectLockEnabled"}),
        replace=frozenset({"objectLockEnabled"}),
        automatic={"bucket": _LONGEST_NAME},
        same_place=frozenset({"bucket"}),
    ),
    *bucket_settings.KINDS,
    *object_lock.KINDS,
)
