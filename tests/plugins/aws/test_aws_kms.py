"""Keys and aliases: what is refused, what a deletion leaves, and what is no change."""

from typing import Any

import pytest

from tests.plugins.aws.examples.kms import key_id, owned
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (KEY, {"deletionWindowInDays": 6}, "deletionWindowInDays", "7 or more of 30 at most"),
        (KEY, {"policy": "{"}, "policy", "must be a JSON object"),
        (KEY, {"keyUsage": "SIGN"}, "keyUsage", "SIGN_VERIFY"),
        (KEY, {"customerMasterKeySpec": "RSA_1024"}, "customerMasterKeySpec", "RSA_2048"),
        (KEY, {"enableKeyRotation": True, "rotationPeriodInDays": 10}, "rotationPeriodInDays", "90 or more"),
        (KEY, {"rotationPeriodInDays": 90}, "rotationPeriodInDays", "needs enableKeyRotation"),
        (
            KEY,
            {"enableKeyRotation": True, "customerMasterKeySpec": "RSA_2048", "keyUsage": "SIGN_VERIFY"},
            "enableKeyRotation",
            "SYMMETRIC_DEFAULT",
        ),
        (ALIAS, {"name": "files", "targetKeyId": "1"}, "name", "alias/"),
    ],
)
def test_wrong_input_fails_in_the_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    assert allowed in failures[property_]


def test_a_deleted_key_waits_as_long_as_the_program_says_and_counts_as_gone(world: World) -> None:
    key = world.object(KEY).create(deletionWindowInDays=7)
    key.delete()
    assert key.refresh() == {"gone"}
    key.delete()
    found = world.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]
    assert found["KeyState"] == "PendingDeletion"
    assert 6 <= (found["DeletionDate"] - found["CreationDate"]).days <= 7


def test_a_key_rotates_and_is_switched_off_from_the_beginning(world: World) -> None:
    key = world.object(KEY).create(enableKeyRotation=True, isEnabled=False)
    kms = world.client("kms")
    assert kms.get_key_rotation_status(KeyId=key.id)["KeyRotationEnabled"]
    assert kms.describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] == "Disabled"
    key.update(enableKeyRotation=False, isEnabled=True)
    assert not kms.get_key_rotation_status(KeyId=key.id)["KeyRotationEnabled"]
    assert kms.describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_key_policy_that_means_the_same_is_no_change(world: World) -> None:
    key = world.object(KEY).create(policy=owned("account"))
    assert key.changes(policy=owned("account").replace(": ", ":  ")) == {}
    assert key.changes(policy=owned("other")) == {"policy": "UPDATE"}


def test_an_alias_in_use_is_refused_and_so_is_one_of_no_key(world: World) -> None:
    name = f"alias/{world.name('files')}"
    world.object(ALIAS).create(name=name, targetKeyId=key_id(world))
    with pytest.raises(Refused, match="AlreadyExistsException"):
        world.object(ALIAS).create(name=name, targetKeyId=key_id(world))
    with pytest.raises(Refused, match="NotFoundException"):
        world.object(ALIAS).create(targetKeyId="00000000-0000-4000-8000-000000000000")


def test_an_alias_has_an_automatic_name_and_the_arn_of_its_key_is_its_key(world: World) -> None:
    key = world.object(KEY).create()
    alias = world.object(ALIAS).create(targetKeyId=key.outputs["arn"])
    assert alias.id.startswith(f"alias/{alias.name}-")
    assert alias.outputs["targetKeyArn"] == key.outputs["arn"]
    assert alias.refresh() == set()
    assert alias.changes(targetKeyId=key.outputs["arn"]) == {}
    other = key_id(world)
    alias.update(targetKeyId=other)
    assert alias.refresh() == set()
    listed = world.client("kms").list_aliases(KeyId=other)["Aliases"]
    assert [found["AliasName"] for found in listed] == [alias.id]


def test_what_is_ignored_is_not_compared_as_a_refresh_leaves_that_to_the_provider(world: World) -> None:
    key = world.object(KEY, "ignoring").create(description="old")
    wanted = {"description": "new", "enableKeyRotation": True}
    assert sorted(key.diff(**wanted).diffs) == ["description", "enableKeyRotation"]
    assert list(key.diff(["description"], **wanted).diffs) == ["enableKeyRotation"]
    assert list(key.diff(["description", "enableKeyRotation"], **wanted).diffs) == []
    assert list(key.diff(["policy", "description"]).diffs) == [], "what nobody states is no change either"
    key.delete()
