"""Pulumi's property paths: read as the engine reads them, and written so that they are read back."""

import pytest

from infra.gate.property_paths import Path, parse, write


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
