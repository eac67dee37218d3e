"""What AWS's networks refuse with a code of their own, and what changes in them in place."""

from typing import Any

import pytest

from tests.plugins.aws.examples.routing import address, gateway, nat_gateway, new_vpc, table
from tests.plugins.aws.examples.security_groups import group
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ADDRESS = "aws:ec2/eip:Eip"
NAT = "aws:ec2/natGateway:NatGateway"
TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
TIE = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"

NO_GATEWAY = "igw-0123456789abcdef0"
NO_NAT = "nat-0123456789abcdef0"
NO_TABLE = "rtb-0123456789abcdef0"
NO_VPC = "vpc-0123456789abcdef0"
NO_SUBNET = "subnet-0123456789abcdef0"


def test_overlapping_subnets_are_refused(world: World) -> None:
    vpc = new_vpc(world)
    world.object(SUBNET).create(vpcId=vpc, cidrBlock="10.77.0.0/24")
    with pytest.raises(Refused, match=r"InvalidSubnet\.Conflict"):
        world.object(SUBNET).create(vpcId=vpc, cidrBlock="10.77.0.128/25")


def test_a_subnet_outside_of_its_vpc_is_refused(world: World) -> None:
    with pytest.raises(Refused, match=r"InvalidSubnet\.Range"):
        world.object(SUBNET).create(vpcId=new_vpc(world), cidrBlock="10.78.0.0/24")


def test_a_vpc_in_use_is_not_deleted(world: World) -> None:
    vpc = world.object(VPC).create(cidrBlock="10.81.0.0/16")
    subnet = world.object(SUBNET).create(vpcId=vpc.id, cidrBlock="10.81.0.0/24")
    with pytest.raises(Refused, match="DependencyViolation"):
        vpc.delete()
    subnet.delete()
    vpc.delete()
    assert vpc.refresh() == {"gone"}


def test_a_vpc_with_a_gateway_a_group_or_an_endpoint_is_not_deleted(world: World) -> None:
    vpc = world.object(VPC).create(cidrBlock="10.82.0.0/16")
    inputs: dict[str, dict[str, Any]] = {
        GATEWAY: {"vpcId": vpc.id},
        "aws:ec2/securityGroup:SecurityGroup": {"vpcId": vpc.id},
        ENDPOINT: {"vpcId": vpc.id, "serviceName": f"com.amazonaws.{world.region}.s3"},
    }
    for token, given in inputs.items():
        user = world.object(token).create(**given)
        with pytest.raises(Refused, match=f"DependencyViolation.*{user.id}"):
            vpc.delete()
        user.delete()
    vpc.delete()
    assert vpc.refresh() == {"gone"}


def test_a_subnet_with_an_interface_is_not_deleted(world: World) -> None:
    subnet = world.object(SUBNET).create(vpcId=new_vpc(world), cidrBlock="10.77.0.0/24")
    gateway = world.object(NAT).create(subnetId=subnet.id, connectivityType="private")
    with pytest.raises(Refused, match=r"DependencyViolation.*eni-"):
        subnet.delete()
    gateway.delete()
    subnet.delete()
    assert subnet.refresh() == {"gone"}


def test_a_route_table_in_use_is_not_deleted(world: World) -> None:
    used = world.object(TABLE).create(vpcId=world.vpc)
    tie = world.object(TIE).create(routeTableId=used.id, subnetId=world.subnet())
    with pytest.raises(Refused, match="DependencyViolation"):
        used.delete()
    tie.delete()
    used.delete()


def test_an_address_in_use_is_not_released(world: World) -> None:
    used = world.object(ADDRESS).create(domain="vpc")
    gateway = world.object(NAT).create(subnetId=world.subnet(), allocationId=used.id)
    with pytest.raises(Refused, match=r"InvalidIPAddress\.InUse"):
        used.delete()
    with pytest.raises(Refused, match=r"Resource\.AlreadyAssociated"):
        world.object(NAT).create(subnetId=world.subnet(), allocationId=used.id)
    gateway.delete()
    used.delete()
    assert used.refresh() == {"gone"}


def test_a_nat_gateway_leaves_no_interface_behind(world: World) -> None:
    subnet = world.subnet()
    gateway = world.object(NAT).create(subnetId=subnet, allocationId=address(world))
    wanted = [{"Name": "subnet-id", "Values": [subnet]}]
    assert world.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
    gateway.delete()
    assert world.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"] == []


def test_a_subnet_is_tied_to_one_route_table(world: World) -> None:
    subnet = world.subnet()
    world.object(TIE).create(routeTableId=table(world), subnetId=subnet)
    with pytest.raises(Refused, match=r"Resource\.AlreadyAssociated"):
        world.object(TIE).create(routeTableId=table(world), subnetId=subnet)


