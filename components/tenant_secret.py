"""What tenants with credentials of their own have in common, whatever their isolation.

Owns keeping a tenant's URLs in AWS Secrets Manager, and what becomes of resources that a nested component had.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class TenantSecret:
    """Where a tenant's connection URLs are kept in AWS Secrets Manager.

    Args:
        name: the secret's.
        key_arn: the KMS key that it is encrypted with.
    """

    name: str
    key_arn: pulumi.Input[str]


def kept_urls(
    name: str, secret: TenantSecret | None, urls: Mapping[str, pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> Sequence[pulumi.Resource]:
    """Declare the secret, if there is a place for it, and return what of it is made last.

    It is deleted without a time to recover it: what it says is of no use once its role is gone, and a tenant that
    comes back would find the name taken for as long.

    Args:
        name: the tenant component's.
        secret: where; None where the stack declares nothing in AWS.
        urls: what it says, variable -> URL.
        opts: with the parent.
    """
    if secret is None:
        return []
    # A stack without AWS does not pay for its SDK (tests/stacks/test_imports.py).
    from components.stored_secret import StoredSecretArgs, stored_secret  # noqa: PLC0415

    args = StoredSecretArgs(
        description=f"connection URLs of {name}",
        key_arn=secret.key_arn,
        content=urls,
        secret_name=secret.name,
        recovery_days=0,
    )
    return [stored_secret(f"{name}-urls", args, opts)]


def once_within(component: pulumi.Resource, type_: str, name: str) -> pulumi.ResourceOptions:
    """Return the options of children that were in a component of their own below `component`.

    The engine finds them there and moves them; it would make them anew, with what tenants have in them. The alias may
    go with version 1.

    Args:
        component: their parent.
        type_: the type of the component that was between them.
        name: its logical name.
    """
    former = pulumi.Alias(parent=pulumi.create_urn(name, type_, component))
    return pulumi.ResourceOptions(parent=component, aliases=[former])
