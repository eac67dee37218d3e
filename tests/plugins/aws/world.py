"""An account of the test's own: boto3 beside the program's back, the plugin before it, and what resources stand on."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3

from infra.sandbox.plugins.aws.kinds import KINDS
from tests.plugins.client import Object, Plugin

MODULE = "infra.sandbox.plugins.aws"
REGION = "eu-west-1"
ACCOUNT = "123456789012"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

_numbers = itertools.count(1)
_blocks = itertools.count(16)  # from 10.9.1.0/28 on


@dataclass(eq=False)
class World:
    """What a test sees; the plugin is None where the real engine starts its own."""

    plugin: Plugin | None
    endpoint: str
    region: str = REGION

    def client(self, service: str) -> Any:
        """Return boto3's client."""
        return self.boto3(self.endpoint, service, self.region)

    @staticmethod
    @functools.cache  # a client takes longer to make than to ask
    def boto3(endpoint: str, service: str, region: str = REGION) -> Any:
        """Return a client for which there is no plugin."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def object(self, token: str, name: str = "") -> Object:
        """Return a resource that nothing has been done to."""
        assert token in KINDS
        return Object(self.plugin, token, name or self.name("thing"))

    def name(self, stem: str) -> str:
        """Return a name that no other test has."""
        return f"{stem}-{next(_numbers)}"

    @functools.cached_property
    def vpc(self) -> str:
        """A VPC that tests share; its block is 10.9.0.0/16."""
        return str(self.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])

    def subnet(self, zone: str = "a") -> str:
        """Return the id of a new subnet of `vpc`."""
        third, last = divmod(next(_blocks), 16)
        block = f"10.9.{third}.{last * 16}/28"
        made = self.client("ec2").create_subnet(
            VpcId=self.vpc, CidrBlock=block, AvailabilityZone=f"{self.region}{zone}"
        )
        return str(made["Subnet"]["SubnetId"])

    @functools.cached_property
    def role(self) -> str:
        """The ARN of a role that tests share."""
        made = self.client("iam").create_role(RoleName=self.name("role"), AssumeRolePolicyDocument="{}")
        return str(made["Role"]["Arn"])


@dataclass(frozen=True, kw_only=True)
class Example:
    """A life of one resource type.

    Args:
        token: the type.
        inputs: what a program says; makes what it stands on.
        change: what it says later, which changes the resource in place; empty when nothing can be changed.
        replacement: what it says later, which needs another resource.
        drift: changes it behind the program's back; gets the id.
        drifted: the inputs that a refresh then finds changed.
        import_id: what a user gives to `pulumi import`; the id, where None.
        unimported: the inputs that an import cannot find out.
        moves: whether AWS gives it another id with the change.
        stays: whether AWS has no way to delete it, so that something is left of it.
    """

    token: str
    inputs: Callable[[World], dict[str, Any]]
    change: dict[str, Any] = field(default_factory=dict)
    replacement: dict[str, Any] = field(default_factory=dict)
    drift: Callable[[World, str], None] | None = None
    drifted: frozenset[str] = frozenset()
    import_id: Callable[[Object], str] | None = None
    unimported: frozenset[str] = frozenset()
    moves: bool = False
    stays: bool = False
