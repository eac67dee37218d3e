"""Pulumi's property paths: read as the engine reads them, and written so that they are read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.gate.change import Hidden, Value
from infra.gate.property_paths import Path, find, parse, write


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("tags.owner", ("tags", "owner")),
        ("rules[0].host", ("rules", 0, "host")),
        ('data["a.b"]', ("data", "a.b")),
        ('data["a.b"].x["c.d"]', ("data", "a.b", "x", "c.d")),
        ('data["a.b"]["c.d"][1]', ("data", "a.b", "c.d", 1)),
        (r'data["say \"x\""].y', ("data", 'say "x"', "y")),
        ("", ()),
    ],
)
def test_a_path_is_its_segments(path: str, segments: Path) -> None:
    assert parse(path) == segments
    assert write(segments) == path


@given(st.lists(st.one_of(st.integers(0, 99), st.text(".[]\"'ab/- ü", min_size=1, max_size=5)), min_size=1))
def test_what_is_written_is_read_back(segments: list[str | int]) -> None:
    assert parse(write(segments)) == tuple(segments)


def test_what_is_at_a_path_is_found_through_lists_and_objects_and_not_through_what_is_hidden() -> None:
    value: Value = {"a": [{"b.c": 1}], "key": Hidden.SECRET, "none": None}
    assert find(("a", 0, "b.c"), value) == (True, 1)
    assert find(parse("a[0].b.c"), value) == (True, 1)
    assert find(("key", "inner", 3), value) == (True, Hidden.SECRET)
    assert find(("none",), value) == (True, None)
    for path in (("a", 1), ("a", "0"), ("b",), ("none", "a"), ("a", 0, "b"), (0,)):
        assert find(path, value) == (False, None)
