"""A secret in AWS Secrets Manager.

Owns the secret, its current content and who may read it. Leaves making the content to the component it belongs to.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import secretsmanager

from components.iam_policy import Statement
from components.role_grant import RoleGrant, RoleGrantArgs
from infra.tags import tags

_RECOVERY_DAYS = 30  # the longest that Secrets Manager offers


@dataclass(frozen=True, kw_only=True)
class StoredSecretArgs:
    """Arguments of `StoredSecret`.

    Args:
        description: what it is for.
        key_arn: the KMS key that it is encrypted with.
        content: key -> value; stored as one JSON object.
        secret_name: its name; None for one that the provider makes.
        recovery_days: how long it can be brought back after it was deleted, its name taken as long; 0 for not at all.
    """

    description: str
    key_arn: pulumi.Input[str]
    content: Mapping[str, pulumi.Input[str] | pulumi.Input[str | int]]
    secret_name: str | None = None
    recovery_days: int = _RECOVERY_DAYS


class StoredSecret(pulumi.ComponentResource):
    """Nobody reads the content that was not granted it; it is nowhere in a plain output."""

    arn: pulumi.Output[str]
    """The secret, known once it has its content."""

    def __init__(self, name: str, args: StoredSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:secret:StoredSecret", name, None, opts)
        self._name = name
        self._args = args
        version = stored_secret(name, args, pulumi.ResourceOptions(parent=self))
        self.arn = version.secret_id
        self.register_outputs({"arn": self.arn})

    def grant_read(self, reader: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role read the secret.

        Args:
            reader: who it is, for logical names.
            role: the IAM role's name.
        """
        statements = (
            Statement(actions=("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"), resources=[self.arn]),
            Statement(actions=("kms:Decrypt",), resources=[self._args.key_arn]),
        )
        args = RoleGrantArgs(role=role, description=f"{reader} reads {self._name}", statements=statements)
        return RoleGrant(f"{self._name}-{reader}-reads", args, pulumi.ResourceOptions(parent=self))


def stored_secret(name: str, args: StoredSecretArgs, opts: pulumi.ResourceOptions) -> secretsmanager.SecretVersion:
    """Declare a secret and its content, as children of whichever component is given as their parent.

    Args:
        name: their logical names begin so.
        args: which secret.
        opts: of each, with their parent.
    """
    secret = secretsmanager.Secret(
        f"{name}-secret",
        name=args.secret_name,
        description=args.description,
        kms_key_id=args.key_arn,
        recovery_window_in_days=args.recovery_days,
        tags=tags(f"{name}-secret", "secret"),
        opts=opts,
    )
    return secretsmanager.SecretVersion(
        f"{name}-version",
        secret_id=secret.arn,
        secret_string=pulumi.Output.json_dumps(dict(args.content), sort_keys=True),  # the SDK marks it secret
        opts=opts,
    )
