"""Which properties differ: by the provider's word, and by the inputs where it has none."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.gate.change import Change, Hidden, PropertyChange
from infra.gate.differences import between
from infra.gate.document import read_preview
from tests.gate import engine_documents as engine
from tests.gate.engine_documents import SECRET, UNKNOWN, urn, written


def updated(folder: Path, before: Mapping[str, Any], after: Mapping[str, Any], *diff: Any, **more: Any) -> Change:
    """The one change of an update, which is the same out of both forms."""
    steps = [engine.stack(), engine.update("a", before, after, *diff, **more)]
    streamed, saved = (
        read_preview(written(folder, content)).changes
        for content in (engine.lines(engine.events(steps)), engine.saved(steps))
    )
    assert [one.properties for one in streamed] == [one.properties for one in saved]
    (change,) = streamed
    return change


def test_the_provider_tells_what_differs_and_the_inputs_tell_how(tmp_path: Path) -> None:
    before = {"tags": {"owner": "a", "a.b": 1}, "rules": [{"host": "x"}, {"host": "y"}], "gone": 1}
    after = {"tags": {"owner": "b", "a.b": 2}, "rules": [{"host": "z"}, {"host": "y"}], "new": UNKNOWN}
    diff = {
        "tags.owner": "update",
        'tags["a.b"]': "update-replace",
        "rules[0].host": "update",
        "gone": "delete",
        "new": "add-replace",
    }
    assert updated(tmp_path, before, after, diff).properties == (
        PropertyChange("gone", "delete", before=1),
        PropertyChange("new", "add", after=Hidden.UNKNOWN, replaces=True),
        PropertyChange("rules[0].host", "update", "x", "z"),
        PropertyChange("tags.owner", "update", "a", "b"),
        PropertyChange('tags["a.b"]', "update", 1, 2, replaces=True),
    )


def test_a_name_with_dots_may_be_told_without_quotes(tmp_path: Path) -> None:
    change = updated(tmp_path, {"tags": {"a.b/c": 1}}, {"tags": {"a.b/c": 2}}, {"tags.a.b/c": "update"})
    assert [(one.before, one.after) for one in change.properties] == [(1, 2)]


@pytest.mark.parametrize("diff", [None, {}])
def test_without_the_providers_word_the_inputs_are_compared_leaf_by_leaf(tmp_path: Path, diff: Any) -> None:
    before = {"a": {"b": [1, {"c": 1}], "x.y": True}, "gone": {"z": 1}, "same": SECRET}
    after = {"a": {"b": [1, {"c": 2}, 3], "x.y": 1}, "new": [1], "same": SECRET}
    assert updated(tmp_path, before, after, diff).properties == (
        PropertyChange("a.b[1].c", "update", 1, 2),
        PropertyChange("a.b[2]", "add", after=3),
        PropertyChange('a["x.y"]', "update", True, 1),
        PropertyChange("gone", "delete", before={"z": 1}),
        PropertyChange("new", "add", after=[1]),
    )


def test_an_update_of_which_nothing_can_be_seen_names_every_secret_that_may_differ(tmp_path: Path) -> None:
    inputs = {"password": SECRET, "users": [{"key": SECRET, "name": "a"}], "size": 1}
    assert updated(tmp_path, inputs, inputs).properties == (
        PropertyChange("password", "update", Hidden.SECRET, Hidden.SECRET),
        PropertyChange("users[0].key", "update", Hidden.SECRET, Hidden.SECRET),
    )


def test_a_secret_that_the_provider_names_differs_though_it_looks_the_same(tmp_path: Path) -> None:
    before, after = {"password": SECRET, "size": 1, "key": SECRET}, {"password": SECRET, "size": 2, "key": SECRET}
    hidden = PropertyChange("password", "update", Hidden.SECRET, Hidden.SECRET)
    size = PropertyChange("size", "update", 1, 2)
    assert updated(tmp_path, before, after, {"size": "update", "password": "update"}).properties == (hidden, size)
    steps = [engine.stack(), engine.update("a", before, after, diffs=["password", "size"])]
    (change,) = read_preview(written(tmp_path, engine.lines(engine.events(steps)))).changes
    assert change.properties == (hidden, size)


def test_what_is_in_a_secret_is_as_secret(tmp_path: Path) -> None:
    change = updated(tmp_path, {"data": SECRET}, {"data": SECRET}, {"data.password": "update"})
    assert change.properties == (PropertyChange("data.password", "update", Hidden.SECRET, Hidden.SECRET),)


def test_where_the_cloud_differs_and_the_inputs_do_not_the_clouds_value_is_told(tmp_path: Path) -> None:
    step = engine.update("a", {"size": 1}, {"size": 1}, {"size": "update"})
    step["detailedDiff"]["size"]["inputDiff"] = False
    step["old"]["outputs"] = {"size": 5, "arn": "x"}
    (change,) = read_preview(written(tmp_path, engine.lines(engine.events([engine.stack(), step])))).changes
    assert change.properties == (PropertyChange("size", "update", 5, 1),)
    assert change.outputs == {"size": 5, "arn": "x"}


def test_a_replacement_tells_what_it_is_because_of(tmp_path: Path) -> None:
    steps = engine.replacement("a", {"size": 1, "tag": 1}, {"size": 2, "tag": 2}, deletes_first=True, keys=["size"])
    (change,) = read_preview(written(tmp_path, engine.lines(engine.events([engine.stack(), *steps])))).changes
    assert [(one.path, one.replaces) for one in change.properties] == [("size", True), ("tag", False)]


def test_outputs_that_are_inputs_are_told_once(tmp_path: Path) -> None:
    step = engine.update("a", {"size": 1, "open": 1}, {"size": 2, "open": 1}, {"size": "update"})
    step["old"]["outputs"] = {"size": 1, "open": True, "arn": "x", "list": []}
    (change,) = read_preview(written(tmp_path, engine.lines(engine.events([engine.stack(), step])))).changes
    assert change.outputs == {"open": True, "arn": "x", "list": []}
    assert change.urn == urn("a")


def test_a_path_that_is_none_is_told_as_it_is(tmp_path: Path) -> None:
    change = updated(tmp_path, {"a": 1}, {"a": 2}, {"a[": "update", "": "update", ".a": "update"})
    assert len(change.properties) == 3


INPUTS = st.dictionaries(
    st.sampled_from(["a", "b.c", 'd"']),
    st.recursive(
        st.sampled_from([None, True, False, 0, 1, "x", Hidden.SECRET, Hidden.UNKNOWN]),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
    ),
)


@given(INPUTS, INPUTS)
def test_nothing_differs_only_between_equals(before: Any, after: Any) -> None:
    from infra.gate.digest import canonical

    assert (not between(before, after)) == (canonical(before) == canonical(after))
    paths: Sequence[str] = [one.path for one in between(before, after)]
    assert len(set(paths)) == len(paths)
    assert list(paths) == sorted(paths)
