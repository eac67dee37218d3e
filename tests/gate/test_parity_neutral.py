"""Which words of an environment are put away before two are compared, and which stay."""

import pytest

from infra.gate.change import Hidden
from infra.gate.parity_graph import Declared
from infra.gate.parity_neutral import neutral, neutralised
from infra.settings import checking, stack_file

STAGING = neutral("staging", checking.settings_of(stack_file.source_of("staging")))
PRODUCTION = neutral("production", checking.settings_of(stack_file.source_of("production")))


@pytest.mark.parametrize(
    ("staging", "production", "meant"),
    [
        ("tenantry-staging", "tenantry-production", "{name}"),
        ("tenantry-staging-database", "tenantry-production-database", "{name}-database"),
        ("*.app.staging.shop.example.", "*.app.shop.example.", "*.app.{zone}."),
        ("oncall@staging.shop.example", "oncall@shop.example", "oncall@{zone}"),
        ("arn:aws:iam::111122223333:role/x", "arn:aws:iam::444455556666:role/x", "arn:aws:iam::{account}:role/x"),
        ("network-eu-central-1a-routes", "network-eu-central-1a-routes", "network-{region}a-routes"),
        ("10.20.16.0/20", "10.30.16.0/20", "{network}+0.0.16.0/20"),
        ("from 10.20.0.2 to 10.20.255.255", "from 10.30.0.2 to 10.30.255.255", None),
        ("platform staging", "platform production", "platform {environment}"),
        (f"x@sha256:{'1' * 64}", f"x@sha256:{'a' * 64}", "x@{digest}"),
    ],
)
def test_the_words_of_two_environments_become_the_same(staging: str, production: str, meant: str | None) -> None:
    assert STAGING(staging) == PRODUCTION(production)
    if meant is not None:
        assert STAGING(staging) == meant


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0/0",  # the internet is not of any environment
        "10.30.16.0/20",  # production's addresses in staging are a difference
        "444455556666",
        "1111222233334",
        "eu-central-10",
        "shop.example",
        "restaging",
        "stagings",
        "svc.staging",  # a domain's name
        "10.20.1",
        "1.10.20.1.5",
        "10.20.300.1",
        f"sha256:{'1' * 65}",
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert STAGING(text) == text


def test_logical_names_keys_and_texts_in_json_are_neutral_too() -> None:
    policy = '{"Statement": [{"Resource": "arn:aws:s3:::tenantry-staging/*"}]}'
    one = Declared("a:b:C", "queue-tenantry-staging", {"policy": policy, "tags": {"staging": Hidden.SECRET}})
    assert neutralised([one], STAGING) == [
        Declared(
            "a:b:C",
            "queue-{name}",
            {
                "policy": {"Statement": [{"Resource": "arn:aws:s3:::{name}/*"}]},
                "tags": {"{environment}": Hidden.SECRET},
            },
        )
    ]


def test_a_text_that_is_almost_json_is_a_text() -> None:
    (one,) = neutralised([Declared("a:b:C", "x", {"text": "{not json", "list": "[1]", "number": "12"})], STAGING)
    assert one.properties == {"text": "{not json", "list": [1], "number": "12"}


def test_two_resources_do_not_become_one() -> None:
    both = [Declared("a:b:C", "staging", {"staging": 1, "{environment}": 2}), Declared("a:b:C", "{environment}", {})]
    (first, second) = neutralised(both, STAGING)
    assert (first.name, second.name) == ("staging", "{environment}")
    assert first.properties == {"staging": 1, "{environment}": 2}
