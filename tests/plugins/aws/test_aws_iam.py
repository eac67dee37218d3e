"""Roles and policies: what is refused before anything is made, what IAM refuses itself, and what is no change."""

import json
from typing import Any

import pytest

from tests.plugins.aws.examples.iam import allow, policy_arn, role_name, trust
from tests.plugins.aws.world import World
from tests.plugins.client import Object, Refused

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"


def role(world: World, **given: Any) -> Object:
    return world.object(ROLE).create(assumeRolePolicy=trust("ec2.amazonaws.com"), **given)


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (ROLE, {"assumeRolePolicy": "{"}, "assumeRolePolicy", "must be a JSON object"),
        (ROLE, {"assumeRolePolicy": "[]"}, "assumeRolePolicy", "must be a JSON object"),
        (ROLE, {"assumeRolePolicy": "{}", "maxSessionDuration": 60}, "maxSessionDuration", "3600"),
        (ROLE, {"assumeRolePolicy": "{}", "name": "a b"}, "name", "must match"),
        (ROLE, {"assumeRolePolicy": "{}", "name": "a" * 65}, "name", "64"),
        (ROLE, {"assumeRolePolicy": "{}", "path": "shop"}, "path", "must match"),
        (ROLE, {"assumeRolePolicy": "{}", "name": "a", "namePrefix": "b"}, "name", "together with namePrefix"),
        (ROLE, {"assumeRolePolicy": "{}", "managedPolicyArns": []}, "managedPolicyArns", "RolePolicyAttachment"),
        (ROLE, {}, "assumeRolePolicy", "is required"),
        (POLICY, {"policy": "no"}, "policy", "must be a JSON object"),
        (ROLE_POLICY, {"role": "reader", "policy": "no"}, "policy", "must be a JSON object"),
    ],
)
def test_wrong_input_fails_in_the_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    assert allowed in failures[property_]


@pytest.mark.parametrize("missing", ["Effect", "Principal"])
def test_a_trust_that_trusts_nobody_is_refused_as_iam_does(world: World, missing: str) -> None:
    body = json.loads(trust("ec2.amazonaws.com"))
    del body["Statement"][0][missing]
    name = world.name("reader")
    with pytest.raises(Refused, match=f"MalformedPolicyDocument.*{missing}"):
        world.object(ROLE).create(name=name, assumeRolePolicy=json.dumps(body))
    roles = world.client("iam").list_roles()["Roles"]
    assert name not in {found["RoleName"] for found in roles}, "what is refused is not made"


def test_a_policy_without_an_action_is_refused(world: World) -> None:
    body = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}
    with pytest.raises(Refused, match="MalformedPolicyDocument"):
        world.object(POLICY).create(policy=json.dumps(body))


def test_a_name_in_use_is_refused(world: World) -> None:
    name = role_name(world)
    with pytest.raises(Refused, match="EntityAlreadyExists"):
        role(world, name=name)


def test_a_boundary_that_does_not_exist_is_refused(world: World) -> None:
    arn = "arn:aws:iam::123456789012:policy/nowhere"
    with pytest.raises(Refused, match=r"NoSuchEntity.*does not exist or is not attachable"):
        role(world, permissionsBoundary=arn)
    made = role(world)
    with pytest.raises(Refused, match="NoSuchEntity"):
        made.update(assumeRolePolicy=trust("ec2.amazonaws.com"), permissionsBoundary=arn)


def test_a_boundary_can_be_taken_away_again(world: World) -> None:
    made = role(world, permissionsBoundary=policy_arn(world))
    made.update(assumeRolePolicy=trust("ec2.amazonaws.com"))
    assert "PermissionsBoundary" not in world.client("iam").get_role(RoleName=made.id)["Role"]


def test_a_role_in_use_is_not_deleted_unless_the_program_says_so(world: World) -> None:
    made = role(world)
    world.object(ATTACHMENT).create(role=made.id, policyArn=policy_arn(world))
    with pytest.raises(Refused, match="DeleteConflict"):
        made.delete()
    made.update(assumeRolePolicy=trust("ec2.amazonaws.com"), forceDetachPolicies=True)
    made.delete()
    assert made.refresh() == {"gone"}


