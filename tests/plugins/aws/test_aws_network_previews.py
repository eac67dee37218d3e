"""What a preview refuses of a network, and what it says is allowed."""

from typing import Any

import pytest

from tests.plugins.aws.world import World

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


@pytest.mark.parametrize(
    ("token", "inputs", "named", "allowed"),
    [
        (VPC, {"cidrBlock": "10.0.0.0"}, "cidrBlock", "must match"),
        (SUBNET, {"vpcId": NO_VPC, "cidrBlock": "ten"}, "cidrBlock", "must match"),
        (NAT, {"subnetId": NO_SUBNET}, "allocationId", "is required for a public NAT gateway"),
        (
            NAT,
            {"connectivityType": "privat", "subnetId": NO_SUBNET},
            "connectivityType",
            "must be one of private, public",
        ),
        (
            TABLE,
            {"vpcId": NO_VPC, "routes": [{"cidrBlock": "0.0.0.0", "gatewayId": NO_GATEWAY}]},
            "routes[0].cidrBlock",
            "an IPv4 CIDR block such as 10.0.0.0/16",
        ),
        (
            TABLE,
            {"vpcId": NO_VPC, "routes": [{"cidrBlock": "10.1.2.3/16", "gatewayId": NO_GATEWAY}]},
            "routes[0].cidrBlock",
            "did you mean 10.1.0.0/16?",
        ),
        (
            TABLE,
            {"vpcId": NO_VPC, "routes": [{"cidrBlock": "0.0.0.0/0"}]},
            "routes[0]",
            "exactly one of carrierGatewayId",
        ),
        (
            ROUTE,
            {"routeTableId": NO_TABLE, "destinationCidrBlock": "::/0", "gatewayId": NO_GATEWAY},
            "destinationCidrBlock",
            "must match",
        ),
        (
            ROUTE,
            {
                "routeTableId": NO_TABLE,
                "destinationCidrBlock": "0.0.0.0/0",
                "gatewayId": NO_GATEWAY,
                "natGatewayId": NO_NAT,
            },
            "carrierGatewayId",
            "exactly one of",
        ),
        (TIE, {"routeTableId": NO_TABLE}, "subnetId", "exactly one of subnetId, gatewayId"),
        (
            ENDPOINT,
            {"vpcId": NO_VPC, "serviceName": "com.amazonaws.eu-west-1.s3", "vpcEndpointType": "Gatway"},
            "vpcEndpointType",
            "Gateway",
        ),
        (
            ENDPOINT,
            {"vpcId": NO_VPC, "serviceName": "com.amazonaws.eu-west-1.s3", "subnetIds": [NO_SUBNET]},
            "subnetIds",
            "is not allowed for an endpoint of type Gateway",
        ),
        (
            ENDPOINT,
            {"vpcId": NO_VPC, "serviceName": "com.amazonaws.eu-west-1.s3", "policy": "allow"},
            "policy",
            "must be a JSON object",
        ),
        (
            FLOW_LOG,
            {"vpcId": NO_VPC, "trafficType": "SOME", "logDestination": "arn:aws:s3:::b", "logDestinationType": "s3"},
            "trafficType",
            "ACCEPT, ALL, REJECT",
        ),
        (
            FLOW_LOG,
            {
                "vpcId": NO_VPC,
                "trafficType": "ALL",
                "logDestination": "arn:aws:logs:eu-west-1:123456789012:log-group:f",
            },
            "iamRoleArn",
            "is required for logDestinationType cloud-watch-logs",
        ),
        (
            FLOW_LOG,
            {"trafficType": "ALL", "logDestination": "arn:aws:s3:::b", "logDestinationType": "s3"},
            "vpcId",
            "exactly one of vpcId, subnetId",
        ),
    ],
)
def test_a_preview_says_what_is_allowed(
    world: World, token: str, inputs: dict[str, Any], named: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**inputs)
    assert set(failures) == {named}
    assert allowed in failures[named]
