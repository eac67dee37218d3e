"""S3 beyond moto: access logs, and replications that are told as they were put.

The permission of logs is judged as S3 does, whichever way the policy is written. None is delivered: moto would write a
record for every request, reads included, into the bucket at once, where the journal's replay could not bring it back.
No object is copied either.
"""

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import ReplicationConfigurationNotFoundError
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response

_DELIVERY = "logging.s3.amazonaws.com"
_PUT = frozenset({"s3:PutObject", "s3:Put*", "s3:*", "*"})


def install() -> None:
    """Let moto's S3 do so; doing it again changes nothing."""
    bucket: Any = FakeBucket  # moto has no hook for it
    bucket._log_permissions_enabled_policy = staticmethod(_may_be_delivered)
    S3Response.get_bucket_replication = _tell_replication  # type: ignore[method-assign]  # moto forgets most of a rule
    S3Backend.log_incoming_request = _deliver_nothing  # type: ignore[method-assign]  # what an addition is


def _deliver_nothing(self: S3Backend, request: Any, bucket_name: str) -> None:
    """Log no request."""
    del self, request, bucket_name


def _tell_replication(self: S3Response) -> Any:
    """Answer with the rules as they were put; moto keeps the document that it parsed."""
    self.data["Action"] = "GetBucketReplication"
    kept = self.backend.get_bucket_replication(self.bucket_name)
    if not kept:
        raise ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
    rules = [_rule(rule) for rule in kept["Rule"]]
    return self.serialized(ActionResult({"ReplicationConfiguration": {"Role": kept["Role"], "Rules": rules}}))


def _rule(kept: dict[str, Any]) -> dict[str, Any]:
    """Return one rule; in a document a list is its elements, and an empty text is nothing."""
    chosen = kept.get("Filter", {}) or {}
    if "Prefix" in chosen:
        chosen = {**chosen, "Prefix": chosen["Prefix"] or ""}
    if "And" in chosen:
        both = dict(chosen["And"])
        chosen = {**chosen, "And": {**both, "Tags": _listed(both.pop("Tag", []))}}
    return {**kept, **({"Filter": chosen} if "Filter" in kept else {})}


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
