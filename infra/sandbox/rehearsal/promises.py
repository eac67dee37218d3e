"""Whether what a stack has made in AWS keeps what the platform promises of it, asked of AWS itself.

Everything in the account is looked at: the instance was made for this stack, and for those that it restores from.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from infra.sandbox.rehearsal.applied import Applied
from infra.sandbox.rehearsal.checking import Check, Unkept, counted

_PLAIN_HTTP = "aws:SecureTransport"
_HTTPS = 443
_TRAILS = ("list_trails", "Trails")


def _buckets(applied: Applied) -> str:
    if not applied.regions:
        return ""
    s3 = applied.client("s3", applied.regions[0])
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    for name in names:
        where = f"bucket {name}"
        blocked = _asked(s3.get_public_access_block, "PublicAccessBlockConfiguration", Bucket=name)
        if not blocked or not all(blocked.values()):
            raise Unkept("it may be opened to the public", where)
        if not _refuses_plain_http(_asked(s3.get_bucket_policy, "Policy", Bucket=name)):
            raise Unkept("it answers without TLS", where)
        if not _asked(s3.get_bucket_encryption, "ServerSideEncryptionConfiguration", Bucket=name):
            raise Unkept("it is not encrypted", where)
    return counted(len(names), "bucket")


def _secrets(applied: Applied) -> str:
    found = list(applied.listed("secretsmanager", "list_secrets", "SecretList"))
    for _, secret in found:
        if not secret.get("KmsKeyId"):
            raise Unkept("it is not encrypted with a key of the stack", f"secret {secret['Name']}")
    return counted(len(found), "secret")


def _databases(applied: Applied) -> str:
    found = list(applied.listed("rds", "describe_db_instances", "DBInstances"))
    for _, database in found:
        where = f"database {database['DBInstanceIdentifier']}"
        if database.get("PubliclyAccessible"):
            raise Unkept("it may be reached from the internet", where)
        if not database.get("StorageEncrypted"):
            raise Unkept("it is not encrypted", where)
    return counted(len(found), "database")


def _stores(applied: Applied) -> str:
    found = list(applied.listed("elasticache", "describe_replication_groups", "ReplicationGroups"))
    for _, store in found:
        if not store.get("TransitEncryptionEnabled") or not store.get("AtRestEncryptionEnabled"):
            raise Unkept("it is not encrypted", f"Redis {store['ReplicationGroupId']}")
    return counted(len(found), "store")


def _trails(applied: Applied) -> str:
    found = {trail["TrailARN"]: (client, trail) for client, trail in applied.listed("cloudtrail", *_TRAILS)}
    for arn, (client, trail) in found.items():
        if not client.get_trail_status(Name=arn)["IsLogging"]:
            raise Unkept("it does not log", f"trail {trail['Name']}")
    return counted(len(found), "trail")


def _repositories(applied: Applied) -> str:
    found = list(applied.listed("ecr", "describe_repositories", "repositories"))
    for _, repository in found:
        if repository.get("imageTagMutability") != "IMMUTABLE":
            raise Unkept("its tags can be moved", f"repository {repository['repositoryName']}")
    return counted(len(found), "repository")


def _groups(applied: Applied) -> str:
    found = list(applied.listed("ec2", "describe_security_group_rules", "SecurityGroupRules"))
    for _, rule in found:
        everybody = rule.get("CidrIpv4") == "0.0.0.0/0" or rule.get("CidrIpv6") == "::/0"
        if everybody and not rule["IsEgress"] and rule.get("FromPort") != _HTTPS:
            raise Unkept("it lets the whole internet in", f"rule {rule['SecurityGroupRuleId']} of {rule['GroupId']}")
    return counted(len(found), "rule")


PROMISES = (
    Check("every bucket is closed to the public, encrypted, and answers over TLS only", _buckets),
    Check("every secret is encrypted with a key of the stack", _secrets),
    Check("every database is private and encrypted", _databases),
    Check("every Redis store is encrypted, stored and on its way", _stores),
    Check("every audit trail logs", _trails),
    Check("no repository's tags can be moved", _repositories),
    Check("no security group lets the internet in but on 443", _groups),
)
"""In the order in which they are printed."""


def _asked(operation: Any, key: str, **arguments: object) -> Any:
    """Return what an operation of S3 tells, or None when there is none."""
    try:
        return operation(**arguments)[key]
    except ClientError as error:
        if error.response["Error"]["Code"].startswith(("NoSuch", "ServerSideEncryptionConfigurationNotFound")):
            return None
        raise


def _refuses_plain_http(policy: str | None) -> bool:
    """Whether a bucket's policy denies everything to everybody who comes without TLS."""
    for statement in json.loads(policy)["Statement"] if policy else []:
        condition = statement.get("Condition", {}).get("Bool", {}).get(_PLAIN_HTTP)
        if statement["Effect"] == "Deny" and str(condition).lower() == "false" and _all_of(statement):
            return True
    return False


def _all_of(statement: Any) -> bool:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    return statement["Principal"] in ("*", {"AWS": "*"}) and any(action in {"s3:*", "*"} for action in actions)
