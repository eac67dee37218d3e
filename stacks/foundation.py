"""What an environment stands on: cluster, database and Redis, each declared in AWS or brought.

Owns which of the two it is, and how the rest of the program reaches it. Leaves what is declared to `region`, and what
runs on it to `environment`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_postgresql as postgresql

from components.isolated_schema import Endpoint, Server
from infra.settings.database import BroughtDatabase, DatabaseSettings, DeclaredDatabase, ExistingDatabase
from infra.settings.foundation import BroughtCluster, ClusterSettings, DeclaredCluster, ExistingCluster
from infra.settings.models import StackSettings
from infra.settings.rights import uses_queues
from stacks.access import DatabaseAccess, access_to, administrators_url, cluster_provider

if TYPE_CHECKING:
    # Half a second of every run, which a stack that declares nothing in AWS need not wait for.
    from components.cluster import Cluster
    from components.redis import Redis
    from stacks.platform_parts import Parts
    from stacks.region import Region

Outputs = Mapping[str, pulumi.Input[object]]


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """What the rest of the environment is given.

    Args:
        cluster: the provider of everything in Kubernetes.
        database: the provider of everything in PostgreSQL.
        server: where PostgreSQL is, as workloads reach it.
        access: who administers it.
        redis: store -> what it is.
        outputs: the stack's outputs about all this.
        eks: the cluster, where the stack declares it.
        parts: what it has in AWS beside that.
        data_tier: where in its network a cell puts a database, and who is let in there.
    """

    cluster: kubernetes.Provider
    database: postgresql.Provider
    server: Server
    access: DatabaseAccess
    redis: "Mapping[str, Redis]"
    outputs: Outputs
    eks: "Cluster | None" = None
    parts: "Parts | None" = None
    data_tier: Outputs | None = None


def lay(settings: StackSettings) -> Foundation:
    """Declare what the environment stands on.

    Args:
        settings: the stack's settings; a brought database is complete (the loader fills it).
    """
    region = _region(settings) if settings.declares_aws else None
    cluster = _cluster(settings.cluster, region)
    database = _database(settings.database, region, cluster.clients)
    redis = region.redis(settings.redis, cluster.clients) if region else {}
    parts = _parts(settings, region) if region else None
    in_aws: Outputs = {**region.outputs(), **parts.outputs} if region and parts else {}
    return Foundation(
        cluster=cluster.provider,
        database=database.provider,
        server=database.server,
        access=database.access,
        redis=redis,
        outputs={**cluster.outputs, **database.outputs, **_redis_outputs(redis), **in_aws},
        eks=cluster.eks,
        parts=parts,
        data_tier=region.data_tier(cluster.clients) if region else None,
    )


@dataclass(frozen=True, kw_only=True)
class _ClusterSide:
    """A cluster: its provider, and the security group of its nodes and pods, where it is known."""

    provider: kubernetes.Provider
    clients: pulumi.Input[str] | None
    outputs: Outputs = field(default_factory=dict)
    eks: "Cluster | None" = None


@dataclass(frozen=True, kw_only=True)
class _DatabaseSide:
    """A PostgreSQL server: its provider, where workloads reach it, and who administers it."""

    provider: postgresql.Provider
    server: Server
    access: DatabaseAccess
    outputs: Outputs = field(default_factory=dict)


def _region(settings: StackSettings) -> "Region":
    from stacks.region import Region  # noqa: PLC0415 - see above

    assert settings.aws is not None  # the model refuses settings that declare resources without a place for them
    assert settings.network is not None
    return Region(settings.aws, settings.network, queued=uses_queues(settings.services))


def _parts(settings: StackSettings, region: "Region") -> "Parts":
    from stacks.platform_parts import declare  # noqa: PLC0415 - see above

    return declare(settings, region)


def _cluster(settings: ClusterSettings, region: "Region | None") -> _ClusterSide:
    match settings:
        case BroughtCluster(existing=existing):
            if region is not None and existing.security_group_id is not None:
                # Where it is in this network, the names of AWS's services lead to the endpoints and nowhere else.
                region.network.endpoints.allow_from("cluster", existing.security_group_id)
            return _brought_cluster(existing)
        case DeclaredCluster():
            assert region is not None
            return _declared_cluster(region.cluster(settings))


def _brought_cluster(existing: ExistingCluster) -> _ClusterSide:
    provider = cluster_provider(context=existing.context, kubeconfig=existing.kubeconfig)
    return _ClusterSide(provider=provider, clients=existing.security_group_id)


def _declared_cluster(cluster: "Cluster") -> _ClusterSide:
    # Nothing in it is secret, but every update would print it.
    kubeconfig: pulumi.Output[str] = pulumi.Output.secret(cluster.kubeconfig)
    return _ClusterSide(
        # After its access entries and nodes: who has no access yet is refused, and pods without nodes are never ready.
        provider=cluster_provider(kubeconfig=cluster.kubeconfig, after=cluster),
        clients=cluster.security_group_id,
        outputs={"cluster": cluster.cluster_name, "kubeconfig": kubeconfig},
        eks=cluster,
    )


def _database(settings: DatabaseSettings, region: "Region | None", clients: pulumi.Input[str] | None) -> _DatabaseSide:
    match settings:
        case BroughtDatabase(existing=existing):
            return _brought_database(existing)
        case DeclaredDatabase():
            assert region is not None
            return _declared_database(settings, region, clients)


def _brought_database(existing: ExistingDatabase) -> _DatabaseSide:
    assert existing.host is not None  # the loader fills them or refuses
    assert existing.port is not None
    assert existing.username is not None
    access = DatabaseAccess(
        host=existing.host,
        port=existing.port,
        username=existing.username,
        ssl_mode=existing.ssl_mode,
        superuser=existing.superuser,
    )
    return _DatabaseSide(provider=access.provider(), server=access.server(), access=access)


def _declared_database(
    settings: DeclaredDatabase, region: "Region", clients: pulumi.Input[str] | None
) -> _DatabaseSide:
    database = region.database(settings, clients)
    replica, copy = region.replica(settings, database), region.backups(settings, database)
    access = access_to(database)
    server = replace(
        access.server(),
        replica=Endpoint(host=replica.host, port=database.port, ssl_mode="verify-full") if replica else None,
        restored=region.restored_logins(settings),
    )
    outputs: dict[str, pulumi.Input[object]] = {"database_url": administrators_url(database)}
    if replica is not None:
        outputs["database_replica"] = replica.host
    if copy is not None:
        outputs["database_backups"] = copy.arn  # what a stack in the recovery region restores from
    # After its rules too, which let the cluster in.
    return _DatabaseSide(provider=access.provider([database]), server=server, access=access, outputs=outputs)


def _redis_outputs(stores: "Mapping[str, Redis]") -> Outputs:
    if not stores:
        return {}
    return {"redis_urls": pulumi.Output.secret({name: store.url for name, store in stores.items()})}
