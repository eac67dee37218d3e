"""The account is the stack's; whoever it names is known there before any program, and the first of them calls."""

from collections.abc import Callable

import pytest

from infra.errors import TenantryError
from infra.sandbox.cloud import account
from infra.sandbox.cloud.account import Identity
from infra.sandbox.cloud.service import Cloud
from tests.sandbox.cloud.harness import TRUST, client, kill
from tests.sandbox.servers.harness import quiet

NUMBER = "210987654321"
ROLE = f"arn:aws:iam::{NUMBER}:role/people/operators"
USER = f"arn:aws:iam::{NUMBER}:user/robot"


@pytest.fixture(scope="module")
def own(make_cloud: Callable[[str], Cloud]) -> Cloud:
    """A cloud that is another account than the documented one, and knows a role and a user."""
    cloud = make_cloud("test-cloud-account")
    cloud.become(Identity(NUMBER, (ROLE, USER)))
    cloud.start(quiet)
    return cloud


def sections(number: object, **administrators: str) -> dict[str, dict[str, object]]:
    return {"aws": {"account_id": number}, "cluster": {"administrators": administrators}}


def who(cloud: Cloud, arn: str) -> str:
    """Return what STS says of a caller with the credentials of a principal."""
    credentials = Identity(NUMBER, (arn,)).caller.credentials()
    sts = client(cloud, "sts")
    sts._request_signer._credentials.access_key = credentials["AWS_ACCESS_KEY_ID"]
    return str(sts.get_caller_identity()["Arn"])


def test_the_caller_is_the_first_administrator_that_is_of_the_stacks_account() -> None:
    stranger = "arn:aws:iam::123456789012:role/elsewhere"
    named = account.of_stack(sections(NUMBER, first=stranger, second=ROLE, third=USER, fourth="no ARN"))
    assert named == Identity(NUMBER, (ROLE, USER))
    assert (named.caller.kind, named.caller.path, named.caller.name) == ("role", "/people/", "operators")
    assert "AWS_SESSION_TOKEN" in named.caller.credentials()


def test_without_a_usable_administrator_or_number_the_caller_is_the_user_sandbox() -> None:
    assert account.of_stack(sections(NUMBER)).principals == (f"arn:aws:iam::{NUMBER}:user/sandbox",)
    assert account.of_stack({"aws": {}}) == Identity()
    assert account.of_stack(sections(123456789012)) == Identity()
    assert account.of_stack({"cluster": {"administrators": ["a list"]}}) == Identity()


def test_its_number_is_in_every_answer_and_the_caller_is_a_session_of_the_role(own: Cloud) -> None:
    environment = own.environment()
    assert environment["AWS_ACCESS_KEY_ID"] == Identity(NUMBER, (ROLE,)).caller.key
    told = client(own, "sts").get_caller_identity()
    assert (told["Account"], told["Arn"]) == (NUMBER, f"arn:aws:sts::{NUMBER}:assumed-role/operators/tenantry")
    assert who(own, USER) == USER
    assert f":{NUMBER}:" in client(own, "sns").create_topic(Name="topic")["TopicArn"]
    assert f":{NUMBER}:" in client(own, "kms").create_key()["KeyMetadata"]["Arn"]


def test_those_who_are_known_are_no_resources_of_a_program(own: Cloud) -> None:
    iam = client(own, "iam")
    assert [role["Arn"] for role in iam.list_roles()["Roles"]] == [ROLE]
    iam.create_user(UserName="made")
    assert [line for line in own.contents() if " iam " in line] == ["global iam Users made"]
    iam.delete_user(UserName="made")


def test_whoever_becomes_known_later_is_the_same_after_kill_9(own: Cloud) -> None:
    later = f"arn:aws:iam::{NUMBER}:role/later"
    own.introduce(Identity(NUMBER, (later, ROLE)))
    iam = client(own, "iam")
    iam.create_role(RoleName="of-a-program", AssumeRolePolicyDocument=TRUST)
    before = iam.list_roles()["Roles"], iam.list_users()["Users"]
    kill(own)
    own.start(quiet)
    iam = client(own, "iam")
    assert (iam.list_roles()["Roles"], iam.list_users()["Users"]) == before
    assert who(own, later) == f"arn:aws:sts::{NUMBER}:assumed-role/later/tenantry"
    assert own.environment()["AWS_ACCESS_KEY_ID"] == Identity(NUMBER, (ROLE,)).caller.key


def test_a_name_that_a_program_has_taken_is_refused_and_nobody_becomes_known(own: Cloud) -> None:
    client(own, "iam").create_role(RoleName="taken", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(TenantryError) as refused:
        own.introduce(Identity(NUMBER, (f"arn:aws:iam::{NUMBER}:role/new", f"arn:aws:iam::{NUMBER}:role/taken")))
    assert str(refused.value) == (
        "there is a role taken already, made by a program, sandbox test-cloud-account, "
        "delete that one, or use another instance (`--instance`)"
    )
    assert "new" not in [role["RoleName"] for role in client(own, "iam").list_roles()["Roles"]]


def test_an_account_in_use_becomes_no_other_one(own: Cloud) -> None:
    client(own, "ec2").create_vpc(CidrBlock="10.0.0.0/16")
    for change in (own.become, own.introduce):
        with pytest.raises(TenantryError) as refused:
            change(Identity())
        assert str(refused.value) == (
            f"this sandbox is the AWS account {NUMBER} and holds resources, the stack is of 123456789012, sandbox "
            "test-cloud-account, use another one (`--instance NAME`), or delete it "
            "(`tenantry sandbox down test-cloud-account --delete`)"
        )


def test_an_unused_account_becomes_another_one(make_cloud: Callable[[str], Cloud]) -> None:
    cloud = make_cloud("test-cloud-unused")
    cloud.start(quiet)
    assert client(cloud, "sts").get_caller_identity()["Account"] == "123456789012"
    cloud.become(Identity(NUMBER, (USER,)))
    cloud.start(quiet)
    assert client(cloud, "sts").get_caller_identity()["Arn"] == USER


def test_a_damaged_record_is_named(make_cloud: Callable[[str], Cloud]) -> None:
    cloud = make_cloud("test-cloud-damaged")
    cloud.folder.mkdir(parents=True, exist_ok=True)
    (cloud.folder / "account.json").write_text("[]")
    with pytest.raises(TenantryError, match="the record of the simulated AWS account is damaged"):
        cloud.start(quiet)
