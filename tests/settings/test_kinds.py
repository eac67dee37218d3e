"""Domain types take what they mean and refuse what is near it; units read what they take."""

import json
from importlib import resources
from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from infra.settings import kinds
from infra.units import mebibytes, millicores, seconds

FIELDS = "a schedule has five fields: minute, hour, day of the month, month, weekday, as `0 2 * * *`"


def judge(kind: object, value: object) -> str | None:
    """Return what is said of a value, None if nothing is."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    return None


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (kinds.Fqdn, ["example.com", "shop-1.example.co.uk", "xn--bcher-kva.example", "1.a"]),
        (kinds.Duration, ["1s", "15m", "12h", "30d", "999999s"]),
        (kinds.Memory, ["128Mi", "8Gi", "1Ti"]),
        (kinds.Cpu, ["1", "64", "100m", "1500m"]),
        (kinds.Percent, [0, 70, 100]),
        (kinds.CronSchedule, ["0 2 * * *", "*/5 * * * *", "0 3 * * sun", "0 0 1-7,15 JAN-MAR,12 1-5", "5/20 0 29 2 *"]),
        (kinds.CronSchedule, ["0 0 31 2 mon", "59 23 31 12 6", "0  2   * * *"]),
    ],
)
def test_a_domain_type_takes_what_it_means(kind: object, values: list[object]) -> None:
    assert {value: judge(kind, value) for value in values} == dict.fromkeys(values)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            kinds.Fqdn,
            ["localhost", "Shop.example.com", "example.com.", "-a.example", "a..b", "a.b1-", "1.2.3.4", "a_b.c"],
        ),
        (kinds.Duration, ["0s", "30", "1.5h", "5 m", "5M", "-5m", "1h30m", "1000000s"]),
        (kinds.Memory, ["8", "8G", "8GB", "0.5Gi", "0Mi", "8 Gi"]),
        (kinds.Cpu, ["0", "0.5", "1.5", "m", "100 m", "-1"]),
        (kinds.Percent, [-1, 101, "70%"]),
    ],
)
def test_a_domain_type_refuses_what_is_near_it(kind: object, values: list[object]) -> None:
    assert [value for value in values if judge(kind, value) is None] == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0 2 * *", FIELDS),
        ("0 0 2 * * *", FIELDS),
        ("@daily", FIELDS),
        ("60 2 * * *", "the schedule's minute is 0 to 59, `*`, a range, a list, or one with a step"),
        ("0 24 * * *", "the schedule's hour is 0 to 23, `*`, a range, a list, or one with a step"),
        ("0 2 0 * *", "the schedule's day of the month is 1 to 31, `*`, a range, a list, or one with a step"),
        ("0 2 * 13 *", "the schedule's month is 1 to 12, `*`, a range, a list, or one with a step"),
        ("0 2 * * 7", "the schedule's weekday is 0 to 6, `*`, a range, a list, or one with a step"),
        ("0 2 * * monday", "the schedule's weekday is 0 to 6, `*`, a range, a list, or one with a step"),
        ("30-10 2 * * *", "the schedule's minute is 0 to 59, `*`, a range, a list, or one with a step"),
        ("*/0 2 * * *", "the schedule's minute is 0 to 59, `*`, a range, a list, or one with a step"),
        ("1, 2 * * *", "the schedule's minute is 0 to 59, `*`, a range, a list, or one with a step"),
        ("1/2/3 2 * * *", "the schedule's minute is 0 to 59, `*`, a range, a list, or one with a step"),
        ("0 2 30 2 *", "a schedule that never falls due: no month of it has that day"),
        ("0 2 31 4,6,9,11 *", "a schedule that never falls due: no month of it has that day"),
        ("0 0 31 2 */1", "a schedule that never falls due: no month of it has that day"),
        ("0 0 30 2 1,*", "a schedule that never falls due: no month of it has that day"),
    ],
)
def test_a_schedule_that_is_none_is_told_why(value: str, said: str) -> None:
    assert judge(kinds.CronSchedule, value) == said


@pytest.mark.parametrize("value", ["0 0 31 2 */2", "0 0 31 2 0-6", "0 0 31 2 mon", "0 0 29 2 */1", "0 0 */1 2 */1"])
def test_a_schedule_that_falls_due_on_weekdays_alone_or_in_leap_years_is_one(value: str) -> None:
    assert judge(kinds.CronSchedule, value) is None


def test_every_domain_type_says_what_it_is() -> None:
    meanings = kinds.meanings_by_pattern()
    assert len(meanings) >= 15
    assert not [meaning for meaning in meanings.values() if not meaning.endswith(".")]


def test_logs_are_kept_for_the_periods_that_cfn_lint_carries_for_log_groups() -> None:
    schemas = resources.files("cfnlint") / "data" / "schemas"
    of_types: dict[str, str] = json.loads((schemas / "providers" / "us-east-1.json").read_text())
    group = json.loads((schemas / "resources" / f"{of_types['AWS::Logs::LogGroup']}.json").read_text())
    assert list(get_args(kinds.LogRetentionDays)) == group["properties"]["RetentionInDays"]["enum"]


def test_quantities_are_read_in_their_units() -> None:
    assert [seconds(text) for text in ("30s", "15m", "12h", "7d")] == [30, 900, 43_200, 604_800]
    assert [mebibytes(text) for text in ("512Mi", "8Gi", "1Ti")] == [512, 8_192, 1_048_576]
    assert [millicores(text) for text in ("2", "250m")] == [2_000, 250]
