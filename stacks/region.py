"""What an environment declares in AWS: settings -> arguments of the components on AWS.

Owns the account it is made in, and who is let in where. Leaves whether a thing is declared or brought to `foundation`.
"""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.backup_copy import BackupCopy, BackupCopyArgs
from components.cluster import Cluster, ClusterArgs
from components.database import Database, Replica
from components.network import PRODUCTION_ENDPOINTS, Network, NetworkArgs
from components.node_pool import NodeKind, Taint
from components.operator_access import OperatorAccess, OperatorAccessArgs
from components.read_replica import ReadReplica
from components.redis import Redis
from infra.settings.database import DeclaredDatabase
from infra.settings.foundation import (
    AwsSettings,
    DeclaredCluster,
    NetworkSettings,
    NodePoolSettings,
    TagSettings,
)
from infra.settings.redis import RedisSettings, RedisStoreSettings
from infra.settings.rights import QUEUE_ENDPOINT
from stacks.stores import database_args, redis_args, restored_logins


class Region:
    """One region of one account, and the network there of what the environment declares.

    `place` is the account and region, `opts` what its resources are made with, `provider` whose, `network` what they
    are in, `operators` the group of whoever applies the program.
    """

    def __init__(self, place: AwsSettings, network: NetworkSettings, *, queued: bool = False) -> None:
        """Declare the network.

        Args:
            place: account and region.
            network: its addresses and zones.
            queued: whether services use queues, which they reach inside the network only.
        """
        self.place = place
        self.provider = account(place)
        self.opts = pulumi.ResourceOptions(providers=[self.provider])
        self.network = Network("network", _network_args(network, queued=queued), self.opts)
        self.operators = OperatorAccess("operators", OperatorAccessArgs(vpc_id=self.network.vpc_id), self.opts)
        self.network.endpoints.allow_from("operators", self.operators.security_group_id)

    def outputs(self) -> Mapping[str, pulumi.Input[object]]:
        """Return the stack's outputs about the network: what a runner inside it needs."""
        network = {
            "vpc_id": self.network.vpc_id,
            "private_subnets": self.network.private_subnets,
            "operators_security_group_id": self.operators.security_group_id,
        }
        return {"network": network}

    def data_tier(self, clients: pulumi.Input[str] | None) -> Mapping[str, pulumi.Input[object]]:
        """Return what a cell must know to put a database of its own into the network.

        Args:
            clients: the security group that is let in; None for nobody.
        """
        return {
            "vpc_id": self.network.vpc_id,
            "subnet_ids": list(self.network.data_subnets.values()),
            "operators": self.operators.security_group_id,
            "clients": clients,
        }

    def cluster(self, settings: DeclaredCluster) -> Cluster:
        """Declare the cluster.

        Args:
            settings: the stack's.
        """
        args = ClusterArgs(
            cluster_name=self.place.name,
            version=settings.version,
            subnets=self.network.private_subnets,
            egress=self.network.egress,
            endpoints=self.network.endpoints,
            node_pools={name: _node_kind(pool) for name, pool in settings.node_pools.items()},
            node_tags=_default_tags(self.place.tags),
            administrators=settings.administrators,
            public_access=settings.public_access,
            log_retention_days=settings.log_retention_days,
            extended_support=settings.extended_support,
            identity_provider=settings.identity_provider,
            protect=settings.protect,
        )
        cluster = Cluster("cluster", args, self.opts)
        cluster.allow_from("operators", self.operators.security_group_id)
        return cluster

    def database(self, settings: DeclaredDatabase, clients: pulumi.Input[str] | None) -> Database:
        """Declare the PostgreSQL server.

        Args:
            settings: the stack's.
            clients: the security group that is let in; None for nobody.
        """
        args = database_args(
            settings,
            identifier=self.place.name,
            vpc_id=self.network.vpc_id,
            subnet_ids=list(self.network.data_subnets.values()),
        )
        database = Database("database", args, self.opts)
        database.allow_from("operators", self.operators.security_group_id)
        if clients is not None:
            database.allow_from("cluster", clients)
        return database

    def replica(self, settings: DeclaredDatabase, database: Database) -> ReadReplica | None:
        """Declare the server for reading that follows the database, if it is asked for.

        Args:
            settings: the stack's.
            database: what it follows.
        """
        wanted = settings.read_replica
        if wanted is None:
            return None
        replica = Replica(instance_class=wanted.instance_class, multi_az=wanted.multi_az)
        return database.replicate("database-replica", replica, self.opts)

    def backups(self, settings: DeclaredDatabase, database: Database) -> BackupCopy | None:
        """Declare the copy of a database's automated backups in the recovery region, if there is one.

        Args:
            settings: the stack's.
            database: what is copied.
        """
        return backup_copy(self.place, settings, database, self.opts)

    def restored_logins(self, settings: DeclaredDatabase) -> pulumi.Output[Mapping[str, str]] | None:
        """Return role -> password of those that come with another stack's backup; None when none do.

        Args:
            settings: the stack's.
        """
        return restored_logins(settings)

    def redis(self, settings: RedisSettings, clients: pulumi.Input[str] | None) -> Mapping[str, Redis]:
        """Declare the Redis stores that are asked for, by name.

        Args:
            settings: the stack's.
            clients: the security group that is let in; None for nobody.
        """
        asked = {"cache": settings.cache, "sessions": settings.sessions}
        return {name: self._store(name, store, clients) for name, store in asked.items() if store is not None}

    def _store(self, name: str, settings: RedisStoreSettings, clients: pulumi.Input[str] | None) -> Redis:
        args = redis_args(
            settings,
            eviction="allkeys-lru" if name == "cache" else "noeviction",  # REQUIREMENTS, Data
            vpc_id=self.network.vpc_id,
            subnet_ids=list(self.network.data_subnets.values()),
        )
        store = Redis(name, args, self.opts)
        if clients is not None:
            store.allow_from("cluster", clients)
        return store


