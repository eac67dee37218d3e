"""What an environment stores: settings -> buckets by purpose, their copies in the recovery region, and images.

Owns which purpose means what for a bucket, and what is copied where. Leaves who reads and writes to the parts that do.
"""

from collections.abc import Iterable, Mapping

import pulumi

from components.bucket import Bucket, BucketArgs
from components.bucket_lifecycle import Ages
from components.bucket_replication import BucketReplication, BucketReplicationArgs
from components.log_bucket import LogBucket, LogBucketArgs
from components.registry import Registry, RegistryArgs
from infra.naming import ARCHIVE_PREFIX, DAILY_BACKUPS_PREFIX, PRE_MIGRATION_BACKUPS_PREFIX
from infra.settings.storage import (
    AssetsSettings,
    BackupsSettings,
    ExportsSettings,
    RegistrySettings,
    StorageSettings,
    UploadsSettings,
)
from stacks.region import Region

Outputs = Mapping[str, pulumi.Input[object]]
_Purpose = UploadsSettings | ExportsSettings | AssetsSettings | BackupsSettings


class Storage:
    """The buckets of an environment.

    `buckets` is purpose (`uploads`, `exports`, `assets`, `backups`) -> bucket, for those that are declared.
    """

    def __init__(self, settings: StorageSettings | None, region: Region, *, distributed: bool = False) -> None:
        """Declare the buckets, and their copies where there is a recovery region.

        Args:
            settings: the stack's; None declares nothing.
            region: where they are made.
            distributed: whether a distribution reads `assets`; its part then calls `allow_distribution` of the bucket.
        """
        self._region = region
        self._distributed = distributed
        self.buckets: dict[str, Bucket] = {}
        if settings is None:
            return
        self._protect = settings.protect
        purposes: dict[str, _Purpose | None] = {
            "uploads": settings.uploads,
            "exports": settings.exports,
            "assets": settings.assets,
            "backups": settings.backups,
        }
        ages = {purpose: _ages(wanted) for purpose, wanted in purposes.items() if wanted is not None}
        logs = self._logs("access-logs", settings, None)
        self.buckets = {purpose: self._bucket(purpose, wanted, logs) for purpose, wanted in ages.items()}
        if region.place.recovery_region is not None:
            self._copy(settings, ages, region.place.recovery_region)

    @property
    def outputs(self) -> Outputs:
        """The stack's outputs about them: purpose -> the bucket's name."""
        return {"buckets": {purpose: bucket.bucket for purpose, bucket in self.buckets.items()}}

    def _logs(self, name: str, settings: StorageSettings, region: str | None) -> LogBucket:
        args = LogBucketArgs(retention_days=settings.access_log_days, region=region, protect=settings.protect)
        return LogBucket(name, args, self._region.opts)

    def _bucket(self, purpose: str, ages: Ages, logs: LogBucket) -> Bucket:
        args = BucketArgs(
            ages=ages,
            access_logs=logs.bucket,
            distributed=self._distributed and purpose == "assets",
            protect=self._protect,
        )
        return Bucket(purpose, args, self._region.opts)

    def _copy(self, settings: StorageSettings, ages: Mapping[str, Ages], region: str) -> None:
        logs = self._logs("access-logs-copy", settings, region)
        for purpose, source in self.buckets.items():
            args = BucketArgs(ages=ages[purpose], access_logs=logs.bucket, region=region, protect=self._protect)
            copy = Bucket(f"{purpose}-copy", args, self._region.opts)
            # Customers may ask that what is theirs is deleted everywhere; a backup is there for what they did not ask.
            replication = BucketReplicationArgs(
                source=source, copy=copy, copy_region=region, deletions=purpose != "backups"
            )
            BucketReplication(f"{purpose}-replication", replication, self._region.opts)


def registry(settings: RegistrySettings | None, services: Iterable[str], region: Region) -> Registry | None:
    """Declare the repositories of images, and their copies where there is a recovery region.

    Args:
        settings: the stack's; None declares nothing.
        services: names, each of which has a repository by default.
        region: where they are made.

    Returns:
        The registry, or None where it has no repository.
    """
    if settings is None:
        return None
    names = tuple(services) if settings.repositories is None else settings.repositories
    if not names:
        return None
    place = region.place
    args = RegistryArgs(
        prefix=place.name,
        repositories=names,
        keep_images=settings.keep_images,
        untagged_days=settings.untagged_days,
        recovery_region=place.recovery_region,
        replicated=(place.name, *settings.also_replicates) if settings.replicates else (),
        protect=settings.protect,
    )
    return Registry("registry", args, region.opts)


def registry_outputs(declared: Registry | None) -> Outputs:
    """Return the stack's outputs about images: repository without prefix -> its URL."""
    return {"repositories": declared.urls} if declared is not None else {}


def _ages(settings: _Purpose) -> Ages:
    match settings:
        case ExportsSettings():
            # Infrequent access asks for 30 days at least, when an export is gone.
            return Ages(
                infrequent_access=None, expire=settings.expire_after_days, old_versions=settings.old_versions_days
            )
        case BackupsSettings():
            return _backup_ages(settings)
        case UploadsSettings() | AssetsSettings():
            return Ages(
                infrequent_access=settings.infrequent_access_after_days, old_versions=settings.old_versions_days
            )


def _backup_ages(settings: BackupsSettings) -> Ages:
    return Ages(
        infrequent_access=settings.infrequent_access_after_days,
        expire_below={
            DAILY_BACKUPS_PREFIX: settings.daily_days,
            PRE_MIGRATION_BACKUPS_PREFIX: settings.pre_migration_days,
        },
        archive_below={ARCHIVE_PREFIX: settings.archive_after_days},
        old_versions=settings.old_versions_days,
    )
