"""Who applies the program has a group to be let in by, and nobody reaches him."""

import pulumi
import pulumi_aws
import pytest

from components.operator_access import OperatorAccess, OperatorAccessArgs
from tests.cloud_outputs import REGION
from tests.harness import Graph, graph_of


@pytest.fixture(scope="module")
def graph() -> Graph:
    def declare() -> None:
        opts = pulumi.ResourceOptions(providers=[pulumi_aws.Provider("cloud", region=REGION)])
        OperatorAccess("operators", OperatorAccessArgs(vpc_id="vpc-1"), opts)

    return graph_of(declare)


def test_members_reach_everything_that_lets_them_in(graph: Graph) -> None:
    (rule,) = graph.of_type(":SecurityGroupEgressRule")
    assert (rule.plain("ipProtocol"), rule.plain("cidrIpv4")) == ("-1", "0.0.0.0/0")
    assert rule.plain("securityGroupId") == "id-of-operators-group"


def test_nobody_reaches_the_members(graph: Graph) -> None:
    (group,) = graph.of_type(":SecurityGroup")
    assert "ingress" not in group.inputs
    assert not graph.of_type(":SecurityGroupIngressRule")
