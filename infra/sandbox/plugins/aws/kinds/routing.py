"""The ways in and out of a network: route tables, and with them its gateways, routes and endpoints."""

from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.aws.clients import Cloud, is_repeated
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds import endpoints, gateways, routes
from infra.sandbox.plugins.aws.kinds.network_arns import ec2_arn
from infra.sandbox.plugins.aws.kinds.network_checks import insist_on
from infra.sandbox.plugins.aws.kinds.stated import in_words_of
from infra.sandbox.plugins.aws.tagging import ec2
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_INLINE = {
    "cidrBlock": "destinationCidrBlock",
    "ipv6CidrBlock": "destinationIpv6CidrBlock",
    "destinationPrefixListId": "destinationPrefixListId",
}
"""What a route of a table calls its destination -> what a route of its own calls it."""


class RouteTable(Kind):
    """A route table, with the routes that the program states with it; without any, they are others' business."""

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Create its routes."""
        self.update(cloud, region, id, {}, inputs)

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, its routes in the program's words."""
        properties = super().read(cloud, region, id, known)
        if properties is not None:
            properties["routes"] = in_words_of(known.get("routes") or [], properties["routes"])
        return properties

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties; the local route and those of gateway endpoints are nobody's to state."""
        found = [_inline(route) for route in answer["Routes"] if not _goes_without_saying(route)]
        arn = ec2_arn(cloud, region, f"route-table/{id}")
        gateways_told = [gateway["GatewayId"] for gateway in answer.get("PropagatingVgws", ())]
        told = super().told(cloud, region, id, {**answer, "Routes": [], "PropagatingVgws": gateways_told})
        return {**told, "routes": found, "arn": arn}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Delete, redirect and create routes; those that the program no longer states are no longer its own."""
        if new.get("routes") is None:
            return
        client = cloud.client("ec2", region)
        before, after = _by_destination(old.get("routes")), _by_destination(new["routes"])
        for destination in before.keys() - after.keys():
            client.delete_route(RouteTableId=id, **routes.named(before[destination], routes.DESTINATIONS))
        for destination, route in after.items():
            if destination not in before:
                routes.add(client, id, route)
            elif routes.named(before[destination], routes.TARGETS) != routes.named(route, routes.TARGETS):
                routes.redirect(client, id, route)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what is wrong with its routes."""
        versions = dict(zip(_INLINE, ("4", "6", ""), strict=True))
        stated = enumerate(inputs.get("routes") or [])
        return [wrong for index, route in stated for wrong in routes.problems(f"routes[{index}].", route, versions)]


