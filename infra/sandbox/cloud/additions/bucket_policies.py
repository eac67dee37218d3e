"""Policies of buckets with conditions, which moto does not read: it would deny everybody what is denied without TLS.

A request without TLS stands for one with it, since the simulated cloud answers on loopback only: what is denied on
such a condition is not denied here. Of other conditions nothing is known, and who asks has the account's rights: a
statement with a condition neither allows nor denies.
"""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket


def install() -> None:
    """Let moto's S3 do so; doing it again changes nothing."""
    FakeBucket.get_permission = _permission  # type: ignore[method-assign]  # moto has no hook for it


def _permission(self: FakeBucket, action: str, resource: str) -> Any:
    """Return what the statements without a condition say of an action."""
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy.decode())
    found = policy.get("Statement", [])
    statements = [one for one in (found if isinstance(found, list) else [found]) if not one.get("Condition")]
    if not statements:
        return PermissionResult.NEUTRAL
    return IAMPolicy(json.dumps({**policy, "Statement": statements})).is_action_permitted(action, resource)
