"""Storage and registry: each wrong setting by its path and what is allowed."""

from typing import Any

import pytest

from infra.settings.loader import load
from infra.settings.models import StackSettings
from tests.examples import declared_settings, raw_declared_settings, raw_settings
from tests.settings.wrong import NOWHERE, ROOT, SECTION, problems_of

DAYS = "too small; 1 at least"
MOST_DAYS = "too large; 3650 at most"
COLD = "too small; 30 at least"
REPOSITORY = "lower-case letters and digits, joined by single dots, dashes, underscores and slashes"

# section below tenantry:settings, its value, path of the error, what is said
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"storage": []}, "storage", SECTION),
    ({"storage": {"upload": {}}}, "storage.upload", "unknown key; did you mean uploads?"),
    ({"storage": {"uploads": True}}, "storage.uploads", SECTION),
    (
        {"storage": {"uploads": {"infrequent_access_after_days": 29}}},
        "storage.uploads.infrequent_access_after_days",
        COLD,
    ),
    (
        {"storage": {"assets": {"infrequent_access_after_days": "soon"}}},
        "storage.assets.infrequent_access_after_days",
        "must be a whole number",
    ),
    ({"storage": {"uploads": {"old_versions_days": 0}}}, "storage.uploads.old_versions_days", DAYS),
    ({"storage": {"exports": {"expire_after_days": 3651}}}, "storage.exports.expire_after_days", MOST_DAYS),
    (
        {"storage": {"exports": {"expire_after_day": 7}}},
        "storage.exports.expire_after_day",
        "unknown key; did you mean expire_after_days?",
    ),
    ({"storage": {"backups": {"daily_days": 0}}}, "storage.backups.daily_days", DAYS),
    (
        {"storage": {"backups": {"pre_migration_days": None}}},
        "storage.backups.pre_migration_days",
        "must be a whole number",
    ),
    (
        {"storage": {"backups": {"archive_after_days": 0.5}}},
        "storage.backups.archive_after_days",
        "must be a whole number",
    ),
    ({"storage": {"access_log_days": 30}}, "storage.access_log_days", "too small; 31 at least"),
    ({"storage": {"protect": "maybe"}}, "storage.protect", "must be true or false"),
    (
        {"storage": dict.fromkeys(("uploads", "exports", "assets", "backups"))},
        "storage.uploads",
        "no bucket is left; keep one, or write `storage: null`",
    ),
    ({"registry": {"repositories": []}}, "registry.repositories", "too few; 1 at least"),
    ({"registry": {"repositories": "api"}}, "registry.repositories", "must be a list"),
    ({"registry": {"repositories": ["API"]}}, "registry.repositories[0]", REPOSITORY),
    ({"registry": {"repositories": ["api", "tools//backup"]}}, "registry.repositories[1]", REPOSITORY),
    ({"registry": {"repositories": ["a"]}}, "registry.repositories[0]", "too short; 2 characters at least"),
    ({"registry": {"repositories": ["api", "api"]}}, "registry.repositories[1]", "named twice; name each once"),
    ({"registry": {"keep_images": 9}}, "registry.keep_images", "too small; 10 at least"),
    ({"registry": {"untagged_days": 0}}, "registry.untagged_days", DAYS),
    ({"registry": {"replicate": False}}, "registry.replicate", "unknown key; did you mean replicates?"),
    (
        {"registry": {"replicates": False, "also_replicates": ["shop-two"]}},
        "registry.also_replicates",
        "only the owner copies; name them in the stack whose `replicates` is true",
    ),
    (
        {"registry": {"also_replicates": ["shop-two", "shop-two"]}},
        "registry.also_replicates[1]",
        "named twice; name each once",
    ),
    (
        {"registry": {"also_replicates": ["shop"]}},
        "registry.also_replicates[0]",
        "this stack itself, which is always copied; remove it",
    ),
]


def declared(recovery_region: str | None = "eu-west-1", **sections: Any) -> dict[str, Any]:
    """Return valid settings with other sections."""
    raw = {**raw_declared_settings(), **sections}
    raw["aws"] = {**raw["aws"], "recovery_region": recovery_region}
    return raw


def loaded(**sections: Any) -> StackSettings:
    return load("example", declared(**sections), {})


@pytest.mark.parametrize(("sections", "path", "said"), WRONG)
def test_a_wrong_setting_is_told_at_its_path(sections: dict[str, Any], path: str, said: str) -> None:
    assert problems_of(declared(**sections)) == (f"{ROOT}.{path}: {said}",)


def test_images_of_other_stacks_are_not_copied_to_nowhere() -> None:
    raw = declared(recovery_region=None, registry={"also_replicates": ["shop-two"]})
    said = "nothing is copied without aws.recovery_region; add it, or remove these"
    assert problems_of(raw) == (f"{ROOT}.registry.also_replicates: {said}",)


def test_a_service_that_no_repository_can_be_named_after_is_told() -> None:
    storefront = raw_declared_settings()["services"]["storefront"]
    raw = declared(services={"store--front": storefront})
    said = "no name for a repository: one dash after the other; rename it"
    assert problems_of(raw) == (f"{ROOT}.services.store--front: {said}",)
    assert loaded(services={"store--front": storefront}, registry={"repositories": ["storefront"]}).registry


def test_the_assets_that_a_cdn_reads_are_declared() -> None:
    served = {"dns": {"zone": "shop.example.com"}, "edge": {"cdn": {"host": "static.shop.example.com"}}}
    said = "reads the bucket for assets, which is not declared; add storage.assets, or remove it"
    for storage in (None, {"assets": None}):
        assert f"{ROOT}.edge.cdn: {said}" in problems_of(declared(storage=storage, **served))


@pytest.mark.parametrize("section", ["storage", "registry"])
def test_what_is_made_in_aws_is_refused_where_nothing_is(section: str) -> None:
    raw = {**raw_settings(), section: {}}
    assert problems_of(raw) == (f"{ROOT}.{section}: {NOWHERE}",)
    assert load("example", {**raw_settings(), section: None}, {}).declares_aws is False


def test_what_is_left_out_is_safe_for_production() -> None:
    storage, registry = declared_settings().storage, declared_settings().registry
    assert storage is not None
    assert registry is not None
    assert storage.uploads is not None
    assert storage.exports is not None
    assert storage.backups is not None
    assert (storage.protect, registry.protect) == (True, True)
    assert storage.uploads.old_versions_days == 30  # REQUIREMENTS, Data: media
    assert (storage.backups.daily_days, storage.backups.pre_migration_days) == (30, 90)
    assert storage.exports.expire_after_days == 30


def test_a_section_that_is_named_keeps_the_defaults_of_its_purpose() -> None:
    storage = loaded(storage={"exports": {"old_versions_days": 1}, "backups": None}).storage
    assert storage is not None
    assert storage.exports is not None
    assert (storage.exports.expire_after_days, storage.exports.old_versions_days) == (30, 1)
    assert storage.backups is None
    assert storage.uploads is not None


@pytest.mark.parametrize("section", ["storage", "registry"])
def test_both_are_declared_unless_they_are_not_wanted(section: str) -> None:
    assert getattr(loaded(), section) is not None
    assert getattr(loaded(**{section: None}), section) is None
