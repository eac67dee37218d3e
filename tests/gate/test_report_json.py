"""The JSON of a verdict is whole, stable, and plain."""

import json
from dataclasses import replace

import pytest

from infra.gate.change import Hidden, PropertyChange
from infra.gate.report_json import VERSION, document, plain
from tests.gate import verdicts


def test_the_document_has_everything_of_a_verdict() -> None:
    told = document(verdicts.small())
    assert told["version"] == VERSION
    assert (told["stack"], told["passes"], told["digest"], told["same"]) == ("staging", False, verdicts.DIGEST, 412)
    assert told["blocked"][1] == "the waiver of image-by-tag expired"
    assert told["totals"] == {"dangerous": {"update": 1}, "notable": {"update": 1}, "safe": {"create": 1}}
    assert [one["name"] for one in told["changes"]] == ["main", "reader", "new"]
    assert told["changes"][0]["findings"][0]["rule"] == "backup-retention-lowered"
    assert told["blast"]["tenants"] == {"enterprise": ["acme"], "pro": ["bolt"]}
    assert told["cost"]["estimate"] is True
    assert told["cost"]["difference"] == 80.5
    assert told["waived"][0]["owner"] == "ann"
    assert told["renames"][0]["alias"] == 'aliases=[Alias(name="old")]'
    assert (told["stale"], told["warnings"]) == (
        ["image-by-tag of worker expired on 2026-01-01"],
        ["the provider is old"],
    )
    assert told["desired"][0]["rule"] == "open-endpoint"


def test_what_is_hidden_is_an_object_that_no_value_of_a_user_looks_like() -> None:
    assert plain(Hidden.UNKNOWN) == {"hidden": "unknown"}
    assert plain([Hidden.SECRET, {"a": Hidden.SECRET}]) == [{"hidden": "secret"}, {"a": {"hidden": "secret"}}]
    assert plain({"hidden": "secret"}) == {"literal": {"hidden": "secret"}}
    assert plain({"literal": {"hidden": "secret"}}) == {"literal": {"literal": {"literal": {"hidden": "secret"}}}}


def test_an_added_property_has_no_value_before_and_a_deleted_one_none_after() -> None:
    judged = verdicts.update("x", PropertyChange("a", "add", None, None), PropertyChange("b", "delete", False))
    first, second = document(replace(verdicts.small(), judged=[judged]))["changes"][0]["properties"]
    assert first == {"path": "a", "kind": "add", "replaces": False, "after": None}
    assert second == {"path": "b", "kind": "delete", "replaces": False, "before": False}


@pytest.mark.parametrize("verdict", [verdicts.small(), verdicts.hostile(), verdicts.large(300, 100)])
def test_it_is_json_that_comes_back_the_same_whatever_the_order(verdict: verdicts.Verdict) -> None:
    told = document(verdict)
    text = json.dumps(told, allow_nan=False)
    assert json.loads(text) == told
    assert json.dumps(document(verdicts.shuffled(verdict, 7)), allow_nan=False) == text


def test_a_number_without_a_word_in_json_is_a_text() -> None:
    assert plain([float("inf"), 1.5]) == ["inf", 1.5]
