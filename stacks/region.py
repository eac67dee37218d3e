"""What an environment declares in AWS: settings -> arguments of the components on AWS.

Owns the account it is made in, and who is let in where. Leaves whether a thing is declared or brought to `foundation`.
"""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.cluster import Cluster, ClusterArgs
from components.database import Database, DatabaseArgs
from components.network import PRODUCTION_ENDPOINTS, Network, NetworkArgs
from components.node_pool import NodeKind, Taint
from components.operator_access import OperatorAccess, OperatorAccessArgs
from components.redis import Redis, RedisArgs
from infra.settings.database import DeclaredDatabase
from infra.settings.foundation import (
    AwsSettings,
    DeclaredCluster,
    NetworkSettings,
    NodePoolSettings,
    TagSettings,
)
from infra.settings.redis import RedisSettings, RedisStoreSettings


class Region:
    """One region of one account, and the network there of what the environment declares.

    `place` is the account and region, `opts` what its resources are made with, `network` what they are in, `operators`
    the group of whoever applies the program.
    """

    def __init__(self, place: AwsSettings, network: NetworkSettings) -> None:
        """Declare the network.

        Args:
            place: account and region.
            network: its addresses and zones.
        """
        self.place = place
        self.opts = pulumi.ResourceOptions(providers=[_account(place)])
        self.network = Network("network", _network_args(network), self.opts)
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
        args = DatabaseArgs(
            identifier=self.place.name,
            vpc_id=self.network.vpc_id,
            subnet_ids=list(self.network.data_subnets.values()),
            engine_version=settings.engine_version,
            instance_class=settings.instance_class,
            max_connections=settings.max_connections,
            storage_gib=settings.storage_gib,
            max_storage_gib=settings.max_storage_gib,
            multi_az=settings.multi_az,
            backup_retention_days=settings.backup_retention_days,
            log_retention_days=settings.log_retention_days,
            protect=settings.protect,
        )
        database = Database("database", args, self.opts)
        database.allow_from("operators", self.operators.security_group_id)
        if clients is not None:
            database.allow_from("cluster", clients)
        return database

    def redis(self, settings: RedisSettings, clients: pulumi.Input[str] | None) -> Mapping[str, Redis]:
        """Declare the Redis stores that are asked for, by name.

        Args:
            settings: the stack's.
            clients: the security group that is let in; None for nobody.
        """
        asked = {"cache": settings.cache, "sessions": settings.sessions}
        return {name: self._store(name, store, clients) for name, store in asked.items() if store is not None}

    def _store(self, name: str, settings: RedisStoreSettings, clients: pulumi.Input[str] | None) -> Redis:
        args = RedisArgs(
            vpc_id=self.network.vpc_id,
            subnet_ids=list(self.network.data_subnets.values()),
            engine_version=settings.engine_version,
            node_type=settings.node_type,
            nodes=settings.nodes,
            eviction="allkeys-lru" if name == "cache" else "noeviction",  # REQUIREMENTS, Data
            snapshot_retention_days=settings.snapshot_retention_days,
            protect=settings.protect,
        )
        store = Redis(name, args, self.opts)
        if clients is not None:
            store.allow_from("cluster", clients)
        return store


def _account(place: AwsSettings) -> aws.Provider:
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


def _network_args(settings: NetworkSettings) -> NetworkArgs:
    endpoints = settings.interface_endpoints
    return NetworkArgs(
        block=settings.block,
        zones=settings.zones,
        nat_gateways=settings.nat_gateways,
        interface_endpoints=PRODUCTION_ENDPOINTS if endpoints is None else endpoints,
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
