"""Examples of repositories of images."""

import json

from tests.plugins.aws.world import ACCOUNT, Example, World

_SCAN = {"scanOnPush": True}


def repository(world: World) -> str:
    """Return the name of a new repository."""
    name = world.name("shop/api")
    world.client("ecr").create_repository(repositoryName=name)
    return name


def key(world: World) -> str:
    """Return the ARN of a new key of KMS."""
    return str(world.client("kms").create_key()["KeyMetadata"]["Arn"])


def kept(images: int) -> str:
    """Return a lifecycle policy that keeps so many images."""
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": images}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def copied(prefix: str, region: str = "eu-north-1") -> dict[str, object]:
    """Return what copies the repositories whose names begin with a prefix."""
    rule = {
        "destinations": [{"region": region, "registryId": ACCOUNT}],
        "repositoryFilters": [{"filter": prefix, "filterType": "PREFIX_MATCH"}],
    }
    return {"rules": [rule]}


def _make_mutable(world: World, name: str) -> None:
    world.client("ecr").put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")


def _copy_less(world: World, _id: str) -> None:
    world.client("ecr").put_replication_configuration(replicationConfiguration=copied("less/"))


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:ecr/repository:Repository",
        inputs=lambda world: {
            "name": world.name("shop/storefront"),
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": _SCAN,
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": key(world)}],
            "tags": {"owner": "shop"},
        },
        change={"imageScanningConfiguration": {"scanOnPush": False}, "tags": {"owner": "platform"}},
        replacement={"encryptionConfigurations": [{"encryptionType": "AES256"}]},
        drift=_make_mutable,
        drifted=frozenset({"imageTagMutability"}),
    ),
    Example(
        token="aws:ecr/lifecyclePolicy:LifecyclePolicy",
        inputs=lambda world: {"repository": repository(world), "policy": kept(10)},
        replacement={"policy": kept(20)},
    ),
    Example(
        token="aws:ecr/replicationConfiguration:ReplicationConfiguration",
        inputs=lambda world: {"replicationConfiguration": copied("shop/")},
        change={"replicationConfiguration": copied("shop-two/")},
        drift=_copy_less,
        drifted=frozenset({"replicationConfiguration"}),
    ),
)
