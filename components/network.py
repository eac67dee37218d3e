"""The network of an environment: three tiers of subnets in each availability zone.

Owns the VPC, its subnets, and every route. Security groups belong to what they protect, so the one that AWS makes with
the VPC lets nothing in or out; the arithmetic of addresses is in `infra.cidr`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import ec2

from components.flow_logs import FlowLogs, FlowLogsArgs
from components.private_endpoints import PrivateEndpoints, PrivateEndpointsArgs
from infra.cidr import divide
from infra.tags import tags

_ANYWHERE = "0.0.0.0/0"

Tier = Literal["public", "private", "data"]

# How the load balancer controller finds the subnets for public and for internal load balancers.
_TIER_TAGS: Mapping[Tier, Mapping[str, str]] = {
    "public": {"kubernetes.io/role/elb": "1"},
    "private": {"kubernetes.io/role/internal-elb": "1"},
    "data": {},
}

PRODUCTION_ENDPOINTS = ("ecr.api", "ecr.dkr", "sts", "secretsmanager", "logs")
"""What the platform calls all the time, or with secrets.

There is always a NAT gateway, so that the rest goes by it; a network that closes it needs `ec2`, `eks`, `eks-auth`,
`elasticloadbalancing` and `autoscaling` as well (EKS user guide, private clusters).
"""


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """Arguments of `Network`.

    Args:
        block: in CIDR notation, /16 to /20; see `infra.cidr.divide`.
        zones: availability zones, as `eu-central-1a`; append only, since a position is a share of the block.
        nat_gateways: `per-zone` outlives the loss of a zone; `single` costs a third, and an Elastic IP less.
        interface_endpoints: services reached without the internet.
        flow_log_retention_days: one of CloudWatch's own periods. Ours: no source document gives a number.
    """

    block: str
    zones: Sequence[str]
    nat_gateways: Literal["single", "per-zone"] = "per-zone"
    interface_endpoints: Sequence[str] = PRODUCTION_ENDPOINTS
    flow_log_retention_days: int = 90


class Network(pulumi.ComponentResource):
    """Only the public tier has a way in; the private tier has a way out, the data tier has none at all.

    What needs the way out depends on `egress`, or its first packets come before the routes.
    """

    vpc_id: pulumi.Output[str]
    """The VPC."""

    public_subnets: Mapping[str, pulumi.Output[str]]
    """Zone -> subnet, for load balancers."""

    private_subnets: Mapping[str, pulumi.Output[str]]
    """Zone -> subnet, for nodes and pods."""

    data_subnets: Mapping[str, pulumi.Output[str]]
    """Zone -> subnet, for databases and caches."""

    egress: Sequence[pulumi.Resource]
    """The routes of the private tier, and where they apply."""

    endpoints: PrivateEndpoints
    """Ways to AWS services that do not lead over the internet, for those that they let in."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:network:Network", name, None, opts)
        self._name = name
        self._args = args
        self._blocks = divide(args.block, args.zones)
        self._vpc = self._create()
        self._empty_default_group()
        public, private, data = self._subnets("public"), self._subnets("private"), self._subnets("data")
        gateway = self._internet_gateway()
        inbound = self._public_routes(gateway, public)
        tables, self.egress = self._private_routes(self._nat_gateways(public, inbound), private)
        self._data_routes(data)
        self.endpoints = self._endpoints(private, tables)
        self._flow_logs()
        self.vpc_id = self._vpc.id
        self.public_subnets = {zone: subnet.id for zone, subnet in public.items()}
        self.private_subnets = {zone: subnet.id for zone, subnet in private.items()}
        self.data_subnets = {zone: subnet.id for zone, subnet in data.items()}
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "public_subnets": self.public_subnets,
                "private_subnets": self.private_subnets,
                "data_subnets": self.data_subnets,
            }
        )

    def _child(self, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(depends_on))

    def _create(self) -> ec2.Vpc:
        return ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=self._args.block,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # private endpoints answer under the services' public names
            tags=tags(f"{self._name}-vpc", "network"),
            opts=self._child(),
        )

    def _empty_default_group(self) -> ec2.DefaultSecurityGroup:
        # AWS's own rules let its members reach each other and everything else, and whatever names no group is one.
        return ec2.DefaultSecurityGroup(
            f"{self._name}-unused",
            vpc_id=self._vpc.id,
            ingress=[],
            egress=[],
            tags=tags(f"{self._name}-unused", "network"),
            opts=self._child(),
        )

    def _subnets(self, tier: Tier) -> dict[str, ec2.Subnet]:
        subnets = {}
        for zone, blocks in self._blocks.items():
            name = f"{self._name}-{tier}-{zone}"
            subnets[zone] = ec2.Subnet(
                name,
                vpc_id=self._vpc.id,
                availability_zone=zone,
                cidr_block=getattr(blocks, tier),
                map_public_ip_on_launch=False,
                tags={**tags(name, "network"), **_TIER_TAGS[tier]},
                opts=self._child(),
            )
        return subnets

    def _internet_gateway(self) -> ec2.InternetGateway:
        return ec2.InternetGateway(
            f"{self._name}-internet",
            vpc_id=self._vpc.id,
            tags=tags(f"{self._name}-internet", "network"),
            opts=self._child(),
        )

    def _table(self, role: str) -> ec2.RouteTable:
        return ec2.RouteTable(
            f"{self._name}-{role}",
            vpc_id=self._vpc.id,
            tags=tags(f"{self._name}-{role}", "network"),
            opts=self._child(),
        )

    def _associate(self, subnet_name: str, subnet: ec2.Subnet, table: ec2.RouteTable) -> ec2.RouteTableAssociation:
        return ec2.RouteTableAssociation(
            f"{self._name}-{subnet_name}-routes", subnet_id=subnet.id, route_table_id=table.id, opts=self._child()
        )

    def _public_routes(self, gateway: ec2.InternetGateway, subnets: Mapping[str, ec2.Subnet]) -> ec2.Route:
        table = self._table("public")
        for zone, subnet in subnets.items():
            self._associate(f"public-{zone}", subnet, table)
        return ec2.Route(
            f"{self._name}-public-internet",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child(),
        )

    def _nat_gateways(self, public: Mapping[str, ec2.Subnet], inbound: ec2.Route) -> dict[str, ec2.NatGateway]:
        zones = self._args.zones if self._args.nat_gateways == "per-zone" else self._args.zones[:1]
        return {zone: self._nat_gateway(zone, public[zone], inbound) for zone in zones}

    def _nat_gateway(self, zone: str, subnet: ec2.Subnet, inbound: ec2.Route) -> ec2.NatGateway:
        name = f"{self._name}-nat-{zone}"
        address = ec2.Eip(f"{name}-address", domain="vpc", tags=tags(f"{name}-address", "network"), opts=self._child())
        # An address or a NAT gateway needs the VPC's internet gateway, which no input of theirs names.
        return ec2.NatGateway(
            name,
            subnet_id=subnet.id,
            allocation_id=address.allocation_id,
            tags=tags(name, "network"),
            opts=self._child([inbound]),
        )

    def _private_routes(
        self, gateways: Mapping[str, ec2.NatGateway], subnets: Mapping[str, ec2.Subnet]
    ) -> tuple[list[ec2.RouteTable], list[pulumi.Resource]]:
        only = next(iter(gateways.values()))
        tables: list[ec2.RouteTable] = []
        ways: list[pulumi.Resource] = []
        for zone, subnet in subnets.items():
            table = self._table(f"private-{zone}-table")
            route = ec2.Route(
                f"{self._name}-private-{zone}-internet",
                route_table_id=table.id,
                destination_cidr_block=_ANYWHERE,
                nat_gateway_id=gateways.get(zone, only).id,
                opts=self._child(),
            )
            tables.append(table)
            ways.extend((route, self._associate(f"private-{zone}", subnet, table)))
        return tables, ways

    def _data_routes(self, subnets: Mapping[str, ec2.Subnet]) -> None:
        table = self._table("data")  # without routes: it reaches the network and nothing else
        for zone, subnet in subnets.items():
            self._associate(f"data-{zone}", subnet, table)

    def _endpoints(self, subnets: Mapping[str, ec2.Subnet], tables: Sequence[ec2.RouteTable]) -> PrivateEndpoints:
        args = PrivateEndpointsArgs(
            vpc_id=self._vpc.id,
            services=self._args.interface_endpoints,
            subnet_ids=[subnet.id for subnet in subnets.values()],
            route_table_ids=[table.id for table in tables],
        )
        return PrivateEndpoints(f"{self._name}-endpoints", args, self._child())

    def _flow_logs(self) -> FlowLogs:
        args = FlowLogsArgs(vpc_id=self._vpc.id, retention_days=self._args.flow_log_retention_days)
        return FlowLogs(f"{self._name}-flows", args, self._child())
