"""Whether what a request names exists; moto's services do not ask each other everywhere."""

from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends

_GLOBAL = "aws"  # where moto keeps what has no region


def has_role(account: str, arn: str) -> bool:
    """Whether there is such an IAM role."""
    return any(role.arn == arn for role in iam_backends[account][_GLOBAL].roles.values())


def has_principal(account: str, arn: str) -> bool:
    """Whether there is such an IAM role or user."""
    return has_role(account, arn) or any(user.arn == arn for user in iam_backends[account][_GLOBAL].users.values())


def has_key(account: str, region: str, key: str) -> bool:
    """Whether there is such a KMS key: by its id, its ARN or an alias; AWS's own aliases are always there."""
    found = kms_backends[account][region]
    name = key.rpartition(":")[2].removeprefix("key/")
    return name in found.keys or name.startswith("alias/aws/") or found.get_key_id_from_alias(name) is not None


def subnet(account: str, region: str, identity: str) -> Any:
    """Return moto's subnet, or None."""
    zones = ec2_backends[account][region].subnets.values()
    return next((zone[identity] for zone in zones if identity in zone), None)


def security_group(account: str, region: str, identity: str) -> Any:
    """Return moto's security group, or None."""
    return ec2_backends[account][region].get_security_group_from_id(identity)
