"""Times in which AWS may work on a database or a cache: windows of each day, and of one day of the week, in UTC.

Pure functions of texts that `infra.settings.kinds` has checked.
"""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_WEEK = 7 * _DAY

LONGEST = _DAY
"""Minutes that a window of maintenance may last: 24 hours in ElastiCache, and so in RDS (their API references)."""

Span = tuple[int, int]
"""Where in the week a window begins, in minutes since Monday 00:00 UTC, and how many minutes it lasts."""


def daily(window: str) -> list[Span]:
    """Return a window of each day as seven spans.

    Args:
        window: as `02:00-03:00`; one that ends before it begins ends on the next day.
    """
    begin, end = (_minutes(part) for part in window.split("-"))
    return [(day * _DAY + begin, (end - begin) % _DAY) for day in range(len(_DAYS))]


def weekly(window: str) -> Span:
    """Return a window of one day of the week as a span.

    Args:
        window: as `sun:04:00-sun:05:00`.
    """
    begin, end = (_DAYS.index(part[:3]) * _DAY + _minutes(part[4:]) for part in window.split("-"))
    return begin, (end - begin) % _WEEK


def length(window: str) -> int:
    """Return how many minutes a window of either form lasts.

    Args:
        window: as `02:00-03:00` or `sun:04:00-sun:05:00`.
    """
    return weekly(window)[1] if window[:3] in _DAYS else daily(window)[0][1]


def overlap(each_day: str, once: str) -> bool:
    """Return whether a window of each day and one of the week share a minute.

    Args:
        each_day: as `02:00-03:00`.
        once: as `sun:04:00-sun:05:00`.
    """
    begin, lasts = weekly(once)
    return any((begin - start) % _WEEK < long or (start - begin) % _WEEK < lasts for start, long in daily(each_day))


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
