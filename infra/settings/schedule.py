"""Schedules: the five fields of a CronJob, checked as Kubernetes reads them.

Kubernetes parses schedules by robfig/cron v3, whose rules these are: numbers, names of months and weekdays, `*`,
ranges, steps and lists. Its macros (`@daily`), `?` and `TZ=` are left out: one way to write a schedule is enough. No
library for it is among the project's; this is small and says what is wrong.
"""

from collections.abc import Iterator, Sequence

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, Sequence[str]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 6, _WEEKDAYS),
)
_LONGEST_MONTHS = dict(zip(range(1, 13), (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True))


def checked(schedule: str) -> str:
    """Return a schedule as it was given.

    Args:
        schedule: five fields: minute, hour, day of the month, month, weekday.

    Raises:
        ValueError: it has another number of fields, a field is out of its range, or it never falls due.
    """
    parts = schedule.split()
    if len(parts) != len(_FIELDS):
        raise ValueError("a schedule has five fields: minute, hour, day of the month, month, weekday, as `0 2 * * *`")
    _, _, days, months, _ = [set(_numbers(text, *field)) for text, field in zip(parts, _FIELDS, strict=True)]
    # A weekday beside a day of the month makes either enough, so that it falls due all the same.
    if _all(parts[4]) and not any(day <= _LONGEST_MONTHS[month] for day in days for month in months):
        raise ValueError("a schedule that never falls due: no month of it has that day")
    return schedule


def _numbers(text: str, name: str, first: int, last: int, names: Sequence[str]) -> Iterator[int]:
    """Return the numbers that a field stands for."""
    spellings = {word: first + position for position, word in enumerate(names)}
    allowed = ValueError(f"the schedule's {name} is {first} to {last}, `*`, a range, a list, or one with a step")
    for part in text.lower().split(","):
        span, has_step, step = part.partition("/")
        begin, has_end, end = (str(first), "-", str(last)) if span == "*" else span.partition("-")
        lower = _number(begin, spellings)
        upper = _number(end, spellings) if has_end else last if has_step else lower
        width = _number(step, {}) if has_step else 1
        if lower is None or upper is None or not width or not first <= lower <= upper <= last:
            raise allowed
        yield from range(lower, upper + 1, width)


def _all(text: str) -> bool:
    """Whether a field, whose numbers are right, says all of them by `*`: others that mean all are a choice to cron."""
    parts = [part.partition("/") for part in text.split(",")]
    return any(span == "*" and int(step or 1) == 1 for span, _, step in parts)


def _number(text: str, spellings: dict[str, int]) -> int | None:
    if text in spellings:
        return spellings[text]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else None
