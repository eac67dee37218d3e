"""Values: what is unknown or secret is hidden in every form of it, and nothing else is."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.gate.change import FailedPreview, Hidden, Value
from infra.gate.digest import canonical
from infra.gate.values import DEPTH, UNKNOWN, Values
from tests.gate.engine_documents import SECRET, SIGNATURE

CANARY = "canary-4711"
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.5, "a", "[secret]", *UNKNOWN])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=15,
)


@pytest.mark.parametrize(
    "secret",
    [
        "[secret]",
        SECRET,
        {**SECRET, "plaintext": f'"{CANARY}"'},
        {**SECRET, "ciphertext": CANARY},
        {**SECRET, "value": {"inner": CANARY}},
        {SIGNATURE: SECRET[SIGNATURE], "plaintext": CANARY},
        {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": CANARY, "secret": True},
        {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": CANARY, "secret": "yes"},
    ],
)
def test_no_form_of_a_secret_survives_at_any_depth(secret: Any) -> None:
    plain = Values().plain({"a": [{"b": secret}], "c": secret})
    assert plain == {"a": [{"b": Hidden.SECRET}], "c": Hidden.SECRET}
    assert CANARY not in repr(plain)


@pytest.mark.parametrize("unknown", [*sorted(UNKNOWN), {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}])
def test_every_unknown_is_hidden(unknown: Any) -> None:
    assert Values().plain([unknown]) == [Hidden.UNKNOWN]


@pytest.mark.parametrize("text", ["secret", " [secret]", "a [secret] b", min(UNKNOWN).upper(), ""])
def test_a_text_that_only_looks_alike_stays(text: str) -> None:
    assert Values().plain({text: text}) == {text: text}


def test_a_name_that_looks_like_a_hidden_value_stays_a_name() -> None:
    unknown = next(iter(UNKNOWN))
    values = Values()
    assert values.plain(["[secret]", unknown]) == [Hidden.SECRET, Hidden.UNKNOWN]
    assert values.plain({"[secret]": 1, unknown: 2}) == {"[secret]": 1, unknown: 2}


def test_files_are_their_hashes() -> None:
    asset, archive = "c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"
    plain = Values().plain
    assert plain({SIGNATURE: asset, "hash": "h", "path": "p", "text": CANARY}) == {"asset": "h"}
    assert plain({SIGNATURE: archive, "hash": "h", "assets": {}}) == {"archive": "h"}
    assert plain({SIGNATURE: asset, "path": "p"}) == {"asset": "p"}
    assert CANARY not in repr(plain({SIGNATURE: asset, "text": CANARY}))


def test_a_reference_is_what_it_refers_to() -> None:
    reference = {SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "u", "id": "[secret]", "packageVersion": "1"}
    assert Values().plain(reference) == {"urn": "u", "id": Hidden.SECRET}


def test_numbers_that_json_does_not_have_are_texts() -> None:
    plain = [Values().plain({SIGNATURE: "8ad145fe-0d11-4827-bfd7-1abcbf086f5c", "value": bits})
             for bits in ("7ff0000000000000", "fff0000000000000", "7ff8000000000001")]  # fmt: skip
    assert plain == ["inf", "-inf", "nan"]


def test_the_notes_of_bridged_providers_are_no_properties() -> None:
    assert Values().plain({"a": {"__defaults": ["b"], "b": 1}, "__defaults": []}) == {"a": {"b": 1}}


@pytest.mark.parametrize("value", [math.inf, math.nan, 10**400, -(10**400), "\udc00", {"\udc00": 1}, object()])
def test_what_no_engine_prints_is_refused(value: Any) -> None:
    with pytest.raises(FailedPreview):
        Values().plain([value])


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_what_is_nested_absurdly_is_refused(wrap: Any) -> None:
    value: Any = 1
    for _ in range(DEPTH - 1):
        value = wrap(value)
    former = value
    assert Values().plain(value) == value
    for _ in range(5000):
        value = wrap(value)
    with pytest.raises(FailedPreview, match="nested deeper"):
        Values().plain(value)
    with pytest.raises(FailedPreview, match="nested deeper"):
        Values().alike(value, former, Values().plain(former))


@given(JSON, JSON)
def test_what_is_made_beside_another_is_what_is_made_alone(one: Any, other: Any) -> None:
    values = Values()
    assert canonical(values.alike(one, other, values.plain(other))) == canonical(Values().plain(one))


def test_true_is_not_one() -> None:
    values = Values()
    for one, other in [(1, True), (0, False), ([1], [True]), ({"a": [0]}, {"a": [False]})]:
        assert canonical(values.alike(one, other, values.plain(other))) == canonical(one)
    several: list[Value] = [values.plain(one) for one in ([1], [True], [], {}, [1], [0.0])]
    assert [canonical(one) for one in several] == [b"[1]", b"[true]", b"[]", b"{}", b"[1]", b"[0]"]
