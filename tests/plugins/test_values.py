"""Property values survive the wire, and secrets stay marked."""

import random
from typing import Any

import pytest
from google.protobuf import struct_pb2

from infra.sandbox.plugins.values import (
    UNKNOWN,
    Archive,
    Asset,
    ResourceReference,
    Secret,
    decode,
    decode_properties,
    encode,
    encode_properties,
    has_secret,
    has_unknown,
    mark_like,
    masked,
    reveal,
)

SIGNATURE = "4dabf18193072939515e22adb298388d"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWNS = {
    "bool": "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "number": "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "string": "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "array": "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "asset": "030794c1-ac77-496b-92df-f27374a8bd58",
    "archive": "e48ece36-62e2-4504-bad9-02848725956a",
    "object": "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
}


def arbitrary(generator: random.Random, depth: int = 0, *, secret: bool = True) -> Any:
    """Any value a property can have; a secret holds no other, as the protocol flattens them."""
    leaves = [
        lambda: None,
        lambda: generator.random() < 0.5,
        lambda: generator.randint(-(2**53) + 1, 2**53 - 1),
        lambda: generator.uniform(-1e9, 1e9) + 0.5,
        lambda: "".join(chr(generator.choice([97, 0, 46, 34, 233, 0x1F600])) for _ in range(generator.randint(0, 5))),
        lambda: UNKNOWN,
        lambda: Asset(text="content", hash="abc"),
        lambda: Asset(path="/a b"),
        lambda: Archive(assets={"inner": Asset(uri="https://example.com")}),
        lambda: Archive(path="folder"),
        lambda: ResourceReference("urn:pulumi:a::b::c::d", "id", "1.2.3"),
        lambda: ResourceReference("urn:pulumi:a::b::c::d", UNKNOWN),
        lambda: ResourceReference("urn:pulumi:a::b::c::d"),
    ]
    branches = [
        lambda: [arbitrary(generator, depth + 1, secret=secret) for _ in range(generator.randint(0, 4))],
        lambda: {
            f"key.{index}": arbitrary(generator, depth + 1, secret=secret) for index in range(generator.randint(0, 4))
        },
    ]
    if secret:
        branches.append(lambda: Secret(arbitrary(generator, depth + 1, secret=False)))
    return generator.choice(leaves + (branches * 3 if depth < 4 else []))()


@pytest.mark.parametrize("seed", range(300))
def test_a_value_survives_the_way_to_the_wire_and_back(seed: int) -> None:
    value = arbitrary(random.Random(seed))
    wire = encode(value).SerializeToString()
    assert decode(struct_pb2.Value.FromString(wire)) == value


def test_a_deep_secret_survives_in_properties() -> None:
    properties = {"a": {"b": [Secret({"c": [1, None, UNKNOWN]}), "plain"]}}
    assert decode_properties(encode_properties(properties)) == properties


def test_a_secret_in_a_secret_becomes_one() -> None:
    assert decode(encode(Secret([Secret("inner")]))) == Secret(["inner"])


@pytest.mark.parametrize("kind", UNKNOWNS)
def test_every_kind_of_unknown_is_read_as_unknown(kind: str) -> None:
    assert decode(struct_pb2.Value(string_value=UNKNOWNS[kind])) is UNKNOWN


def test_an_unknown_is_written_as_an_unknown_string() -> None:
    assert encode(UNKNOWN).string_value == UNKNOWNS["string"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"value": "text"}, "text"),
        ({"value": "text", "secret": True}, Secret("text")),
        ({"value": "text", "secret": True, "dependencies": ["urn"]}, Secret("text")),
        ({}, UNKNOWN),
        ({"secret": True}, Secret(UNKNOWN)),
        ({"value": {"a": UNKNOWNS["number"]}}, {"a": UNKNOWN}),
    ],
)
def test_an_output_value_is_lowered_to_what_it_holds(content: dict[str, Any], expected: Any) -> None:
    assert decode(encode({SIGNATURE: OUTPUT, **content})) == expected


