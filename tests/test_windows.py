"""Windows of maintenance and backups: how long they are, and whether they overlap, round the week's end too."""

import pytest

from infra.windows import length, overlap


@pytest.mark.parametrize(
    ("window", "minutes"),
    [
        ("02:00-03:00", 60),
        ("23:45-00:15", 30),
        ("00:00-00:00", 0),
        ("sun:04:00-sun:05:30", 90),
        ("sun:23:30-mon:00:30", 60),
    ],
)
def test_a_window_is_as_long_as_it_says(window: str, minutes: int) -> None:
    assert length(window) == minutes


@pytest.mark.parametrize(
    ("each_day", "once", "expected"),
    [
        ("02:00-03:00", "sun:04:00-sun:05:00", False),
        ("02:00-03:00", "sun:03:00-sun:04:00", False),
        ("02:00-03:00", "sun:01:00-sun:02:00", False),
        ("02:00-03:00", "sun:02:30-sun:03:30", True),
        ("02:00-03:00", "wed:01:30-wed:02:30", True),
        ("02:00-03:00", "wed:01:00-wed:05:00", True),
        ("00:00-04:00", "wed:01:00-wed:02:00", True),
        ("23:30-00:30", "sun:23:00-sun:23:30", False),
        ("23:30-00:30", "mon:00:00-mon:01:00", True),
        ("00:00-01:00", "sun:23:30-mon:00:30", True),
    ],
)
def test_windows_overlap_when_they_share_a_minute(each_day: str, once: str, expected: bool) -> None:
    assert overlap(each_day, once) is expected
