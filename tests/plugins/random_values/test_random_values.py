"""The random plugin: entropy, ranges, secrets, replacement and import."""

import base64
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bcrypt
import pytest

from infra.sandbox.plugins.values import UNKNOWN, Secret
from tests.plugins.client import Object, Plugin, Refused, running

SPECIAL = "!@#$%&*()-_=+[]{}<>:?"


@pytest.fixture(scope="module")
def plugin() -> Iterator[Plugin]:
    with running("infra.sandbox.plugins.random_values") as plugin:
        plugin.configure()
        yield plugin


@pytest.fixture
def make(plugin: Plugin) -> Any:
    def make(kind: str, name: str = "thing") -> Object:
        return Object(plugin, f"random:index/random{kind}:Random{kind}", name)

    return make


def test_a_password_has_the_characters_that_were_asked_for(make: Any) -> None:
    for _ in range(30):
        password = make("Password").create(
            length=20, minLower=3, minUpper=4, minNumeric=5, minSpecial=2, overrideSpecial="_%"
        )
        text = password.outputs["result"].value
        assert len(text) == 20
        assert len(re.findall(r"[a-z]", text)) >= 3
        assert len(re.findall(r"[A-Z]", text)) >= 4
        assert len(re.findall(r"[0-9]", text)) >= 5
        assert len(re.findall(r"[_%]", text)) >= 2
        assert re.fullmatch(r"[a-zA-Z0-9_%]+", text)


def test_a_password_is_secret_and_its_id_says_nothing(make: Any) -> None:
    password = make("Password").create(length=16)
    assert password.id == "none"
    result, hashed = password.outputs["result"], password.outputs["bcryptHash"]
    assert isinstance(result, Secret)
    assert isinstance(hashed, Secret)
    assert bcrypt.checkpw(result.value.encode(), hashed.value.encode())


def test_outputs_are_those_of_the_official_plugin(make: Any) -> None:
    password = make("Password").create(length=16)
    assert {name: value for name, value in password.outputs.items() if name not in ("result", "bcryptHash")} == {
        "length": 16,
        "lower": True,
        "upper": True,
        "numeric": True,
        "number": True,
        "special": True,
        "minLower": 0,
        "minUpper": 0,
        "minNumeric": 0,
        "minSpecial": 0,
    }


def test_a_password_longer_than_bcrypt_hashes_is_cut_for_the_hash_only(make: Any) -> None:
    password = make("Password").create(length=100)
    text = password.outputs["result"].value
    assert len(text) == 100
    assert bcrypt.checkpw(text.encode()[:72], password.outputs["bcryptHash"].value.encode())


def test_number_is_the_old_name_of_numeric(make: Any) -> None:
    for name in ("number", "numeric"):
        outputs = make("String").create(length=50, **{name: False}).outputs
        assert (outputs["number"], outputs["numeric"]) == (False, False)
        assert not re.search(r"\d", outputs["result"])


def test_a_string_is_its_own_id(make: Any) -> None:
    string = make("String").create(length=8, special=False)
    assert string.id == string.outputs["result"]
    assert re.fullmatch(r"[a-zA-Z0-9]{8}", string.id)


def test_special_characters_are_the_official_ones(make: Any) -> None:
    text = make("String").create(length=2000, lower=False, upper=False, numeric=False).outputs["result"]
    assert set(text) == set(SPECIAL)


def test_no_two_values_are_equal(make: Any) -> None:
    with ThreadPoolExecutor(64) as pool:
        made = list(pool.map(lambda number: make("String", f"s{number}").create(length=24).id, range(128)))
    assert len(set(made)) == 128


def test_an_id_is_spelled_in_four_ways(make: Any) -> None:
    outputs = make("Id").create(byteLength=5, prefix="p-").outputs
    content = bytes.fromhex(outputs["hex"].removeprefix("p-"))
    assert len(content) == 5
    assert outputs["dec"] == f"p-{int.from_bytes(content, 'big')}"
    assert outputs["b64Std"] == f"p-{base64.b64encode(content).decode()}"
    assert outputs["b64Url"] == f"p-{base64.urlsafe_b64encode(content).decode().rstrip('=')}"


@pytest.mark.parametrize(("kind", "number"), [("Uuid", 4), ("Uuid4", 4), ("Uuid7", 7)])
def test_a_uuid_is_one(make: Any, kind: str, number: int) -> None:
    made = make(kind).create()
    assert made.id == made.outputs["result"]
    assert uuid.UUID(made.id).version == number
    assert uuid.UUID(made.id).variant == uuid.RFC_4122


def test_a_pet_has_its_words_and_prefix(make: Any) -> None:
    assert re.fullmatch(r"[a-z]+-[a-z]+", make("Pet").create().id)
    assert re.fullmatch(r"my_[a-z]+_[a-z]+_[a-z]+", make("Pet").create(length=3, separator="_", prefix="my").id)


def test_an_integer_is_within_its_range_ends_included(make: Any) -> None:
    results = {make("Integer").create(min=1, max=3).outputs["result"] for _ in range(60)}
    assert results == {1, 2, 3}


def test_a_seed_gives_the_same_value_again(make: Any) -> None:
    assert (
        make("Integer").create(min=1, max=10**9, seed="s").id == make("Integer").create(min=1, max=10**9, seed="s").id
    )
    items = [str(number) for number in range(30)]
    first, second = (make("Shuffle").create(inputs=items, seed="s").outputs["results"] for _ in range(2))
    assert first == second


