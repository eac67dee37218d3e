"""A secret of another environment of the account, as Secrets Manager copied it to this region.

Owns who may read the copy. Leaves the secret, its value and its rotation to the environment that declares it.
"""

from dataclasses import dataclass

import pulumi

from components.account import Account
from components.iam_policy import Statement
from components.role_grant import RoleGrant, RoleGrantArgs


@dataclass(frozen=True, kw_only=True)
class CopiedSecretArgs:
    """Arguments of `CopiedSecret`.

    Args:
        secret_name: in Secrets Manager, there and here.
    """

    secret_name: str


class CopiedSecret(pulumi.ComponentResource):
    """Read by whom it was granted to, whether the region that it comes from is there or lost; nothing is made here.

    It is known by name: looking it up would need it at every preview.
    """

    arn: pulumi.Output[str]
    """What its ARN looks like: Secrets Manager ends each with a dash and six characters of its own."""

    def __init__(self, name: str, args: CopiedSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:secret:CopiedSecret", name, None, opts)
        self._name = name
        self._account = Account(self)
        ending = f"secret:{args.secret_name}-??????"
        self.arn = self._account.arn("secretsmanager", self._account.region, ending)
        self._any_region = self._account.arn("secretsmanager", "*", ending)
        self.register_outputs({"arn": self.arn})

    def grant_read(self, reader: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role read the copy, and use its key, whichever that is, for this secret alone.

        Args:
            reader: who it is, for logical names.
            role: the IAM role's name.
        """
        account = self._account
        keys = account.arn("kms", account.region, "key/*")
        decrypting = {
            "StringEquals": {
                "kms:ViaService": pulumi.Output.format("secretsmanager.{0}.amazonaws.com", account.region)
            },
            "StringLike": {"kms:EncryptionContext:SecretARN": self._any_region},
        }
        statements = (
            Statement(actions=("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"), resources=[self.arn]),
            Statement(actions=("kms:Decrypt",), resources=[keys], conditions=decrypting),
        )
        args = RoleGrantArgs(role=role, description=f"{reader} reads {self._name}", statements=statements)
        return RoleGrant(f"{self._name}-{reader}-reads", args, pulumi.ResourceOptions(parent=self))
