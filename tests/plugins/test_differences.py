"""Differences between property maps, by exact path."""

from typing import Any

import pytest

from infra.sandbox.plugins.differences import Change, differences, join
from infra.sandbox.plugins.values import UNKNOWN, Asset, Secret

A, D, U = Change.ADD, Change.DELETE, Change.UPDATE


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {}, {}),
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 1.0}, {}),
        ({"a": 1}, {"a": True}, {"a": U}),
        ({"a": 0}, {"a": False}, {"a": U}),
        ({"a": None}, {}, {}),
        ({"a": 1}, {"a": None}, {"a": D}),
        ({}, {"a": 1}, {"a": A}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}, {"a.b.c": U}),
        ({"a": [1, 2, 3]}, {"a": [1, 5]}, {"a[1]": U, "a[2]": D}),
        ({"a": [1]}, {"a": [1, {"b": 2}]}, {"a[1]": A}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, {"a[0].b": U}),
        ({"a": {"b": 1}}, {"a": [1]}, {"a": U}),
        ({"a": {"b": 1}}, {"a": "text"}, {"a": U}),
        ({"a": {"x.y": 1, "x y": 1}}, {"a": {"x.y": 2, "x y": 2}}, {'a["x.y"]': U, 'a["x y"]': U}),
        ({"a": 1}, {"a": UNKNOWN}, {"a": U}),
        ({}, {"a": UNKNOWN}, {"a": A}),
        ({"a": [1, 2]}, {"a": [1, UNKNOWN]}, {"a[1]": U}),
        ({"a": Secret("x")}, {"a": Secret("x")}, {}),
        ({"a": Secret("x")}, {"a": "x"}, {}),
        ({"a": Secret("x")}, {"a": Secret("y")}, {"a": U}),
        ({"a": Secret({"b": 1})}, {"a": {"b": 2}}, {"a.b": U}),
        ({"a": Asset(text="x")}, {"a": Asset(text="x")}, {}),
        ({"a": Asset(text="x")}, {"a": Asset(text="y")}, {"a": U}),
        ({"a": {}}, {"a": None}, {"a": D}),
        ({"a": Secret(None)}, {}, {}),
    ],
)
def test_each_change_is_named_by_its_path(
    old: dict[str, Any], new: dict[str, Any], expected: dict[str, Change]
) -> None:
    assert differences(old, new) == expected


@pytest.mark.parametrize(
    ("path", "key", "expected"),
    [
        ("", "a", "a"),
        ("a", "b", "a.b"),
        ("a", "b-c", 'a["b-c"]'),
        ("", "b.c", '["b.c"]'),
        ("a", 'q"q', 'a["q\\"q"]'),
        ("a", "back\\slash", 'a["back\\\\slash"]'),
        ("a", "1", 'a["1"]'),
        ("a", "", 'a[""]'),
    ],
)
def test_keys_are_quoted_as_pulumi_quotes_them(path: str, key: str, expected: str) -> None:
    assert join(path, key) == expected
