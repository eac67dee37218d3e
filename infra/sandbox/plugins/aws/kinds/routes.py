"""Routes, those of a route table itself and those that are resources of their own."""

import zlib
from collections.abc import Mapping
from typing import Any, Final

from infra.sandbox.plugins.aws import translation
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.network_checks import block_problem, insist_on_nat_gateway
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

DESTINATIONS: Final = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
"""Property of a route -> parameter; each route has one of them."""

TARGETS: Final = {
    "carrierGatewayId": "CarrierGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "odbNetworkArn": "OdbNetworkArn",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
"""Property of a route -> parameter; each route has one of them."""


def named(route: Properties, names: Mapping[str, str]) -> dict[str, Any]:
    """Return what a route says under AWS's names.

    Args:
        route: its properties.
        names: DESTINATIONS or TARGETS.
    """
    return {called: route[name] for name, called in names.items() if route.get(name)}


def route_in(table: Answer, destination: Mapping[str, Any]) -> Answer | None:
    """Return the route of a table to a destination.

    Args:
        table: as AWS describes it.
        destination: under AWS's names.
    """
    return next((route for route in table["Routes"] if destination.items() <= route.items()), None)


def add(client: Any, table: str, route: Properties) -> None:
    """Create a route; what AWS refuses and moto does not is refused here.

    moto refuses a second route for IPv4 blocks only. One with the same target may be what an earlier creation made.

    Args:
        client: of EC2.
        table: the route table's id.
        route: its properties.

    Raises:
        ProviderError: there is a route to the same destination, or no such NAT gateway.
    """
    destination, target = named(route, DESTINATIONS), named(route, TARGETS)
    found = client.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]
    existing = route_in(found, destination)
    if existing is not None and "DestinationCidrBlock" not in destination and not target.items() <= existing.items():
        where = next(iter(destination.values()))
        raise ProviderError(f"RouteAlreadyExists: The route identified by {where} already exists.")
    if route.get("natGatewayId"):
        insist_on_nat_gateway(client, route["natGatewayId"])
    client.create_route(RouteTableId=table, **destination, **target)


def redirect(client: Any, table: str, route: Properties) -> None:
    """Give a route another target.

    Args:
        client: of EC2.
        table: the route table's id.
        route: its properties.
    """
    if route.get("natGatewayId"):
        insist_on_nat_gateway(client, route["natGatewayId"])
    client.replace_route(RouteTableId=table, **named(route, DESTINATIONS), **named(route, TARGETS))


def problems(path: str, route: Properties, destinations: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (property, what is wrong) for a route.

    Args:
        path: where it is, with a dot behind it; empty for a route of its own.
        route: its properties.
        destinations: its properties that may name the destination -> version of the address block, or empty.
    """
    found = []
    for name, version in destinations.items():
        wrong = block_problem(str(route[name]), int(version)) if version and route.get(name) else None
        if wrong is not None:
            found.append((f"{path}{name}", wrong))
    where = path.removesuffix(".")
    for choices in (tuple(destinations), tuple(TARGETS)):
        if sum(bool(route.get(name)) for name in choices) != 1:
            found.append((where or choices[0], f"needs exactly one of {', '.join(choices)}"))
    return found


class Route(Kind):
    """A route; its id is made as the official provider makes it, from the table and the destination."""

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it."""
        del tags
        add(cloud.client("ec2", region), inputs["routeTableId"], inputs)
        return _id(inputs)

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, or None when its table or its destination is gone."""
        destination = named(known, DESTINATIONS)
        table = super().read(cloud, region, id, known)
        route = route_in({"Routes": table["routes"]}, destination) if table is not None else None
        if route is None:
            return None
        names = {"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"}
        properties = translation.properties_of(self.table, route, names)
        if properties.get("gatewayId", "").startswith("vpce-"):
            properties["vpcEndpointId"] = properties.pop("gatewayId")
        results = translation.results_of(self.results, route, names)
        return {**results, **properties, "routeTableId": known["routeTableId"]}

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return the routes of its table, among which `read` finds it."""
        del cloud, region, id
        return {"routes": answer["Routes"]}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Give it another target."""
        if named(old, TARGETS) != named(new, TARGETS):
            redirect(cloud.client("ec2", region), new["routeTableId"], new)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, when it is there."""
        if self.read(cloud, region, id, known) is not None:
            client = cloud.client("ec2", region)
            client.delete_route(RouteTableId=known["routeTableId"], **named(known, DESTINATIONS))

    def imported(self, id: str) -> dict[str, Value]:
        """Return the table and the destination of `ROUTETABLEID_DESTINATION`; an id of its own says nothing."""
        table, separator, destination = id.partition("_")
        if not separator:
            return {}
        name = "destinationIpv6CidrBlock" if ":" in destination else "destinationCidrBlock"
        name = "destinationPrefixListId" if destination.startswith("pl-") else name
        return {"routeTableId": table, name: destination}

    def lasting_id(self, id: str, properties: Properties) -> str:
        """Return the id that is made from table and destination."""
        return _id(properties)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what is wrong with its destination and its target."""
        return problems("", inputs, dict(zip(DESTINATIONS, ("4", "6", ""), strict=True)))


def _id(inputs: Properties) -> str:
    destination = next(str(value) for value in named(inputs, DESTINATIONS).values())
    return f"r-{inputs['routeTableId']}{zlib.crc32(destination.encode())}"


KINDS = (
    Route(
        token="aws:ec2/route:Route",
        noun="EC2 Route",
        service="ec2",
        schema="AWS::EC2::Route",
        identifier="",
        creating=Call(method="create_route"),
        reading=Call(
            method="describe_route_tables", subject="RouteTableIds[]", by="routeTableId", result="RouteTables[0]"
        ),
        deleting=Call(method="delete_route"),
        schema_names={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"},
        computed=frozenset({"networkInterfaceId"}),
        same_place=frozenset(
            {"routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"}
        ),
    ),
)
