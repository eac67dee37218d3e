"""A network of one's own: VPC, subnets and the way out."""

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.network_checks import size_problem, user_of_subnet, user_of_vpc
from infra.sandbox.plugins.aws.tagging import ec2
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value


class Vpc(Kind):
    """A VPC, parts of which are told by calls of their own."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, with its DNS attributes and what AWS makes with every VPC."""
        client = cloud.client("ec2", region)
        mine = [{"Name": "vpc-id", "Values": [id]}]
        dns = {
            name: client.describe_vpc_attribute(VpcId=id, Attribute=name)[name[0].upper() + name[1:]]["Value"]
            for name in ("enableDnsSupport", "enableDnsHostnames")
        }
        groups = client.describe_security_groups(Filters=[*mine, {"Name": "group-name", "Values": ["default"]}])
        tables = client.describe_route_tables(Filters=[*mine, {"Name": "association.main", "Values": ["true"]}])
        lists = client.describe_network_acls(Filters=[*mine, {"Name": "default", "Values": ["true"]}])
        table = next((found["RouteTableId"] for found in tables["RouteTables"]), None)
        return {
            **super().told(cloud, region, id, answer),
            **dns,
            "arn": f"arn:aws:ec2:{region}:{answer.get('OwnerId', '')}:vpc/{id}",
            "mainRouteTableId": table,
            "defaultRouteTableId": table,
            "defaultSecurityGroupId": next((found["GroupId"] for found in groups["SecurityGroups"]), None),
            "defaultNetworkAclId": next((found["NetworkAclId"] for found in lists["NetworkAcls"]), None),
        }

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, unless something is still in it."""
        _insist_on_free("vpc", id, user_of_vpc(cloud.client("ec2", region), id))
        super().delete(cloud, region, id, known)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what is wrong with its block."""
        return _block_problems(inputs)


class Subnet(Kind):
    """A subnet."""

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it, unless an interface is still in it."""
        _insist_on_free("subnet", id, user_of_subnet(cloud.client("ec2", region), id))
        super().delete(cloud, region, id, known)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what is wrong with its block."""
        return _block_problems(inputs)


def _block_problems(inputs: Properties) -> list[tuple[str, str]]:
    problem = size_problem(str(inputs["cidrBlock"])) if inputs.get("cidrBlock") else None
    return [] if problem is None else [("cidrBlock", problem)]


def _insist_on_free(noun: str, id: str, user: str | None) -> None:
    if user is not None:
        raise ProviderError(f"DependencyViolation: The {noun} '{id}' has dependencies and cannot be deleted: {user}")


_IPV6 = "AWS's schemas have it on AWS::EC2::VPCCidrBlock, a type of its own"

KINDS = (
    Vpc(
        token="aws:ec2/vpc:Vpc",
        noun="EC2 VPC",
        service="ec2",
        schema="AWS::EC2::VPC",
        unchecked={
            "assignGeneratedIpv6CidrBlock": _IPV6,
            "enableNetworkAddressUsageMetrics": "AWS's schema does not have it",
            "ipv6CidrBlock": _IPV6,
            "ipv6CidrBlockNetworkBorderGroup": _IPV6,
            "ipv6IpamPoolId": _IPV6,
            "ipv6NetmaskLength": _IPV6,
        },
        identifier="Vpc.VpcId",
        creating=Call(method="create_vpc"),
        reading=Call(method="describe_vpcs", subject="VpcIds[]", result="Vpcs[0]"),
        changing=(
            Call(
                method="modify_vpc_attribute",
                subject="VpcId",
                alone=True,
                sends=frozenset({"enableDnsSupport", "enableDnsHostnames"}),
            ),
        ),
        deleting=Call(method="delete_vpc", subject="VpcId"),
        tagging=ec2("vpc"),
        defaults={"instanceTenancy": "default", "enableDnsSupport": True},
        computed=frozenset({"enableDnsHostnames"}),
    ),
    Subnet(
        token="aws:ec2/subnet:Subnet",
        noun="EC2 Subnet",
        service="ec2",
        schema="AWS::EC2::Subnet",
        schema_names={
            "enableResourceNameDnsARecordOnLaunch": "PrivateDnsNameOptionsOnLaunch/EnableResourceNameDnsARecord",
            "enableResourceNameDnsAaaaRecordOnLaunch": "PrivateDnsNameOptionsOnLaunch/EnableResourceNameDnsAAAARecord",
            "privateDnsHostnameTypeOnLaunch": "PrivateDnsNameOptionsOnLaunch/HostnameType",
        },
        identifier="Subnet.SubnetId",
        creating=Call(method="create_subnet"),
        reading=Call(method="describe_subnets", subject="SubnetIds[]", result="Subnets[0]"),
        changing=(Call(method="modify_subnet_attribute", subject="SubnetId", alone=True),),
        deleting=Call(method="delete_subnet", subject="SubnetId"),
        tagging=ec2("subnet"),
        names={"arn": "SubnetArn"},
        computed=frozenset({"availabilityZone", "availabilityZoneId"}),
        defaults={"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
    ),
)
