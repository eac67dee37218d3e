"""A customer managed KMS key for one component's data.

Owns the key, its policy and an alias. Leaves rights of roles to the owner of the data, which grants both at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms

from components.account import Account
from components.iam_policy import Statement, document
from infra.tags import tags

_DELETION_DAYS = 30  # the longest that KMS offers: what the key encrypted is lost with it

_USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyArgs:
    """Arguments of `EncryptionKey`.

    Args:
        description: what it encrypts.
        log_groups: names of CloudWatch log groups that it encrypts; `*` stands for any text.
        through: services through which the account's principals may use it, as `ec2`; the rights of AWS's own keys.
        statements: further rights on it, as those of AWS services that encrypt for the account.
        region: where the key is; None for the provider's region.
        protect: whether the engine refuses to delete it.
    """

    description: str
    log_groups: Sequence[str] = ()
    through: Sequence[str] = ()
    statements: Sequence[Statement] = ()
    region: str | None = None
    protect: bool = True


class EncryptionKey(pulumi.ComponentResource):
    """Rotated each year; only the account's own principals use it, and deleting it takes 30 days."""

    arn: pulumi.Output[str]
    """The key."""

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:encryption:EncryptionKey", name, None, opts)
        key = kms.Key(
            f"{name}-key",
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=_DELETION_DAYS,
            policy=_policy(args, Account(self)),
            region=args.region,
            tags=tags(f"{name}-key", "encryption"),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        kms.Alias(
            f"{name}-alias",
            target_key_id=key.key_id,
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})


def _policy(args: EncryptionKeyArgs, account: Account) -> pulumi.Output[str]:
    region = pulumi.Output.from_input(args.region) if args.region else account.region
    statements = [
        # Without it nobody could change the key again; rights come from the principals' own policies.
        Statement(
            actions=("kms:*",),
            resources=("*",),
            principals={"AWS": account.arn("iam", "", "root")},
        )
    ]
    if args.log_groups:
        statements.append(_log_groups(args.log_groups, account, region))
    if args.through:
        statements.append(_through(args.through, account, region))
    return document(*statements, *args.statements)


def _log_groups(names: Sequence[str], account: Account, region: pulumi.Output[str]) -> Statement:
    groups = [account.arn("logs", region, f"log-group:{name}") for name in names]
    return Statement(
        actions=_USE,
        resources=("*",),
        principals={"Service": pulumi.Output.format("logs.{0}.amazonaws.com", region)},
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )


def _through(services: Sequence[str], account: Account, region: pulumi.Output[str]) -> Statement:
    vias = [pulumi.Output.format("{0}.{1}.amazonaws.com", service, region) for service in services]
    return Statement(
        actions=(*_USE, "kms:CreateGrant"),
        resources=("*",),
        principals={"AWS": "*"},
        conditions={"StringEquals": {"kms:CallerAccount": account.id, "kms:ViaService": vias}},
    )
