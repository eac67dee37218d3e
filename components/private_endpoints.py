"""Ways from a network to AWS services that do not lead over the internet.

Owns the endpoints and who reaches them. S3's is free and part of the route tables; the others are billed by the hour
and zone. Their security group names groups, not the network's addresses: what was let in by nobody, as something
started in the network by hand, has no way to secrets, images and tokens that leaves no other trace.
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
        services: with interface endpoints, as `ecr.api`.
        subnet_ids: one a zone; where interface endpoints are.
        route_table_ids: of the subnets that reach S3 by its gateway endpoint.
    """

    vpc_id: pulumi.Input[str]
    services: Sequence[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_ids: Sequence[pulumi.Input[str]]


class PrivateEndpoints(pulumi.ComponentResource):
    """Traffic to these services stays inside AWS; only members of groups that were let in by name reach the endpoints.

    Inside the network the services' public names lead to the endpoints: who is not let in does not reach them at all.
    """

    storage: pulumi.Output[str]
    """S3's gateway endpoint, for bucket policies."""

    storage_blocks: pulumi.Output[Sequence[str]]
    """S3's addresses in the region, in CIDR notation, for those who close pods but for them. They are everybody's
    buckets: whose may be used is for IAM to say. AWS changes them now and then; a refresh finds that."""

    def __init__(self, name: str, args: PrivateEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:network:PrivateEndpoints", name, None, opts)
        self._name = name
        self._args = args
        self._region = Account(self).region
        storage = self._gateway("s3")
        self._group = self._closed_group() if args.services else None
        for service in args.services:
            self._interface(service)
        self.storage = storage.id
        self.storage_blocks = storage.cidr_blocks.apply(_known)
        self.register_outputs({"storage": self.storage, "storage_blocks": self.storage_blocks})

    def allow_from(self, source: str, security_group_id: pulumi.Input[str]) -> Sequence[pulumi.Resource]:
        """Let the members of a security group reach the endpoints.

        Args:
            source: who they are, for logical names.
            security_group_id: their group.

        Returns:
            What makes the way: who needs it at once depends on it. None where there are no interface endpoints.
        """
        if self._group is None:
            return ()
        name = f"{self._name}-from-{source}"
        rule = vpc.SecurityGroupIngressRule(
            name,
            security_group_id=self._group.id,
            referenced_security_group_id=security_group_id,
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            description=f"from {source}",
            tags=tags(name, "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return (rule,)

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

    def _interface(self, service: str) -> ec2.VpcEndpoint:
        name = f"{self._name}-{service.replace('.', '-')}"
        return ec2.VpcEndpoint(
            name,
            vpc_id=self._args.vpc_id,
            service_name=self._service_name(service),
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=self._args.subnet_ids,
            security_group_ids=[self._group.id] if self._group else [],
            tags=tags(name, "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _closed_group(self) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            f"{self._name}-group",
            vpc_id=self._args.vpc_id,
            description="Interface endpoints of AWS services",
            tags=tags(f"{self._name}-group", "network"),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _known(blocks: Sequence[str] | None) -> Sequence[str]:
    """Return the blocks in order.

    Raises:
        ValueError: there are none, as in the state of an endpoint that was made before the plugin told them.
    """
    if not blocks:
        raise ValueError("the state has no addresses of S3's endpoint; run `pulumi refresh`, then this again")
    return sorted(blocks)
