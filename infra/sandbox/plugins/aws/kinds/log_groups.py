"""CloudWatch's log groups."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind, is_gone
from infra.sandbox.plugins.aws.tagging import EKS
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_LONGEST_NAME = 512  # CreateLogGroup's reference
_FOR_EVER = 0  # the official plugin's word for no retention policy


@dataclass(frozen=True, kw_only=True)
class _OfThisName(Call):
    """A call that lists by the beginning of a name; the group of exactly that name comes first, as the shortest."""

    def make(self, client: Any, known: Properties, parameters: Mapping[str, Any]) -> Any:
        """Return the group whose name is the id, or None."""
        found = super().make(client, known, parameters)
        return next((group for group in found if group["logGroupName"] == known["id"]), None)


class LogGroup(Kind):
    """A log group; its id is its name.

    The simulated CloudWatch can neither give an existing group another key, so that another key replaces the group,
    which AWS does in place, nor protect one from deletion: the entry does, and records it as stated.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it, when its key exists: the simulated CloudWatch would take any."""
        key = inputs.get("kmsKeyId")
        if key:
            _insist_on_key(cloud, str(key).split(":")[3], str(key))
        return super().create(cloud, region, inputs, tags)

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Say how long it keeps its records."""
        self._keep(cloud, region, id, int(inputs["retentionInDays"]))

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties; its ARN without the `:*` for its streams."""
        told = super().told(cloud, region, id, answer)
        retention = answer.get("retentionInDays", _FOR_EVER)
        return {**told, "arn": str(answer["arn"]).removesuffix(":*"), "retentionInDays": retention}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change how long it keeps its records."""
        if old.get("retentionInDays") != new["retentionInDays"]:
            self._keep(cloud, region, id, int(new["retentionInDays"]))

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, unless the program wants it left behind or protected."""
        if known.get("deletionProtectionEnabled"):
            raise ProviderError(f"ValidationException: the log group {id} has deletion protection enabled")
        if not known.get("skipDestroy"):
            super().delete(cloud, region, id, known)

    def _keep(self, cloud: Cloud, region: str, id: str, days: int) -> None:
        logs = cloud.client(self.service, region)
        if days == _FOR_EVER:
            logs.delete_retention_policy(logGroupName=id)
        else:
            logs.put_retention_policy(logGroupName=id, retentionInDays=days)


def _insist_on_key(cloud: Cloud, region: str, key: str) -> None:
    """Raise ProviderError, as CloudWatch does, when there is no such key."""
    try:
        state = cloud.client("kms", region).describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    except ClientError as error:
        if not is_gone(error):
            raise
        state = "NotFound"
    if state != "Enabled":
        raise ProviderError(
            f"InvalidParameterException: The specified KMS key does not exist or is not allowed to be used: {key}"
        )


LOG_GROUP = LogGroup(
    token="aws:cloudwatch/logGroup:LogGroup",
    noun="CloudWatch Log Group",
    service="logs",
    schema="AWS::Logs::LogGroup",
    identifier="=name",
    creating=Call(method="create_log_group"),
    reading=_OfThisName(method="describe_log_groups", subject="logGroupNamePrefix", result="logGroups"),
    deleting=Call(method="delete_log_group", subject="logGroupName"),
    tagging=replace(EKS, listing="list_tags_for_resource"),
    names={"name": "logGroupName"},
    schema_names={"name": "LogGroupName"},
    unchecked={"namePrefix": "the official plugin's own", "skipDestroy": "the official plugin's own"},
    defaults={"retentionInDays": _FOR_EVER, "skipDestroy": False},
    computed=frozenset({"deletionProtectionEnabled", "logGroupClass"}),
    replace=frozenset({"kmsKeyId", "logGroupClass"}),
    automatic={"name": _LONGEST_NAME},
    same_place=frozenset({"name"}),
)
"""The entry, for `observability`."""
