"""What two stacks declare differently: which resource, which property, and where in it."""

from collections.abc import Mapping
from typing import Any

import pytest

from infra.gate.change import Hidden
from infra.gate.parity import Difference, differences, shown
from infra.gate.parity_graph import Declared

STACKS = ("first", "second")


def of_one(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return path -> stack -> value, of what differs between two states of one resource."""
    found = differences(STACKS, [Declared("a:b:C", "x", one)], [Declared("a:b:C", "x", two)])
    return {difference.path: dict(difference.values) for difference in found}


def test_a_resource_that_one_stack_has_is_a_difference_of_that_stack() -> None:
    both, own = Declared("a:b:C", "both", {}), Declared("t:p:Parent$a:b:C", "own", {"size": 1})
    assert list(differences(STACKS, [both], [both, own])) == [Difference("a:b:C", "own", values={"second": {}})]
    (found,) = differences(STACKS, [both, own], [both])
    assert found.only == "first"


def test_one_name_in_two_components_is_two_resources() -> None:
    here, there = Declared("t:p:Here$a:b:C", "x", {}), Declared("t:p:There$a:b:C", "x", {})
    assert [found.only for found in differences(STACKS, [here], [there])] == ["first", "second"]


def test_what_is_equal_is_no_difference() -> None:
    same = {"a": [1, {"b": None}], "c": Hidden.UNKNOWN, "d": Hidden.SECRET}
    assert of_one(same, dict(same)) == {}


@pytest.mark.parametrize(
    ("one", "two", "path", "values"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b", {"first": 1, "second": 2}),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]", {"second": 2}),
        ({"a": {"b.c": 1}}, {"a": {}}, 'a["b.c"]', {"first": 1}),
        ({"a.b": 1}, {}, '["a.b"]', {"first": 1}),
        ({"a": {"x:y": 1}}, {"a": {"x:y": 2}}, "a.x:y", {"first": 1, "second": 2}),
        ({"a": 1}, {"a": True}, "a", {"first": 1, "second": True}),
        ({"a": None}, {}, "a", {"first": None}),
        ({"a": Hidden.UNKNOWN}, {"a": "x"}, "a", {"first": Hidden.UNKNOWN, "second": "x"}),
        ({"a": Hidden.SECRET}, {"a": "x"}, "a", {"first": Hidden.SECRET, "second": "x"}),
        ({"a": {}}, {"a": []}, "a", {"first": {}, "second": []}),
        ({"options:protect": True}, {}, "options:protect", {"first": True}),
    ],
)
def test_a_difference_is_told_as_deep_as_it_is(
    one: Mapping[str, Any], two: Mapping[str, Any], path: str, values: Mapping[str, Any]
) -> None:
    assert of_one(one, two) == {path: values}


def test_objects_with_names_are_compared_by_them_wherever_they_stand() -> None:
    one = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    two = {"env": [{"name": "NEW", "value": "0"}, {"name": "B", "value": "2"}, {"name": "A", "value": "9"}]}
    assert of_one(one, two) == {
        "env[name=A].value": {"first": "1", "second": "9"},
        "env[name=NEW]": {"second": {"name": "NEW", "value": "0"}},
    }


def test_objects_of_one_name_are_compared_by_their_places() -> None:
    one = {"rules": [{"name": "A", "to": 1}, {"name": "A", "to": 2}]}
    two = {"rules": [{"name": "A", "to": 1}, {"name": "A", "to": 3}]}
    assert of_one(one, two) == {"rules[1].to": {"first": 2, "second": 3}}


def test_nothing_of_a_secret_is_shown_but_that_it_is_one() -> None:
    assert shown(Hidden.SECRET) == "(secret)"
    assert shown({"a": [Hidden.SECRET, Hidden.UNKNOWN, 1]}) == '{"a": ["(secret)", "(known after apply)", 1]}'