class Association(Kind):
    """What ties a subnet or a gateway to a route table.

    AWS gives it another id with every change of table; it is found by what it ties, so that an old id does no harm.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Tie it, unless it is tied already; moto would answer with the older tie."""
        client = cloud.client("ec2", region)
        insist_on(client, "route table", [inputs["routeTableId"]])
        before = _tie(client, "", inputs)
        made = super().create(cloud, region, inputs, tags)
        if before is not None and not is_repeated():
            raise ProviderError(
                f"Resource.AlreadyAssociated: the specified association for route table {inputs['routeTableId']} "
                f"conflicts with an existing association: {before['RouteTableAssociationId']}"
            )
        return made

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, or None when nothing is tied."""
        tie = _tie(cloud.client("ec2", region), id, known)
        if tie is None:
            return None
        return {**self.told(cloud, region, id, tie), "routeTableAssociationId": tie["RouteTableAssociationId"]}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Tie it to another table."""
        client = cloud.client("ec2", region)
        tie = _tie(client, id, new)
        if tie is not None and tie["RouteTableId"] != new["routeTableId"]:
            client.replace_route_table_association(
                AssociationId=tie["RouteTableAssociationId"], RouteTableId=new["routeTableId"]
            )

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Untie it."""
        client = cloud.client("ec2", region)
        tie = _tie(client, id, known)
        if tie is not None:
            client.disassociate_route_table(AssociationId=tie["RouteTableAssociationId"])

    def imported(self, id: str) -> dict[str, Value]:
        """Return what `SUBNETID/ROUTETABLEID` or `GATEWAYID/ROUTETABLEID` says."""
        tied, separator, _ = id.partition("/")
        return {("subnetId" if tied.startswith("subnet-") else "gatewayId"): tied} if separator else {}

    def lasting_id(self, id: str, properties: Properties) -> str:
        """Return AWS's own id of the association."""
        return str(properties["routeTableAssociationId"])

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return whether anything, and one thing only, is tied."""
        one = ("subnetId" in inputs) != ("gatewayId" in inputs)
        return [] if one else [("subnetId", "needs exactly one of subnetId, gatewayId")]


def _tie(client: Any, id: str, known: Properties) -> Answer | None:
    """Return the association of what `known` says is tied, else that of the id."""
    subnet, gateway = known.get("subnetId"), known.get("gatewayId")
    wanted = [{"Name": "association.subnet-id", "Values": [subnet]}] if subnet else []
    for table in client.describe_route_tables(Filters=wanted)["RouteTables"]:
        for tie in table["Associations"]:
            tied = tie.get("SubnetId") == subnet if subnet else gateway and tie.get("GatewayId") == gateway
            if tied or (not subnet and not gateway and tie["RouteTableAssociationId"] == id):
                return {name: value for name, value in tie.items() if name != "AssociationState"}
    return None


def _goes_without_saying(route: Answer) -> bool:
    by_endpoint = str(route.get("GatewayId", "")).startswith("vpce-") and "DestinationPrefixListId" in route
    return by_endpoint or route.get("Origin") in ("CreateRouteTable", "EnableVgwRoutePropagation")


def _inline(route: Answer) -> dict[str, Value]:
    """Return a route of AWS's as a table's own."""
    called = {**{name: routes.DESTINATIONS[own] for name, own in _INLINE.items()}, **routes.TARGETS}
    found = {name: route[aws] for name, aws in called.items() if route.get(aws)}
    if found.get("gatewayId", "").startswith("vpce-"):
        found["vpcEndpointId"] = found.pop("gatewayId")
    return found


def _by_destination(stated: Value) -> dict[str, dict[str, Value]]:
    """Return a table's own routes as routes of their own, by their destination."""
    found = [{_INLINE.get(name, name): value for name, value in route.items() if value} for route in stated or []]
    return {str(next(iter(routes.named(route, routes.DESTINATIONS).values()))): route for route in found}


KINDS: tuple[Kind, ...] = (
    RouteTable(
        token="aws:ec2/routeTable:RouteTable",
        noun="EC2 Route Table",
        service="ec2",
        schema="AWS::EC2::RouteTable",
        identifier="RouteTable.RouteTableId",
        creating=Call(method="create_route_table"),
        reading=Call(method="describe_route_tables", subject="RouteTableIds[]", result="RouteTables[0]"),
        deleting=Call(method="delete_route_table", subject="RouteTableId"),
        tagging=ec2("route-table"),
        unchecked={
            "propagatingVgws": "AWS's schema propagates by a type of its own",
            "routes": "AWS's schema has a type of its own for routes; its rules are checked by `contradictions`",
        },
        computed=frozenset({"routes", "propagatingVgws"}),
        sets=frozenset({"routes", "propagatingVgws"}),
    ),
    Association(
        token="aws:ec2/routeTableAssociation:RouteTableAssociation",
        noun="EC2 Route Table Association",
        service="ec2",
        schema="AWS::EC2::SubnetRouteTableAssociation",
        identifier="AssociationId",
        creating=Call(method="associate_route_table"),
        reading=Call(method="describe_route_tables"),
        deleting=Call(method="disassociate_route_table", subject="AssociationId"),
        unchecked={"gatewayId": "AWS's schema has a type of its own for gateways"},
        in_place=frozenset({"routeTableId"}),
        replace=frozenset({"gatewayId"}),
        same_place=frozenset({"subnetId", "gatewayId"}),
    ),
    *gateways.KINDS,
    *routes.KINDS,
    *endpoints.KINDS,
)
