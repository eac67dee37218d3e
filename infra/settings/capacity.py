"""What settings ask for against what AWS has of it: addresses, room for pods, connections and their memory.

Arithmetic over valid sections. Leaves the connections behind a pooler to the database's section, and the sizes of
instances to `sizes`.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from infra import connections
from infra.cidr import divide
from infra.settings import sizes
from infra.settings.database import DeclaredDatabase
from infra.settings.foundation import DeclaredCluster, NetworkSettings, NodePoolSettings
from infra.settings.section import Contradiction
from infra.settings.sizes import Size
from infra.units import mebibytes, millicores

if TYPE_CHECKING:
    from infra.settings.services import ServiceSettings

_KEPT_BY_AWS = 5
"""Addresses of each subnet that nobody can use (Amazon VPC user guide, "Subnet sizing for IPv4")."""

_CONTROL_PLANE = 16
"""Addresses that EKS wants free in each of its subnets (Amazon EKS user guide, "VPC and subnet considerations")."""

_OWN_PODS = 8
"""Pods of the cluster itself on one node at most: its own, one of each add-on and of its share of the others; ours."""

_BYTES_PER_CONNECTION = 9_531_392
"""RDS gives a PostgreSQL server LEAST(memory / this, 5000) connections by default (its user guide, "Quotas")."""


def shortages(
    network: NetworkSettings | None,
    cluster: object,
    database: object,
    services: Mapping[str, "ServiceSettings"],
    others: int = 0,
) -> Iterator[Contradiction]:
    """Return what there is too little of; places are those of the whole settings.

    Args:
        network: where nodes are.
        cluster: declared or brought; only a declared one is counted.
        database: declared or brought; only a declared one is counted.
        services: name -> what runs.
        others: pods besides: of jobs that may be due at the same time, of tenants' own copies of services.
    """
    if network is not None and isinstance(cluster, DeclaredCluster):
        yield from _addresses(network, cluster)
        yield from _room(len(network.zones), cluster, services, others)
        yield from _too_large(cluster, services)
    if isinstance(database, DeclaredDatabase):
        yield from _memory(database)
        yield from _connections(database, services)


def _addresses(network: NetworkSettings, cluster: DeclaredCluster) -> Iterator[Contradiction]:
    """Each pod takes an address of its zone's private subnet, and a node keeps those of all its interfaces."""
    subnet = IPv4Network(divide(network.block, network.zones)[network.zones[0]].private)
    there = subnet.num_addresses - _KEPT_BY_AWS - _CONTROL_PLANE
    taken = sum(
        pool.maximum * max((size.all_addresses for size in _node_sizes(pool)), default=0)
        for pool in cluster.node_pools.values()
    )
    if taken > there:
        yield (
            ("network", "block"),
            f"too small: nodes and pods take up to {taken} addresses in each zone, which has {there}; "
            "give a larger block, or lower a node pool's maximum",
        )


def _room(
    zones: int, cluster: DeclaredCluster, services: Mapping[str, "ServiceSettings"], others: int
) -> Iterator[Contradiction]:
    wanted = others + sum(sum(service.most_pods) for service in services.values())
    wanted += sum((service.migration or service.warm_up) is not None for service in services.values())
    room = zones * sum(
        pool.maximum * max(min((size.pods for size in _node_sizes(pool)), default=0) - _OWN_PODS, 0)
        for pool in cluster.node_pools.values()
    )
    if wanted > room:
        yield (
            ("cluster", "node_pools"),
            f"too few nodes: services and jobs want {wanted} pods, and all nodes together have room for {room}; "
            "raise a maximum, or take larger instance types",
        )


def _too_large(cluster: DeclaredCluster, services: Mapping[str, "ServiceSettings"]) -> Iterator[Contradiction]:
    """A pod that wants as much as the largest node has would wait for ever: the node keeps some for itself."""
    nodes = [size for pool in cluster.node_pools.values() for size in _node_sizes(pool)]
    memory = max((size.memory for size in nodes), default=0)
    cores = 1000 * max((size.processors for size in nodes), default=0)
    for name, service in services.items():
        wanted = service.resources
        for field, too_much in (
            ("memory", mebibytes(wanted.memory) >= memory),
            ("cpu", millicores(wanted.cpu) >= cores),
        ):
            if too_much:
                text = "as much as the largest node has, or more; lower it, or take a larger instance type"
                yield ("services", name, "resources", field), text


def _memory(database: DeclaredDatabase) -> Iterator[Contradiction]:
    most = _most_connections(database.instance_class)
    if database.max_connections > most:
        yield (
            ("database", "max_connections"),
            f"more than the memory of instance_class is for, which is {most}; lower it, or take a larger class",
        )
    elif database.read_replica and database.max_connections > _most_connections(database.read_replica.instance_class):
        yield (
            ("database", "read_replica", "instance_class"),
            "too little memory for database.max_connections, which a replica must have as well; take a larger class",
        )


def _most_connections(instance_class: str) -> int:
    size = sizes.find("databases", instance_class)
    return 0 if size is None else size.memory * 1024 * 1024 // _BYTES_PER_CONNECTION


def _connections(database: DeclaredDatabase, services: Mapping[str, "ServiceSettings"]) -> Iterator[Contradiction]:
    """Without a pooler all pods are connected at once, those of both slots while a release switches."""
    if database.pooler is not None:
        return
    wanted = connections.LIVE_SLOTS * sum(
        service.database_connections * max(service.most_pods) for service in services.values()
    )
    needed = wanted + connections.RESERVED
    if wanted and needed > database.max_connections:
        yield (
            ("database", "max_connections"),
            f"too few for the pods of two live slots, which need {needed} without a pooler; "
            "raise it, add database.pooler, or lower database_connections of a service",
        )


def _node_sizes(pool: NodePoolSettings) -> list[Size]:
    return [size for name in pool.instance_types if (size := sizes.find("nodes", name)) is not None]
