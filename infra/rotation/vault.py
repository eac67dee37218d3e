"""A new value of an external secret, put into AWS Secrets Manager.

Owns the calls, and the guard that they reach the stack's account. The value goes from the operator to Secrets Manager
and nowhere else: no message, argument or file has it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import TenantryError
from infra.settings.foundation import AwsSettings

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
_SIGN_IN = "sign in again, as with `aws sso login`, or set AWS_PROFILE"


class Vault:
    """Secrets Manager in the account and region of one stack."""

    def __init__(self, place: AwsSettings) -> None:
        """Make sure that the caller's credentials are for the stack's account.

        Args:
            place: the stack's account and region.

        Raises:
            TenantryError: they are for another account, expired or missing, or AWS cannot be reached.
        """
        self._place = place
        with _explained("AWS", place.region):
            account = self._client("sts").get_caller_identity()["Account"]
        if account != place.account_id:
            raise TenantryError(
                "the credentials are for another account",
                f"{account} instead of {place.account_id}",
                "use those of the account in aws.account_id",
            )

    def check(self, secret: str, stack: str) -> None:
        """Make sure that a secret can take a value.

        Args:
            secret: its name in Secrets Manager.
            stack: whose it is, for messages.

        Raises:
            TenantryError: the stack has not declared it in AWS yet, or it is to be deleted.
        """
        try:
            with _explained(secret, self._place.region):
                found = self._client("secretsmanager").describe_secret(SecretId=secret)
        except _MissingError as error:
            remedy = f"run `pulumi up --stack {stack}`: it declares the secret early, and pods wait for the value"
            raise TenantryError("not in Secrets Manager yet", secret, remedy) from error
        if found.get("DeletedDate") is not None:
            remedy = f"bring it back with `aws secretsmanager restore-secret --secret-id {secret}`"
            raise TenantryError("waits for its deletion", secret, remedy)

    def put(self, secret: str, content: str) -> str:
        """Make `content` the secret's current value, and return the version's id.

        Args:
            secret: its name in Secrets Manager.
            content: the value.

        Raises:
            TenantryError: AWS refuses.
        """
        with _explained(secret, self._place.region):
            return str(
                self._client("secretsmanager").put_secret_value(SecretId=secret, SecretString=content)["VersionId"]
            )

    def _client(self, service: str) -> Any:
        return boto3.client(service, region_name=self._place.region)


class _MissingError(Exception):
    """There is no such secret."""


@contextmanager
def _explained(what: str, region: str) -> Iterator[None]:
    """Turn AWS's errors into one line; their texts may repeat what was sent, so only their codes are told."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code == "ResourceNotFoundException":
            raise _MissingError from None
        raise _refused(code, what) from None
    except BotoCoreError as error:
        raise TenantryError(
            f"AWS cannot be asked ({type(error).__name__})", f"{what} in {region}", f"check the network, or {_SIGN_IN}"
        ) from None


def _refused(code: str, what: str) -> TenantryError:
    if code in _EXPIRED:
        return TenantryError("the AWS credentials have expired", what, _SIGN_IN)
    if code in _UNKNOWN:
        return TenantryError(f"AWS does not know the credentials ({code})", what, _SIGN_IN)
    if code.startswith("AccessDenied"):
        return TenantryError(
            f"AWS refuses it ({code})", what, "ask for secretsmanager:PutSecretValue and DescribeSecret, and its key"
        )
    return TenantryError(f"AWS refuses it ({code})", what, "mend that and run it again")