def backup_copy(
    place: AwsSettings, settings: DeclaredDatabase, database: Database, opts: pulumi.ResourceOptions
) -> BackupCopy | None:
    """Declare the copy of a database's automated backups in the recovery region, if there is one.

    Args:
        place: account and regions.
        settings: the database's.
        database: what is copied.
        opts: with the provider.
    """
    if place.recovery_region is None:
        return None
    args = BackupCopyArgs(
        instance_arn=database.arn,
        region=place.recovery_region,
        retention_days=settings.backup_retention_days,
        protect=settings.protect,
    )
    return BackupCopy("database-copy", args, opts)


def account(place: AwsSettings) -> aws.Provider:
    """Return the provider of an account and a region, which refuses any other account.

    Args:
        place: which.
    """
    return aws.Provider(
        "aws",
        region=place.region,
        allowed_account_ids=[place.account_id],
        default_tags={"tags": _default_tags(place.tags)},
    )


def _default_tags(settings: TagSettings) -> dict[str, str]:
    return {
        "tenantry:stack": pulumi.get_stack(),
        "owner": settings.owner,
        "cost-centre": settings.cost_centre,
        "environment": settings.environment,
        "data-class": settings.data_class,
    }


def _network_args(settings: NetworkSettings, *, queued: bool) -> NetworkArgs:
    usual = (*PRODUCTION_ENDPOINTS, QUEUE_ENDPOINT) if queued else PRODUCTION_ENDPOINTS
    endpoints = settings.interface_endpoints
    return NetworkArgs(
        block=settings.block,
        zones=settings.zones,
        nat_gateways=settings.nat_gateways,
        interface_endpoints=usual if endpoints is None else endpoints,
        flow_log_retention_days=settings.flow_log_retention_days,
    )


def _node_kind(settings: NodePoolSettings) -> NodeKind:
    return NodeKind(
        instance_types=settings.instance_types,
        minimum=settings.minimum,
        maximum=settings.maximum,
        disk_gib=settings.disk_gib,
        architecture=settings.architecture,
        labels=settings.labels,
        taints=[Taint(key=taint.key, value=taint.value, effect=taint.effect) for taint in settings.taints],
    )
