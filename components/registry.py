"""The registry of images: repositories here, and copies of them in the recovery region.

Owns what is copied, and who pushes and pulls. Leaves the repositories of each region to `Repositories`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ecr

from components.account import Account
from components.iam_policy import Statement
from components.repositories import Repositories, RepositoriesArgs
from components.role_grant import RoleGrant, RoleGrantArgs

_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_PUSH = ("ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage")


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """Arguments of `Registry`.

    Args:
        prefix: what the names of repositories begin with, before a slash.
        repositories: what follows.
        keep_images: the newest that are kept of each.
        untagged_days: images that lost their tag are deleted.
        recovery_region: where images are copied to; None for nowhere.
        replicated: the prefixes that this stack lets the registry copy; empty when another stack of the same account
            and region does: a registry has one configuration for all, which the last owner overwrites.
        protect: whether the engine refuses to delete the repositories.
    """

    prefix: str
    repositories: Sequence[str]
    keep_images: int = 100
    untagged_days: int = 14
    recovery_region: str | None = None
    replicated: Sequence[str] = ()
    protect: bool = True


class Registry(pulumi.ComponentResource):
    """What runs can be pulled in both regions, by the digest under which it was pushed, and by nobody outside."""

    urls: Mapping[str, pulumi.Output[str]]
    """Name without prefix -> where its images are pushed to and pulled from."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:registry:Registry", name, None, opts)
        self._name = name
        self._args = args
        self._here = self._repositories(f"{name}-images", None)
        if args.recovery_region is not None:
            copies = self._repositories(f"{name}-copies", args.recovery_region)
            self._replicate(args.recovery_region, copies)
        self.urls = self._here.urls
        self.register_outputs({"urls": self.urls})

    def grant_pull(self, reader: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role pull every image.

        Args:
            reader: who it is, for logical names.
            role: the IAM role's name.
        """
        return self._grant(f"{reader}-pulls", role, _PULL)

    def grant_push(self, writer: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role push images, and pull those that they are built on; it deletes none.

        Args:
            writer: who it is, for logical names.
            role: the IAM role's name.
        """
        return self._grant(f"{writer}-pushes", role, (*_PULL, *_PUSH))

    def _grant(self, what: str, role: pulumi.Input[str], actions: tuple[str, ...]) -> RoleGrant:
        statements = (
            # A token opens no repository by itself, and there is one for all: "*" is the only resource it has.
            Statement(actions=("ecr:GetAuthorizationToken",), resources=("*",)),
            Statement(actions=actions, resources=list(self._here.arns.values())),
        )
        args = RoleGrantArgs(role=role, description=f"{what} {self._name}", statements=statements)
        return RoleGrant(f"{self._name}-{what}", args, pulumi.ResourceOptions(parent=self))

    def _repositories(self, name: str, region: str | None) -> Repositories:
        args = RepositoriesArgs(
            prefix=self._args.prefix,
            names=self._args.repositories,
            keep_images=self._args.keep_images,
            untagged_days=self._args.untagged_days,
            region=region,
            protect=self._args.protect,
        )
        return Repositories(name, args, pulumi.ResourceOptions(parent=self))

    def _replicate(self, region: str, copies: Repositories) -> ecr.ReplicationConfiguration | None:
        if not self._args.replicated:
            return None
        destination: ecr.ReplicationConfigurationReplicationConfigurationRuleDestinationArgsDict = {
            "region": region,
            "registry_id": Account(self).id,
        }
        filters: list[ecr.ReplicationConfigurationReplicationConfigurationRuleRepositoryFilterArgsDict] = [
            {"filter": f"{prefix}/", "filter_type": "PREFIX_MATCH"} for prefix in self._args.replicated
        ]
        return ecr.ReplicationConfiguration(
            f"{self._name}-replication",
            replication_configuration={"rules": [{"destinations": [destination], "repository_filters": filters}]},
            # Where none is there, ECR makes one for the copy: with tags that move, and without our key.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[copies]),
        )
