"""Keys and their aliases.

The simulated KMS keeps no rotation period: it is recorded as stated, and a drift of it goes unseen.
"""

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value

_LONGEST_ALIAS = 256  # AWS::KMS::Alias says so, "alias/" included
_STEM = "alias/"
_POLICY = "default"  # the only name that a key's policy has
_SYMMETRIC = "SYMMETRIC_DEFAULT"
_DELETED = frozenset({"PendingDeletion", "PendingReplicaDeletion"})
_LONGEST_WINDOW = 30  # days, what ScheduleKeyDeletion takes when none is given


class Key(Kind):
    """A key; its policy, its rotation and its state are told and changed by calls of their own."""

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Rotate it and switch it off, as wanted."""
        self._change(cloud, region, id, {"isEnabled": True, "enableKeyRotation": False}, inputs)

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, with its policy and whether it rotates."""
        kms = cloud.client(self.service, region)
        found = super().told(cloud, region, id, answer)
        rotates = False
        if answer.get("KeySpec", _SYMMETRIC) == _SYMMETRIC:
            rotates = kms.get_key_rotation_status(KeyId=id)["KeyRotationEnabled"]
        policy = kms.get_key_policy(KeyId=id, PolicyName=_POLICY)["Policy"]
        return {**found, "keyId": id, "enableKeyRotation": rotates, "policy": policy}

    def is_gone(self, answer: Answer) -> bool:
        """Whether its deletion is scheduled: nothing can be done with it but to take the deletion back."""
        return answer["KeyState"] in _DELETED

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Change its description, policy, rotation and state."""
        kms = cloud.client(self.service, region)
        if (old.get("description") or "") != (new.get("description") or ""):
            kms.update_key_description(KeyId=id, Description=new.get("description") or "")
        if new.get("policy") and old.get("policy") != new["policy"]:
            kms.put_key_policy(KeyId=id, PolicyName=_POLICY, Policy=new["policy"])
        self._change(cloud, region, id, old, new)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Schedule its deletion, once."""
        if self.read(cloud, region, id, known) is not None:
            days = int(known.get("deletionWindowInDays") or _LONGEST_WINDOW)
            cloud.client(self.service, region).schedule_key_deletion(KeyId=id, PendingWindowInDays=days)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return a rotation that KMS does not do."""
        if inputs.get("enableKeyRotation") and inputs.get("customerMasterKeySpec", _SYMMETRIC) != _SYMMETRIC:
            return [("enableKeyRotation", f"is only for keys whose customerMasterKeySpec is {_SYMMETRIC}")]
        if inputs.get("rotationPeriodInDays") and not inputs.get("enableKeyRotation"):
            return [("rotationPeriodInDays", "needs enableKeyRotation")]
        return []

    def _change(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Rotate and switch it; what is off cannot begin to rotate, so switching on comes first, off last."""
        kms = cloud.client(self.service, region)
        switched = bool(old.get("isEnabled", True)) != bool(new.get("isEnabled", True))
        if switched and new.get("isEnabled", True):
            kms.enable_key(KeyId=id)
        rotation = [bool(said.get("enableKeyRotation")) for said in (old, new)]
        period = new.get("rotationPeriodInDays")
        if rotation[1] and (not rotation[0] or old.get("rotationPeriodInDays") != period):
            kms.enable_key_rotation(KeyId=id, **({"RotationPeriodInDays": int(period)} if period else {}))
        elif rotation[0] and not rotation[1]:
            kms.disable_key_rotation(KeyId=id)
        if switched and not new.get("isEnabled", True):
            kms.disable_key(KeyId=id)


class Alias(Kind):
    """A key's other name; its id is the name."""

    def named(self, name: str) -> str:
        """Return an automatic name with what KMS wants before it."""
        return f"{_STEM}{name.removeprefix(_STEM)}"

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, or None when no alias of this name is there; KMS can only list them."""
        kms = cloud.client(self.service, region)
        pages = kms.get_paginator("list_aliases").paginate()
        found = next((alias for page in pages for alias in page["Aliases"] if alias["AliasName"] == id), None)
        if found is None:
            return None
        key = str(found["TargetKeyId"])
        stated = str(known.get("targetKeyId") or "")
        return {
            "name": id,
            "arn": found["AliasArn"],
            "targetKeyId": stated if stated.endswith(f"/{key}") else key,  # the ARN of a key means the key
            "targetKeyArn": kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"],
        }


KINDS: tuple[Kind, ...] = (
    Key(
        token="aws:kms/key:Key",
        noun="KMS Key",
        service="kms",
        schema="AWS::KMS::Key",
        identifier="KeyMetadata.KeyId",
        creating=Call(method="create_key"),
        reading=Call(method="describe_key", subject="KeyId", result="KeyMetadata"),
        deleting=Call(method="schedule_key_deletion", subject="KeyId"),
        tagging=Tagging(
            key="TagKey",
            value="TagValue",
            listing="list_resource_tags",
            tag="tag_resource",
            untag="untag_resource",
            subject="KeyId",
            by="id",
        ),
        names={"isEnabled": "Enabled"},
        schema_names={
            "customerMasterKeySpec": "KeySpec",
            "deletionWindowInDays": "PendingWindowInDays",
            "isEnabled": "Enabled",
            "policy": "KeyPolicy",
        },
        unchecked={
            "customKeyStoreId": "the schema has no custom key stores",
            "xksKeyId": "the schema has no custom key stores",
        },
        defaults={
            "bypassPolicyLockoutSafetyCheck": False,
            "customerMasterKeySpec": _SYMMETRIC,
            "enableKeyRotation": False,
            "isEnabled": True,
            "keyUsage": "ENCRYPT_DECRYPT",
        },
        computed=frozenset({"description", "multiRegion", "policy", "rotationPeriodInDays"}),
        replace=frozenset({"customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"}),
        documents=frozenset({"policy"}),
    ),
    Alias(
        token="aws:kms/alias:Alias",
        noun="KMS Alias",
        service="kms",
        schema="AWS::KMS::Alias",
        identifier="=name",
        creating=Call(method="create_alias"),
        reading=Call(method="list_aliases"),
        changing=(Call(method="update_alias", subject="AliasName", sends=frozenset({"targetKeyId"})),),
        deleting=Call(method="delete_alias", subject="AliasName"),
        names={"name": "AliasName"},
        schema_names={"name": "AliasName"},
        unchecked={"namePrefix": "the official plugin's own"},
        automatic={"name": _LONGEST_ALIAS - len(_STEM)},
        same_place=frozenset({"name"}),
    ),
)
