"""Ways from a network to AWS services that do not lead over the internet.

Owns the endpoints and who reaches them. S3's is free and part of the route tables; the others are billed by the hour
and zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2, vpc

from components.account import Account
from infra.tags import tags

_HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class PrivateEndpointsArgs:
    """Arguments of `PrivateEndpoints`.

    Args:
        vpc_id: the network; its DNS answers with the endpoints' addresses.
        block: the network in CIDR notation; who may reach the endpoints.
        services: with interface endpoints, as `ecr.api`.
        subnet_ids: one a zone; where interface endpoints are.
        route_table_ids: of the subnets that reach S3 by its gateway endpoint.
    """

    vpc_id: pulumi.Input[str]
    block: str
    services: Sequence[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_ids: Sequence[pulumi.Input[str]]


class PrivateEndpoints(pulumi.ComponentResource):
    """Traffic to these services stays inside AWS; nothing outside the network reaches the endpoints."""

    storage: pulumi.Output[str]
    """S3's gateway endpoint, for bucket policies."""

    def __init__(self, name: str, args: PrivateEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:network:PrivateEndpoints", name, None, opts)
        self._name = name
        self._args = args
        self._region = Account(self).region
        storage = self._gateway("s3")
        if args.services:
            group = self._group()
            for service in args.services:
                self._interface(service, group)
        self.storage = storage.id
        self.register_outputs({"storage": self.storage})

    def _service_name(self, service: str) -> pulumi.Output[str]:
        return pulumi.Output.format("com.amazonaws.{0}.{1}", self._region, service)

    def _gateway(self, service: str) -> ec2.VpcEndpoint:
        return ec2.VpcEndpoint(
            f"{self._name}-{service}",
            vpc_id=self._args.vpc_id,
            service_name=self._service_name(service),
            vpc_endpoint_type="Gateway",
            route_table_ids=self._args.route_table_ids,
            tags=tags(f"{self._name}-{service}", "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _interface(self, service: str, group: ec2.SecurityGroup) -> ec2.VpcEndpoint:
        name = f"{self._name}-{service.replace('.', '-')}"
        return ec2.VpcEndpoint(
            name,
            vpc_id=self._args.vpc_id,
            service_name=self._service_name(service),
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=self._args.subnet_ids,
            security_group_ids=[group.id],
            tags=tags(name, "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _group(self) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            f"{self._name}-group",
            vpc_id=self._args.vpc_id,
            description="Interface endpoints of AWS services",
            tags=tags(f"{self._name}-group", "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        vpc.SecurityGroupIngressRule(
            f"{self._name}-https",
            security_group_id=group.id,
            cidr_ipv4=self._args.block,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            description="from the network",
            tags=tags(f"{self._name}-https", "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return group
