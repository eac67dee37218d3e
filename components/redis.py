"""A Redis store on Amazon ElastiCache: a cache, or sessions.

Owns the nodes, their parameters, the token and who reaches them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import elasticache
from pulumi_random import RandomPassword, RandomString

from components.closed_port import ClosedPort, ClosedPortArgs
from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.role_grant import RoleGrant
from components.stored_secret import StoredSecret, StoredSecretArgs
from infra.tags import tags

PORT = 6379

_OWN_PERCENT = 25  # reserved-memory-percent, unless another is given
_TOKEN_LENGTH = 64  # ElastiCache allows 16 to 128


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    """Arguments of `Redis`.

    Args:
        vpc_id: the network.
        subnet_ids: of the data tier.
        engine: Valkey, which speaks Redis's protocol, or Redis OSS.
        engine_version: the engine's, as `8.1`.
        node_type: as `cache.r7g.large`.
        reserved_percent: share of its memory that no data takes; 25 is ElastiCache's own, smaller nodes need more for
            512 MB (REQUIREMENTS, Data; `infra.cache_memory`).
        nodes: one primary and its replicas; with two or more, another takes over in another zone.
        eviction: what happens when the memory is full; `allkeys-lru` for caches, `noeviction` for what must not be
            lost, such as sessions (REQUIREMENTS, Data).
        snapshot_retention_days: daily snapshots are kept so long; 0 for none.
        snapshot_window: when the daily snapshot is taken, UTC (REQUIREMENTS, Scheduled jobs: 02:00).
        maintenance_window: when changes that interrupt are made, UTC; not in the snapshot's.
        token_rotated_at: a new moment makes a new token; None until the first rotation.
        retire_previous_token: whether only the newest token opens the store; else the one before it does too, so that
            clients can take the new one over one after another.
        protect: whether the engine refuses to delete it; a final snapshot is taken when it is told not to.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    engine_version: str
    node_type: pulumi.Input[str]
    engine: Literal["valkey", "redis"] = "valkey"
    reserved_percent: int = 25
    nodes: int = 2
    eviction: Literal["allkeys-lru", "noeviction"] = "allkeys-lru"
    snapshot_retention_days: int = 7
    snapshot_window: str = "02:00-03:00"
    maintenance_window: str = "sun:05:00-sun:06:00"
    token_rotated_at: str | None = None
    retire_previous_token: bool = False
    protect: bool = True