def test_a_policy_in_use_is_not_deleted(world: World) -> None:
    made = world.object(POLICY).create(policy=allow("s3:GetObject"))
    attached = world.object(ATTACHMENT).create(role=role_name(world), policyArn=made.id)
    with pytest.raises(Refused, match="DeleteConflict"):
        made.delete()
    attached.delete()
    made.delete()
    assert made.refresh() == {"gone"}


def test_a_policy_changes_more_often_than_it_has_versions(world: World) -> None:
    made = world.object(POLICY).create(policy=allow("s3:GetObject"))
    for number in range(7):
        made.update(policy=allow(f"s3:Get{number}"))
    versions = world.client("iam").list_policy_versions(PolicyArn=made.id)["Versions"]
    assert sorted(version["VersionId"] for version in versions) == ["v4", "v5", "v6", "v7", "v8"]
    assert [version["VersionId"] for version in versions if version["IsDefaultVersion"]] == ["v8"]
    assert made.refresh() == set()


@pytest.mark.parametrize("token", [POLICY, ROLE_POLICY])
def test_policies_that_mean_the_same_are_no_change(world: World, token: str) -> None:
    beside = {"role": role_name(world)} if token == ROLE_POLICY else {}
    made = world.object(token).create(policy=allow("s3:GetObject"), **beside)
    statement = {"Resource": "*", "Effect": "Allow", "Action": "s3:GetObject"}
    same = json.dumps({"Statement": statement, "Version": "2012-10-17"})
    assert made.changes(policy=same, **beside) == {}
    assert made.changes(policy=allow("s3:PutObject"), **beside) == {"policy": "UPDATE"}


def test_policies_of_aws_itself_can_be_attached_and_those_that_are_not_there_cannot(world: World) -> None:
    name, arn = role_name(world), "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    made = world.object(ATTACHMENT).create(role=name, policyArn=arn)
    assert made.id == f"{name}/{arn}"
    for wrong in ({"policyArn": f"{arn}X"}, {"role": "nobody"}):
        with pytest.raises(Refused, match="NoSuchEntity"):
            world.object(ATTACHMENT).create(**{"role": name, "policyArn": arn, **wrong})


def test_a_role_that_is_gone_takes_its_attachments_and_policies_with_it(world: World) -> None:
    name = role_name(world)
    attached = world.object(ATTACHMENT).create(role=name, policyArn=policy_arn(world))
    own = world.object(ROLE_POLICY).create(role=name, policy=allow("s3:GetObject"))
    iam = world.client("iam")
    iam.detach_role_policy(RoleName=name, PolicyArn=attached.outputs["policyArn"])
    iam.delete_role_policy(RoleName=name, PolicyName=own.outputs["name"])
    iam.delete_role(RoleName=name)
    assert (attached.refresh(), own.refresh()) == ({"gone"}, {"gone"})
    attached.delete()
    own.delete()


def test_a_name_is_made_from_the_logical_name_or_from_a_prefix(world: World) -> None:
    plain = role(world)
    assert plain.id.startswith(f"{plain.name}-")
    prefixed = role(world, namePrefix="shop-")
    assert prefixed.id.startswith("shop-")
    assert len(prefixed.id) == len("shop-") + 26
    given = {"assumeRolePolicy": trust("ec2.amazonaws.com")}
    assert prefixed.changes(**given, namePrefix="shop-") == {}, "its name stays"
    assert prefixed.diff(**given, namePrefix="depot-").replaces
    assert prefixed.inputs_for(**given, namePrefix="depot-")["name"].startswith("depot-")


@pytest.mark.parametrize("named", [{}, {"namePrefix": "shop-"}])
def test_a_replacement_has_another_automatic_name_and_always_the_same(world: World, named: dict[str, str]) -> None:
    made = role(world, **named)
    given = {"assumeRolePolicy": trust("ec2.amazonaws.com"), "path": "/shop/", **named}
    assert not made.diff(**given).deleteBeforeReplace
    names = {made.check(fresh=True, **given)[0]["name"] for _ in range(2)}
    assert len(names) == 1
    assert names != {made.id}


def test_a_description_that_the_program_no_longer_states_is_removed(world: World) -> None:
    made = role(world, description="reads")
    made.update(assumeRolePolicy=trust("ec2.amazonaws.com"))
    assert world.client("iam").get_role(RoleName=made.id)["Role"].get("Description", "") == ""
