"""Who gets into the network and out of it, tier by tier."""

import json
from ipaddress import IPv4Network
from typing import Any

import pytest

from components.network import Network
from tests import cloud_outputs
from tests.cloud_examples import ZONES, cloud_graph, network_args
from tests.cloud_outputs import CLUSTER_GROUP, STORAGE_BLOCKS
from tests.harness import Graph, Node, graph_of


def network(**changes: object) -> Graph:
    args = network_args(**changes)

    def declare() -> None:
        Network("network", args)

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return network()


def routes_of(graph: Graph, subnet: str) -> list[Node]:
    """Return the routes that apply in a subnet."""
    association = graph.named(f"{subnet}-routes")
    assert association.plain("subnetId") == f"id-of-{subnet}"
    table = association.plain("routeTableId")
    return [route for route in graph.of_type(":Route") if route.plain("routeTableId") == table]


def test_every_zone_has_three_tiers_that_do_not_overlap(graph: Graph) -> None:
    places = [(node.plain("availabilityZone"), node.name.split("-")[1]) for node in graph.of_type(":Subnet")]
    assert sorted(places) == sorted((zone, tier) for zone in ZONES for tier in ("public", "private", "data"))
    blocks = [IPv4Network(node.plain("cidrBlock")) for node in graph.of_type(":Subnet")]
    assert not [(a, b) for a in blocks for b in blocks if a is not b and a.overlaps(b)]


def test_only_the_public_tier_has_a_way_in(graph: Graph) -> None:
    for zone in ZONES:
        (route,) = routes_of(graph, f"network-public-{zone}")
        assert route.plain("gatewayId") == "id-of-network-internet"
        assert all("gatewayId" not in found.inputs for found in routes_of(graph, f"network-private-{zone}"))


def test_the_data_tier_has_no_way_out(graph: Graph) -> None:
    assert [routes_of(graph, f"network-data-{zone}") for zone in ZONES] == [[], [], []]


def test_each_zone_goes_out_through_its_own_nat_gateway(graph: Graph) -> None:
    for zone in ZONES:
        (route,) = routes_of(graph, f"network-private-{zone}")
        assert route.plain("natGatewayId") == f"id-of-network-nat-{zone}"
        assert graph.named(f"network-nat-{zone}").plain("subnetId") == f"id-of-network-public-{zone}"


def test_a_single_nat_gateway_serves_every_zone_with_one_address() -> None:
    graph = network(nat_gateways="single")
    assert [node.name for node in graph.of_type(":NatGateway")] == [f"network-nat-{ZONES[0]}"]
    assert len(graph.of_type(":Eip")) == 1
    assert {routes_of(graph, f"network-private-{zone}")[0].plain("natGatewayId") for zone in ZONES} == {
        f"id-of-network-nat-{ZONES[0]}"
    }


def test_a_nat_gateway_waits_for_the_way_to_the_internet(graph: Graph) -> None:
    assert all(graph.reaches(node, graph.named("network-internet")) for node in graph.of_type(":NatGateway"))


def test_no_instance_gets_a_public_address_by_itself(graph: Graph) -> None:
    assert {node.plain("mapPublicIpOnLaunch") for node in graph.of_type(":Subnet")} == {False}


def test_the_subnets_tell_load_balancers_where_to_go(graph: Graph) -> None:
    zone = ZONES[0]
    roles = {
        tier: [key for key in graph.named(f"network-{tier}-{zone}").plain("tags") if key.startswith("kubernetes.io")]
        for tier in ("public", "private", "data")
    }
    assert roles == {"public": ["kubernetes.io/role/elb"], "private": ["kubernetes.io/role/internal-elb"], "data": []}


def test_storage_is_reached_through_the_route_tables_of_the_private_tier(graph: Graph) -> None:
    endpoint = graph.named("network-endpoints-s3")
    assert endpoint.plain("vpcEndpointType") == "Gateway"
    assert endpoint.plain("serviceName") == "com.amazonaws.eu-central-1.s3"
    assert sorted(endpoint.plain("routeTableIds")) == [f"id-of-network-private-{zone}-table" for zone in ZONES]