class Redis(pulumi.ComponentResource):
    """Reached over TLS, with a token, by groups that were let in; encrypted on disk."""

    host: pulumi.Output[str]
    """The primary's name; it follows the primary."""

    url: pulumi.Output[str]
    """As `rediss://:TOKEN@HOST:6379/0`, a secret."""

    secret_arn: pulumi.Output[str]
    """The secret with host, port, token and url."""

    security_group_id: pulumi.Output[str]
    """The group of the nodes."""

    def __init__(self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:redis:Redis", name, None, opts)
        self._name = name
        self._args = args
        self._key = self._encryption_key()
        self._port = self._closed_port()
        token = self._token()
        group = self._replication_group(token)
        self.host = group.primary_endpoint_address
        self.url = pulumi.Output.format("rediss://:{0}@{1}:{2}/0", token.result, self.host, PORT)
        self._secret = self._stored_secret(token)
        self.secret_arn = self._secret.arn
        self.security_group_id = self._port.security_group_id
        self.register_outputs(
            {"host": self.host, "secret_arn": self.secret_arn, "security_group_id": self.security_group_id}
        )

    def allow_from(self, source: str, security_group_id: pulumi.Input[str]) -> None:
        """Let the members of a security group connect.

        Args:
            source: who they are, for logical names.
            security_group_id: their group.
        """
        self._port.allow_from(source, security_group_id)

    def grant_credentials(self, reader: str, role: pulumi.Input[str]) -> RoleGrant:
        """Let an IAM role read the token.

        Args:
            reader: who it is, for logical names.
            role: the IAM role's name.
        """
        return self._secret.grant_read(reader, role)

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _encryption_key(self) -> EncryptionKey:
        args = EncryptionKeyArgs(description=f"data and snapshots of {self._name}", protect=self._args.protect)
        return EncryptionKey(f"{self._name}-encryption", args, self._child())

    def _closed_port(self) -> ClosedPort:
        args = ClosedPortArgs(vpc_id=self._args.vpc_id, port=PORT, description="Redis")
        return ClosedPort(f"{self._name}-port", args, self._child())

    def _token(self) -> RandomPassword:
        rotated = self._args.token_rotated_at
        return RandomPassword(
            f"{self._name}-token",
            length=_TOKEN_LENGTH,
            special=False,
            keepers=None if rotated is None else {"rotated_at": rotated},
            opts=self._child(),
        )

    def _subnet_group(self) -> elasticache.SubnetGroup:
        return elasticache.SubnetGroup(
            f"{self._name}-subnets",
            subnet_ids=self._args.subnet_ids,
            tags=tags(f"{self._name}-subnets", "redis"),
            opts=self._child(),
        )

    def _parameters(self) -> elasticache.ParameterGroup:
        return elasticache.ParameterGroup(
            f"{self._name}-parameters",
            family=_family(self._args.engine, self._args.engine_version),
            parameters=[{"name": "maxmemory-policy", "value": self._args.eviction}, *self._reserved()],
            tags=tags(f"{self._name}-parameters", "redis"),
            opts=self._child(),
        )

    def _reserved(self) -> list[elasticache.ParameterGroupParameterArgsDict]:
        # The provider reads back what differs from ElastiCache's own; its own would show as a change for ever.
        percent = self._args.reserved_percent
        return [] if percent == _OWN_PERCENT else [{"name": "reserved-memory-percent", "value": str(percent)}]

    def _final_snapshot(self) -> pulumi.Output[str]:
        # An environment of the same name may have been there before, and its snapshot still is.
        suffix = RandomString(
            f"{self._name}-final-suffix", length=8, special=False, upper=False, opts=self._child()
        ).result
        return pulumi.Output.format("{0}-final-{1}", self._name, suffix)

    def _replication_group(self, token: RandomPassword) -> elasticache.ReplicationGroup:
        args = self._args
        several = args.nodes > 1
        return elasticache.ReplicationGroup(
            f"{self._name}-nodes",
            description=f"{self._name}, {args.eviction}",
            engine=args.engine,
            engine_version=args.engine_version,
            node_type=args.node_type,
            num_cache_clusters=args.nodes,
            automatic_failover_enabled=several,
            multi_az_enabled=several,
            port=PORT,
            subnet_group_name=self._subnet_group().name,
            security_group_ids=[self._port.security_group_id],
            parameter_group_name=self._parameters().name,
            at_rest_encryption_enabled=True,
            kms_key_id=self._key.arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=token.result,
            auth_token_update_strategy="SET" if args.retire_previous_token else "ROTATE",
            snapshot_retention_limit=args.snapshot_retention_days,
            snapshot_window=args.snapshot_window,
            maintenance_window=args.maintenance_window,
            final_snapshot_identifier=self._final_snapshot() if args.protect else None,
            tags=tags(f"{self._name}-nodes", "redis"),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )

    def _stored_secret(self, token: RandomPassword) -> StoredSecret:
        args = StoredSecretArgs(
            description=f"token of {self._name}",
            key_arn=self._key.arn,
            content={"host": self.host, "port": PORT, "token": token.result, "url": self.url},
        )
        return StoredSecret(f"{self._name}-credentials", args, self._child())


def _family(engine: str, version: str) -> str:
    """Return the family of parameters, which ElastiCache names by the major version, but for Redis 6."""
    major = version.partition(".")[0]
    return f"{engine}{major}.x" if (engine, major) == ("redis", "6") else f"{engine}{major}"
