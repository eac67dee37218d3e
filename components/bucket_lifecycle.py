"""What happens to the objects of a bucket as they grow old, as lifecycle rules of S3.

Owns the shape of the rules. Leaves the numbers to whoever stores something.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi_aws import s3

_ABANDONED_UPLOAD_DAYS = 7
_INFREQUENT_ACCESS = "STANDARD_IA"
_ARCHIVE = "GLACIER_IR"  # as cheap as archives that are read within a second come


@dataclass(frozen=True, kw_only=True)
class Ages:
    """How long what is kept, and where, in days.

    Args:
        infrequent_access: objects move to a cheaper class; 30 is the least that S3 allows (REQUIREMENTS, Data, asks
            for the lifecycle); None for never.
        expire: objects are deleted; None for never.
        expire_below: prefix -> objects below it are deleted.
        archive_below: prefix -> objects below it move to the archive.
        old_versions: a replaced or deleted object can be brought back for so long (REQUIREMENTS, Data: media 30).
    """

    infrequent_access: int | None = 30
    expire: int | None = None
    expire_below: Mapping[str, int] = field(default_factory=dict)
    archive_below: Mapping[str, int] = field(default_factory=dict)
    old_versions: int = 30


def rules(ages: Ages) -> list[s3.BucketLifecycleConfigurationRuleArgsDict]:
    """Return the rules; overlapping ones are fine: S3 takes the earlier end and the cheaper class."""
    return [
        _everything(ages),
        *(_ending(prefix, days) for prefix, days in sorted(ages.expire_below.items())),
        *(_archived(prefix, days) for prefix, days in sorted(ages.archive_below.items())),
    ]


def _everything(ages: Ages) -> s3.BucketLifecycleConfigurationRuleArgsDict:
    rule: s3.BucketLifecycleConfigurationRuleArgsDict = {
        "id": "age",
        "status": "Enabled",
        "filter": {},
        "noncurrent_version_expiration": {"noncurrent_days": ages.old_versions},
        "abort_incomplete_multipart_upload": {"days_after_initiation": _ABANDONED_UPLOAD_DAYS},
        # What marks a deletion goes with the last old version, or it is listed for ever.
        "expiration": {"expired_object_delete_marker": True} if ages.expire is None else {"days": ages.expire},
    }
    if ages.infrequent_access is not None:
        rule["transitions"] = [{"days": ages.infrequent_access, "storage_class": _INFREQUENT_ACCESS}]
    return rule


def _ending(prefix: str, days: int) -> s3.BucketLifecycleConfigurationRuleArgsDict:
    return {
        "id": f"expire-{prefix.strip('/')}",
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "expiration": {"days": days},
    }


def _archived(prefix: str, days: int) -> s3.BucketLifecycleConfigurationRuleArgsDict:
    return {
        "id": f"archive-{prefix.strip('/')}",
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "transitions": [{"days": days, "storage_class": _ARCHIVE}],
    }
