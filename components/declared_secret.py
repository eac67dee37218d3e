"""A secret of the environment in AWS Secrets Manager, under its own name.

Owns the secret, its copy in another region and who may read it. Leaves its value to whoever has one: the program gives
it with `content`, an operator puts it in beside the program, which then never sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import secretsmanager

from components.iam_policy import Statement
from components.role_grant import RoleGrant, RoleGrantArgs
from infra.tags import tags

_RECOVERY_DAYS = 30  # the longest that Secrets Manager offers


@dataclass(frozen=True, kw_only=True)
class DeclaredSecretArgs:
    """Arguments of `DeclaredSecret`.

    Args:
        secret_name: in Secrets Manager, unique in account and region: operators find it by that.
        description: what it is for.
        owner: the team that makes new values; None for the environment's owner.
        key_arn: the KMS key that it is encrypted with.
        replica_keys: region -> KMS key there that its copy is encrypted with.
        content: its value; None where an operator puts it in.
        protect: whether the engine refuses to delete it; without, a destroy leaves nothing of it.
    """

    secret_name: str
    description: str
    key_arn: pulumi.Input[str]
    owner: str | None = None
    replica_keys: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    content: pulumi.Input[str] | None = None
    protect: bool = True


class DeclaredSecret(pulumi.ComponentResource):
    """Nobody reads the value that was not granted it; it is nowhere in a plain output, and outlives its region."""

    arn: pulumi.Output[str]
    """The secret, known once it has its content, if the program gives one."""

    version: pulumi.Output[str]
    """Changes with the content that the program gives, and tells nothing of it; empty without one."""

    def __init__(self, name: str, args: DeclaredSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:secret:DeclaredSecret", name, None, opts)
        self._name = name
        self._args = args
        secret = self._secret()
        self.arn = secret.arn
        self.version = pulumi.Output.from_input("")
        if args.content is not None:
            version = secretsmanager.SecretVersion(
                f"{name}-version",
                secret_id=secret.arn,
                secret_string=args.content,  # the SDK marks it secret
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.arn = version.secret_id
            self.version = version.version_id
        self.register_outputs({"arn": self.arn, "version": self.version})

    def grant_read(self, reader: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role read the secret, and with its key this secret alone.

        Args:
            reader: who it is, for logical names.
            role: the IAM role's name.
        """
        # Secrets Manager names the secret in the encryption context (its user guide, "Secret encryption").
        of_this_secret = {"StringEquals": {"kms:EncryptionContext:SecretARN": self.arn}}
        statements = (
            Statement(actions=("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"), resources=[self.arn]),
            Statement(actions=("kms:Decrypt",), resources=[self._args.key_arn], conditions=of_this_secret),
        )
        args = RoleGrantArgs(role=role, description=f"{reader} reads {self._name}", statements=statements)
        return RoleGrant(f"{self._name}-{reader}-reads", args, pulumi.ResourceOptions(parent=self))

    def _secret(self) -> secretsmanager.Secret:
        args = self._args
        owner = {"owner": args.owner} if args.owner else {}
        return secretsmanager.Secret(
            f"{self._name}-secret",
            name=args.secret_name,
            description=args.description,
            kms_key_id=args.key_arn,
            replicas=[{"region": region, "kms_key_id": key} for region, key in args.replica_keys.items()] or None,
            recovery_window_in_days=_RECOVERY_DAYS if args.protect else 0,
            tags={**tags(f"{self._name}-secret", "secret"), **owner},
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
