"""CloudTrail beyond moto: a trail that cannot deliver is refused, as AWS refuses it.

Simplified: of policies only what allows CloudTrail is read, with the conditions that AWS's own examples have.
"""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from moto.cloudtrail import urls
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.kms.models import kms_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from infra.sandbox.cloud.additions import references

_SERVICE = "cloudtrail.amazonaws.com"


class Additions(CloudTrailResponse):
    """moto's CloudTrail, which looks at what a trail stands on."""

    def create_trail(self) -> str:
        """As moto, unless it could not deliver, or there is one of this name."""
        name = str(self._get_param("Name"))
        if name in self.cloudtrail_backend.trails:
            raise JsonRESTError("TrailAlreadyExistsException", f"Trail {name} already exists for customer")
        self._insist(name, self._get_param("S3BucketName"), self._get_param("S3KeyPrefix"))
        return super().create_trail()

    def update_trail(self) -> str:
        """As moto, unless it could not deliver; an empty text takes away what it names."""
        trail = self.cloudtrail_backend.get_trail(self._get_param("Name"))
        prefix = self._get_param("S3KeyPrefix")
        prefix = trail.s3_key_prefix if prefix is None else prefix
        self._insist(trail.trail_name, self._get_param("S3BucketName") or trail.bucket_name, prefix)
        return super().update_trail()

    def delete_trail(self) -> str:
        """As moto, also by its ARN."""
        trail = self.cloudtrail_backend.get_trail(self._get_param("Name"))
        self.cloudtrail_backend.delete_trail(trail.trail_name)
        return json.dumps({})

    def _insist(self, name: str, bucket: str, prefix: str | None) -> None:
        account, region = self.current_account, self.region
        trail = f"arn:{self.partition}:cloudtrail:{region}:{account}:trail/{name}"
        facts = {"aws:SourceArn": trail, "aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"}
        found = s3_backends[account][self.partition].buckets.get(bucket)
        if found is not None:  # moto refuses one that is not there
            policy = json.loads(found.policy) if found.policy else {}
            place = "/".join(filter(None, (f"arn:{self.partition}:s3:::{bucket}", prefix, "AWSLogs", account)))
            needed = {
                "s3:GetBucketAcl": f"arn:{self.partition}:s3:::{bucket}",
                "s3:PutObject": f"{place}/CloudTrail/some/record",
            }
            if not all(_allows(policy, action, resource, facts) for action, resource in needed.items()):
                raise JsonRESTError(
                    "InsufficientS3BucketPolicyException",
                    f"Incorrect S3 bucket policy is detected for bucket: {bucket}",
                )
        self._insist_on_key(facts, bucket, trail)
        self._insist_on_log_group()

    def _insist_on_key(self, facts: Mapping[str, str], bucket: str, trail: str) -> None:
        key = self._get_param("KmsKeyId")
        if not key:
            return
        if not references.has_key(self.current_account, self.region, key):
            raise JsonRESTError("KmsKeyNotFoundException", f"KMS key {key} does not exist")
        keys = kms_backends[self.current_account][self.region]
        policy = json.loads(keys.describe_key(key).policy)
        context = {**facts, "kms:EncryptionContext:aws:cloudtrail:arn": trail}
        if not _allows(policy, "kms:GenerateDataKey", key, context):
            raise JsonRESTError(
                "InsufficientEncryptionPolicyException",
                f"Insufficient permissions to access S3 bucket {bucket} or KMS key {key}.",
            )

    def _insist_on_log_group(self) -> None:
        group, role = self._get_param("CloudWatchLogsLogGroupArn"), self._get_param("CloudWatchLogsRoleArn")
        if not group:
            return
        known = logs_backends[self.current_account][self.region].groups.values()
        if not any(group in (f"{one.arn}:*", one.arn) for one in known):
            raise JsonRESTError(
                "InvalidCloudWatchLogsLogGroupArnException",
                "CloudTrail cannot validate the specified log group ARN: it does not exist.",
            )
        if not role or not references.has_role(self.current_account, role):
            raise JsonRESTError(
                "InvalidCloudWatchLogsRoleArnException", "CloudTrail cannot validate the specified role ARN."
            )


def _allows(policy: Mapping[str, Any], action: str, resource: str, facts: Mapping[str, str]) -> bool:
    """Whether a policy lets CloudTrail do something."""
    return any(
        statement.get("Effect") == "Allow"
        and _SERVICE in _listed(statement.get("Principal", {}).get("Service", ()))
        and any(fnmatchcase(action.lower(), one.lower()) for one in _listed(statement.get("Action", ())))
        and any(fnmatchcase(resource, one) for one in _listed(statement.get("Resource", ())))
        and all(_holds(values, facts.get(key, "")) for key, values in _conditions(statement))
        for statement in _statements(policy)
    )


def _statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = policy.get("Statement", [])
    all_of_them = found if isinstance(found, list) else [found]
    return [one for one in all_of_them if isinstance(one.get("Principal"), Mapping)]


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for keys in statement.get("Condition", {}).values():
        yield from ((key, _listed(values)) for key, values in keys.items())


def _holds(values: list[str], fact: str) -> bool:
    return any(fnmatchcase(fact, value) for value in values)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def install() -> None:
    """Let moto's CloudTrail answer with the additions; doing it again changes nothing."""
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))
