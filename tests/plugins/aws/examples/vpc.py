"""Examples of networks."""

from tests.plugins.aws.world import Example, World


def _open_vpc(world: World, vpc: str) -> None:
    world.client("ec2").delete_tags(Resources=[vpc], Tags=[{"Key": "owner"}])


EXAMPLES = (
    Example(
        token="aws:ec2/vpc:Vpc",
        inputs=lambda world: {"cidrBlock": "10.20.0.0/16", "enableDnsHostnames": True, "tags": {"owner": "shop"}},
        change={"enableDnsHostnames": False, "tags": {"owner": "platform", "cost": "1"}},
        replacement={"cidrBlock": "10.21.0.0/16"},
        drift=_open_vpc,
        drifted=frozenset({"tags"}),
    ),
    Example(
        token="aws:ec2/subnet:Subnet",
        inputs=lambda world: {
            "vpcId": world.vpc,
            "cidrBlock": "10.9.240.0/24",
            "availabilityZone": f"{world.region}a",
            "tags": {"tier": "private"},
        },
        change={"mapPublicIpOnLaunch": True},
        replacement={"cidrBlock": "10.9.241.0/24"},
        drift=lambda world, identity: world.client("ec2").modify_subnet_attribute(
            SubnetId=identity, MapPublicIpOnLaunch={"Value": False}
        ),
        drifted=frozenset({"mapPublicIpOnLaunch"}),
    ),
)
