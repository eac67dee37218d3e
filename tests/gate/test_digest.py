"""Digests: the same for the same changes in any order, and another for any other."""

import dataclasses
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.gate.change import Change, Hidden, Preview, PropertyChange, Value, Violation
from infra.gate.digest import canonical, change_digest, changes_digest
from infra.gate.document import read_preview
from tests.gate import engine_documents as engine
from tests.gate.engine_documents import SECRET, written

scalars: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False), st.text(),
    st.sampled_from(Hidden), st.sampled_from(["SECRET", "[secret]", "null", "1"]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
)
names = st.text('abc.[]"', min_size=1, max_size=5)
properties = st.builds(PropertyChange, names, st.sampled_from(["add", "update"]), values, values, st.booleans())
changes = st.builds(
    Change, urn=st.text(min_size=1), type=st.text(), kind=st.sampled_from(["update", "delete", "replace"]),
    properties=st.lists(properties, max_size=3, unique_by=lambda one: one.path).map(tuple),
    protected_before=st.booleans(), provider_after=st.text(), retained=st.booleans(), deletes_first=st.booleans(),
)  # fmt: skip


def shape(value: Value) -> object:
    """A value in which a boolean is no number; a whole number is the same with and without a point."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return "int", int(value)
    return type(value).__name__, value


@given(values, values)
def test_two_values_have_the_same_bytes_only_when_they_are_equal(one: Value, other: Value) -> None:
    assert (canonical(one) == canonical(other)) == (shape(one) == shape(other))


@given(values)
def test_the_order_of_names_does_not_matter(value: Value) -> None:
    def turned(value: Value) -> Value:
        if isinstance(value, dict):
            return {name: turned(value[name]) for name in reversed(value)}
        return [turned(one) for one in value] if isinstance(value, list) else value

    assert canonical(turned(value)) == canonical(value)


@pytest.mark.parametrize("text", ["SECRET", '"SECRET"', "secret", "[secret]", "UNKNOWN", Hidden.UNKNOWN.value])
def test_no_text_looks_like_a_hidden_value(text: str) -> None:
    assert canonical(text) not in {canonical(hidden) for hidden in Hidden}


@given(changes, st.data())
def test_whatever_of_a_change_is_another_its_digest_is(change: Change, data: st.DataObject) -> None:
    other = dataclasses.replace(
        change,
        **data.draw(
            st.sampled_from(
                [
                    {"urn": f"{change.urn}x"},
                    {"type": f"{change.type}x"},
                    {"kind": "create"},
                    {"properties": (*change.properties, PropertyChange("longer than any", "add", after=1))},
                    {"protected_before": not change.protected_before},
                    {"protected_after": not change.protected_after},
                    {"provider_before": "p"},
                    {"provider_after": f"{change.provider_after}x"},
                    {"retained": not change.retained},
                    {"deletes_first": not change.deletes_first},
                ]
            )
        ),
    )
    assert change_digest(other) != change_digest(change)
    assert len(change_digest(change)) == 64
    if change.properties:
        first, *rest = change.properties
        altered = dataclasses.replace(first, replaces=not first.replaces)
        assert change_digest(dataclasses.replace(change, properties=(altered, *rest))) != change_digest(change)
        assert change_digest(dataclasses.replace(change, properties=change.properties[::-1])) == change_digest(change)


@given(st.lists(changes, max_size=5, unique_by=lambda one: one.urn), changes)
def test_an_added_or_removed_change_gives_another_digest(some: list[Change], more: Change) -> None:
    before = changes_digest(Preview("local", "shop", some))
    assert changes_digest(Preview("local", "shop", some[::-1])) == before
    assert changes_digest(Preview("local", "shop", [*some, more])) != before
    assert changes_digest(Preview("staging", "shop", some)) != before
    assert changes_digest(Preview("local", "shop", some, violations=[Violation("", "a/b", True, "c")])) != before


@given(st.randoms(use_true_random=False))
def test_shuffled_steps_and_lines_give_the_same_digest(
    tmp_path_factory: pytest.TempPathFactory, turn: random.Random
) -> None:
    steps = [
        engine.stack({"a": 1}, {"a": 2}),
        engine.create("new", {"size": 1, "key": SECRET}),
        engine.update(
            "other", {"size": 1, "key": SECRET}, {"size": 2, "key": SECRET}, {"size": "update", "key": "update"}
        ),
        *engine.replacement("first", {"size": 1}, {"size": 2}, deletes_first=True),
        *engine.replacement("later", {"size": 1}, {"size": 2}, deletes_first=False),
    ]
    folder: Path = tmp_path_factory.getbasetemp()
    told = engine.events(steps)
    streamed = changes_digest(read_preview(written(folder, engine.lines(told))))
    document = json.loads(engine.saved(steps))
    saved = changes_digest(read_preview(written(folder, json.dumps(document).encode())))
    turn.shuffle(told)
    turn.shuffle(document["steps"])
    assert changes_digest(read_preview(written(folder, engine.lines(told)))) == streamed
    assert changes_digest(read_preview(written(folder, json.dumps(document).encode()))) == saved
