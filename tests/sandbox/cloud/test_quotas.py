"""Account quotas are AWS's by default, are refused with AWS's codes, and can be set."""

import pytest
from botocore.exceptions import ClientError

from infra.sandbox.cloud.service import Cloud
from tests.sandbox.cloud.harness import OTHER_REGION, REGION, client, kill, vpc_ids
from tests.sandbox.servers.harness import quiet


def test_a_region_takes_five_vpcs_with_its_default_one(cloud: Cloud) -> None:
    ec2 = client(cloud, "ec2")
    made = [ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"] for number in range(4)]
    with pytest.raises(ClientError) as refused:
        ec2.create_vpc(CidrBlock="10.9.0.0/16")
    assert refused.value.response["Error"] == {
        "Code": "VpcLimitExceeded",
        "Message": "The maximum number of VPCs has been reached.",
    }
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert len(vpc_ids(cloud)) == 5
    client(cloud, "ec2", OTHER_REGION).create_vpc(CidrBlock="10.9.0.0/16")
    ec2.delete_vpc(VpcId=made[0])
    ec2.create_vpc(CidrBlock="10.9.0.0/16")


def test_a_region_takes_five_elastic_ips_and_five_internet_gateways(cloud: Cloud) -> None:
    ec2 = client(cloud, "ec2")
    for create, code in (
        (ec2.allocate_address, "AddressLimitExceeded"),
        (ec2.create_internet_gateway, "InternetGatewayLimitExceeded"),
    ):
        for _ in range(5):
            create()
        with pytest.raises(ClientError) as refused:
            create()
        assert refused.value.response["Error"]["Code"] == code


def test_quotas_per_parent_count_that_parent_only(cloud: Cloud) -> None:
    ec2 = client(cloud, "ec2", "us-west-2")
    cloud.set_quotas(subnets_per_vpc=1, nat_gateways_per_zone=1)
    vpcs = [ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(2)]
    zones = ["us-west-2a", "us-west-2b"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for vpc, zone in zip(vpcs, zones, strict=True)
    ]
    with pytest.raises(ClientError, match="SubnetLimitExceeded"):
        ec2.create_subnet(VpcId=vpcs[0], CidrBlock="10.0.1.0/24")
    for subnet in subnets:
        ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")
    with pytest.raises(ClientError, match="NatGatewayLimitExceeded"):
        ec2.create_nat_gateway(SubnetId=subnets[0], ConnectivityType="private")


def test_a_quota_that_was_set_holds_after_a_restart(cloud: Cloud) -> None:
    cloud.set_quotas(vpcs=20)
    kill(cloud)
    cloud.start(quiet)
    assert cloud.quotas()["vpcs"] == 20
    for number in range(6):
        client(cloud, "ec2", "us-east-2").create_vpc(CidrBlock=f"10.{number}.0.0/16")
    assert len(vpc_ids(cloud, "us-east-2")) == 7
    assert vpc_ids(cloud, REGION)


def test_bad_quotas_are_refused(cloud: Cloud) -> None:
    before = cloud.quotas()
    with pytest.raises(ValueError, match="no such quota: galaxies; there are vpcs, elastic-ips"):
        cloud.set_quotas(vpcs=7, galaxies=1)
    with pytest.raises(ValueError, match="vpcs must be a whole number, 0 or more"):
        cloud.set_quotas(vpcs=-1)
    assert cloud.quotas() == before
