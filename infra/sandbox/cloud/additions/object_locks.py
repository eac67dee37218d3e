"""Locks of buckets: AWS lets the default retention change at any time, moto only while a bucket is empty."""

from typing import Any

from moto.s3.exceptions import InvalidBucketState
from moto.s3.models import S3Backend


def install() -> None:
    """Let moto's S3 do so; doing it again changes nothing."""
    backend: Any = S3Backend  # moto has no hook for it
    backend.put_object_lock_configuration = _put


def _put(self: S3Backend, bucket_name: str, lock_enabled: bool, mode: str | None, *period: int | None) -> None:
    """Set the default retention of a bucket that keeps versions; what is retained already stays so."""
    bucket = self.get_bucket(bucket_name)
    if not bucket.is_versioned:
        raise InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
    if lock_enabled:
        bucket.object_lock_enabled = True
    bucket.default_lock_mode = mode
    bucket.default_lock_days, bucket.default_lock_years = (number or 0 for number in period)
