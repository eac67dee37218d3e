"""Alarms, queues, budget and audit: each wrong setting by its path and what is allowed."""

from typing import Any

import pytest

from infra.settings.models import StackSettings
from infra.settings.section import Section
from tests.examples import declared_settings, raw_declared_settings, raw_settings
from tests.settings.wrong import LOG_DAYS, NOWHERE, QUOTES, ROOT, SECTION, SLUG, problems_of

EMAIL = "an e-mail address, as `oncall@example.com`; the part behind the `@` in lower case"
DURATION = "a length of time: a whole number and a unit, as `30s`, `15m`, `12h` or `7d`"
LEAST = "too small; 1 at least"
TWICE = "named twice; name each once"
TRIES = "less than visibility_timeout x max_receives, which retries alone take; give more"
LOST = (
    "no longer than visibility_timeout x max_receives: messages would be lost before they are dead letters; "
    "give more days, or fewer receives"
)

# section below tenantry:settings, its value, path of the error, what is said
WRONG: list[tuple[str, Any, str, str]] = [
    ("alarms", None, "alarms", SECTION),
    ("alarms", {"emails": "oncall@example.com"}, "alarms.emails", "must be a list"),
    ("alarms", {"emails": ["oncall"]}, "alarms.emails[0]", EMAIL),
    ("alarms", {"emails": ["oncall@Example.com"]}, "alarms.emails[0]", EMAIL),
    ("alarms", {"emails": ["a@example.com", "a@example.com"]}, "alarms.emails[1]", TWICE),
    ("alarms", {"email": ["a@example.com"]}, "alarms.email", "unknown key; did you mean emails?"),
    ("queues", ["mail"], "queues", SECTION),
    ("queues", {"Mail": {}}, "queues.Mail", SLUG),
    ("queues", {"mail": None}, "queues.mail", SECTION),
    ("queues", {"mail": {"visibility_timeout": 60}}, "queues.mail.visibility_timeout", QUOTES),
    ("queues", {"mail": {"visibility_timeout": "1 minute"}}, "queues.mail.visibility_timeout", DURATION),
    (
        "queues",
        {"mail": {"visibility_timeout": "13h"}},
        "queues.mail.visibility_timeout",
        "more than SQS allows; give `12h` at most",
    ),
    ("queues", {"mail": {"max_receives": 0}}, "queues.mail.max_receives", LEAST),
    ("queues", {"mail": {"max_receive": 3}}, "queues.mail.max_receive", "unknown key; did you mean max_receives?"),
    (
        "queues",
        {"mail": {"retention_days": 14}},
        "queues.mail.retention_days",
        "too large; 13 at most",
    ),
    ("queues", {"mail": {"age_alarm": "2m"}}, "queues.mail.age_alarm", TRIES),
    (
        "queues",
        {"mail": {"visibility_timeout": "12h", "age_alarm": "3d", "retention_days": 1}},
        "queues.mail.retention_days",
        LOST,
    ),
    ("queues", {"mail": {"protect": "maybe"}}, "queues.mail.protect", "must be true or false"),
    ("budget", {}, "budget.monthly_usd", "missing; it is required"),
    ("budget", {"monthly_usd": 0}, "budget.monthly_usd", LEAST),
    ("budget", {"monthly_usd": "1500 USD"}, "budget.monthly_usd", "must be a whole number"),
    ("budget", {"monthly_usd": 1, "alerts": []}, "budget.alerts", "too few; 1 at least"),
    ("budget", {"monthly_usd": 1, "alerts": [{"percent": 0}]}, "budget.alerts[0].percent", LEAST),
    (
        "budget",
        {"monthly_usd": 1, "alerts": [{"percent": 80, "of": "forecasted"}]},
        "budget.alerts[0].of",
        "not allowed; take one of: actual, forecast",
    ),
    (
        "budget",
        {"monthly_usd": 1, "alerts": [{"percent": 80}, {"percent": 80, "of": "actual"}]},
        "budget.alerts[1]",
        "given twice; AWS takes each once",
    ),
    ("budget", {"monthly_usd": 1, "emails": ["finance"]}, "budget.emails[0]", EMAIL),
    (
        "budget",
        {"monthly_usd": 1, "emails": [f"{name}@example.com" for name in "abcdefghijk"]},
        "budget.emails",
        "too many; 10 at most",
    ),
    ("audit", {"lock": "none"}, "audit.lock", "not allowed; take one of: compliance, governance"),
    ("audit", {"retention_days": 0}, "audit.retention_days", LEAST),
    ("audit", {"log_retention_days": 91}, "audit.log_retention_days", LOG_DAYS),
    (
        "audit",
        {"protect": False},
        "audit.protect",
        "false, but nobody can delete records under lock compliance; leave it, or lock by governance",
    ),
    ("audit", {"retention": 365}, "audit.retention", "unknown key; did you mean retention_days?"),
]


def loaded(**sections: Any) -> StackSettings:
    return declared_settings(lambda raw: raw.update(sections))


@pytest.mark.parametrize(("section", "value", "path", "said"), WRONG)
def test_a_wrong_setting_is_told_by_its_path_and_what_is_allowed(
    section: str, value: Any, path: str, said: str
) -> None:
    raw = raw_declared_settings(lambda settings: settings.update({section: value}))
    assert problems_of(raw) == (f"{ROOT}.{path}: {said}",)


@pytest.mark.parametrize(
    ("section", "value"), [("alarms", {}), ("audit", {}), ("budget", {"monthly_usd": 1}), ("queues", {"mail": {}})]
)
def test_what_is_made_in_aws_is_refused_where_nothing_is(section: str, value: dict[str, Any]) -> None:
    assert problems_of({**raw_settings(), section: value}) == (f"{ROOT}.{section}: {NOWHERE}",)


def test_accesses_to_objects_can_only_be_recorded_of_buckets_that_are_declared() -> None:
    raw = raw_declared_settings(lambda raw: raw.update(storage=None, audit={"object_events": True}))
    said = "true, but the stack declares no buckets (storage); remove it"
    assert problems_of(raw) == (f"{ROOT}.audit.object_events: {said}",)


def test_what_is_left_out_is_safe_for_production() -> None:
    settings = declared_settings()
    assert settings.audit is not None
    assert (settings.audit.lock, settings.audit.retention_days, settings.audit.protect) == ("compliance", 365, True)
    assert settings.queues.keys() == {"mail"}
    mail = settings.queues["mail"]
    assert (mail.max_receives, mail.protect) == (3, True)  # REQUIREMENTS, workloads: retry at most 3 times
    assert settings.budget is None  # nobody can guess what it may cost


def test_a_budget_is_told_of_as_awss_own_template_does() -> None:
    budget = loaded(budget={"monthly_usd": 1500}).budget
    assert budget is not None
    assert [(alert.percent, alert.of) for alert in budget.alerts] == [
        (85, "actual"),
        (100, "actual"),
        (100, "forecast"),
    ]


def test_the_audit_can_be_left_to_another_stack() -> None:
    assert loaded(audit=None).audit is None


def test_sections_cannot_be_changed_after_loading() -> None:
    section: Section = loaded().alarms
    with pytest.raises(ValueError, match="frozen"):
        section.emails = ("someone@example.com",)  # type: ignore[attr-defined]  # no such attribute of every section
