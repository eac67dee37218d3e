"""Secrets of Secrets Manager; their content is in `secret_versions`."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.secret_versions import SECRET_VERSION
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 512  # CreateSecret's reference, and its characters
_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_WINDOWS = range(7, 31)  # days, DeleteSecret's reference; 0 is the official plugin's word for at once


class StoredSecret(Kind):
    """A secret without its content; one that waits for its deletion counts as gone."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it.

        Raises:
            ProviderError: one of this name waits for its deletion; the simulated service would say that it exists.
        """
        try:
            return super().create(cloud, region, inputs, tags)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceExistsException":
                raise
            if not self.is_waiting(cloud, region, str(inputs["name"])):
                raise
            raise ProviderError(
                "InvalidRequestException: You can't create this secret because a secret with this name is already "
                "scheduled for deletion."
            ) from error

    def is_waiting(self, cloud: Cloud, region: str, name: str) -> bool:
        """Whether a secret of this name waits for its deletion; where nobody can be asked now, the creation will."""
        try:
            return self.is_gone(cloud.client(self.service, region).describe_secret(SecretId=name))
        except (BotoCoreError, ClientError):
            return False

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Give it its policy."""
        if inputs.get("policy"):
            cloud.client(self.service, region).put_resource_policy(SecretId=id, ResourcePolicy=inputs["policy"])

    def is_gone(self, answer: Answer) -> bool:
        """Whether it waits for its deletion."""
        return answer.get("DeletedDate") is not None

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, with its policy."""
        policy = cloud.client(self.service, region).get_resource_policy(SecretId=id).get("ResourcePolicy")
        told = super().told(cloud, region, id, {**answer, "AddReplicaRegions": answer.get("ReplicationStatus")})
        return {**told, "policy": policy}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change what is said of it, its policy and its replicas."""
        manager = cloud.client(self.service, region)
        super().update(cloud, region, id, old, {**new, "description": new.get("description") or ""})
        if new.get("policy") and old.get("policy") != new["policy"]:
            manager.put_resource_policy(SecretId=id, ResourcePolicy=new["policy"])
        elif old.get("policy") and not new.get("policy"):
            manager.delete_resource_policy(SecretId=id)
        before, after = _regions(old), _regions(new)
        added = [after[name] for name in sorted(after.keys() - before.keys())]
        if added:
            manager.replicate_secret_to_regions(SecretId=id, AddReplicaRegions=added)
        self._withdraw(manager, id, sorted(before.keys() - after.keys()))

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Schedule its deletion, or delete it at once where the window is 0; its replicas go first."""
        found = self.read(cloud, region, id, known)
        if found is None:
            return
        manager = cloud.client(self.service, region)
        self._withdraw(manager, id, sorted(_regions(found)))
        days = int(known.get("recoveryWindowInDays", _WINDOWS[-1]))
        manager.delete_secret(
            SecretId=id, **({"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True})
        )

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return a name and a window that Secrets Manager does not take."""
        wrong = []
        days = inputs.get("recoveryWindowInDays", 0)
        if days and days not in _WINDOWS:
            wrong.append(("recoveryWindowInDays", f"must be 0, or from {_WINDOWS[0]} to {_WINDOWS[-1]} days"))
        if not _NAME.fullmatch(str(inputs["name"])):
            wrong.append(("name", "must be of letters, digits and /_+=.@-"))
        return wrong

    @staticmethod
    def _withdraw(manager: Any, id: str, regions: list[str]) -> None:
        if regions:
            manager.remove_regions_from_replication(SecretId=id, RemoveReplicaRegions=regions)


def _regions(said: Properties) -> dict[str, dict[str, str]]:
    """Return region -> replica, as the calls take it."""
    return {
        replica["region"]: {
            "Region": replica["region"],
            **({"KmsKeyId": replica["kmsKeyId"]} if replica.get("kmsKeyId") else {}),
        }
        for replica in said.get("replicas") or ()
    }


KINDS: tuple[Kind, ...] = (
    StoredSecret(
        token="aws:secretsmanager/secret:Secret",
        noun="Secrets Manager Secret",
        service="secretsmanager",
        schema="AWS::SecretsManager::Secret",
        identifier="ARN",
        creating=Call(
            method="create_secret",
            sends=frozenset({"name", "description", "kmsKeyId", "forceOverwriteReplicaSecret", "replicas", "type"}),
        ),
        reading=Call(method="describe_secret", subject="SecretId"),
        changing=(
            Call(method="update_secret", subject="SecretId", sends=frozenset({"description", "kmsKeyId", "type"})),
        ),
        deleting=Call(method="delete_secret", subject="SecretId"),
        tagging=Tagging(tag="tag_resource", untag="untag_resource", subject="SecretId", by="id"),
        names={"replicas": "AddReplicaRegions"},
        schema_names={"replicas": "ReplicaRegions"},
        unchecked={
            "forceOverwriteReplicaSecret": "the call's own",
            "namePrefix": "the official plugin's own",
            "policy": "a type of its own in the schemas; it is checked to be JSON",
            "recoveryWindowInDays": "of the deletion; checked by the entry",
            "replicas.lastAccessedDate": "only told",
            "replicas.status": "only told",
            "replicas.statusMessage": "only told",
        },
        defaults={"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30},
        computed=frozenset({"policy", "replicas", "type"}),
        automatic={"name": _LONGEST_NAME},
        documents=frozenset({"policy"}),
        same_place=frozenset({"name"}),
    ),
    SECRET_VERSION,
)
