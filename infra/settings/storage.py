"""Settings of what an environment stores: buckets by purpose, and images.

Defaults are production-safe, and in days throughout. Where nothing else is said the numbers are ours: no source has
them. No I/O, no secrets.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import Field

from infra.settings.foundation import AwsSettings
from infra.settings.kinds import AwsName, RepositoryName
from infra.settings.section import Contradiction, Section, repeated

Days = Annotated[int, Field(ge=1, le=3650)]
InfrequentDays = Annotated[int, Field(ge=30, le=3650)]
"""S3 moves nothing to infrequent access earlier ("Constraints and considerations for transitions")."""


class UploadsSettings(Section):
    """What customers upload: product images and other media."""

    infrequent_access_after_days: InfrequentDays | None = 30
    """Objects move to a cheaper class (REQUIREMENTS, Data); null for never."""

    old_versions_days: Days = 30
    """What is replaced or deleted can be brought back for so long (REQUIREMENTS, Data: media 30)."""


class ExportsSettings(Section):
    """What is handed over: data that a tenant asked for."""

    expire_after_days: Days = 30
    """An export is deleted; who still wants it asks again."""

    old_versions_days: Days = 7
    """What is replaced or deleted can be brought back for so long; personal data should not stay longer."""


class AssetsSettings(Section):
    """What services serve and never change: scripts, styles, fonts of each build."""

    infrequent_access_after_days: InfrequentDays | None = 90
    """Objects move to a cheaper class: by then they are of an older build; null for never."""

    old_versions_days: Days = 30
    """What is replaced or deleted can be brought back for so long."""


class BackupsSettings(Section):
    """What is kept to be restored from, beside the database server's own backups; a prefix for each sort."""

    daily_days: Days = 30
    """Below `daily/`: each day's (REQUIREMENTS, Data: 30, staging 7)."""

    pre_migration_days: Days = 90
    """Below `pre-migration/`: what was before a migration (REQUIREMENTS, Data: 90)."""

    infrequent_access_after_days: InfrequentDays | None = 30
    """What is kept longer moves to a cheaper class (REQUIREMENTS, Data); null for never."""

    archive_after_days: Days = 1
    """Below `archive/`, where converted carts go after 2 years and stay: they move to the archive's class."""

    old_versions_days: Days = 7
    """What was deleted by mistake, or by an intruder, can be brought back for so long; here and in the copy."""


class StorageSettings(Section):
    """The buckets of the environment; null for one that is not wanted.

    All are copied to `aws.recovery_region` where that is set.
    """

    uploads: UploadsSettings | None = UploadsSettings()
    """What customers upload."""

    exports: ExportsSettings | None = ExportsSettings()
    """What tenants are handed over."""

    assets: AssetsSettings | None = AssetsSettings()
    """Static assets of services; a CDN, if there is one, reads them here."""

    backups: BackupsSettings | None = BackupsSettings()
    """Backups, and archived carts."""

    access_log_days: Annotated[int, Field(ge=31, le=3650)] = 90
    """Who asked for what is kept so long; more than 30, after which it moves to a cheaper class."""

    protect: bool = True
    """The engine refuses to delete the buckets, and S3 those that are not empty."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return that no bucket is left."""
        if not (self.uploads or self.exports or self.assets or self.backups):
            yield ("uploads",), "no bucket is left; keep one, or write `storage: null`"


class RegistrySettings(Section):
    """The registry of images (ECR): repositories `NAME/REPOSITORY`, NAME being `aws.name`.

    Copied to `aws.recovery_region` where that is set.
    """

    repositories: Annotated[tuple[RepositoryName, ...], Field(min_length=1, max_length=200)] | None = None
    """Repositories without `NAME/`; by default one for each service."""

    keep_images: Annotated[int, Field(ge=10, le=10000)] = 100
    """The newest images of a repository that are kept; older ones cannot be rolled back to."""

    untagged_days: Days = 14
    """Images that lost their tag are deleted."""

    replicates: bool = True
    """Whether replication is this stack's: a registry, one an account and region, has one, which others overwrite."""

    also_replicates: Annotated[tuple[AwsName, ...], Field(max_length=50)] = ()
    """`aws.name` of other stacks of the same account and region, whose images the owner copies too."""

    protect: bool = True
    """The engine refuses to delete the repositories, and ECR those that have images."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return repositories and stacks that are named twice, and stacks whose images nobody copies."""
        yield from repeated("repositories", self.repositories or ())
        yield from repeated("also_replicates", self.also_replicates)
        if self.also_replicates and not self.replicates:
            yield ("also_replicates",), "only the owner copies; name them in the stack whose `replicates` is true"


def misplaced(
    storage: StorageSettings | None, stated: Iterable[str], *, in_aws: bool, distributed: bool
) -> Iterator[Contradiction]:
    """Return what does not go together between sections of a stack.

    Args:
        storage: the stack's.
        stated: the sections that the stack file has, and that are not null.
        in_aws: whether the stack declares anything in AWS.
        distributed: whether a CDN reads the assets.
    """
    for section in sorted({"storage", "registry"} & set(stated)):
        if not in_aws:
            yield (section,), "made in AWS, where this stack declares nothing; remove it"
    if distributed and (storage is None or storage.assets is None):
        yield ("edge", "cdn"), "reads the bucket for assets, which is not declared; add storage.assets, or remove it"


def unnamed(
    registry: RegistrySettings | None, services: Iterable[str], place: AwsSettings | None
) -> Iterator[Contradiction]:
    """Return services that no repository can be named after, and copies that nobody makes.

    Args:
        registry: the stack's.
        services: their names.
        place: where the stack is; None for nowhere in AWS.
    """
    if registry is None or place is None:
        return
    if registry.repositories is None:
        for service in services:
            if "--" in service:
                yield ("services", service), "no name for a repository: one dash after the other; rename it"
    if registry.also_replicates and place.recovery_region is None:
        yield ("registry", "also_replicates"), "nothing is copied without aws.recovery_region; add it, or remove these"
    if place.name in registry.also_replicates:
        position = registry.also_replicates.index(place.name)
        yield ("registry", "also_replicates", position), "this stack itself, which is always copied; remove it"
