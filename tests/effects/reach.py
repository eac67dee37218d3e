"""Who reaches whom in a network, computed from routes and security groups.

What has an address in the network is an endpoint here: nodes and pods, a server, an interface endpoint. A connection
needs a rule of the other side's groups that lets it in, and a rule of its own groups that lets it out. Ways out of the
network are routes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from tests.cloud_outputs import CLUSTER_GROUP, MOCKED_ID
from tests.harness import Graph, Node

INTERNET = "internet"
ALL_PORTS = (0, 65535)
PORTS = (22, 53, 80, 443, 3306, 5432, 6379, 6432, 8080, 8443, 9402, 10250)
"""What is tried: what the platform listens on, and what is often left open by mistake."""

_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))

# Where a resource says which groups it is in.
_MEMBERSHIPS: Mapping[str, str] = {
    "aws:amp/scraper:Scraper": "source.eks.securityGroupIds",
    "aws:rds/instance:Instance": "vpcSecurityGroupIds",
    "aws:elasticache/replicationGroup:ReplicationGroup": "securityGroupIds",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "securityGroupIds",
    "aws:lambda/function:Function": "vpcConfig.securityGroupIds",
    "aws:lb/loadBalancer:LoadBalancer": "securityGroups",
}


@dataclass(frozen=True)
class Rule:
    """What a group lets in or out.

    Args:
        group: whose rule it is.
        peer: another group, or None for addresses.
        block: addresses, or None for a group.
        ports: first and last.
    """

    group: str
    peer: str | None
    block: IPv4Network | None
    ports: tuple[int, int]

    @property
    def is_public(self) -> bool:
        """Whether it is about addresses of the internet."""
        return self.block is not None and not any(self.block.subnet_of(private) for private in _PRIVATE)


def members(graph: Graph) -> dict[str, set[str]]:
    """Return the groups of everything with an address, by name; those that stay outside of the program are named."""
    found = {
        node.name: set(_texts(_at(node.plain(), path)))
        for kind, path in _MEMBERSHIPS.items()
        for node in graph.of_type(kind.partition(":")[2])
    }
    if graph.of_type("eks/cluster:Cluster"):
        found["nodes and pods"] = {CLUSTER_GROUP}  # EKS puts them there, and the API's own addresses
    for group in graph.of_type("ec2/securityGroup:SecurityGroup"):
        if group.name == "operators-group":
            found["operators"] = {_id(group)}
    return {name: groups for name, groups in found.items() if groups}


def reachable(graph: Graph) -> set[tuple[str, str, int]]:
    """Return who opens a connection to whom, and on which of `PORTS`."""
    groups, inbound, outbound = members(graph), rules(graph, "Ingress"), rules(graph, "Egress")
    # EKS's own group lets its members reach each other and everything else (EKS user guide, security groups).
    inbound.append(Rule(CLUSTER_GROUP, CLUSTER_GROUP, None, ALL_PORTS))
    outbound.append(Rule(CLUSTER_GROUP, None, IPv4Network("0.0.0.0/0"), ALL_PORTS))
    return {
        (source, target, port)
        for target, others in groups.items()
        for source, own in [*groups.items(), (INTERNET, set[str]())]
        for port in PORTS
        if source != target
        and _lets(inbound, others, own, port, public=source == INTERNET)
        and (source == INTERNET or _lets(outbound, own, others, port, public=False))
    }


def rules(graph: Graph, direction: str) -> list[Rule]:
    """Return the rules of all groups for connections in (`Ingress`) or out (`Egress`)."""
    return list(_rules(graph, direction))


def way_out(graph: Graph, subnet: Node) -> set[str]:
    """Return by what a subnet's route table leads out of the network, as inputs of routes; empty where nothing does."""
    tables = {
        str(node.plain("routeTableId"))
        for node in graph.of_type(":RouteTableAssociation")
        if node.plain("subnetId") == _id(subnet)
    }
    assert len(tables) == 1, f"{subnet.name} is in {len(tables)} route tables"
    return {
        key
        for route in graph.of_type(":Route")
        if route.plain("routeTableId") in tables
        for key in route.inputs
        if key not in ("routeTableId", "destinationCidrBlock")
    }


def _rules(graph: Graph, direction: str) -> Iterator[Rule]:
    for node in graph.of_type(f":SecurityGroup{direction}Rule"):
        said = node.plain()
        block = IPv4Network(said["cidrIpv4"]) if "cidrIpv4" in said else None
        ports = ALL_PORTS if said["ipProtocol"] == "-1" else (int(said["fromPort"]), int(said["toPort"]))
        assert "cidrIpv6" not in said, f"{node.name} is about IPv6, which the network has none of"
        yield Rule(said["securityGroupId"], said.get("referencedSecurityGroupId"), block, ports)


def _lets(rules: list[Rule], own: set[str], peers: set[str], port: int, *, public: bool) -> bool:
    return any(
        rule.group in own
        and rule.ports[0] <= port <= rule.ports[1]
        and (rule.is_public if public else rule.peer in peers or rule.block is not None)
        for rule in rules
    )


def _id(node: Node) -> str:
    return f"{MOCKED_ID}{node.name}"


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part, {}) if isinstance(value, Mapping) else {}
    return value


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
