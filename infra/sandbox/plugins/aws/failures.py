"""Failures of AWS as the user reads them: one line with AWS's own code, and no secret."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Secret, Value

_SHORTEST_SECRET = 4


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
    for secret in _secrets(inputs or {}):
        text = text.replace(secret, "[secret]")
    raise ProviderError(f"{doing}: {text}") from cause


def _secrets(inputs: Value) -> Iterator[str]:
    """Yield the secret texts in the inputs; shorter ones would tear any message to pieces and protect nothing."""
    if isinstance(inputs, Secret):
        if isinstance(inputs.value, str) and len(inputs.value) >= _SHORTEST_SECRET:
            yield inputs.value
    elif isinstance(inputs, Mapping):
        for value in inputs.values():
            yield from _secrets(value)
    elif isinstance(inputs, list):
        for value in inputs:
            yield from _secrets(value)