def test_a_tie_moves_to_another_route_table_in_place(world: World) -> None:
    subnet, second = world.subnet(), table(world)
    tie = world.object(TIE).create(routeTableId=table(world), subnetId=subnet)
    assert not tie.diff(routeTableId=second, subnetId=subnet).replaces
    tie.update(routeTableId=second, subnetId=subnet)
    assert tie.refresh() == set()
    found = world.client("ec2").describe_route_tables(RouteTableIds=[second])["RouteTables"][0]
    assert [found["SubnetId"] for found in found["Associations"]] == [subnet]
    tie.delete()
    assert tie.refresh() == {"gone"}


def test_a_second_route_to_one_destination_is_refused(world: World) -> None:
    for destination in ({"destinationIpv6CidrBlock": "::/0"}, {"destinationCidrBlock": "0.0.0.0/0"}):
        inputs = {"routeTableId": table(world), **destination}
        world.object(ROUTE).create(**inputs, gatewayId=gateway(world))
        with pytest.raises(Refused, match="RouteAlreadyExists"):
            world.object(ROUTE).create(**inputs, gatewayId=gateway(world))


def test_a_route_moves_to_another_target_in_place(world: World) -> None:
    inputs = {"routeTableId": table(world), "destinationCidrBlock": "0.0.0.0/0"}
    route = world.object(ROUTE).create(**inputs, gatewayId=gateway(world))
    through = nat_gateway(world)
    assert not route.diff(**inputs, natGatewayId=through).replaces
    route.update(**inputs, natGatewayId=through)
    found = world.client("ec2").describe_route_tables(RouteTableIds=[inputs["routeTableId"]])["RouteTables"][0]
    (target,) = [found for found in found["Routes"] if found["DestinationCidrBlock"] == "0.0.0.0/0"]
    assert target["NatGatewayId"] == through
    assert "GatewayId" not in target
    assert route.refresh() == set()
    route.delete()


def test_the_routes_of_a_table_are_added_moved_and_removed(world: World) -> None:
    first, second = gateway(world), gateway(world)
    vpc = new_vpc(world)
    made = world.object(TABLE).create(
        vpcId=vpc,
        routes=[{"cidrBlock": "10.1.0.0/16", "gatewayId": first}, {"cidrBlock": "10.2.0.0/16", "gatewayId": first}],
    )
    made.update(
        vpcId=vpc,
        routes=[{"cidrBlock": "10.3.0.0/16", "gatewayId": first}, {"cidrBlock": "10.2.0.0/16", "gatewayId": second}],
    )
    found = world.client("ec2").describe_route_tables(RouteTableIds=[made.id])["RouteTables"][0]["Routes"]
    assert {route["DestinationCidrBlock"]: route["GatewayId"] for route in found} == {
        "10.77.0.0/16": "local",
        "10.2.0.0/16": second,
        "10.3.0.0/16": first,
    }
    assert made.refresh() == set()
    made.update(vpcId=vpc, routes=[])
    found = world.client("ec2").describe_route_tables(RouteTableIds=[made.id])["RouteTables"][0]["Routes"]
    assert [route["GatewayId"] for route in found] == ["local"]


def test_an_address_goes_to_an_interface_and_to_another(world: World) -> None:
    client = world.client("ec2")
    first, second = (
        client.create_network_interface(SubnetId=world.subnet())["NetworkInterface"]["NetworkInterfaceId"] for _ in "12"
    )
    used = world.object(ADDRESS).create(domain="vpc", networkInterface=first)
    assert used.refresh() == set()
    used.update(domain="vpc", networkInterface=second)
    assert client.describe_addresses(AllocationIds=[used.id])["Addresses"][0]["NetworkInterfaceId"] == second
    assert used.refresh() == set()


def test_routes_of_their_own_are_no_drift_of_a_table_that_states_none(world: World) -> None:
    made = world.object(TABLE).create(vpcId=world.vpc)
    route = world.object(ROUTE).create(routeTableId=made.id, destinationCidrBlock="0.0.0.0/0", gatewayId=gateway(world))
    made.refresh()
    assert made.changes(vpcId=world.vpc) == {}
    made.update(vpcId=world.vpc, tags={"owner": "shop"})
    assert route.refresh() == set()


