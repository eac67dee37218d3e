"""ECR: repositories, their lifecycle policies, and what a registry copies to other regions.

The simulated registry copies no image and deletes none by its age; images can be put in it.
"""

from collections.abc import Mapping
from dataclasses import replace

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind, is_gone
from infra.sandbox.plugins.aws.tagging import EKS
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 256  # CreateRepository's reference
_KMS = "KMS"
_FORCE = "forceDelete"
_REPOSITORY = "repositoryName"


class Repository(Kind):
    """A repository; its id is its name. It is made under a key of KMS that is there, which moto would not look at."""

    def named(self, name: str) -> str:
        """Return an automatic name in small letters, as the official plugin does."""
        return name.lower()

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it.

        Raises:
            ProviderError: KMS has no such key in this region.
        """
        for encryption in inputs.get("encryptionConfigurations") or ():
            if encryption.get("kmsKey"):
                _insist_on_key(cloud, region, str(encryption["kmsKey"]))
        return super().create(cloud, region, inputs, tags)

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        return {**super().told(cloud, region, id, answer), "name": id}

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, with all images in it when the program says so; else ECR refuses one that is not empty."""
        try:
            cloud.client(self.service, region).delete_repository(repositoryName=id, force=bool(known.get(_FORCE)))
        except ClientError as error:
            if not is_gone(error):
                raise

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return a key without KMS, and exceptions to a rule that has none or lacks them."""
        wrong = [
            (f"encryptionConfigurations[{number}].kmsKey", f"is only for the encryptionType {_KMS}")
            for number, encryption in enumerate(inputs.get("encryptionConfigurations") or ())
            if encryption.get("kmsKey") and encryption.get("encryptionType") != _KMS
        ]
        excludes = str(inputs.get("imageTagMutability") or "").endswith("_WITH_EXCLUSION")
        if excludes is not bool(inputs.get("imageTagMutabilityExclusionFilters")):
            text = "goes with an imageTagMutability that ends with _WITH_EXCLUSION, and only then"
            wrong.append(("imageTagMutabilityExclusionFilters", text))
        return wrong


class LifecyclePolicy(Kind):
    """A repository's lifecycle policy; its id is the repository's name."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        return {**super().told(cloud, region, id, answer), "repository": id}

    def imported(self, id: str) -> dict[str, Value]:
        """Return the repository."""
        return {"repository": id}


class ReplicationConfiguration(Kind):
    """What the registry of a region copies: one for all that use it, and its id is the account.

    There always is one, so making it overwrites what another stack wrote, as in AWS, and its end is to copy nothing.
    moto takes one rule, AWS ten.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Put it."""
        super().create(cloud, region, inputs, tags)
        return str(cloud.client(self.service, region).describe_registry()["registryId"])

    def is_gone(self, answer: Answer) -> bool:
        """Whether nothing is copied."""
        return not answer["replicationConfiguration"].get("rules")

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Copy nothing any more."""
        cloud.client(self.service, region).put_replication_configuration(replicationConfiguration={"rules": []})


def _insist_on_key(cloud: Cloud, region: str, key: str) -> None:
    try:
        cloud.client("kms", region).describe_key(KeyId=key)
    except ClientError as error:
        if not is_gone(error):
            raise
        raise ProviderError(f"KmsException: the repository's KMS key is not in {region}: {key}") from error


KINDS: tuple[Kind, ...] = (
    Repository(
        token="aws:ecr/repository:Repository",
        noun="ECR Repository",
        service="ecr",
        schema="AWS::ECR::Repository",
        identifier="=name",
        creating=Call(method="create_repository"),
        reading=Call(method="describe_repositories", subject="repositoryNames[]", result="repositories[0]"),
        deleting=Call(method="delete_repository", subject=_REPOSITORY),
        changing=(
            Call(
                method="put_image_tag_mutability",
                subject=_REPOSITORY,
                also={"imageTagMutability": "imageTagMutability"},
                sends=frozenset({"imageTagMutability", "imageTagMutabilityExclusionFilters"}),
            ),
            Call(
                method="put_image_scanning_configuration",
                subject=_REPOSITORY,
                sends=frozenset({"imageScanningConfiguration"}),
            ),
        ),
        tagging=replace(EKS, key="Key", listing="list_tags_for_resource"),
        names={
            "arn": "repositoryArn",
            "encryptionConfigurations": "encryptionConfiguration",
            "name": _REPOSITORY,
            "repositoryUrl": "repositoryUri",
        },
        schema_names={
            "encryptionConfigurations": "EncryptionConfiguration",
            "name": "RepositoryName",
            "imageTagMutabilityExclusionFilters.filter": (
                "ImageTagMutabilityExclusionFilters/ImageTagMutabilityExclusionFilterValue"
            ),
            "imageTagMutabilityExclusionFilters.filterType": (
                "ImageTagMutabilityExclusionFilters/ImageTagMutabilityExclusionFilterType"
            ),
        },
        unchecked={_FORCE: "the official plugin's own"},
        defaults={_FORCE: False, "imageTagMutability": "MUTABLE"},
        computed=frozenset({"encryptionConfigurations", "imageScanningConfiguration"}),
        replace=frozenset({"encryptionConfigurations", "name"}),
        automatic={"name": _LONGEST_NAME},
        write_only=frozenset({_FORCE}),
        same_place=frozenset({"name"}),
    ),
    LifecyclePolicy(
        token="aws:ecr/lifecyclePolicy:LifecyclePolicy",
        noun="ECR Lifecycle Policy",
        service="ecr",
        schema="AWS::ECR::Repository",
        identifier="=repository",
        creating=Call(method="put_lifecycle_policy"),
        reading=Call(method="get_lifecycle_policy", subject=_REPOSITORY, by="repository"),
        deleting=Call(method="delete_lifecycle_policy", subject=_REPOSITORY, by="repository"),
        names={"policy": "lifecyclePolicyText", "repository": _REPOSITORY},
        schema_names={"policy": "LifecyclePolicy/LifecyclePolicyText", "repository": "RepositoryName"},
        replace=frozenset({"policy", "repository"}),
        documents=frozenset({"policy"}),
        same_place=frozenset({"repository"}),
    ),
    ReplicationConfiguration(
        token="aws:ecr/replicationConfiguration:ReplicationConfiguration",
        noun="ECR Replication Configuration",
        service="ecr",
        schema="AWS::ECR::ReplicationConfiguration",
        identifier="registryId",
        creating=Call(method="put_replication_configuration"),
        reading=Call(method="describe_registry"),
        deleting=Call(method="put_replication_configuration"),
        changing=(Call(method="put_replication_configuration"),),
    ),
)
"""The entries."""
