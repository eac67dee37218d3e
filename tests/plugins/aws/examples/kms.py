"""Examples of keys and their aliases."""

import json

from tests.plugins.aws.world import ACCOUNT, Example, World


def owned(sid: str) -> str:
    """Return a key policy that gives the key to the account."""
    principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def key_id(world: World) -> str:
    """Return the id of a new key."""
    return str(world.client("kms").create_key()["KeyMetadata"]["KeyId"])


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:kms/key:Key",
        inputs=lambda world: {
            "description": "files",
            "enableKeyRotation": True,
            "deletionWindowInDays": 7,
            "policy": owned("account"),
            "tags": {"owner": "shop"},
        },
        change={"description": "media", "policy": owned("other"), "isEnabled": False, "tags": {"owner": "platform"}},
        replacement={"keyUsage": "SIGN_VERIFY"},
        drift=lambda world, it: world.client("kms").disable_key_rotation(KeyId=it),
        drifted=frozenset({"enableKeyRotation"}),
        unimported=frozenset({"deletionWindowInDays"}),
    ),
    Example(
        token="aws:kms/alias:Alias",
        inputs=lambda world: {"name": f"alias/{world.name('files')}", "targetKeyId": key_id(world)},
        replacement={"name": "alias/other"},
        drift=lambda world, it: world.client("kms").update_alias(AliasName=it, TargetKeyId=key_id(world)),
        drifted=frozenset({"targetKeyId"}),
    ),
)
