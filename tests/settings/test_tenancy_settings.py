"""What looks after all tenants: each wrong setting by its path and what is allowed."""

from typing import Any

import pytest

from tests.examples import TOOLS_IMAGE, raw_settings, settings
from tests.settings.wrong import ROOT, SECTION, problems_of, put

DIGEST = "an image by digest, as `registry/name@sha256:...`; a tag can move, a digest cannot"
NEEDED = "missing; it is required"
TRIAL = {"slug": "new-shop", "plan": "free", "lifecycle": {"state": "trial", "ends": "2026-12-01T00:00:00Z"}}

# path below tenantry:settings, value, what is said there
WRONG: list[tuple[str, Any, str]] = [
    ("tenancy", [], SECTION),
    ("tenancy.lifecycle", [], SECTION),
    ("tenancy.lifecycle.image", ..., NEEDED),
    ("tenancy.lifecycle.image", "registry.tenantry.invalid/tenantry/tools:1.2", DIGEST),
    ("tenancy.lifecycle.schedule", "0 0 30 2 *", "a schedule that never falls due: no month of it has that day"),
    ("tenancy.lifecycle.every", 5, "unknown key; allowed: image, schedule"),
    ("tenancy.jobs", {}, "unknown key; allowed: configuration, lifecycle"),
    ("tenancy.lifecycle", None, "missing, but tenants are in trial: nothing ends it; add tenancy.lifecycle"),
]


def changed(path: str, value: object) -> dict[str, Any]:
    """Return settings with the job and a tenant in trial, in which that value was put at that path."""

    def change(raw: dict[str, Any]) -> None:
        raw["tenancy"] = {"lifecycle": {"image": TOOLS_IMAGE}}
        raw["tenants"].append(TRIAL)
        if path:
            put(raw, path, value)

    return raw_settings(change)


@pytest.mark.parametrize(("path", "value", "told"), WRONG)
def test_a_wrong_setting_is_told_by_its_path(path: str, value: object, told: str) -> None:
    assert problems_of(changed(path, value)) == (f"{ROOT}.{path}: {told}",)


def test_nothing_looks_after_tenants_unless_it_is_declared_and_then_every_five_minutes() -> None:
    assert settings().tenancy.lifecycle is None
    declared = settings(lambda raw: raw.update(tenancy={"lifecycle": {"image": TOOLS_IMAGE}})).tenancy.lifecycle
    assert declared is not None
    assert declared.schedule == "*/5 * * * *"


@pytest.mark.parametrize("state", ["active", "suspended", "offboarding"])
def test_without_a_trial_no_job_is_needed(state: str) -> None:
    tenant = {"slug": "new-shop", "plan": "free", "lifecycle": {"state": state}}
    assert settings(lambda raw: raw["tenants"].append(tenant)).tenancy.lifecycle is None