def test_a_map_with_an_unfamiliar_signature_stays_a_map() -> None:
    assert decode(encode({SIGNATURE: "something new", "a": 1})) == {SIGNATURE: "something new", "a": 1}


@pytest.mark.parametrize(("number", "kind"), [(1.0, int), (-0.5, float), (2.0**60, float), (0, int)])
def test_whole_numbers_become_integers_while_doubles_are_exact(number: float, kind: type) -> None:
    decoded = decode(encode(number))
    assert decoded == number
    assert type(decoded) is kind


def test_true_is_not_one() -> None:
    assert decode(encode(True)) is True
    assert type(decode(encode(1))) is int


def test_what_no_property_can_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="no property can hold a set"):
        encode({"a": {1, 2}})


@pytest.mark.parametrize("render", [repr, str, "{}".format, "{!r}".format])
def test_no_secret_shows_itself(render: Any) -> None:
    for value in (Secret("canary"), [Secret("canary")], {"a": Secret({"b": "canary"})}):
        assert "canary" not in render(value)


def test_reveal_takes_marks_off_at_every_depth() -> None:
    assert reveal({"a": Secret([{"b": 1}]), "c": [Secret("d")]}) == {"a": [{"b": 1}], "c": ["d"]}


@pytest.mark.parametrize(
    "value", [UNKNOWN, [1, UNKNOWN], {"a": [UNKNOWN]}, Secret({"a": UNKNOWN}), ResourceReference("urn", UNKNOWN)]
)
def test_an_unknown_is_found_at_any_depth(value: Any) -> None:
    assert has_unknown(value)
    assert not has_unknown(["known", {"a": 1}, Secret("known")])


def test_a_secret_is_found_at_any_depth() -> None:
    assert has_secret({"a": [{"b": Secret(1)}]})
    assert not has_secret({"a": [{"b": 1}]})


@pytest.mark.parametrize(
    ("value", "pattern", "expected"),
    [
        ("new", Secret("old"), Secret("new")),
        ({"a": 1, "b": 2}, {"a": Secret(0)}, {"a": Secret(1), "b": 2}),
        ([1, 2], [0, Secret(0)], [1, Secret(2)]),
        ([1, 2, 3], [0, Secret(0)], Secret([1, 2, 3])),
        ({"a": {"b": 1}}, {"a": Secret({"b": 0})}, {"a": Secret({"b": 1})}),
        (Secret(1), 0, Secret(1)),
        ("plain", {"a": Secret(1)}, Secret("plain")),
    ],
)
def test_marks_are_carried_over_from_the_inputs(value: Any, pattern: Any, expected: Any) -> None:
    assert mark_like(value, pattern) == expected


def test_archives_are_looked_into() -> None:
    holder = {"x": Archive(assets={"a": Secret("canary"), "b": UNKNOWN})}
    assert has_secret(holder)
    assert has_unknown(holder)
    assert reveal(holder)["x"].assets == {"a": "canary", "b": UNKNOWN}


def test_a_message_tells_no_secret_of_the_inputs_but_short_ones() -> None:
    inputs = {"user": "owner", "password": Secret("hunter2"), "keys": [{"key": Secret("canary")}], "on": Secret("yes")}
    assert masked("yes, owner: hunter2 and canary", inputs) == "yes, owner: [secret] and [secret]"


@pytest.mark.parametrize(
    "inside",
    [{"a": {"b": "canary"}}, ["plain", ["canary"]], Asset(text="canary"), Archive(assets={"a": Asset(text="canary")})],
)
def test_a_message_tells_no_text_at_any_depth_of_a_secret(inside: Any) -> None:
    assert masked("it was canary", {"data": Secret(inside)}) == "it was [secret]"


@pytest.mark.parametrize("texts", [["canary", "canary-4f1d"], ["canary-4f1d", "canary"]])
def test_a_secret_that_begins_as_another_is_masked_whole(texts: list[str]) -> None:
    assert masked("canary-4f1d, canary", [Secret(text) for text in texts]) == "[secret], [secret]"


def test_what_stands_for_a_secret_is_not_masked_again() -> None:
    assert masked("canary", [Secret("canary"), Secret("secret")]) == "[secret]"
