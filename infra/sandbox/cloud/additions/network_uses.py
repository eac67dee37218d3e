"""Security groups and subnets that others use, and that EC2 therefore does not delete.

AWS places interfaces of endpoints, RDS, ElastiCache, EKS and collectors of metrics into the subnets and groups that
these name, and it is the interfaces that are in the way of a deletion. Here there are none, so their owners are asked.
Simplified: each subnet of a subnet group with an instance in it counts as used, where AWS may have no interface in one
of them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from moto.core.responses import ActionResult
from moto.ec2 import urls
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError, InvalidVPCIdError
from moto.ec2.models import ec2_backends
from moto.ec2.responses import EC2Response
from moto.eks.models import eks_backends
from moto.elasticache.models import elasticache_backends
from moto.rds.models import rds_backends

from infra.sandbox.cloud.additions import amp

_DELETED = "deleted"


class Use(NamedTuple):
    """What one resource of another service uses of a network.

    Args:
        user: what it is, as `RDS instance shop`.
        groups: ids of security groups.
        subnets: ids of subnets.
    """

    user: str
    groups: frozenset[str]
    subnets: frozenset[str]


class Additions(EC2Response):
    """moto's EC2, which knows of its users."""

    def create_security_group(self) -> ActionResult:
        """As moto, unless its VPC does not exist."""
        vpc = self._get_param("VpcId")
        if vpc and vpc not in self.ec2_backend.vpcs:
            raise InvalidVPCIdError(vpc)
        return super().create_security_group()

    def create_vpc_endpoint(self) -> ActionResult:
        """As moto, unless a route table leads to another gateway endpoint of the service already."""
        service, wanted = self._get_param("ServiceName"), set(self._get_param("RouteTableIds", []))
        for other in self.ec2_backend.vpc_end_points.values():
            shared = wanted & set(other.route_table_ids or ()) if other.service_name == service else set()
            if shared and other.state != _DELETED:
                what = f"route table {min(shared)} already has a route to {service}: {other.id}"
                raise EC2ClientError("RouteAlreadyExists", what)
        return super().create_vpc_endpoint()

    def delete_security_group(self) -> ActionResult:
        """As moto, unless an endpoint, a database, a cache, a cluster or a collector uses it."""
        group = self._get_param("GroupId")
        for use in uses(self.current_account, self.region):
            if group in use.groups:
                raise DependencyViolationError(f"resource {group} has a dependent object: {use.user}")
        return super().delete_security_group()

    def delete_subnet(self) -> ActionResult:
        """As moto, unless an endpoint, a database, a cache, a cluster or a collector is in it."""
        subnet = self._get_param("SubnetId")
        for use in uses(self.current_account, self.region):
            if subnet in use.subnets:
                what = f"The subnet '{subnet}' has dependencies and cannot be deleted: {use.user}"
                raise DependencyViolationError(what)
        return super().delete_subnet()


def uses(account: str, region: str) -> Iterator[Use]:
    """Yield what endpoints, databases, caches, clusters and collectors of a region use.

    Args:
        account: its number.
        region: as `eu-west-1`.
    """
    yield from _endpoints(ec2_backends[account][region])
    yield from _databases(rds_backends[account][region])
    yield from _caches(elasticache_backends[account][region])
    yield from _clusters(eks_backends[account][region])
    yield from _collectors(amp.scrapers(account, region))


def _endpoints(ec2: Any) -> Iterator[Use]:
    for endpoint in ec2.vpc_end_points.values():
        if endpoint.state != _DELETED:
            groups, subnets = endpoint.security_group_ids or (), endpoint.subnet_ids or ()
            yield Use(f"VPC endpoint {endpoint.id}", frozenset(groups), frozenset(subnets))


def _databases(rds: Any) -> Iterator[Use]:
    for instance in rds.databases.values():
        zones = getattr(instance, "db_subnet_group", None)  # moto sets it when there is one
        subnets = frozenset(subnet.id for subnet in zones._subnets) if zones is not None else frozenset()
        yield Use(
            f"RDS instance {instance.db_instance_identifier}", frozenset(instance.vpc_security_group_ids), subnets
        )


def _caches(elasticache: Any) -> Iterator[Use]:
    for group in elasticache.replication_groups.values():
        zones = elasticache.cache_subnet_groups.get(group.cache_subnet_group_name)
        subnets = frozenset(zones.subnet_ids) if zones is not None else frozenset()
        user = f"ElastiCache replication group {group.replication_group_id}"
        yield Use(user, frozenset(group.security_group_ids or ()), subnets)


def _clusters(eks: Any) -> Iterator[Use]:
    for cluster in eks.clusters.values():
        network = cluster.resources_vpc_config
        groups = {*(network.get("securityGroupIds") or ()), network.get("clusterSecurityGroupId")}
        yield Use(f"EKS cluster {cluster.name}", frozenset(filter(None, groups)), frozenset(network["subnetIds"]))
        for group in cluster.nodegroups.values():
            name = f"EKS node group {cluster.name}:{group.nodegroup_name}"
            yield Use(name, frozenset(), frozenset(group.subnets or ()))


def _collectors(scrapers: Mapping[str, amp.Record]) -> Iterator[Use]:
    for identity, scraper in scrapers.items():
        where = scraper["source"].get("eksConfiguration") or scraper["source"]["vpcConfiguration"]
        groups, subnets = where.get("securityGroupIds") or (), where["subnetIds"]
        yield Use(f"Prometheus scraper {identity}", frozenset(groups), frozenset(subnets))


def install() -> None:
    """Let moto's EC2 answer with the additions; doing it again changes nothing."""
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))
