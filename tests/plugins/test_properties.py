"""Tables of properties: checks, defaults, names and differences derived from them."""

from typing import Any

import pytest

from infra.sandbox.plugins.checking import check
from infra.sandbox.plugins.differences import Change
from infra.sandbox.plugins.properties import (
    DEFAULTS,
    Property,
    Shape,
    diff,
    equal,
    inputs_of,
    is_automatic,
    preview_outputs,
)
from infra.sandbox.plugins.provider import Resource
from infra.sandbox.plugins.values import UNKNOWN, Secret

TEXT = Property(shape=Shape.STRING)
TABLE = {
    "name": Property(shape=Shape.STRING, automatic=True, minimum=1, longest=20),
    "size": Property(shape=Shape.INTEGER, default=3, minimum=1, maximum=9),
    "on": Property(shape=Shape.BOOLEAN, replace=True),
    "mode": Property(shape=Shape.STRING, choices=("slow", "fast")),
    "members": Property(shape=Shape.SET, item=TEXT),
    "order": Property(shape=Shape.LIST, item=Property(shape=Shape.INTEGER)),
    "labels": Property(shape=Shape.MAP, item=TEXT),
    "password": Property(shape=Shape.STRING, secret=True, conflicts=("passwordWo",)),
    "passwordWo": Property(shape=Shape.STRING, secret=True, write_only=True, needs=("wave",)),
    "wave": TEXT,
    "owner": Property(shape=Shape.STRING, computed=True),
    "ratio": Property(shape=Shape.NUMBER, minimum=0.5, maximum=2),
    "network": Property(
        shape=Shape.OBJECT,
        shared=True,
        fields={"family": Property(shape=Shape.STRING, shared=True, replace=True), "note": TEXT},
    ),
    "zone": Property(shape=Shape.STRING, shared=True, replace=True),
    "days": Property(shape=Shape.INTEGER, choices=(7, 30)),
    "code": Property(shape=Shape.STRING, pattern=r"^[a-z]+$"),
    "notes": Property(shape=Shape.MAP, maximum=1, key=Property(shape=Shape.STRING, pattern="^n"), item=TEXT),
    "guests": Property(shape=Shape.SET, shared=True, item=TEXT),
    "parts": Property(
        shape=Shape.LIST,
        replace=True,
        item=Property(
            shape=Shape.OBJECT,
            fields={
                "kind": Property(shape=Shape.STRING, required=True, replace=True),
                "note": TEXT,
                "level": Property(shape=Shape.INTEGER, default=1, replace=True),
            },
        ),
    ),
}
RESOURCE = Resource(urn="urn:pulumi:s::p::t:i:T::thing", type="t:i:T", name="thing")


def checked(old: dict[str, Any] | None = None, **new: Any) -> dict[str, Any]:
    inputs, failures = check(TABLE, RESOURCE, old or {}, new, b"seed")
    assert failures == []
    return inputs


def complaints(**new: Any) -> dict[str, str]:
    return {failure.property: failure.reason for failure in check(TABLE, RESOURCE, {}, new, b"seed")[1]}


def changes(old: dict[str, Any], outputs: dict[str, Any], **new: Any) -> dict[str, Change]:
    return dict(diff(TABLE, old, outputs, checked(old, **new), same_place=False).changes)