@pytest.mark.parametrize(
    ("token", "inputs", "code"),
    [
        (GATEWAY, {"vpcId": NO_VPC}, r"InvalidVpcID\.NotFound"),
        (NAT, {"subnetId": NO_SUBNET, "connectivityType": "private"}, r"InvalidSubnetID\.NotFound"),
        (NAT, {"subnetId": "", "allocationId": "eipalloc-0123456789abcdef0"}, r"InvalidAllocationID\.NotFound"),
        (TABLE, {"vpcId": NO_VPC}, r"InvalidVpcID\.NotFound"),
        (
            ROUTE,
            {"routeTableId": NO_TABLE, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": NO_GATEWAY},
            r"InvalidRouteTableID\.NotFound",
        ),
        (
            ROUTE,
            {"routeTableId": "", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": NO_GATEWAY},
            r"InvalidInternetGatewayID\.NotFound",
        ),
        (
            ROUTE,
            {"routeTableId": "", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": NO_NAT},
            r"InvalidNatGatewayID\.NotFound",
        ),
        (TIE, {"routeTableId": NO_TABLE, "subnetId": ""}, r"InvalidRouteTableID\.NotFound"),
        (TIE, {"routeTableId": "", "subnetId": NO_SUBNET}, r"InvalidSubnetID\.NotFound"),
        (
            ENDPOINT,
            {"vpcId": "", "serviceName": "com.amazonaws.eu-west-1.s3", "routeTableIds": [NO_TABLE]},
            r"InvalidRouteTableID\.NotFound",
        ),
        (
            ENDPOINT,
            {
                "vpcId": "",
                "serviceName": "com.amazonaws.eu-west-1.sts",
                "vpcEndpointType": "Interface",
                "securityGroupIds": ["sg-0123456789abcdef0"],
            },
            r"InvalidGroup\.NotFound",
        ),
        (
            ENDPOINT,
            {"vpcId": "", "serviceName": "com.amazonaws.eu-west-1.s4"},
            "InvalidServiceName",
        ),
        (
            ENDPOINT,
            {"vpcId": "", "serviceName": "com.amazonaws.eu-west-1.sts"},
            r"Endpoint type \(Gateway\) does not match available service types \(Interface\)",
        ),
        (
            FLOW_LOG,
            {"vpcId": "", "trafficType": "ALL", "logDestination": "arn:aws:s3:::no-bucket", "logDestinationType": "s3"},
            "400: LogDestination: no-bucket does not exist",
        ),
    ],
)
def test_a_reference_to_nothing_is_refused_with_the_code_of_aws(
    world: World, token: str, inputs: dict[str, Any], code: str
) -> None:
    existing = {"vpcId": lambda: world.vpc, "subnetId": world.subnet, "routeTableId": lambda: table(world)}
    filled = {name: existing[name]() if value == "" else value for name, value in inputs.items()}
    with pytest.raises(Refused, match=code):
        world.object(token).create(**filled)


def test_a_gateway_endpoint_keeps_a_route_in_each_of_its_tables(world: World) -> None:
    first, second, third = (table(world) for _ in range(3))
    inputs = {"vpcId": world.vpc, "serviceName": f"com.amazonaws.{world.region}.s3"}
    endpoint = world.object("aws:ec2/vpcEndpoint:VpcEndpoint").create(**inputs, routeTableIds=[first])
    assert endpoint.outputs["cidrBlocks"], "nobody learns where the service is"
    assert endpoint.refresh() == set()
    endpoint.update(**inputs, routeTableIds=[second, third])
    tables = world.client("ec2").describe_route_tables(RouteTableIds=[first, second, third])["RouteTables"]
    routed = {
        found["RouteTableId"] for found in tables for route in found["Routes"] if route.get("GatewayId") == endpoint.id
    }
    assert routed == {second, third}
    endpoint.delete()
    assert endpoint.refresh() == {"gone"}


def test_an_interface_endpoint_changes_its_groups_in_place(world: World) -> None:
    first, second = group(world), group(world)
    inputs = {
        "vpcId": world.vpc,
        "serviceName": f"com.amazonaws.{world.region}.sts",
        "vpcEndpointType": "Interface",
        "subnetIds": [world.subnet()],
        "privateDnsEnabled": True,
    }
    endpoint = world.object(ENDPOINT).create(**inputs, securityGroupIds=[first])
    assert endpoint.outputs["networkInterfaceIds"]
    assert endpoint.outputs["dnsEntries"]
    assert endpoint.changes(**inputs, securityGroupIds=[first]) == {}
    assert not endpoint.diff(**inputs, securityGroupIds=[second]).replaces
    endpoint.update(**inputs, securityGroupIds=[second])
    assert endpoint.refresh() == set()
    found = world.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[endpoint.id])["VpcEndpoints"][0]
    assert [entry["GroupId"] for entry in found["Groups"]] == [second]
    endpoint.delete()
    assert endpoint.refresh() == {"gone"}
