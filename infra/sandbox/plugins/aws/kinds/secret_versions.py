"""The content of Secrets Manager's secrets, which is a secret of the program wherever it goes."""

import base64
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Secret as Hidden
from infra.sandbox.plugins.values import Value

_CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
_CONTENTS = ("secretString", "secretBinary", "secretStringWo")
_NO_SCHEMA = "AWS has no schema of it"


class SecretVersion(Kind):
    """The content of a secret; its id is `secret|version`.

    Whose stage is AWSCURRENT cannot be taken from a version, so the last one stays until its secret is deleted.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it the current one, or give it the stages that are wanted."""
        del tags
        text = inputs.get("secretStringWo") or inputs.get("secretString")
        content: dict[str, Any] = {"SecretString": text or ""}
        if inputs.get("secretBinary"):
            content = {"SecretBinary": base64.b64decode(inputs["secretBinary"])}
        stages = {"VersionStages": inputs["versionStages"]} if inputs.get("versionStages") else {}
        made = cloud.client(self.service, region).put_secret_value(SecretId=inputs["secretId"], **content, **stages)
        return f"{inputs['secretId']}|{made['VersionId']}"

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, or None when it or its secret is gone."""
        try:
            return super().read(cloud, region, id, {**known, **self.imported(id)})
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidRequestException":  # the secret waits for its deletion
                raise
            return None

    def is_gone(self, answer: Answer) -> bool:
        """Whether it has no stage left: Secrets Manager may delete such a version at any time."""
        return not answer.get("VersionStages")

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, its content hidden."""
        del cloud, region
        told: dict[str, Value] = {
            **self.imported(id),
            "arn": answer["ARN"],
            "secretArn": answer["ARN"],
            "versionStages": sorted(answer["VersionStages"]),
        }
        if answer.get("SecretBinary") is not None:
            told["secretBinary"] = Hidden(base64.b64encode(answer["SecretBinary"]).decode())
        elif answer.get("SecretString"):
            told["secretString"] = Hidden(answer["SecretString"])
        return told

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Give it other stages, each of which another version may have now."""
        manager = cloud.client(self.service, region)
        secret, version = self.imported(id)["secretId"], self.imported(id)["versionId"]
        if not new.get("versionStages"):
            return
        held = manager.describe_secret(SecretId=secret)["VersionIdsToStages"]
        for stage in sorted(set(new["versionStages"]) - set(held.get(version, ()))):
            holder = next((other for other, stages in held.items() if stage in stages), None)
            taken = {"RemoveFromVersionId": holder} if holder else {}
            manager.update_secret_version_stage(SecretId=secret, VersionStage=stage, MoveToVersionId=version, **taken)
        for stage in sorted(set(held.get(version, ())) - {*new["versionStages"], _CURRENT, _PREVIOUS}):
            manager.update_secret_version_stage(SecretId=secret, VersionStage=stage, RemoveFromVersionId=version)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Take its stages away, but the current one, as the official plugin does."""
        found = self.read(cloud, region, id, known)
        told = self.imported(id)
        for stage in (found or {}).get("versionStages", ()):
            if stage != _CURRENT:
                cloud.client(self.service, region).update_secret_version_stage(
                    SecretId=told["secretId"], VersionStage=stage, RemoveFromVersionId=told["versionId"]
                )

    def imported(self, id: str) -> dict[str, Value]:
        """Return the secret and the version that the id tells."""
        secret, _, version = id.partition("|")
        return {"secretId": secret, "versionId": version}

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return contents beside each other, and one that is not base64."""
        given = [name for name in _CONTENTS if name in inputs]
        if len(given) > 1:
            return [(given[0], f"cannot be given together with {given[1]}")]
        try:
            base64.b64decode(inputs.get("secretBinary") or "", validate=True)
        except ValueError:
            return [("secretBinary", "must be base64")]
        return []


SECRET_VERSION = SecretVersion(
    token="aws:secretsmanager/secretVersion:SecretVersion",
    noun="Secrets Manager Secret Version",
    service="secretsmanager",
    identifier="VersionId",
    creating=Call(method="put_secret_value"),
    reading=Call(method="get_secret_value", also={"SecretId": "secretId", "VersionId": "versionId"}),
    deleting=Call(method="update_secret_version_stage"),
    unchecked=dict.fromkeys((*_CONTENTS, "secretId", "secretStringWoVersion", "versionStages"), _NO_SCHEMA),
    computed=frozenset({"versionStages"}),
    replace=frozenset({"secretId", "secretBinary", "secretString", "secretStringWoVersion"}),
    secret=frozenset({"secretBinary", "secretString"}),
    sets=frozenset({"versionStages"}),
)
"""The entry, for `secrets`."""