@pytest.mark.parametrize(
    ("news", "path", "words"),
    [
        ({"size": "many"}, "size", "a whole number of 1 or more of 9 at most"),
        ({"size": 0}, "size", "1 or more"),
        ({"size": 10}, "size", "9 at most"),
        ({"size": 1.5}, "size", "a whole number"),
        ({"size": True}, "size", "a whole number"),
        ({"on": 1}, "on", "true or false"),
        ({"on": "yes"}, "on", "true or false"),
        ({"mode": "medium"}, "mode", "one of slow, fast"),
        ({"name": "x" * 21}, "name", "20 bytes at most"),
        ({"name": "é" * 11}, "name", "20 bytes at most"),
        ({"name": ""}, "name", "not empty"),
        ({"members": "one"}, "members", "a list"),
        ({"members": ["a", 1]}, "members[1]", "a string"),
        ({"labels": {"a.b": 1}}, 'labels["a.b"]', "a string"),
        ({"labels": []}, "labels", "a map"),
        ({"ratio": "half"}, "ratio", "must be a number of 0.5 or more of 2 at most"),
        ({"ratio": 0.25}, "ratio", "must be a number of 0.5 or more"),
        ({"ratio": True}, "ratio", "must be a number"),
        ({"days": 8}, "days", "must be one of 7, 30"),
        ({"code": "A"}, "code", "must match ^[a-z]+$"),
        ({"code": "a\n"}, "code", "must match ^[a-z]+$"),
        ({"notes": {"n": "", "nn": ""}}, "notes", "must be a map of 1 entries at most"),
        ({"notes": {"m": ""}}, "notes.m", "has a key that must be a string that matches ^n"),
        ({"nme": "x"}, "nme", "is not known; allowed are"),
        ({"parts": [{}]}, "parts[0].kind", "is required"),
        ({"parts": [{"kind": "a", "knd": 1}]}, "parts[0].knd", "is not known; allowed are kind, level, note"),
        ({"password": "p", "passwordWo": "q", "wave": "1"}, "password", "cannot be given together with passwordWo"),
        ({"passwordWo": "q"}, "passwordWo", "needs wave"),
        ({"password": Secret(5)}, "password", "must be a string"),
    ],
)
def test_a_wrong_input_is_named_with_what_is_allowed(news: dict[str, Any], path: str, words: str) -> None:
    found = complaints(**news)
    assert words in found[path]
    assert len(found) == 1


def test_no_complaint_echoes_a_value() -> None:
    found = complaints(
        size="canary", on="canary", mode="canary", members=["a", {"canary": 1}], password=Secret(["canary"])
    )
    assert len(found) == 5
    assert "canary" not in repr(found)


def test_unknown_values_pass_every_rule() -> None:
    inputs = checked(size=UNKNOWN, on=UNKNOWN, members=[UNKNOWN], parts=UNKNOWN, password=UNKNOWN, mode=Secret(UNKNOWN))
    assert inputs["size"] is UNKNOWN
    assert inputs["password"] == Secret(UNKNOWN)


def test_text_that_reads_as_a_number_or_a_boolean_is_one() -> None:
    assert checked(ratio="1.5")["ratio"] == 1.5
    inputs = checked(size="7", on="true", order=["-1", 2])
    assert (inputs["size"], inputs["on"], inputs["order"]) == (7, True, [-1, 2])


def test_defaults_are_filled_in_and_listed() -> None:
    inputs = checked(parts=[{"kind": "a"}], size=None)
    assert inputs["size"] == 3
    assert inputs["parts"] == [{"kind": "a", "level": 1}]
    assert inputs[DEFAULTS] == ["name", "size"]


def test_a_secret_property_is_marked_wherever_it_comes_from() -> None:
    assert checked(password="p")["password"] == Secret("p")
    assert checked(password=Secret("p"))["password"] == Secret("p")


def test_an_automatic_name_is_kept_until_one_is_given() -> None:
    first = checked()
    assert first["name"].startswith("thing-")
    assert len(first["name"]) == len("thing-") + 7
    again, _ = check(TABLE, RESOURCE, first, {}, b"another seed")
    assert again["name"] == first["name"]
    assert is_automatic(again, "name")
    named = checked(first, name="own")
    assert not is_automatic(named, "name")
    assert checked(named)["name"] != "own"


@pytest.mark.parametrize(("logical", "fits"), [("e" * 12, True), ("e" * 13, False), ("é" * 6, True), ("é" * 7, False)])
def test_a_logical_name_that_is_too_long_for_an_automatic_one_is_refused_as_the_official_plugins_do(
    logical: str, fits: bool
) -> None:
    inputs, failures = check(TABLE, Resource(urn=RESOURCE.urn, type=RESOURCE.type, name=logical), {}, {}, b"")
    assert ("name" in inputs) == fits
    told = [(failure.property, failure.reason) for failure in failures]
    reason = "is made from the logical name, which may have 12 bytes for it; 20 at most in all"
    assert told == ([] if fits else [("name", reason)])


