"""Policies that mean the same."""

import json

import pytest

from infra.sandbox.plugins.aws.documents import is_json, same

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"}],
}


def written(**changes: object) -> str:
    return json.dumps({**POLICY, "Statement": [{**POLICY["Statement"][0], **changes}]})  # type: ignore[dict-item]  # a statement is a dict


@pytest.mark.parametrize(
    "other",
    [
        json.dumps(POLICY, indent=2),
        json.dumps(POLICY, sort_keys=True),
        written(Action=["s3:PutObject", "s3:GetObject"]),
        written(Resource=["*"]),
        json.dumps({**POLICY, "Statement": POLICY["Statement"][0]}),
    ],
)
def test_spacing_order_and_lists_of_one_mean_nothing(other: str) -> None:
    assert same(json.dumps(POLICY), other)


@pytest.mark.parametrize(
    "other",
    [
        written(Action=["s3:GetObject"]),
        written(Effect="Deny"),
        written(Resource=["*", "arn:aws:s3:::b"]),
        json.dumps({**POLICY, "Version": "2008-10-17"}),
        "{",
    ],
)
def test_another_meaning_is_another_document(other: str) -> None:
    assert not same(json.dumps(POLICY), other)


def test_only_an_object_is_a_document() -> None:
    assert is_json("{}")
    assert not any(is_json(text) for text in ("", "[]", "{", None, 3))
