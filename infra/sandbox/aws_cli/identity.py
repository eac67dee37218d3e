"""`aws sts get-caller-identity`: who the environment's credentials are for."""

import argparse
import json
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from infra.errors import TenantryError
from infra.sandbox.aws_cli import clients

_ANY_REGION = "us-east-1"  # STS tells the same in each


def run(options: argparse.Namespace) -> str:
    """Return user id, account and ARN as the options ask for them.

    Raises:
        TenantryError: the query is no JMESPath expression.
        BotoCoreError: the cloud does not answer.
        ClientError: it refuses.
    """
    sts = clients.client(options.url, options.folder, "sts", clients.region(options) or _ANY_REGION)
    answer = sts.get_caller_identity()
    found: Any = {name: answer[name] for name in ("UserId", "Account", "Arn")}
    query = vars(options).get("query")
    if query:
        try:
            found = jmespath.search(query, found)
        except JMESPathError as error:
            raise TenantryError("not a JMESPath expression", query, "mend --query") from error
    if vars(options).get("output") == "text":
        return _as_text(found)
    return json.dumps(found, indent=4)


def _as_text(found: Any) -> str:
    """Return values with tabs between them, those of a mapping by their names' order, as the real CLI does."""
    if isinstance(found, dict):
        found = [found[name] for name in sorted(found)]
    values = found if isinstance(found, list) else [found]
    return "\t".join("None" if value is None else str(value) for value in values)