def test_it_knows_where_storage_is_for_those_who_close_pods_but_for_that(graph: Graph) -> None:
    (endpoints,) = graph.of_type(":PrivateEndpoints")
    assert endpoints.outputs is not None
    assert endpoints.outputs["storage_blocks"] == list(STORAGE_BLOCKS)


def test_a_state_without_the_addresses_of_storage_is_to_be_refreshed(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(token: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return {**outputs(token, name, inputs), "cidrBlocks": None}

    outputs = cloud_outputs.outputs
    monkeypatch.setattr(cloud_outputs, "outputs", told)
    with pytest.raises(ValueError, match="run `pulumi refresh`"):
        network()


def test_interface_endpoints_are_private_and_answer_to_the_network_alone(graph: Graph) -> None:
    endpoints = [node for node in graph.of_type(":VpcEndpoint") if node.plain("vpcEndpointType") == "Interface"]
    assert [node.plain("serviceName").rpartition("eu-central-1.")[2] for node in endpoints] == [
        "ecr.api",
        "ecr.dkr",
        "logs",
        "secretsmanager",
        "sts",
    ]
    for node in endpoints:
        assert node.plain("privateDnsEnabled") is True
        assert node.plain("securityGroupIds") == ["id-of-network-endpoints-group"]
    assert not graph.of_type(":SecurityGroupIngressRule"), "somebody is let in whom nobody has named"


def test_the_endpoints_let_in_groups_by_name() -> None:
    graph = cloud_graph()
    rule = graph.named("network-endpoints-from-cluster")
    assert (rule.plain("fromPort"), rule.plain("toPort"), rule.plain("ipProtocol")) == (443, 443, "tcp")
    assert rule.plain("referencedSecurityGroupId") == CLUSTER_GROUP
    assert rule.plain("securityGroupId") == "id-of-network-endpoints-group"
    assert "cidrIpv4" not in rule.inputs
    assert all(graph.reaches(group, rule) for group in graph.of_type(":NodeGroup")), "nodes find no way to their images"


def test_the_group_that_comes_with_the_network_lets_nothing_in_or_out(graph: Graph) -> None:
    (group,) = graph.of_type(":DefaultSecurityGroup")
    assert group.plain("vpcId") == "id-of-network-vpc"
    assert (group.plain("ingress"), group.plain("egress")) == ([], [])


def test_without_interface_endpoints_there_is_no_group_for_them() -> None:
    graph = network(interface_endpoints=())
    assert [node.name for node in graph.of_type(":VpcEndpoint")] == ["network-endpoints-s3"]
    assert not graph.of_type(":SecurityGroup")


def test_every_connection_is_on_record_for_90_days_encrypted(graph: Graph) -> None:
    log, group = graph.named("network-flows-log"), graph.named("network-flows-group")
    assert log.plain("trafficType") == "ALL"
    assert log.plain("vpcId") == "id-of-network-vpc"
    assert group.plain("retentionInDays") == 90
    assert group.plain("kmsKeyId").endswith("/network-flows-encryption-key")


def test_only_this_account_can_write_the_record(graph: Graph) -> None:
    (statement,) = json.loads(graph.named("network-flows-role").plain("assumeRolePolicy"))["Statement"]
    assert statement["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_key_of_the_record_serves_that_log_group_only(graph: Graph) -> None:
    policy = json.loads(graph.named("network-flows-encryption-key").plain("policy"))
    logs = next(part for part in policy["Statement"] if "Service" in part["Principal"])
    assert logs["Principal"]["Service"] == "logs.eu-central-1.amazonaws.com"
    assert logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"] == [
        "arn:aws:logs:eu-central-1:123456789012:log-group:network-flows-group-*"
    ]


def test_nodes_wait_for_the_routes_that_they_leave_by() -> None:
    graph = cloud_graph()
    for zone in ZONES:
        node = graph.named(f"cluster-general-{zone}")
        assert graph.reaches(node, graph.named(f"network-private-{zone}-internet"))
        assert graph.reaches(node, graph.named(f"network-private-{zone}-routes"))


def test_a_block_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^10\.20\.0\.0/24 is too small for a network; give /16 to /20$"):
        network(block="10.20.0.0/24")
