"""IAM policy documents as typed statements.

Owns the shape of a document. Leaves the policies and roles that hold one to the components that need them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

_VERSION = "2012-10-17"

Texts = pulumi.Input[str] | Sequence[pulumi.Input[str]]

IN_PLAIN_TEXT: Mapping[str, Mapping[str, Texts]] = {"Bool": {"aws:SecureTransport": "false"}}
"""The condition of calls by plain HTTP."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy document.

    Args:
        actions: as `s3:GetObject`.
        resources: ARNs; none in a trust policy.
        principals: `AWS` or `Service` -> who; none in a policy of a role.
        conditions: operator -> key -> values.
        effect: `Allow` or `Deny`.
    """

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]] = ()
    principals: Mapping[str, Texts] = field(default_factory=dict)
    conditions: Mapping[str, Mapping[str, Texts]] = field(default_factory=dict)
    effect: Literal["Allow", "Deny"] = "Allow"


def document(*statements: Statement) -> pulumi.Output[str]:
    """Return the policy document as JSON, with sorted keys."""
    body = {"Version": _VERSION, "Statement": [_statement(statement) for statement in statements]}
    return pulumi.Output.json_dumps(body, sort_keys=True)


def trust(service: str, *more_actions: str, conditions: Mapping[str, Mapping[str, Texts]] | None = None) -> Statement:
    """Return the statement that lets an AWS service assume a role.

    Args:
        service: as `ec2.amazonaws.com`.
        more_actions: beside `sts:AssumeRole`.
        conditions: narrow it down.
    """
    return Statement(
        actions=("sts:AssumeRole", *more_actions), principals={"Service": service}, conditions=conditions or {}
    )


def deny(
    actions: Sequence[str], resources: Sequence[pulumi.Input[str]], conditions: Mapping[str, Mapping[str, Texts]]
) -> Statement:
    """Return the statement that denies actions to everyone.

    Args:
        actions: as `s3:PutObject`.
        resources: ARNs.
        conditions: operator -> key -> value, of what is refused.
    """
    return Statement(
        effect="Deny", actions=actions, resources=resources, principals={"AWS": "*"}, conditions=conditions
    )


def _statement(statement: Statement) -> dict[str, object]:
    body: dict[str, object] = {"Effect": statement.effect, "Action": list(statement.actions)}
    if statement.resources:
        body["Resource"] = list(statement.resources)
    if statement.principals:
        body["Principal"] = dict(statement.principals)
    if statement.conditions:
        body["Condition"] = {operator: dict(keys) for operator, keys in statement.conditions.items()}
    return body
