"""What an environment stands on: cluster, database and Redis, each declared in AWS or brought.

Owns which of the two it is, and how they reach each other. Leaves what runs on them to `environment`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pulumi_postgresql as postgresql

from components.cluster import Cluster, ClusterArgs
from components.database import PORT, Database, DatabaseArgs
from components.isolated_schema import Server
from components.network import PRODUCTION_ENDPOINTS, Network, NetworkArgs
from components.node_pool import NodeKind
from components.redis import Redis, RedisArgs
from infra.settings.foundation import (
    AwsSettings,
    BroughtCluster,
    BroughtDatabase,
    DeclaredCluster,
    DeclaredDatabase,
    ExistingCluster,
    ExistingDatabase,
    NetworkSettings,
    NodePoolSettings,
    RedisStoreSettings,
)
from infra.settings.models import StackSettings


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What the rest of the environment is given.

    Args:
        cluster: the provider of everything in Kubernetes.
        database: the provider of everything in PostgreSQL.
        server: where PostgreSQL is, as workloads reach it.
        redis: store -> what it is.
        outputs: the stack's outputs about all this.
    """

    cluster: kubernetes.Provider
    database: postgresql.Provider
    server: Server
    redis: Mapping[str, Redis] = field(default_factory=dict)
    outputs: Mapping[str, pulumi.Input[object]] = field(default_factory=dict)


def lay(settings: StackSettings) -> Foundation:
    """Declare what the environment stands on.

    Args:
        settings: the stack's settings; a brought database is complete (the loader fills it).
    """
    region = _Region(settings) if settings.declares_aws else None
    outputs: dict[str, pulumi.Input[object]] = {}
    group: pulumi.Input[str] | None = None
    match settings.cluster:
        case BroughtCluster(existing=existing):
            cluster, group = _existing_cluster(existing), existing.security_group_id
        case DeclaredCluster() as declared:
            assert region is not None
            made = region.cluster(declared)
            cluster, group = _declared_cluster(made), made.security_group_id
            # Nothing in it is secret, but every update would print it.
            kubeconfig: pulumi.Output[str] = pulumi.Output.secret(made.kubeconfig)
            outputs |= {"cluster": made.cluster_name, "kubeconfig": kubeconfig}
    match settings.database:
        case BroughtDatabase(existing=given):
            database, server = _existing_database(given), _server(given)
        case DeclaredDatabase() as wanted:
            assert region is not None
            rds = region.database(wanted, group)
            database = _declared_database(rds)
            server = Server(host=rds.host, port=PORT, ssl_mode="verify-full", administrator=rds.username)
            outputs["database_url"] = _administrators_url(rds)
    stores = region.redis(settings, group) if region else {}
    if stores:
        outputs["redis_urls"] = pulumi.Output.secret({name: store.url for name, store in stores.items()})
    return Foundation(cluster=cluster, database=database, server=server, redis=stores, outputs=outputs)


class _Region:
    """The part of an environment that is made in AWS."""

    def __init__(self, settings: StackSettings) -> None:
        assert settings.aws is not None  # the model refuses settings that declare resources without a place for them
        assert settings.network is not None
        self._name = settings.aws.name
        self._opts = pulumi.ResourceOptions(providers=[_account(settings.aws)])
        self._network = Network("network", _network_args(settings.network), self._opts)

    def cluster(self, settings: DeclaredCluster) -> Cluster:
        args = ClusterArgs(
            cluster_name=self._name,
            version=settings.version,
            subnets=self._network.private_subnets,
            egress=self._network.egress,
            node_pools={name: _node_kind(pool) for name, pool in settings.node_pools.items()},
            administrators=settings.administrators,
            public_access=settings.public_access,
            log_retention_days=settings.log_retention_days,
            protect=settings.protect,
        )
        return Cluster("cluster", args, self._opts)

    def database(self, settings: DeclaredDatabase, clients: pulumi.Input[str] | None) -> Database:
        args = DatabaseArgs(
            identifier=self._name,
            vpc_id=self._network.vpc_id,
            subnet_ids=list(self._network.data_subnets.values()),
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
        database = Database("database", args, self._opts)
        if clients is not None:
            database.allow_from("cluster", clients)
        return database

    def redis(self, settings: StackSettings, clients: pulumi.Input[str] | None) -> dict[str, Redis]:
        asked = {"cache": settings.redis.cache, "sessions": settings.redis.sessions}
        return {name: self._store(name, store, clients) for name, store in asked.items() if store is not None}

    def _store(self, name: str, settings: RedisStoreSettings, clients: pulumi.Input[str] | None) -> Redis:
        args = RedisArgs(
            vpc_id=self._network.vpc_id,
            subnet_ids=list(self._network.data_subnets.values()),
            engine_version=settings.engine_version,
            node_type=settings.node_type,
            nodes=settings.nodes,
            eviction="allkeys-lru" if name == "cache" else "noeviction",  # REQUIREMENTS, Data
            snapshot_retention_days=settings.snapshot_retention_days,
            protect=settings.protect,
        )
        store = Redis(name, args, self._opts)
        if clients is not None:
            store.allow_from("cluster", clients)
        return store


def _account(settings: AwsSettings) -> aws.Provider:
    return aws.Provider("aws", region=settings.region, allowed_account_ids=[settings.account_id])


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
    )


def _existing_cluster(existing: ExistingCluster) -> kubernetes.Provider:
    return _kubernetes(pulumi.ResourceOptions(), context=existing.context)


def _declared_cluster(cluster: Cluster) -> kubernetes.Provider:
    # Its access entries and nodes as well: who has no access yet is refused, and pods without nodes are never ready.
    return _kubernetes(pulumi.ResourceOptions(depends_on=[cluster]), kubeconfig=cluster.kubeconfig)


def _kubernetes(opts: pulumi.ResourceOptions, **place: pulumi.Input[str]) -> kubernetes.Provider:
    # Data of ConfigMaps and Secrets with fixed names changes in place; pods that read it roll by its checksum.
    return kubernetes.Provider(
        "cluster",
        context=place.get("context"),
        kubeconfig=place.get("kubeconfig"),
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=opts,
    )


def _existing_database(existing: ExistingDatabase) -> postgresql.Provider:
    return postgresql.Provider(
        "database",
        host=existing.host,
        port=existing.port,
        username=existing.username,
        sslmode=existing.ssl_mode,
        superuser=existing.superuser,
    )


def _declared_database(database: Database) -> postgresql.Provider:
    return postgresql.Provider(
        "database",
        host=database.host,
        port=PORT,
        username=database.username,
        password=database.password,
        sslmode="verify-full",
        superuser=False,  # RDS gives none
        opts=pulumi.ResourceOptions(depends_on=[database]),
    )


def _server(existing: ExistingDatabase) -> Server:
    assert existing.host is not None  # the loader fills both or refuses
    assert existing.port is not None
    administrator = None if existing.superuser else existing.username
    return Server(host=existing.host, port=existing.port, ssl_mode=existing.ssl_mode, administrator=administrator)


def _administrators_url(database: Database) -> pulumi.Output[str]:
    return pulumi.Output.format(
        "postgresql://{0}:{1}@{2}:{3}/postgres?sslmode=verify-full",
        database.username,
        database.password,
        database.host,
        PORT,
    )
