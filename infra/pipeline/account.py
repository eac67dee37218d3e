"""Where the pipeline of a stack signs in: by names alone, so that nothing has to be configured twice.

Owns the names that `bootstrap/` gives to roles and state. Leaves what they may do to its templates.
"""

from dataclasses import dataclass
from pathlib import Path

from infra.errors import TenantryError
from infra.settings.models import StackSettings

STATE = "tenantry-state"
"""The name of bootstrap/state.yaml's deployment, unless it was given another."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where a stack is, as GitHub's steps take it.

    Args:
        account: the AWS account's number.
        region: the AWS region.
        preview_role: the ARN of who previews.
        apply_role: the ARN of who applies.
        backend: the URL of the state, for `PULUMI_BACKEND_URL`.
        secrets_provider: the URL of the key of the state's secrets.
    """

    account: str
    region: str
    preview_role: str
    apply_role: str
    backend: str
    secrets_provider: str

    def variables(self, authorities: Path) -> dict[str, str]:
        """Return the variables by which `pulumi` finds the state, and the program the authorities of databases.

        Args:
            authorities: the certificates that databases are checked with.
        """
        return {"PULUMI_BACKEND_URL": self.backend, "PGSSLROOTCERT": str(authorities)}


def account_of(stack: str, settings: StackSettings, environment: str, state: str = STATE) -> Account:
    """Return where a stack's pipeline signs in.

    Args:
        stack: its name, for messages.
        settings: its settings.
        environment: the GitHub environment whose jobs apply it, as bootstrap/roles.yaml was given it.
        state: the name of bootstrap/state.yaml's deployment.

    Raises:
        TenantryError: it is not in AWS.
    """
    if settings.aws is None:
        raise TenantryError(
            "the stack is in no AWS account", f"Pulumi.{stack}.yaml", "apply it by hand, or add `aws`", exit_code=2
        )
    number, region = settings.aws.account_id, settings.aws.region
    role = f"arn:aws:iam::{number}:role/{state}"
    return Account(
        account=number,
        region=region,
        preview_role=f"{role}-preview-{environment}",
        apply_role=f"{role}-apply-{environment}",
        backend=f"s3://{state}-{number}-{region}?region={region}",
        secrets_provider=f"awskms://alias/{state}?region={region}",
    )
