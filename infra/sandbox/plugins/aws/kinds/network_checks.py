"""What AWS refuses of a network and moto lets through: references to nothing, and texts that are no address block."""

import ipaddress
from collections.abc import Iterable
from typing import Any, Final

from infra.sandbox.plugins.provider import ProviderError

_LISTINGS: Final = {
    "subnet": ("describe_subnets", "SubnetIds"),
    "security group": ("describe_security_groups", "GroupIds"),
    "route table": ("describe_route_tables", "RouteTableIds"),
}
"""What refuses an unknown id by itself."""

_SIZES: Final = range(16, 29)
"""Netmasks of VPCs and subnets: CreateVpc and CreateSubnet in EC2's API reference."""


def insist_on(client: Any, what: str, ids: Iterable[str]) -> None:
    """Ask for resources, so that AWS's own error tells of one that there is not.

    Args:
        client: of EC2.
        what: `subnet`, `security group` or `route table`.
        ids: which ones; none is fine.

    Raises:
        botocore.exceptions.ClientError: one of them does not exist.
    """
    wanted = sorted(set(ids))
    if wanted:
        method, parameter = _LISTINGS[what]
        getattr(client, method)(**{parameter: wanted})


def insist_on_nat_gateway(client: Any, id: str) -> None:
    """Raise ProviderError with AWS's code when there is no such NAT gateway; moto would make a route to nowhere.

    Args:
        client: of EC2.
        id: the gateway's.
    """
    found = client.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"]
    if not any(gateway["State"] != "deleted" for gateway in found):
        raise ProviderError(f"InvalidNatGatewayID.NotFound: The NatGateway ID '{id}' does not exist")


def user_of_vpc(client: Any, id: str) -> str | None:
    """Return what is still in a VPC and stands in the way of its deletion; moto only asks for subnets and route tables.

    Args:
        client: of EC2.
        id: the VPC's.
    """
    attached = [{"Name": "attachment.vpc-id", "Values": [id]}]
    for gateway in client.describe_internet_gateways(Filters=attached)["InternetGateways"]:
        return str(gateway["InternetGatewayId"])
    mine = [{"Name": "vpc-id", "Values": [id]}]
    for group in client.describe_security_groups(Filters=mine)["SecurityGroups"]:
        if group["GroupName"] != "default":
            return str(group["GroupId"])
    for endpoint in client.describe_vpc_endpoints(Filters=mine)["VpcEndpoints"]:
        if endpoint["State"] != "deleted":
            return str(endpoint["VpcEndpointId"])
    return None


def user_of_subnet(client: Any, id: str) -> str | None:
    """Return an interface in a subnet, which stands in the way of its deletion; moto does not ask.

    Args:
        client: of EC2.
        id: the subnet's.
    """
    mine = [{"Name": "subnet-id", "Values": [id]}]
    for interface in client.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]:
        return str(interface["NetworkInterfaceId"])
    return None


def size_problem(text: str) -> str | None:
    """Return what is wrong with the IPv4 address block of a VPC or a subnet, None when nothing is.

    Args:
        text: the block.
    """
    found = block_problem(text, 4)
    if found is None and ipaddress.ip_network(text).prefixlen not in _SIZES:
        return f"must be a block from /{_SIZES[0]} to /{_SIZES[-1]}"
    return found


def block_problem(text: str, version: int) -> str | None:
    """Return what is wrong with an address block, None when nothing is; as the official provider judges it.

    Args:
        text: the block, as `10.0.0.0/16`.
        version: 4 or 6.
    """
    allowed = "an IPv4 CIDR block such as 10.0.0.0/16" if version == 4 else "an IPv6 CIDR block such as 2001:db8::/32"
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return f"must be {allowed}"
    if network.version != version or "/" not in text:
        return f"must be {allowed}"
    if ipaddress.ip_address(text.partition("/")[0]) != network.network_address:
        return f"must be a network's own address: did you mean {network}?"
    return None
