"""The evaluator itself: what it says of policies whose effect is known."""

import pytest

from tests.effects.iam import Caller, Document, Request, fits, is_allowed

HOME, AWAY = "111111111111", "222222222222"
ROLE = Caller(arn=f"arn:aws:iam::{HOME}:role/app", account=HOME)
FOREIGNER = Caller(arn=f"arn:aws:iam::{AWAY}:role/app", account=AWAY)
BUCKET = "arn:aws:s3:::shop/key"
GET = Request(ROLE, "s3:GetObject", BUCKET)
ROOT = {"AWS": f"arn:aws:iam::{HOME}:root"}


def policy(effect: str = "Allow", **parts: object) -> Document:
    return {"Statement": [{"Effect": effect, "Action": "s3:Get*", "Resource": "*", **parts}]}


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("s3:Get*", "s3:GetObject", True),
        ("s3:get*", "s3:GetObject", True),
        ("s3:Get*", "s3:PutObject", False),
        ("s?:*", "s3:PutObject", True),
        ("arn:[a]", "arn:a", False),
    ],
)
def test_wildcards_are_those_of_iam(pattern: str, text: str, expected: bool) -> None:
    assert fits(pattern, text, ignoring_case=True) is expected


def test_what_nobody_allows_is_denied_and_a_deny_wins() -> None:
    assert not is_allowed(GET, [], owner=HOME)
    assert is_allowed(GET, [policy()], owner=HOME)
    assert not is_allowed(GET, [policy(), policy("Deny")], owner=HOME)
    assert not is_allowed(GET, [policy()], [policy("Deny", Principal={"AWS": "*"})], owner=HOME)
    assert not is_allowed(GET, [policy(Resource="arn:aws:s3:::other/*")], owner=HOME)


def test_a_resource_s_policy_alone_is_enough_in_its_own_account_when_it_names_the_role() -> None:
    assert is_allowed(GET, [], [policy(Principal={"AWS": ROLE.arn})], owner=HOME)
    assert is_allowed(GET, [], [policy(Principal="*")], owner=HOME)
    assert not is_allowed(GET, [], [policy(Principal=ROOT)], owner=HOME)
    assert is_allowed(GET, [policy()], [policy(Principal=ROOT)], owner=HOME, consents=True)
    assert not is_allowed(GET, [policy()], [], owner=HOME, consents=True)


def test_another_account_needs_both_and_nobody_only_what_is_public() -> None:
    away = Request(FOREIGNER, "s3:GetObject", BUCKET)
    named = policy(Principal={"AWS": FOREIGNER.arn})
    assert is_allowed(away, [policy()], [named], owner=HOME)
    assert not is_allowed(away, [], [named], owner=HOME)
    assert not is_allowed(away, [policy()], [policy(Principal=ROOT)], owner=HOME)
    anybody = Request(Caller(), "s3:GetObject", BUCKET)
    assert is_allowed(anybody, [], [policy(Principal={"AWS": "*"})], owner=HOME)
    assert not is_allowed(anybody, [], [policy(Principal=ROOT)], owner=HOME)


def test_a_service_is_let_in_by_its_name() -> None:
    logs = Request(Caller(service="logs.amazonaws.com"), "s3:GetObject", BUCKET, {"aws:SourceAccount": HOME})
    own = {"StringEquals": {"aws:SourceAccount": HOME}}
    assert is_allowed(logs, [], [policy(Principal={"Service": "logs.amazonaws.com"}, Condition=own)], owner=HOME)
    assert not is_allowed(logs, [], [policy(Principal={"Service": "sns.amazonaws.com"})], owner=HOME)
    away = {"StringEquals": {"aws:SourceAccount": AWAY}}
    assert not is_allowed(logs, [], [policy(Principal={"Service": "logs.amazonaws.com"}, Condition=away)], owner=HOME)


@pytest.mark.parametrize(
    ("operator", "wanted", "actual", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["b", "a"], "a", True),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringNotEquals", "a", None, True),
        ("StringNotEquals", "a", "a", False),
        ("StringLike", "a*", "abc", True),
        ("ArnLike", "arn:aws:s3:::a*", "arn:aws:s3:::b", False),
        ("Bool", "false", "False", True),
        ("Null", "true", None, True),
        ("Null", "true", "a", False),
        ("NumericLessThan", "1.2", "1.1", True),
        ("NumericLessThan", "1.2", "1.2", False),
    ],
)
def test_conditions_hold_as_in_iam(operator: str, wanted: object, actual: str | None, expected: bool) -> None:
    context = {} if actual is None else {"aws:Key": actual}
    request = Request(ROLE, "s3:GetObject", BUCKET, context)
    assert is_allowed(request, [policy(Condition={operator: {"AWS:key": wanted}})], owner=HOME) is expected
