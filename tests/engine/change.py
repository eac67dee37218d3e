"""Changes of settings for tests that interrupt updates: each makes the engine create, update or delete many resources.

All of them can be applied to the settings of `local`; `small_again`, after `switched`, takes every one of them back.
A tenant goes in steps, each applied to its end before the next: it is offboarding, it is deleted, its line goes.
"""

from typing import Any

from tests.engine.stack import Settings

_NEXT: dict[str, dict[str, Any]] = {
    "active": {"state": "offboarding"},
    "offboarding": {"state": "deleted", "export": "0" * 64},
}
_DIGIT = {"1": "2", "2": "1"}


def larger(settings: Settings) -> None:
    """Add a tenant of each isolation, and a candidate."""
    _add_tenants(settings, {"new-free": "free", "new-pro": "pro", "new-enterprise": "enterprise"})
    slots = settings["services"]["storefront"]["slots"]
    slots["green"] = {**slots["blue"], "image": _other_image(slots["blue"]["image"])}


def switched(settings: Settings) -> None:
    """Let the candidate take the traffic, and the tenants that were added leave."""
    _move_on(settings)
    settings["services"]["storefront"]["active"] = "green"


def small_again(settings: Settings) -> None:
    """Take back what `larger` and `switched` did, so that only the first three tenants and slot blue are left."""
    _move_on(settings)
    settings["services"]["storefront"]["active"] = "blue"
    settings["services"]["storefront"]["slots"].pop("green", None)


def other(settings: Settings) -> None:
    """Add a tenant of isolation `schema`; those that were added before go one step on. Change the image as well.

    At least 26 events. The Deployment and the tenant's Secret keep the API server busy, all else PostgreSQL.
    """
    _move_on(settings)
    slugs = [tenant["slug"] for tenant in settings["tenants"]]
    numbers = [int(slug.removeprefix("new-shop-")) for slug in slugs if slug.startswith("new-shop-")]
    _add_tenants(settings, {f"new-shop-{max(numbers, default=0) + 1}": "pro"})
    blue = settings["services"]["storefront"]["slots"]["blue"]
    blue["image"] = _other_image(blue["image"])


def _add_tenants(settings: Settings, new: dict[str, str]) -> None:
    settings["tenants"] += [{"slug": slug, "plan": plan} for slug, plan in new.items()]


def _move_on(settings: Settings) -> None:
    """Let each tenant that was added take the next step to its end."""
    for tenant in [tenant for tenant in settings["tenants"] if tenant["slug"].startswith("new-")]:
        state = tenant.get("lifecycle", {}).get("state", "active")
        if state in _NEXT:
            tenant["lifecycle"] = _NEXT[state]
        else:
            settings["tenants"].remove(tenant)


def _other_image(image: str) -> str:
    repository, _, digest = image.partition("@sha256:")
    return f"{repository}@sha256:{_DIGIT[digest[0]] * 64}"
