"""Repositories of images: what is refused, what a deletion does, and whose a registry's replication is."""

import json
from typing import Any

import pytest

from tests.plugins.aws.examples.ecr import copied, kept, key, repository
from tests.plugins.aws.world import ACCOUNT, World
from tests.plugins.client import Refused

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
REPLICATION = "aws:ecr/replicationConfiguration:ReplicationConfiguration"

KMS = {"encryptionType": "KMS"}


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (REPOSITORY, {"name": "Shop/API"}, "name", "must match"),
        (REPOSITORY, {"name": "a"}, "name", "2"),
        (REPOSITORY, {"imageTagMutability": "FIXED"}, "imageTagMutability", "IMMUTABLE"),
        (REPOSITORY, {"imageScanningConfiguration": {}}, "imageScanningConfiguration.scanOnPush", "is required"),
        (
            REPOSITORY,
            {"encryptionConfigurations": [{"encryptionType": "AES128"}]},
            "encryptionConfigurations[0].encryptionType",
            "KMS",
        ),
        (
            REPOSITORY,
            {"encryptionConfigurations": [{"encryptionType": "AES256", "kmsKey": "k"}]},
            "encryptionConfigurations[0].kmsKey",
            "is only for the encryptionType KMS",
        ),
        (
            REPOSITORY,
            {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
            "imageTagMutabilityExclusionFilters",
            "_WITH_EXCLUSION, and only then",
        ),
        (LIFECYCLE, {"repository": "shop/api", "policy": "{"}, "policy", "must be a JSON object"),
        (LIFECYCLE, {"policy": "{}"}, "repository", "is required"),
        (
            REPLICATION,
            {"replicationConfiguration": copied("shop/", "EU")},
            "replicationConfiguration.rules[0].destinations[0].region",
            "must match",
        ),
        (
            REPLICATION,
            {"replicationConfiguration": {"rules": [{"destinations": []}]}},
            "replicationConfiguration.rules[0].destinations",
            "1",
        ),
    ],
)
def test_wrong_input_fails_in_the_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    assert allowed in failures[property_]


def push(world: World, name: str, layer: int) -> None:
    """Put the image of one layer under the tag `v1`."""
    world.client("ecr").put_image(
        repositoryName=name,
        imageManifest=json.dumps({"schemaVersion": 2, "layers": [{"digest": f"sha256:{layer:064x}"}]}),
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
        imageTag="v1",
    )


def test_a_name_in_use_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="RepositoryAlreadyExistsException"):
        world.object(REPOSITORY).create(name=repository(world))


def test_a_key_that_is_not_there_is_refused(world: World) -> None:
    elsewhere = key(world).replace(world.region, "eu-north-1")
    for missing in ("arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000", elsewhere):
        with pytest.raises(Refused, match="KmsException"):
            world.object(REPOSITORY).create(
                name=world.name("shop/api"), encryptionConfigurations=[{**KMS, "kmsKey": missing}], region="eu-north-1"
            )


def test_a_lifecycle_of_no_repository_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="RepositoryNotFoundException"):
        world.object(LIFECYCLE).create(repository="nowhere", policy=kept(10))


def test_a_lifecycle_that_means_the_same_is_no_change(world: World) -> None:
    name = repository(world)
    made = world.object(LIFECYCLE).create(repository=name, policy=kept(10))
    assert made.changes(repository=name, policy=json.dumps(json.loads(kept(10)), indent=2)) == {}
    assert made.diff(repository=name, policy=kept(20)).replaces


def test_a_repository_with_images_is_only_deleted_when_the_program_says_so(world: World) -> None:
    made = world.object(REPOSITORY).create(name=world.name("shop/api"))
    push(world, made.id, layer=1)
    with pytest.raises(Refused, match="RepositoryNotEmptyException"):
        made.delete()
    made.update(name=made.id, forceDelete=True)
    made.delete()
    assert made.refresh() == {"gone"}


def test_a_tag_that_is_immutable_stays_at_its_image(world: World) -> None:
    made = world.object(REPOSITORY).create(name=world.name("shop/api"), imageTagMutability="IMMUTABLE")
    push(world, made.id, layer=1)
    with pytest.raises(world.client("ecr").exceptions.ClientError, match=r"Image\w*AlreadyExistsException"):
        push(world, made.id, layer=2)


def test_a_repository_tells_where_it_is_pulled_from(world: World) -> None:
    made = world.object(REPOSITORY).create(name=world.name("shop/api"))
    assert made.outputs["repositoryUrl"] == f"{ACCOUNT}.dkr.ecr.{world.region}.amazonaws.com/{made.id}"
    assert made.outputs["arn"] == f"arn:aws:ecr:{world.region}:{ACCOUNT}:repository/{made.id}"
    assert made.outputs["registryId"] == ACCOUNT


def test_a_registry_copies_to_other_regions_alone(world: World) -> None:
    with pytest.raises(Refused, match="InvalidParameterException"):
        world.object(REPLICATION).create(replicationConfiguration=copied("shop/", world.region))


def test_a_second_owner_of_a_registrys_replication_overwrites_the_first_as_in_aws(world: World) -> None:
    first = world.object(REPLICATION).create(replicationConfiguration=copied("first/"), region="eu-south-1")
    world.object(REPLICATION).create(replicationConfiguration=copied("second/"), region="eu-south-1")
    assert first.refresh() == {"replicationConfiguration"}


def test_a_lifecycle_policy_that_somebody_changed_is_found_and_made_anew(world: World) -> None:
    name = repository(world)
    policy = world.object(LIFECYCLE).create(repository=name, policy=kept(10))
    world.client("ecr").put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=kept(15))
    assert "policy" in policy.refresh()
    assert policy.diff(repository=name, policy=kept(10)).replaces == ["policy"]
