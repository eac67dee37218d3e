"""Networks that are opened, and those that only change."""

from typing import Any

import pytest

from infra.gate.change import Hidden, Properties
from infra.gate.rules import addresses, network
from tests.gate.rules.cases import created, deleted, found, there, updated

UNKNOWN = Hidden.UNKNOWN
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
EITHER = "aws:ec2/securityGroupRule:SecurityGroupRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
CLUSTER = "aws:eks/cluster:Cluster"
DATABASE = "aws:rds/instance:Instance"
ROUTE = "aws:ec2/route:Route"
SERVICE = "kubernetes:core/v1:Service"


def ingress(port: int = 443, **source: Any) -> Properties:
    return {"ipProtocol": "tcp", "fromPort": port, "toPort": port, **source}


@pytest.mark.parametrize(
    "inputs",
    [
        ingress(cidrIpv4="0.0.0.0/0"),
        ingress(cidrIpv6="::/0"),
        ingress(cidrIpv4="0.0.0.0/1"),
        ingress(cidrIpv4=UNKNOWN),
    ],
)
def test_a_rule_lets_in_nobody_unseen_nor_everybody(inputs: Properties) -> None:
    assert found(network.network_opened, created(RULE, inputs))
    assert found(network.network_opened, updated(RULE, ingress(cidrIpv4="10.0.0.0/8"), inputs))


@pytest.mark.parametrize(
    "inputs",
    [
        ingress(cidrIpv4="10.0.0.0/8"),
        ingress(cidrIpv4="203.0.113.0/24"),
        ingress(referencedSecurityGroupId=UNKNOWN),
        ingress(cidrIpv6="fd00::/8"),
    ],
)
def test_a_rule_may_let_in_some(inputs: Properties) -> None:
    assert not found(network.network_opened, created(RULE, inputs))


def test_all_ways_of_writing_a_rule_are_read() -> None:
    inline = {"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]}
    (finding,) = found(network.network_opened, updated(GROUP, {"ingress": []}, inline))
    assert finding.reason == "lets in everybody (0.0.0.0/0) at all ports"
    either = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}
    assert found(network.network_opened, created(EITHER, {"type": "ingress", **either}))
    assert not found(network.network_opened, created(EITHER, {"type": "egress", **either}))
    assert found(network.network_egress_opened, created(EITHER, {"type": "egress", **either}))
    assert found(network.network_opened, updated(GROUP, {"ingress": []}, {"ingress": UNKNOWN}))


def test_what_was_open_before_is_not_opened_again() -> None:
    before = ingress(cidrIpv4="0.0.0.0/0")
    assert not found(network.network_opened, updated(RULE, before, {**before, "description": "web"}))
    assert not found(
        network.network_opened, updated(RULE, before, ingress(cidrIpv4="10.0.0.0/8")), deleted(RULE, before)
    )
    wider = {**before, "toPort": 8443}
    assert found(network.network_opened, updated(RULE, before, wider)), "at more ports"
    assert not found(network.network_opened, updated(RULE, wider, before))


def test_addresses_outside_are_told() -> None:
    (finding,) = found(network.network_source_added, created(RULE, ingress(cidrIpv4="203.0.113.0/24")))
    assert (finding.level, finding.reason) == ("notable", "lets in 203.0.113.0/24 at port 443")
    assert not found(network.network_source_added, created(RULE, ingress(cidrIpv4="10.1.0.0/16")))


