"""Examples: the ways in and out of a network: gateways, addresses, routes and endpoints."""

import json
from typing import Any

from tests.plugins.aws.world import Example, World

_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}],
}


def address(world: World) -> str:
    """Return the allocation id of a new address."""
    return str(world.client("ec2").allocate_address(Domain="vpc")["AllocationId"])


def gateway(world: World) -> str:
    """Return the id of a new internet gateway."""
    return str(world.client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"])


def nat_gateway(world: World) -> str:
    """Return the id of a new NAT gateway."""
    made = world.client("ec2").create_nat_gateway(SubnetId=world.subnet(), AllocationId=address(world))
    return str(made["NatGateway"]["NatGatewayId"])


def table(world: World) -> str:
    """Return the id of a new route table."""
    return str(world.client("ec2").create_route_table(VpcId=world.vpc)["RouteTable"]["RouteTableId"])


def new_vpc(world: World) -> str:
    """Return the id of a new VPC."""
    return str(world.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"])


def _untag(world: World, identity: str) -> None:
    world.client("ec2").delete_tags(Resources=[identity], Tags=[{"Key": "owner"}])


def _detach(world: World, identity: str) -> None:
    client = world.client("ec2")
    found = client.describe_internet_gateways(InternetGatewayIds=[identity])["InternetGateways"][0]
    client.detach_internet_gateway(InternetGatewayId=identity, VpcId=found["Attachments"][0]["VpcId"])


def _delete_route(world: World, identity: str) -> None:
    world.client("ec2").delete_route(RouteTableId=identity, DestinationCidrBlock="10.50.0.0/16")


def _drop_tables(world: World, identity: str) -> None:
    client = world.client("ec2")
    tables = client.describe_vpc_endpoints(VpcEndpointIds=[identity])["VpcEndpoints"][0]["RouteTableIds"]
    client.modify_vpc_endpoint(VpcEndpointId=identity, RemoveRouteTableIds=tables[:1])


def _redirect(world: World, identity: str) -> None:
    client = world.client("ec2")
    for found in client.describe_route_tables()["RouteTables"]:
        for route in found["Routes"]:
            if route.get("DestinationCidrBlock") == "10.51.0.0/16":
                client.replace_route(
                    RouteTableId=found["RouteTableId"],
                    DestinationCidrBlock="10.51.0.0/16",
                    GatewayId=gateway(world),
                )
    assert identity.startswith("r-rtb-")


def _retie(world: World, identity: str) -> None:
    client = world.client("ec2")
    wanted = [{"Name": "tag:for", "Values": ["tie"]}]
    for subnet in client.describe_subnets(Filters=wanted)["Subnets"]:
        of_subnet = [{"Name": "association.subnet-id", "Values": [subnet["SubnetId"]]}]
        for found in client.describe_route_tables(Filters=of_subnet)["RouteTables"]:
            for tie in found["Associations"]:
                client.replace_route_table_association(
                    AssociationId=tie["RouteTableAssociationId"], RouteTableId=table(world)
                )
    assert identity.startswith("rtbassoc-")


def _tied_subnet(world: World) -> str:
    subnet = world.subnet()
    world.client("ec2").create_tags(Resources=[subnet], Tags=[{"Key": "for", "Value": "tie"}])
    return subnet


def _flow_log(world: World) -> dict[str, Any]:
    return {
        "vpcId": world.vpc,
        "trafficType": "ALL",
        "iamRoleArn": world.role,
        "logDestination": f"arn:aws:logs:{world.region}:123456789012:log-group:flows",
        "tags": {"owner": "shop"},
    }


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:ec2/internetGateway:InternetGateway",
        inputs=lambda world: {"vpcId": new_vpc(world), "tags": {"owner": "shop"}},
        change={"tags": {"owner": "platform"}},
        drift=_detach,
        drifted=frozenset({"vpcId"}),
    ),
    Example(
        token="aws:ec2/eip:Eip",
        inputs=lambda world: {"domain": "vpc", "tags": {"owner": "shop"}},
        change={"tags": {"owner": "platform"}},
        replacement={"networkBorderGroup": "eu-west-1-lax-1"},
        drift=_untag,
        drifted=frozenset({"tags"}),
    ),
    Example(
        token="aws:ec2/natGateway:NatGateway",
        inputs=lambda world: {
            "subnetId": world.subnet(),
            "allocationId": address(world),
            "tags": {"owner": "shop"},
        },
        change={"tags": {"owner": "platform"}},
        replacement={"subnetId": "subnet-0123456789abcdef0"},
        drift=_untag,
        drifted=frozenset({"tags"}),
    ),
    Example(
        token="aws:ec2/routeTable:RouteTable",
        inputs=lambda world: {
            "vpcId": world.vpc,
            "routes": [
                {"cidrBlock": "0.0.0.0/0", "natGatewayId": nat_gateway(world)},
                {"cidrBlock": "10.50.0.0/16", "gatewayId": gateway(world)},
            ],
            "tags": {"owner": "shop"},
        },
        change={"tags": {"owner": "platform"}},
        replacement={"vpcId": "vpc-0123456789abcdef0"},
        drift=_delete_route,
        drifted=frozenset({"routes"}),
    ),
    Example(
        token="aws:ec2/route:Route",
        inputs=lambda world: {
            "routeTableId": table(world),
            "destinationCidrBlock": "10.51.0.0/16",
            "gatewayId": gateway(world),
        },
        replacement={"destinationCidrBlock": "10.52.0.0/16"},
        drift=_redirect,
        drifted=frozenset({"gatewayId"}),
        import_id=lambda thing: f"{thing.outputs['routeTableId']}_{thing.outputs['destinationCidrBlock']}",
    ),
    Example(
        token="aws:ec2/routeTableAssociation:RouteTableAssociation",
        inputs=lambda world: {"routeTableId": table(world), "subnetId": _tied_subnet(world)},
        replacement={"subnetId": "subnet-0123456789abcdef0"},
        drift=_retie,
        drifted=frozenset({"routeTableId"}),
        import_id=lambda thing: f"{thing.outputs['subnetId']}/{thing.outputs['routeTableId']}",
        moves=True,
    ),
    Example(
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        inputs=lambda world: {
            "vpcId": world.vpc,
            "serviceName": f"com.amazonaws.{world.region}.s3",
            "routeTableIds": [table(world), table(world)],
            "tags": {"owner": "shop"},
        },
        change={"policy": json.dumps(_POLICY)},
        replacement={"serviceName": "com.amazonaws.eu-west-1.dynamodb"},
        drift=_drop_tables,
        drifted=frozenset({"routeTableIds"}),
    ),
    Example(
        token="aws:ec2/flowLog:FlowLog",
        inputs=_flow_log,
        change={"tags": {"owner": "platform"}},
        replacement={"trafficType": "REJECT"},
        drift=_untag,
        drifted=frozenset({"tags"}),
    ),
)
