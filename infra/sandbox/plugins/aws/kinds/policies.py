"""IAM's policies, those of a role's own, and what attaches a policy to a role."""

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind, is_gone
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 128  # of a policy, IAM's "Name requirements"
_MOST_VERSIONS = 5  # "IAM and AWS STS quotas": versions of a managed policy


class Policy(Kind):
    """A managed policy: its document is a version, and a change makes another one the default."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, with the document of its default version."""
        version = cloud.client(self.service, region).get_policy_version(
            PolicyArn=id, VersionId=answer["DefaultVersionId"]
        )
        document = version["PolicyVersion"]["Document"]
        return super().told(cloud, region, id, {**answer, "PolicyDocument": document})

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Make a new version the default; the oldest goes when IAM would hold more than it can."""
        if old.get("policy") == new["policy"]:
            return
        iam = cloud.client(self.service, region)
        versions = iam.list_policy_versions(PolicyArn=id)["Versions"]
        if len(versions) >= _MOST_VERSIONS:
            spare = [version for version in versions if not version["IsDefaultVersion"]]
            oldest = min(spare, key=lambda version: int(version["VersionId"].removeprefix("v")))
            iam.delete_policy_version(PolicyArn=id, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it with its versions; the simulated IAM would delete one that is attached."""
        iam = cloud.client(self.service, region)
        try:
            if iam.get_policy(PolicyArn=id)["Policy"].get("AttachmentCount"):
                raise ProviderError("DeleteConflict: Cannot delete a policy attached to entities.")
            for version in iam.list_policy_versions(PolicyArn=id)["Versions"]:
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
        except ClientError as error:
            if not is_gone(error):
                raise
        super().delete(cloud, region, id, known)


class RolePolicy(Kind):
    """A policy of a role's own; its id is `role:name`."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: object) -> str:
        """Put it; like IAM and the official plugin, in place of one that is there."""
        del tags
        self._put(cloud, region, inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Put the new document in place of the old."""
        del id, old
        self._put(cloud, region, new)

    def imported(self, id: str) -> dict[str, Value]:
        """Return the two names that the id tells."""
        role, _, name = id.partition(":")
        return {"role": role, "name": name}

    def _put(self, cloud: Cloud, region: str, inputs: Properties) -> None:
        cloud.client(self.service, region).put_role_policy(
            RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
        )


class RolePolicyAttachment(Kind):
    """A managed policy on a role; its id is `role/arn`."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: object) -> str:
        """Attach it."""
        super().create(cloud, region, inputs, {})
        return f"{inputs['role']}/{inputs['policyArn']}"

    def imported(self, id: str) -> dict[str, Value]:
        """Return the role and the policy that the id tells."""
        role, _, arn = id.partition("/")
        return {"role": role, "policyArn": arn}

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return what the id tells, since it has nothing else."""
        del cloud, region, answer
        return self.imported(id)

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, or None when the role is without the policy, or gone itself."""
        iam = cloud.client(self.service, region)
        told = self.imported(id)
        pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=told["role"])
        try:
            attached = {policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]}
        except ClientError as error:
            if not is_gone(error):
                raise
            return None
        return told if told["policyArn"] in attached else None


POLICIES: tuple[Kind, ...] = (
    Policy(
        token="aws:iam/policy:Policy",
        noun="IAM Policy",
        service="iam",
        schema="AWS::IAM::ManagedPolicy",
        identifier="Policy.Arn",
        creating=Call(method="create_policy"),
        reading=Call(method="get_policy", subject="PolicyArn", result="Policy"),
        deleting=Call(method="delete_policy", subject="PolicyArn"),
        tagging=Tagging(tag="tag_policy", untag="untag_policy", subject="PolicyArn", by="id"),
        names={"name": "PolicyName", "policy": "PolicyDocument"},
        schema_names={"name": "ManagedPolicyName"},
        unchecked={
            "policy": "the schema has it without a type; it is checked to be JSON",
            "delayAfterPolicyCreationInMs": "the official plugin's own",
            "namePrefix": "the official plugin's own",
        },
        defaults={"path": "/"},
        automatic={"name": _LONGEST_NAME},
        documents=frozenset({"policy"}),
        write_only=frozenset({"delayAfterPolicyCreationInMs"}),
        same_place=frozenset({"name"}),  # whatever its path
    ),
    RolePolicy(
        token="aws:iam/rolePolicy:RolePolicy",
        noun="IAM Role Policy",
        service="iam",
        schema="AWS::IAM::RolePolicy",
        identifier="=name",
        creating=Call(method="put_role_policy"),
        reading=Call(method="get_role_policy", also={"RoleName": "role", "PolicyName": "name"}),
        deleting=Call(method="delete_role_policy", also={"RoleName": "role", "PolicyName": "name"}),
        names={"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
        schema_names={"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
        unchecked={"namePrefix": "the official plugin's own"},
        automatic={"name": _LONGEST_NAME},
        documents=frozenset({"policy"}),
        same_place=frozenset({"role", "name"}),
    ),
    RolePolicyAttachment(
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        noun="IAM Role Policy Attachment",
        service="iam",
        identifier="=role",
        creating=Call(method="attach_role_policy"),
        reading=Call(method="list_attached_role_policies", also={"RoleName": "role"}),
        deleting=Call(method="detach_role_policy", also={"RoleName": "role", "PolicyArn": "policyArn"}),
        names={"role": "RoleName"},
        unchecked={"role": "AWS has no schema of it", "policyArn": "AWS has no schema of it"},
        replace=frozenset({"role", "policyArn"}),
        same_place=frozenset({"role", "policyArn"}),
    ),
)
"""The entries, for `iam`."""
