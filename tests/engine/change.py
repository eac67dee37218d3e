"""Changes of settings for tests that interrupt updates: each makes the engine create, update or delete many resources.

All of them can be applied to the settings of `local`; `small_again` takes every one of them back.
"""

from tests.engine.stack import Settings

_DIGIT = {"1": "2", "2": "1"}


def larger(settings: Settings) -> None:
    """Add a tenant of each isolation, and a candidate."""
    _set_tenants(settings, {"new-free": "free", "new-pro": "pro", "new-enterprise": "enterprise"})
    slots = settings["services"]["storefront"]["slots"]
    slots["green"] = {**slots["blue"], "image": _other_image(slots["blue"]["image"])}


def switched(settings: Settings) -> None:
    """Let the candidate take the traffic."""
    settings["services"]["storefront"]["active"] = "green"


def small_again(settings: Settings) -> None:
    """Take back every change of this module, so that only the first three tenants and slot blue are left."""
    _set_tenants(settings, {})
    settings["services"]["storefront"]["active"] = "blue"
    settings["services"]["storefront"]["slots"].pop("green", None)


def other(settings: Settings) -> None:
    """Add a tenant of isolation `schema` in the place of those that were added before; change the image as well.

    At least 26 events. The Deployment and the tenant's Secret keep the API server busy, all else PostgreSQL.
    """
    there = any(tenant["slug"] == "new-pro" for tenant in settings["tenants"])
    _set_tenants(settings, {"new-shop" if there else "new-pro": "pro"})
    blue = settings["services"]["storefront"]["slots"]["blue"]
    blue["image"] = _other_image(blue["image"])


def _set_tenants(settings: Settings, new: dict[str, str]) -> None:
    old = [tenant for tenant in settings["tenants"] if not tenant["slug"].startswith("new-")]
    settings["tenants"] = [*old, *({"slug": slug, "plan": plan} for slug, plan in new.items())]


def _other_image(image: str) -> str:
    repository, _, digest = image.partition("@sha256:")
    return f"{repository}@sha256:{_DIGIT[digest[0]] * 64}"
