"""How long the objects of a bucket cannot be deleted: a document of a bucket that was made for it."""

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.bucket_documents import Setting
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_ENABLED = "Enabled"
_OF_THE_CALL = "the call's own, no part of what it puts"


class ObjectLock(Setting):
    """A bucket's default retention. A lock cannot be taken off: the end of it is to retain nothing by default."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return what the document says; a period that is not given is told as none."""
        told = super().told(cloud, region, id, answer)
        retention = (told.get("rule") or {}).get("defaultRetention") if isinstance(told.get("rule"), dict) else None
        if retention:
            told["rule"] = {"defaultRetention": {name: value for name, value in retention.items() if value}}
        elif "rule" in told:
            del told["rule"]
        return told

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Retain nothing by default, as the official plugin does; what is retained stays so."""
        if self.read(cloud, region, id, known) is not None:
            self.put(cloud, region, {"bucket": id, "objectLockEnabled": _ENABLED})

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return a period that S3 cannot read."""
        retention = (inputs.get("rule") or {}).get("defaultRetention") or {}
        if inputs.get("rule") and ("days" in retention) == ("years" in retention):
            return [("rule.defaultRetention.days", "must be given, or else years, and not both")]
        if inputs.get("rule") and "mode" not in retention:
            return [("rule.defaultRetention.mode", "must be given: GOVERNANCE or COMPLIANCE")]
        return []


KINDS: tuple[Kind, ...] = (
    ObjectLock(
        token="aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        noun="S3 Bucket Object Lock",
        service="s3",
        schema="AWS::S3::Bucket",
        identifier="=bucket",
        creating=Call(method="put_object_lock_configuration", subject="Bucket", by="bucket"),
        reading=Call(
            method="get_object_lock_configuration", subject="Bucket", by="bucket", result="ObjectLockConfiguration"
        ),
        deleting=Call(method="put_object_lock_configuration", subject="Bucket", by="bucket"),
        within="ObjectLockConfiguration",
        schema_names={
            "bucket": "BucketName",
            "objectLockEnabled": "ObjectLockConfiguration/ObjectLockEnabled",
            "rule": "ObjectLockConfiguration/Rule",
        },
        unchecked={"expectedBucketOwner": _OF_THE_CALL, "token": _OF_THE_CALL},
        defaults={"objectLockEnabled": _ENABLED},
        replace=frozenset({"expectedBucketOwner"}),
        in_place=frozenset({"objectLockEnabled", "rule"}),
        secret=frozenset({"token"}),
        write_only=frozenset({"token"}),
        same_place=frozenset({"bucket"}),
    ),
)
"""The entries, for `s3`."""