def test_a_shuffle_repeats_no_item_before_all_had_their_turn(make: Any) -> None:
    results = make("Shuffle").create(inputs=["a", "b", "c"], resultCount=7).outputs["results"]
    assert len(results) == 7
    assert sorted(results[:3]) == sorted(results[3:6]) == ["a", "b", "c"]
    assert make("Shuffle").create(inputs=[], resultCount=3).outputs["results"] == []


def test_a_shuffled_secret_is_secret(make: Any) -> None:
    assert isinstance(make("Shuffle").create(inputs=Secret(["a", "b"])).outputs["results"], Secret)


def test_bytes_are_secret(make: Any) -> None:
    outputs = make("Bytes").create(length=7).outputs
    assert bytes.fromhex(outputs["hex"].value) == base64.b64decode(outputs["base64"].value)


@pytest.mark.parametrize(
    ("kind", "inputs", "path", "words"),
    [
        ("Password", {}, "length", "is required"),
        ("Password", {"length": 0}, "length", "1 or more"),
        ("Password", {"length": "long"}, "length", "a whole number"),
        ("Password", {"length": 3, "minLower": 2, "minUpper": 2}, "length", "sum of minLower"),
        ("Password", {"length": 3, "minLower": -1}, "minLower", "0 or more"),
        (
            "Password",
            {"length": 3, "upper": False, "lower": False, "number": False, "special": False},
            "",
            "no character is allowed",
        ),
        ("Password", {"length": 3, "speciall": True}, "speciall", "is not known"),
        ("Integer", {"min": 2, "max": 1}, "max", "min or more"),
        ("Integer", {"min": 2}, "max", "is required"),
        ("Id", {"byteLength": 0}, "byteLength", "1 or more"),
        ("Shuffle", {"inputs": "text"}, "inputs", "a list"),
        ("Bytes", {"length": -3}, "length", "1 or more"),
        ("Pet", {"keepers": {"a": 1}}, "keepers.a", "a string"),
    ],
)
def test_what_no_draw_can_satisfy_fails_in_the_preview(
    make: Any, kind: str, inputs: dict[str, Any], path: str, words: str
) -> None:
    failures = make(kind).check(**inputs)[1]
    assert words in failures[path]


def test_a_preview_draws_nothing(make: Any) -> None:
    outputs = make("Password").preview(length=16)
    assert outputs["result"] == Secret(UNKNOWN)
    assert outputs["length"] == 16


def test_unknown_inputs_pass_the_check(make: Any) -> None:
    assert make("Password").check(length=UNKNOWN, keepers={"a": UNKNOWN})[1] == {}


def test_nothing_changes_until_an_input_does(make: Any) -> None:
    password = make("Password").create(length=16, keepers={"epoch": "1"})
    assert password.changes(length=16, keepers={"epoch": "1"}) == {}
    assert password.refresh() == set()
    assert password.changes(length=16, keepers={"epoch": "2"}) == {"keepers.epoch": "UPDATE_REPLACE"}
    assert password.changes(length=17, keepers={"epoch": "1"}) == {"length": "UPDATE_REPLACE"}


@pytest.mark.parametrize(
    ("kind", "identity", "declared", "expected"),
    [
        ("Password", "se,cret", {"length": 7}, {"result": Secret("se,cret")}),
        ("String", "text", {"length": 4}, {"result": "text"}),
        ("Id", "p,-x,AQID", {"byteLength": 3, "prefix": "p,-x"}, {"hex": "p,-x010203", "b64Url": "p,-xAQID"}),
        ("Id", "AQID", {"byteLength": 3}, {"dec": "66051"}),
        ("Integer", "5,1,9,se,ed", {"min": 1, "max": 9, "seed": "se,ed"}, {"result": 5}),
        (
            "Uuid",
            "AABBCCDD-0000-4000-8000-000000000000",
            {},
            {"result": "aabbccdd-0000-4000-8000-000000000000"},
        ),
        ("Bytes", "AQID", {"length": 3}, {"hex": Secret("010203")}),
    ],
)
def test_an_import_takes_the_value_over_and_is_clean_afterwards(
    make: Any, kind: str, identity: str, declared: dict[str, Any], expected: dict[str, Any]
) -> None:
    taken = make(kind).take(identity)
    assert {name: taken.outputs[name] for name in expected} == expected
    assert taken.changes(**declared) == {}


@pytest.mark.parametrize(
    ("kind", "identity", "words"),
    [
        ("Pet", "big-dog", "cannot be imported"),
        ("Shuffle", "-", "cannot be imported"),
        ("Uuid", "nonsense", "must be a UUID"),
        ("Integer", "1,x,2", "RESULT,MIN,MAX"),
        ("Integer", "1", "RESULT,MIN,MAX"),
        ("Bytes", "%%%", "base64"),
    ],
)
def test_an_import_that_makes_no_sense_is_refused(make: Any, kind: str, identity: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        make(kind).take(identity)


def test_no_imported_password_shows_in_the_clear(make: Any) -> None:
    taken = make("Password").take("canary-password")
    assert "canary" not in repr((taken.id, taken.inputs, taken.outputs))


def test_a_type_that_is_not_there_is_named(make: Any) -> None:
    with pytest.raises(Refused, match="no resource type random:index/randomDice:RandomDice; it has RandomBytes"):
        make("Dice").check()
