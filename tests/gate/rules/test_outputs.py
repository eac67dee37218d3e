"""The stack's outputs."""

from typing import Any

import pytest

from infra.gate.change import Change, Hidden, PropertyChange
from infra.gate.rules import outputs
from tests.gate.rules.cases import PROJECT, STACK, found

ROOT = "pulumi:pulumi:Stack"
LOGIN = "postgresql://shop:" + "correct-horse" + "@db.example/shop"


def told(path: str, kind: Any, before: Any, after: Any) -> Change:
    urn = f"urn:pulumi:{STACK}::{PROJECT}::{ROOT}::{PROJECT}-{STACK}"
    return Change(urn, ROOT, "outputs", [PropertyChange(path, kind, before, after)])


def test_no_output_goes() -> None:
    (finding,) = found(outputs.output_removed, told("namespace", "delete", "shop", None))
    assert finding.reason == "no longer told to other stacks: namespace"
    assert not found(outputs.output_removed, told("tenants.book-store", "delete", {}, None)), "a part of one may"
    assert not found(outputs.output_removed, told("namespace", "update", "shop", "other"))
    assert not found(outputs.output_removed, told("namespace", "add", None, "shop"))


@pytest.mark.parametrize("after", [LOGIN, {"book-store": LOGIN}, [{"url": LOGIN}]])
def test_no_output_has_a_secret(after: Any) -> None:
    (finding,) = found(outputs.output_in_plain_text, told("connections", "add", None, after))
    assert finding.level == "forbidden"
    assert finding.reason == "output connections has a URL with a password"
    assert not found(outputs.output_in_plain_text, told("connections", "delete", after, None))


@pytest.mark.parametrize("after", [Hidden.SECRET, "postgresql://db.example/shop", {"a": Hidden.SECRET}, 7])
def test_what_is_marked_or_none_may_be_told(after: Any) -> None:
    assert not found(outputs.output_in_plain_text, told("connections", "add", None, after))
