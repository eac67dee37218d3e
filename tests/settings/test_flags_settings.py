"""Feature flags and what tenants have against their plan: each wrong setting by its path and what is allowed."""

from typing import Any

import pytest

from infra.settings.models import StackSettings
from tests.examples import declared_settings, raw_declared_settings
from tests.settings.wrong import ROOT, SECTION, SLUG, problems_of

NAME = "lower-case letters, digits and underscores; begins with a letter, ends without an underscore"
NO_SERVICE = "no such service; add it to services, or remove it here"
NO_FLAG = "no such flag; add it to flags, or remove it here"
TWICE = "named twice; name each once"
PLANS = "not allowed; take one of: free, pro, enterprise"
TRUTH = "must be true or false"
KEYS = "unknown key; allowed: on, plans, rolls, services"
FLAG = "flags.ai_forecasting"

# flags, path of the error, what is said
WRONG_FLAGS: list[tuple[object, str, str]] = [
    (["ai_forecasting"], "flags", SECTION),
    (None, "flags", SECTION),
    ({"ai_forecasting": None}, FLAG, SECTION),
    ({"ai_forecasting": True}, FLAG, SECTION),
    ({"AI": {}}, "flags.AI", NAME),
    ({"ai-forecasting": {}}, "flags.ai-forecasting", NAME),
    ({"2fa": {}}, "flags.2fa", NAME),
    ({"f" * 41: {}}, "flags." + "f" * 41, "too long; 40 characters at most"),
    ({"ai_forecasting": {"on": "perhaps"}}, f"{FLAG}.on", TRUTH),
    ({"ai_forecasting": {"on": None}}, f"{FLAG}.on", TRUTH),
    ({"ai_forecasting": {"plans": "pro"}}, f"{FLAG}.plans", "must be a list"),
    ({"ai_forecasting": {"plans": ["professional"]}}, f"{FLAG}.plans[0]", PLANS),
    ({"ai_forecasting": {"plans": ["pro", "pro"]}}, f"{FLAG}.plans[1]", TWICE),
    ({"ai_forecasting": {"services": []}}, f"{FLAG}.services", "too few; 1 at least"),
    ({"ai_forecasting": {"services": ["Storefront"]}}, f"{FLAG}.services[0]", SLUG),
    ({"ai_forecasting": {"services": ["api"]}}, f"{FLAG}.services[0]", NO_SERVICE),
    ({"ai_forecasting": {"services": ["storefront", "storefront"]}}, f"{FLAG}.services[1]", TWICE),
    ({"ai_forecasting": {"rolls": True}}, f"{FLAG}.rolls", "must be a list"),
    ({"ai_forecasting": {"rolls": ["api"]}}, f"{FLAG}.rolls[0]", NO_SERVICE),
    (
        {"ai_forecasting": {"services": ["storefront"], "rolls": ["api"]}},
        f"{FLAG}.rolls[0]",
        "does not read it; add it to services of the flag, or remove it here",
    ),
    ({"ai_forecasting": {"plan": ["pro"]}}, f"{FLAG}.plan", "unknown key; did you mean plans?"),
    ({"ai_forecasting": {"tenants": ["corner-shop"]}}, f"{FLAG}.tenants", KEYS),
]

# the first tenant's features, path of the error, what is said
WRONG_FEATURES: list[tuple[object, str, str]] = [
    ({"ai_forecast": True}, "features.ai_forecast", NO_FLAG),
    ({"Cart": True}, "features.Cart", NAME),
    ({"ai_forecasting": "perhaps"}, "features.ai_forecasting", TRUTH),
    ({"ai_forecasting": None}, "features.ai_forecasting", TRUTH),
    (["ai_forecasting"], "features", SECTION),
]


def with_flags(flags: object) -> dict[str, Any]:
    """Return valid settings but for their flags."""
    return raw_declared_settings(lambda raw: raw.update(flags=flags))


def with_features(features: object) -> dict[str, Any]:
    """Return settings with one flag, and the features of the first tenant."""
    raw = with_flags({"ai_forecasting": {"on": True}})
    raw["tenants"][1]["features"] = features
    return raw


def loaded(**flag: Any) -> StackSettings:
    return declared_settings(lambda raw: raw.update(flags={"ai_forecasting": flag}))


@pytest.mark.parametrize(("flags", "path", "said"), WRONG_FLAGS)
def test_a_wrong_flag_is_told_by_its_path_and_what_is_allowed(flags: object, path: str, said: str) -> None:
    assert problems_of(with_flags(flags)) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(("features", "path", "said"), WRONG_FEATURES)
def test_a_wrong_feature_of_a_tenant_is_told_by_its_path(features: object, path: str, said: str) -> None:
    assert problems_of(with_features(features)) == (f"{ROOT}.tenants[1].{path}: {said}",)


def test_a_flag_is_off_and_read_by_everybody_and_rolls_nobody_unless_it_says_so() -> None:
    flag = loaded().flags["ai_forecasting"]
    assert (flag.on, flag.plans, flag.rolls) == (False, (), ())
    assert flag.read_by("storefront")


def test_a_flag_that_is_on_for_no_plan_and_no_tenant_is_allowed() -> None:
    assert loaded(on=True).flags["ai_forecasting"].on


def test_a_tenant_may_have_a_feature_of_a_flag_that_is_still_off() -> None:
    raw = with_features({"ai_forecasting": True})
    raw["flags"]["ai_forecasting"]["on"] = False
    settings = declared_settings(lambda before: before.update(raw))
    assert settings.tenants[1].features == {"ai_forecasting": True}


def many(count: int) -> dict[str, Any]:
    """Return settings in which so many tenants with the longest names differ from their plan in two flags."""
    raw = with_flags({"cart": {"on": True}, "compare": {"on": True}})
    features = {"cart": True, "compare": True}
    raw["tenants"] = [{"slug": f"shop-{number:035}", "plan": "free", "features": features} for number in range(count)]
    return raw


def test_more_exceptions_than_a_config_map_should_hold_are_refused_with_a_way_out() -> None:
    assert problems_of(many(5_600)) == (
        f"{ROOT}.flags.cart: so many tenants differ from their plan that a service reads 525 KiB of flags, 512 at "
        "most; give it to plans, or name fewer services",
    )


def test_thousands_of_exceptions_are_allowed_where_each_service_reads_few_of_them() -> None:
    assert len(declared_settings(lambda raw: raw.update(many(5_000))).tenants) == 5_000
