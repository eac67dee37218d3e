"""Functions, and what they say of wrong arguments."""

import json
from typing import Any

import pytest

from infra.sandbox.plugins.aws.function_arguments import ARGUMENTS
from infra.sandbox.plugins.aws.functions import FUNCTIONS
from tests.plugins.aws.test_aws_provider import invoke
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

POLICY = "aws:iam/getPolicyDocument:getPolicyDocument"
ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
REGION_OF = "aws:index/getRegion:getRegion"
CALLER = "aws:index/getCallerIdentity:getCallerIdentity"


def test_the_arguments_of_every_function_are_known() -> None:
    assert ARGUMENTS.keys() == FUNCTIONS.keys()


@pytest.mark.parametrize(
    ("token", "arguments", "told"),
    [
        (CALLER, {"account": "1"}, "account is not known; allowed are id"),
        (REGION_OF, {"name": "Europe"}, r"name must match \^\[a-z\]"),
        (ZONES, {"state": "up"}, "state must be one of available, impaired, information, unavailable"),
        (ZONES, {"allAvailabilityZones": "perhaps"}, "allAvailabilityZones must be true or false"),
        (ZONES, {"filters": [{"name": "zone-type"}]}, r"filters\[0\]\.values is required"),
        (ZONES, {"excludeNames": 3}, "excludeNames must be a list"),
        (POLICY, {"statements": [{"effect": "Permit"}]}, r"statements\[0\]\.effect must be one of Allow, Deny"),
        (POLICY, {"statements": [{"action": ["s3:*"]}]}, r"statements\[0\]\.action is not known; .*actions"),
        (
            POLICY,
            {"statements": [{"principals": [{"type": "User", "identifiers": ["a"]}]}]},
            r"statements\[0\]\.principals\[0\]\.type must be one of \*, AWS",
        ),
        (POLICY, {"version": "2024-01-01"}, "version must be one of 2008-10-17, 2012-10-17"),
        (POLICY, {"sourcePolicyDocuments": ["no JSON"]}, "a source policy document is not a JSON object"),
    ],
)
def test_a_wrong_argument_is_named_with_what_is_allowed(
    world: World, token: str, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(Refused, match=f"{token}: {told}"):
        invoke(world.plugin, token, **arguments)


def test_a_function_that_the_plugin_lacks_is_named_with_the_place_for_it(world: World) -> None:
    with pytest.raises(Refused, match=r"no function aws:ec2/getAmi:getAmi; add it to .*plugins/aws/functions\.py"):
        invoke(world.plugin, "aws:ec2/getAmi:getAmi")


def test_documents_given_alone_count_like_listed_ones(world: World) -> None:
    def document(sid: str, effect: str) -> str:
        return json.dumps({"Statement": [{"Sid": sid, "Effect": effect, "Action": "s3:GetObject", "Resource": "*"}]})

    made = invoke(world.plugin, POLICY, sourceJson=document("read", "Allow"), overrideJson=document("read", "Deny"))
    (statement,) = json.loads(made["json"])["Statement"]
    assert statement["Effect"] == "Deny"
