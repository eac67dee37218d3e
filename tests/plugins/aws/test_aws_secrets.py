"""Secrets: their content is never in the clear, deletions wait as long as they should, and what is refused."""

import json
from typing import Any

import pytest

from infra.sandbox.plugins.values import Secret
from tests.plugins.aws.examples.secrets import secret_arn
from tests.plugins.aws.world import ACCOUNT, World
from tests.plugins.client import Refused

SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
CONTENT = "correct horse battery staple"


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (SECRET, {"recoveryWindowInDays": 3}, "recoveryWindowInDays", "must be 0, or from 7 to 30 days"),
        (SECRET, {"recoveryWindowInDays": 31}, "recoveryWindowInDays", "must be 0, or from 7 to 30 days"),
        (SECRET, {"name": "a b"}, "name", "letters, digits and /_+=.@-"),
        (SECRET, {"policy": "{"}, "policy", "must be a JSON object"),
        (VERSION, {"secretId": "a", "secretString": "b", "secretBinary": "Yg=="}, "secretString", "together with"),
        (VERSION, {"secretId": "a", "secretBinary": "?"}, "secretBinary", "must be base64"),
        (VERSION, {"secretString": "b"}, "secretId", "is required"),
    ],
)
def test_wrong_input_fails_in_the_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    assert allowed in failures[property_]


def test_the_content_is_secret_in_inputs_outputs_and_imports(world: World) -> None:
    secret = secret_arn(world)
    version = world.object(VERSION)
    assert isinstance(version.preview(secretId=secret, secretString=CONTENT)["secretString"], Secret)
    version.create(secretId=secret, secretString=CONTENT)
    version.refresh()
    taken = world.object(VERSION).take(version.id)
    for told in (version.inputs, version.outputs, taken.inputs, taken.outputs):
        assert isinstance(told["secretString"], Secret)
        assert told["secretString"].value == CONTENT
        assert CONTENT not in json.dumps({name: value for name, value in told.items() if name != "secretString"})
    stored = world.client("secretsmanager").get_secret_value(SecretId=secret)
    assert stored["SecretString"] == CONTENT


def test_no_error_tells_the_content(world: World) -> None:
    with pytest.raises(Refused, match="ResourceNotFoundException") as refused:
        world.object(VERSION).create(secretId=world.name("nowhere"), secretString=CONTENT)
    assert CONTENT not in str(refused.value)
    _, failures = world.object(VERSION).check(secretId="a", secretString=CONTENT, secretBinary=CONTENT)
    assert failures
    assert CONTENT not in str(failures)


def test_bytes_go_in_as_base64_and_come_back_so(world: World) -> None:
    secret = secret_arn(world)
    version = world.object(VERSION).create(secretId=secret, secretBinary="AP8=")
    assert world.client("secretsmanager").get_secret_value(SecretId=secret)["SecretBinary"] == b"\x00\xff"
    assert version.refresh() == set()


def test_a_content_that_must_not_be_kept_is_not(world: World) -> None:
    secret = secret_arn(world)
    version = world.object(VERSION).create(secretId=secret, secretStringWo=CONTENT, secretStringWoVersion=1)
    assert world.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"] == CONTENT
    assert "secretStringWo" not in version.outputs
    assert CONTENT not in str(version.outputs)
    version.refresh()
    assert CONTENT not in str(version.outputs)
    assert version.diff(secretId=secret, secretStringWo="x", secretStringWoVersion=2).replaces


def test_another_content_is_another_version_and_the_old_one_is_kept_as_the_previous(world: World) -> None:
    secret = secret_arn(world)
    old = world.object(VERSION).create(secretId=secret, secretString=CONTENT)
    assert old.diff(secretId=secret, secretString="other").replaces
    world.object(VERSION).create(secretId=secret, secretString="other")
    manager = world.client("secretsmanager")
    assert manager.get_secret_value(SecretId=secret, VersionStage="AWSPREVIOUS")["SecretString"] == CONTENT
    old.delete()
    assert manager.get_secret_value(SecretId=secret)["SecretString"] == "other"