def test_a_long_name_that_is_there_already_stays() -> None:
    long = Resource(urn=RESOURCE.urn, type=RESOURCE.type, name="e" * 30)
    inputs, failures = check(TABLE, long, {"name": "kept", DEFAULTS: ["name"]}, {}, b"")
    assert failures == []
    assert inputs["name"] == "kept"


def test_preview_and_update_make_the_same_name() -> None:
    assert checked()["name"] == checked()["name"]


def test_sets_have_no_order_and_lists_do() -> None:
    old = checked(members=["a", "b"], order=[1, 2])
    assert changes(old, {}, members=["b", "a"], order=[1, 2]) == {}
    assert changes(old, {}, members=["b", "a"], order=[2, 1]) == {
        "order[0]": Change.UPDATE,
        "order[1]": Change.UPDATE,
    }


def test_each_changed_member_of_a_set_is_named() -> None:
    old = checked(members=["a", "b"])
    assert changes(old, {}, members=["b", "a", "c"]) == {"members[2]": Change.ADD}
    assert changes(old, {}, members=["b"]) == {"members[0]": Change.DELETE}
    assert changes(old, {}, members=["c", "b"]) == {"members[0]": Change.UPDATE}


def test_what_the_server_chose_is_no_difference_until_the_program_says_otherwise() -> None:
    old = checked()
    assert changes(old, {"owner": "server"}) == {}
    assert changes(old, {"owner": "server"}, owner="server") == {}
    assert changes(old, {"owner": "server"}, owner="me") == {"owner": Change.UPDATE}


def test_a_default_that_an_import_left_out_is_no_difference() -> None:
    assert changes({"name": "x"}, {}, name="x") == {}


def test_what_neither_side_of_a_refresh_says_is_no_difference() -> None:
    imported = {"name": "a", "on": True, DEFAULTS: []}
    assert diff(TABLE, imported, {"size": 5}, imported, same_place=False).changes == {}


def test_what_others_may_set_is_a_difference_only_when_the_program_used_to_set_it() -> None:
    assert changes(checked(), {"guests": ["a"]}) == {}
    assert changes(checked(guests=["a"]), {}) == {"guests": Change.DELETE}


def test_what_is_written_only_is_never_compared() -> None:
    old = checked(passwordWo="p", wave="1")
    assert changes(old, {}, passwordWo="q", wave="1") == {}
    assert changes(old, {}, passwordWo="q", wave="2") == {"wave": Change.UPDATE}


def test_replacing_paths_follow_the_table() -> None:
    old = checked(on=True, parts=[{"kind": "a", "note": "n"}])
    result = diff(TABLE, old, {}, checked(old, on=False, parts=[{"kind": "b", "note": "m"}]), same_place=True)
    assert result.replace == {"on", "parts[0].kind"}
    assert set(result.changes) == {"on", "parts[0].kind", "parts[0].note"}
    assert result.delete_before_replace
    in_place = diff(TABLE, old, {}, checked(old, on=True, parts=[{"kind": "a", "note": "m"}]), same_place=True)
    assert in_place.replace == frozenset()
    assert not in_place.delete_before_replace


def test_removing_an_optional_part_of_a_replacing_list_replaces() -> None:
    old = checked(parts=[{"kind": "a", "note": "n"}])
    result = diff(TABLE, old, {}, checked(old, parts=[{"kind": "a"}]), same_place=False)
    assert result.replace == {"parts[0].note"}


def test_an_unknown_is_a_change() -> None:
    old = checked(members=["a"], size=5)
    assert changes(old, {}, members=UNKNOWN, size=UNKNOWN) == {"members": Change.UPDATE, "size": Change.UPDATE}