def test_ways_out_to_everybody_are_told() -> None:
    (finding,) = found(network.network_egress_opened, created(EGRESS, {"ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}))
    assert (finding.level, finding.reason) == ("notable", "calls 0.0.0.0/0 at all ports")
    assert not found(network.network_egress_opened, created(EGRESS, ingress(cidrIpv4="10.0.0.0/8")))


def test_no_store_is_open_to_everybody() -> None:
    for inputs in (ingress(5432, cidrIpv4="0.0.0.0/0"), {"ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}):
        (finding,) = found(network.store_open_to_world, there(RULE, inputs))
        assert finding.level == "forbidden"
    assert found(network.store_open_to_world, there(DATABASE, {"publiclyAccessible": True}))
    for inputs in (ingress(443, cidrIpv4="0.0.0.0/0"), ingress(5432, cidrIpv4="10.0.0.0/8")):
        assert not found(network.store_open_to_world, there(RULE, inputs))
    assert not found(network.store_open_to_world, there(DATABASE, {"publiclyAccessible": False}))


def cluster(public: Any, *blocks: Any) -> Properties:
    return {"vpcConfig": {"endpointPublicAccess": public, **({"publicAccessCidrs": list(blocks)} if blocks else {})}}


@pytest.mark.parametrize(
    ("before", "after", "times"),
    [
        (cluster(False), cluster(True), 1),
        (cluster(False), {"vpcConfig": {}}, 1),
        (cluster(False), cluster(UNKNOWN), 1),
        (cluster(False), cluster(True, "203.0.113.0/24"), 1),
        (cluster(True, "203.0.113.0/24"), cluster(True, "0.0.0.0/0"), 1),
        (cluster(True, "203.0.113.0/24"), cluster(True), 1),
        (cluster(True), cluster(False), 0),
        (cluster(True, "0.0.0.0/0"), cluster(True, "203.0.113.0/24"), 0),
        (cluster(False, "203.0.113.0/24"), cluster(False, "0.0.0.0/0"), 0),
    ],
)
def test_a_cluster_is_not_reached_from_outside(before: Properties, after: Properties, times: int) -> None:
    assert len(found(network.endpoint_public, updated(CLUSTER, before, after))) == times


def test_a_new_cluster_is_not_open_to_everybody() -> None:
    assert found(network.endpoint_public, created(CLUSTER, cluster(True)))
    assert not found(network.endpoint_public, created(CLUSTER, cluster(True, "203.0.113.0/24")))
    assert not found(network.endpoint_public, created(CLUSTER, cluster(False)))


@pytest.mark.parametrize(
    ("token", "key"),
    [(DATABASE, "publiclyAccessible"), ("aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch")],
)
def test_nothing_gets_a_public_address(token: str, key: str) -> None:
    assert found(network.endpoint_public, updated(token, {key: False}, {key: True}))
    assert not found(network.endpoint_public, updated(token, {key: True}, {key: False}))


def service(kind: str, **notes: str) -> Properties:
    named = {f"service.beta.kubernetes.io/aws-load-balancer-{key}": value for key, value in notes.items()}
    return {"metadata": {"annotations": named}, "spec": {"type": kind}}


def test_a_service_stays_inside_the_cluster() -> None:
    assert found(network.endpoint_public, updated(SERVICE, {"spec": {}}, service("LoadBalancer")))
    assert found(network.endpoint_public, created(SERVICE, service("NodePort")))
    assert found(network.endpoint_public, updated(SERVICE, service("ClusterIP"), {"spec": UNKNOWN}))
    assert not found(network.endpoint_public, created(SERVICE, service("LoadBalancer", scheme="internal")))
    assert not found(network.endpoint_public, created(SERVICE, service("ClusterIP")))
    assert not found(network.endpoint_public, updated(SERVICE, service("LoadBalancer"), service("ClusterIP")))


def test_a_load_balancer_stays_inside_the_network() -> None:
    balancer = "aws:lb/loadBalancer:LoadBalancer"
    assert found(network.endpoint_public, updated(balancer, {"internal": True}, {"internal": False}))
    assert not found(network.endpoint_public, updated(balancer, {"internal": False}, {"internal": False, "name": "a"}))
    assert not found(network.endpoint_public, created(balancer, {"internal": True}))


def test_a_network_that_is_there_gets_no_way_to_the_internet() -> None:
    way = {"destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}
    assert found(network.route_to_internet, created(ROUTE, way))
    private = {"destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}
    assert found(network.route_to_internet, updated(ROUTE, private, way))
    assert not found(network.route_to_internet, created(ROUTE, private))
    assert not found(network.route_to_internet, created(ROUTE, way), created("aws:ec2/vpc:Vpc", {}, name="network"))


@pytest.mark.parametrize(
    ("block", "who"),
    [
        ("0.0.0.0/0", "world"),
        ("128.0.0.0/1", "world"),
        ("::/0", "world"),
        ("10.0.0.0/8", "private"),
        ("172.31.0.0/16", "private"),
        ("172.32.0.0/16", "public"),
        ("2001:db8::/32", "public"),
        ("fd12::/16", "private"),
        ("nonsense", "hidden"),
        (UNKNOWN, "hidden"),
    ],
)
def test_who_is_in_a_block(block: Any, who: str) -> None:
    assert addresses.reach(block) == who
