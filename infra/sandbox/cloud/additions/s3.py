"""S3 beyond moto: access logs.

Their permission is judged as S3 does, whichever way the policy is written. None is delivered: moto would write a record
for every request, reads included, into the bucket at once, where the journal's replay could not bring it back.
"""

import json
from typing import Any

from moto.s3.models import FakeBucket, S3Backend

_DELIVERY = "logging.s3.amazonaws.com"
_PUT = frozenset({"s3:PutObject", "s3:Put*", "s3:*", "*"})


def install() -> None:
    """Let moto's S3 do so; doing it again changes nothing."""
    bucket: Any = FakeBucket  # moto has no hook for it
    bucket._log_permissions_enabled_policy = staticmethod(_may_be_delivered)
    S3Backend.log_incoming_request = _deliver_nothing  # type: ignore[method-assign]  # what an addition is


def _deliver_nothing(self: S3Backend, request: Any, bucket_name: str) -> None:
    """Log no request."""
    del self, request, bucket_name


def _may_be_delivered(target_bucket: Any, target_prefix: str | None) -> bool:
    """Whether the policy of a bucket lets S3's log delivery write below a prefix."""
    if not target_bucket.policy:
        return False
    arn, prefix = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/", target_prefix or ""
    wanted = {f"{arn}*", f"{arn}{prefix}*"}
    statements = _listed(json.loads(target_bucket.policy.decode())["Statement"])
    return any(
        statement["Effect"] == "Allow"
        and _DELIVERY in _services(statement)
        and _PUT.intersection(_listed(statement.get("Action")))
        and wanted.intersection(_listed(statement.get("Resource")))
        for statement in statements
    )


def _services(statement: dict[str, Any]) -> list[Any]:
    principal = statement.get("Principal")
    return _listed(principal.get("Service")) if isinstance(principal, dict) else []


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