@pytest.mark.parametrize(
    ("shape", "left", "right", "same"),
    [
        (Shape.SET, ["a", "b"], ["b", "a"], True),
        (Shape.SET, ["a", "a"], ["a"], False),
        (Shape.LIST, None, [], True),
        (Shape.STRING, "", None, True),
        (Shape.INTEGER, 0, None, False),
        (Shape.BOOLEAN, False, None, False),
        (Shape.STRING, Secret("a"), "a", True),
        (Shape.STRING, UNKNOWN, UNKNOWN, False),
    ],
)
def test_equality_is_that_of_the_shape(shape: Shape, left: Any, right: Any, same: bool) -> None:
    assert equal(Property(shape=shape), left, right) is same


def test_inputs_after_a_refresh_are_the_old_ones_with_what_changed() -> None:
    old = checked(members=["a", "b"], size=5, passwordWo=Secret("p"), wave="1", name="n")
    outputs = {"name": "n", "members": ["b", "a"], "size": 6, "wave": "1", "owner": "x", "on": None, "guests": ["g"]}
    assert inputs_of(TABLE, outputs, old) == {
        "name": "n",
        "members": ["a", "b"],
        "size": 6,
        "wave": "1",
        "passwordWo": Secret("p"),
        DEFAULTS: [],
    }


def test_inputs_after_a_refresh_show_what_somebody_else_set() -> None:
    old = checked(name="n")
    assert inputs_of(TABLE, {"name": "n", "size": 3, "mode": "fast"}, old)["mode"] == "fast"


def test_inputs_of_an_import_state_all_but_defaults() -> None:
    outputs = {"name": "n", "size": 3, "owner": "x", "members": [], "mode": "slow"}
    assert inputs_of(TABLE, outputs, {}) == {"name": "n", "owner": "x", "mode": "slow", DEFAULTS: []}


def test_a_preview_knows_the_inputs_and_nothing_that_the_server_chooses() -> None:
    outputs = preview_outputs(TABLE, checked(size=5, passwordWo="p", wave="1"))
    assert outputs["owner"] is UNKNOWN
    assert outputs["size"] == 5
    assert "passwordWo" not in outputs
    assert DEFAULTS not in outputs


def replaced(old: dict[str, Any], outputs: dict[str, Any], **new: Any) -> set[str]:
    return set(diff(TABLE, old, outputs, checked(old, **new), same_place=False).replace)


def test_what_is_inside_an_object_decides_whether_its_change_replaces() -> None:
    old = {"network": {"family": "ipv4", "note": "a"}}
    assert replaced(old, old, network={"family": "ipv4", "note": "b"}) == set()
    assert replaced(old, old, network={"family": "ipv6", "note": "a"}) == {"network.family"}
    assert replaced(old, old, network={"note": "a"}) == {"network.family"}
    assert replaced(old, old) == {"network"}
    assert replaced({}, {}, network={"note": "a"}) == set()
    assert replaced({}, {}, network={"family": "ipv4"}) == {"network"}
    assert replaced({}, {}, network=UNKNOWN) == {"network"}


def test_stating_what_the_server_has_anyway_replaces_nothing() -> None:
    outputs = {"zone": "a", "network": {"family": "ipv4", "note": "n"}}
    assert changes({"name": "n"}, outputs, name="n", zone="a", network={"family": "ipv4"}) == {}
    assert replaced({}, outputs, zone="b") == {"zone"}
    assert replaced({}, outputs, network={"family": "ipv6"}) == {"network.family"}


def test_objects_in_a_set_are_equal_whatever_the_order_of_their_keys() -> None:
    prop = Property(shape=Shape.SET, item=Property(shape=Shape.OBJECT, fields={"a": TEXT, "b": TEXT}))
    assert equal(prop, [{"a": "1", "b": "2"}, {"a": "3"}], [{"a": "3"}, {"b": "2", "a": "1"}])
    assert not equal(prop, [{"a": "1"}], [{"b": "1"}])
