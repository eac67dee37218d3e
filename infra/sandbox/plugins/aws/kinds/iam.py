"""Roles and what they may do: trust, policies, boundaries. Identity providers are in `identity`.

A role's exclusive lists of policies, which the official plugin has deprecated, are refused.
"""

import json
from collections.abc import Mapping

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind, is_gone
from infra.sandbox.plugins.aws.kinds import identity
from infra.sandbox.plugins.aws.kinds.policies import POLICIES
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 64  # of a role, IAM's "Name requirements"
_INSTEAD = {
    "inlinePolicies": "is deprecated and not in the offline plugin; use aws.iam.RolePolicy",
    "managedPolicyArns": "is deprecated and not in the offline plugin; use aws.iam.RolePolicyAttachment",
}


class Role(Kind):
    """A role; its trust and its boundary are changed by calls of their own."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it, when its trust is a trust: the simulated IAM would take any text."""
        _insist_on_trust(str(inputs["assumeRolePolicy"]))
        if inputs.get("permissionsBoundary"):
            _insist_on_policy(cloud, region, str(inputs["permissionsBoundary"]))
        return super().create(cloud, region, inputs, tags)

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties; a boundary is told as an object."""
        boundary = answer.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return {**super().told(cloud, region, id, answer), "permissionsBoundary": boundary}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change its trust, its boundary and the rest."""
        iam = cloud.client(self.service, region)
        if old.get("assumeRolePolicy") != new["assumeRolePolicy"]:
            _insist_on_trust(str(new["assumeRolePolicy"]))
            iam.update_assume_role_policy(RoleName=id, PolicyDocument=new["assumeRolePolicy"])
        if old.get("permissionsBoundary") != new.get("permissionsBoundary"):
            if new.get("permissionsBoundary"):
                _insist_on_policy(cloud, region, str(new["permissionsBoundary"]))
                iam.put_role_permissions_boundary(RoleName=id, PermissionsBoundary=new["permissionsBoundary"])
            else:
                iam.delete_role_permissions_boundary(RoleName=id)
        super().update(cloud, region, id, old, {**new, "description": new.get("description") or ""})

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it; with `forceDetachPolicies` its policies go first, else IAM refuses a role in use."""
        if known.get("forceDetachPolicies"):
            try:
                self._detach(cloud, region, id)
            except ClientError as error:
                if not is_gone(error):
                    raise
        super().delete(cloud, region, id, known)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return the deprecated lists, which are not here."""
        return [(name, reason) for name, reason in _INSTEAD.items() if name in inputs]

    def _detach(self, cloud: Cloud, region: str, id: str) -> None:
        iam = cloud.client(self.service, region)
        for policy in iam.list_attached_role_policies(RoleName=id)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=id, PolicyArn=policy["PolicyArn"])
        for name in iam.list_role_policies(RoleName=id)["PolicyNames"]:
            iam.delete_role_policy(RoleName=id, PolicyName=name)


def _insist_on_trust(text: str) -> None:
    """Raise ProviderError, as IAM does, when a statement of a trust policy lets nobody do anything."""
    said = json.loads(text).get("Statement")
    statements = said if isinstance(said, list) else [said] if said else []
    for statement in statements:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise ProviderError("MalformedPolicyDocument: Missing required field Effect in the trust policy")
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise ProviderError("MalformedPolicyDocument: Missing required field Principal in the trust policy")
        if "Resource" in statement or "NotResource" in statement:
            raise ProviderError("MalformedPolicyDocument: Has prohibited field Resource in the trust policy")
    if not statements:
        raise ProviderError("MalformedPolicyDocument: Missing required field Statement in the trust policy")


def _insist_on_policy(cloud: Cloud, region: str, arn: str) -> None:
    """Raise ProviderError, as IAM does, when a boundary is no policy that exists."""
    try:
        cloud.client("iam", region).get_policy(PolicyArn=arn)
    except ClientError as error:
        if not is_gone(error):
            raise
        raise ProviderError(f"NoSuchEntity: Scope ARN: {arn} does not exist or is not attachable.") from error


KINDS: tuple[Kind, ...] = (
    Role(
        token="aws:iam/role:Role",
        noun="IAM Role",
        service="iam",
        schema="AWS::IAM::Role",
        identifier="Role.RoleName",
        creating=Call(method="create_role"),
        reading=Call(method="get_role", subject="RoleName", result="Role"),
        changing=(
            Call(method="update_role", subject="RoleName", sends=frozenset({"description", "maxSessionDuration"})),
        ),
        deleting=Call(method="delete_role", subject="RoleName"),
        tagging=Tagging(tag="tag_role", untag="untag_role", subject="RoleName", by="id"),
        names={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument", "uniqueId": "RoleId"},
        schema_names={
            "name": "RoleName",
            "assumeRolePolicy": "AssumeRolePolicyDocument",
            "inlinePolicies": "Policies",
            "inlinePolicies.name": "Policies/PolicyName",
            "inlinePolicies.policy": "Policies/PolicyDocument",
        },
        unchecked={
            "forceDetachPolicies": "the official plugin's own",
            "namePrefix": "the official plugin's own",
        },
        defaults={"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False},
        computed=frozenset({"inlinePolicies", "managedPolicyArns"}),
        automatic={"name": _LONGEST_NAME},
        documents=frozenset({"assumeRolePolicy"}),
        same_place=frozenset({"name"}),
    ),
    *POLICIES,
    *identity.KINDS,
)
