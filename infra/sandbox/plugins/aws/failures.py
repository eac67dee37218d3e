"""Failures of AWS as the user reads them: one line with AWS's own code, and no secret."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import masked


@contextmanager
def explained(doing: str, inputs: Properties | None = None) -> Iterator[None]:
    """Tell failures in one line with AWS's own code, and without any secret.

    Args:
        doing: what fails, as `creating EC2 VPC main`.
        inputs: of the resource, for the secrets among them.

    Raises:
        ProviderError: what AWS, botocore or a kind has refused.
    """
    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        text = f"{told.get('Code', 'Unknown')}: {told.get('Message', '')} ({error.operation_name})"
        cause: Exception = error
    except (BotoCoreError, ProviderError) as error:
        text, cause = str(error), error
    else:
        return
    raise ProviderError(f"{doing}: {masked(text, inputs or {})}") from cause