def test_a_deleted_secret_waits_and_its_name_is_taken_until_then(world: World) -> None:
    name = world.name("shop/database")
    secret = world.object(SECRET).create(name=name, recoveryWindowInDays=7)
    secret.delete()
    assert secret.refresh() == {"gone"}
    secret.delete()
    assert world.client("secretsmanager").describe_secret(SecretId=secret.id)["DeletedDate"]
    with pytest.raises(Refused, match="InvalidRequestException"):
        world.object(SECRET).create(name=name)


def test_an_automatic_name_is_not_that_of_a_secret_that_waits_for_its_deletion(world: World) -> None:
    logical = world.name("database")
    ids = set()
    for _ in range(3):
        secret = world.object(SECRET, logical).create()
        assert secret.changes() == {}, "the name stays"
        ids.add(secret.id)
        secret.delete()
    assert len(ids) == 3


def test_without_a_recovery_window_the_name_is_free_at_once(world: World) -> None:
    name = world.name("shop/database")
    secret = world.object(SECRET).create(name=name, recoveryWindowInDays=0)
    secret.delete()
    assert world.object(SECRET).create(name=name, recoveryWindowInDays=0).id


def test_a_name_in_use_is_refused(world: World) -> None:
    name = world.name("shop/database")
    world.object(SECRET).create(name=name)
    with pytest.raises(Refused, match="ResourceExistsException"):
        world.object(SECRET).create(name=name)


def test_the_content_goes_with_its_secret(world: World) -> None:
    secret = world.object(SECRET).create(recoveryWindowInDays=7)
    version = world.object(VERSION).create(secretId=secret.id, secretString=CONTENT)
    secret.delete()
    assert version.refresh() == {"gone"}
    version.delete()


def test_replicas_come_and_go_with_the_program(world: World) -> None:
    secret = world.object(SECRET).create(replicas=[{"region": "eu-central-1"}], recoveryWindowInDays=0)
    manager = world.client("secretsmanager")
    assert regions(manager, secret.id) == ["eu-central-1"]
    assert secret.refresh() == set()
    secret.update(replicas=[{"region": "us-east-1"}], recoveryWindowInDays=0)
    assert regions(manager, secret.id) == ["us-east-1"]
    secret.delete()
    assert secret.refresh() == {"gone"}


def regions(manager: Any, secret: str) -> list[str]:
    return [replica["Region"] for replica in manager.describe_secret(SecretId=secret)["ReplicationStatus"]]


def test_a_copy_in_another_region_keeps_its_key_and_can_be_withdrawn(world: World) -> None:
    keys = {region: f"arn:aws:kms:{region}:{ACCOUNT}:key/{region}" for region in ("eu-north-1", "eu-south-1")}
    copies = [{"region": region, "kmsKeyId": key} for region, key in keys.items()]
    secret = world.object(SECRET)
    inputs = {"name": world.name("copied"), "recoveryWindowInDays": 0}
    secret.create(**inputs, replicas=copies[:1])
    assert secret.refresh() == set()
    assert secret.changes(**inputs, replicas=copies[:1]) == {}
    assert secret.changes(**inputs, replicas=copies)
    secret.update(**inputs, replicas=copies)
    assert secret.refresh() == set()
    told = world.client("secretsmanager").describe_secret(SecretId=secret.id)["ReplicationStatus"]
    assert {copy["Region"]: copy["KmsKeyId"] for copy in told} == keys
    there = World.boto3(world.endpoint, "secretsmanager", "eu-north-1")
    assert there.describe_secret(SecretId=inputs["name"])["PrimaryRegion"] == world.region
    secret.update(**inputs, replicas=copies[1:])
    assert secret.refresh() == set()
    assert secret.changes(**inputs, replicas=copies[1:]) == {}
    secret.delete()
    assert secret.refresh() == {"gone"}
