"""What the engine says is shown without the values of secrets, however they are written."""

import json

import pytest

from infra.gate.scrubbing import Scrubber, secrets_of

_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


def secret(value: object) -> dict[str, str]:
    return {_SIGNATURE: _SECRET, "plaintext": json.dumps(value)}


def test_every_secret_text_of_a_state_is_found_in_depth() -> None:
    inner = {"user": "canary-user", "keys": ["canary-one", 7, None]}
    state = {"resources": [{"inputs": {"open": "plain", "a": secret("canary-a")}}, {"outputs": [secret(inner)]}]}
    assert set(secrets_of(json.dumps(state))) == {"canary-a", "canary-user", "canary-one"}


def test_a_secret_within_a_secret_is_found() -> None:
    assert set(secrets_of(json.dumps(secret({"a": secret("canary")})))) == {"canary"}


@pytest.mark.parametrize("told", ["it is {}.", "x{}x", '{{"password": "{}"}}', "{}\n{}"])
def test_a_secret_is_taken_out_of_any_text(told: str) -> None:
    value = 'canary "quoted" \\ ü'
    scrubber = Scrubber([value])
    for spelling in (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        said = scrubber.scrub(told.format(*[spelling] * told.count("{}")))
        assert "canary" not in said
        assert "[secret]" in said


def test_of_two_secrets_the_longer_goes_first() -> None:
    assert Scrubber(["canary", "canary-long"]).scrub("canary-long canary") == "[secret] [secret]"


def test_the_lines_of_a_secret_are_taken_out_one_by_one() -> None:
    key = "-----BEGIN KEY-----\nMIIBcanarycanary0\nMIIBcanarycanary1\n-----END KEY-----\n"
    assert "canary" not in Scrubber([key]).scrub("    MIIBcanarycanary0\n    MIIBcanarycanary1")


def test_a_text_of_few_characters_spoils_no_words() -> None:
    assert Scrubber(["", "a", "error"]).scrub("an error") == "an error"


def test_of_what_leaves_its_plan_only_the_names_are_told() -> None:
    message = (
        "resource urn:x violates plan: properties changed: ++data[{canary\nmore, ~~fake[x]}], ~=password[{&{{c}}}]"
    )
    said = Scrubber().scrub(message, {"data", "password", "length", "word"})
    assert said == (
        "resource urn:x violates plan: properties changed: "
        "data (planned: added; now: added), password (planned: changed; now: as it was)"
    )


def test_without_known_names_nothing_of_it_is_told() -> None:
    said = Scrubber().scrub("resource violates plan: properties changed: +-frob[{canary}]")
    assert "canary" not in said
    assert "frob" not in said
