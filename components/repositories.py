"""Repositories of images in one region of the registry.

Owns the repositories, their key and lifecycle. Leaves what is copied between regions, and who pushes and pulls, to
`Registry`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ecr

from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from infra.tags import tags


@dataclass(frozen=True, kw_only=True)
class RepositoriesArgs:
    """Arguments of `Repositories`.

    Args:
        prefix: what their names begin with, before a slash; tells environments of one account apart.
        names: what follows.
        keep_images: the newest that are kept of each.
        untagged_days: images that lost their tag are deleted.
        region: where they are; None for the provider's region.
        protect: whether the engine refuses to delete them; without, a destroy deletes the images too.
    """

    prefix: str
    names: Sequence[str]
    keep_images: int = 100
    untagged_days: int = 14
    region: str | None = None
    protect: bool = True


class Repositories(pulumi.ComponentResource):
    """A tag stays at its image, every image is scanned when it comes, and only the account's principals reach them.

    No repository has a policy of its own, so nobody else gets in.
    """

    urls: Mapping[str, pulumi.Output[str]]
    """Name without prefix -> where its images are pushed to and pulled from."""

    arns: Mapping[str, pulumi.Output[str]]
    """Name without prefix -> the repository."""

    def __init__(self, name: str, args: RepositoriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:registry:Repositories", name, None, opts)
        self._name = name
        self._args = args
        key = EncryptionKey(
            f"{name}-encryption",
            EncryptionKeyArgs(description="container images", region=args.region, protect=args.protect),
            self._child(),
        )
        made = {repository: self._repository(repository, key) for repository in args.names}
        self.urls = {repository: it.repository_url for repository, it in made.items()}
        self.arns = {repository: it.arn for repository, it in made.items()}
        self.register_outputs({"urls": self.urls, "arns": self.arns})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _repository(self, repository: str, key: EncryptionKey) -> ecr.Repository:
        name = f"{self._name}-{repository}"
        made = ecr.Repository(
            name,
            name=f"{self._args.prefix}/{repository}",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
            force_delete=not self._args.protect,
            region=self._args.region,
            tags=tags(name, "registry"),
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protect),
        )
        ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=made.name,
            policy=_lifecycle(self._args.keep_images, self._args.untagged_days),
            region=self._args.region,
            opts=self._child(),
        )
        return made


def _lifecycle(keep_images: int, untagged_days: int) -> str:
    """Return the policy; of two rules ECR follows the one of the lower number, so that untagged ones do not count."""
    untagged = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days"}
    newest = {"tagStatus": "any", "countType": "imageCountMoreThan"}
    rules = [
        _expiring(1, f"untagged for {untagged_days} days", {**untagged, "countNumber": untagged_days}),
        _expiring(2, f"older than the newest {keep_images}", {**newest, "countNumber": keep_images}),
    ]
    return json.dumps({"rules": rules}, sort_keys=True)


def _expiring(priority: int, description: str, selection: Mapping[str, str | int]) -> dict[str, object]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }
