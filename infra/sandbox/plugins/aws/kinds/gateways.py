"""Gateways of a network and their addresses."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws.clients import Cloud, is_repeated
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind, is_gone
from infra.sandbox.plugins.aws.kinds.network_arns import ec2_arn
from infra.sandbox.plugins.aws.tagging import ec2
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value


class InternetGateway(Kind):
    """An internet gateway, which is attached to a VPC by a call of its own."""

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Attach it."""
        self.update(cloud, region, id, {}, inputs)

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, with the VPC that it is attached to."""
        attached = next((found["VpcId"] for found in answer.get("Attachments", ())), None)
        arn = ec2_arn(cloud, region, f"internet-gateway/{id}")
        return {**super().told(cloud, region, id, answer), "vpcId": attached, "arn": arn}

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Move it from one VPC to another; without a VPC it stays where it is."""
        client, before, after = cloud.client("ec2", region), old.get("vpcId"), new.get("vpcId")
        if after and before != after:
            if before:
                client.detach_internet_gateway(InternetGatewayId=id, VpcId=before)
            client.attach_internet_gateway(InternetGatewayId=id, VpcId=after)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Detach it and delete it."""
        actual = self.read(cloud, region, id, known)
        if actual is not None:
            if actual["vpcId"]:
                cloud.client("ec2", region).detach_internet_gateway(InternetGatewayId=id, VpcId=actual["vpcId"])
            super().delete(cloud, region, id, known)


class Address(Kind):
    """An Elastic IP address, which is put onto an instance or an interface by a call of its own."""

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Associate it."""
        self.update(cloud, region, id, {}, inputs)

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, with the public name that its address makes."""
        dashed = str(answer.get("PublicIp", "")).replace(".", "-")
        zone = "compute-1" if region == "us-east-1" else f"{region}.compute"
        return {
            **super().told(cloud, region, id, answer),
            "arn": ec2_arn(cloud, region, f"elastic-ip/{id}"),
            "publicDns": f"ec2-{dashed}.{zone}.amazonaws.com",
        }

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Take it from where it was and put it where it belongs; without a place it stays where it is."""
        client = cloud.client("ec2", region)
        places = {"instance": "InstanceId", "networkInterface": "NetworkInterfaceId"}
        before = {called: old[name] for name, called in places.items() if old.get(name)}
        after = {called: new[name] for name, called in places.items() if new.get(name)}
        private = new.get("associateWithPrivateIp")
        if not after or (before == after and old.get("associateWithPrivateIp") == private):
            return
        found = client.describe_addresses(AllocationIds=[id])["Addresses"][0]
        if found.get("AssociationId"):
            client.disassociate_address(AssociationId=found["AssociationId"])
        chosen = {"PrivateIpAddress": private} if private else {}
        client.associate_address(AllocationId=id, **after, **chosen)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Release it; moto would take it from under a NAT gateway, AWS does not."""
        user = _user_of(cloud.client("ec2", region), id)
        if user:
            raise ProviderError(f"InvalidIPAddress.InUse: the address {id} is in use by {user}")
        super().delete(cloud, region, id, known)


class NatGateway(Kind):
    """A NAT gateway; those of moto are available at once.

    moto knows neither secondary addresses nor regional gateways: they are checked and sent, and not read back.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it, unless another has its address; which is asked afterwards, for it may have been made before."""
        made = super().create(cloud, region, inputs, tags)
        allocation = inputs.get("allocationId")
        user = _user_of(cloud.client("ec2", region), allocation, but=made) if allocation else None
        if user and not is_repeated():
            self.delete(cloud, region, made, inputs)
            raise ProviderError(
                f"Resource.AlreadyAssociated: Elastic IP address {allocation} is already in use: {user}"
            )
        return made

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties and those of its first address."""
        first: Answer = next(iter(answer.get("NatGatewayAddresses", ())), {})
        return {**super().told(cloud, region, id, first), **super().told(cloud, region, id, answer)}

    def is_gone(self, answer: Answer) -> bool:
        """Whether it is still listed, as AWS does for an hour."""
        return answer["State"] in ("deleting", "deleted", "failed")

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what a zonal gateway of its connectivity needs, as AWS says it."""
        public = inputs.get("connectivityType") != "private"
        if inputs.get("availabilityMode") == "regional":
            return []
        found = []
        if "subnetId" not in inputs:
            found.append(("subnetId", "is required unless availabilityMode is regional"))
        if public and "allocationId" not in inputs:
            found.append(("allocationId", "is required for a public NAT gateway"))
        if not public and "allocationId" in inputs:
            found.append(("allocationId", "is not allowed for a private NAT gateway"))
        return found

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it with its interface, which moto forgets to do."""
        actual = self.read(cloud, region, id, known)
        if actual is None:
            return
        super().delete(cloud, region, id, known)
        interface = actual.get("networkInterfaceId")
        if interface:
            try:
                cloud.client("ec2", region).delete_network_interface(NetworkInterfaceId=interface)
            except ClientError as error:
                if not is_gone(error):
                    raise


def _user_of(client: Any, allocation: str, but: str = "") -> str | None:
    """Return the NAT gateway, another than `but`, that has an address."""
    wanted = [{"Name": "state", "Values": ["pending", "available", "deleting"]}]
    for gateway in client.describe_nat_gateways(Filters=wanted)["NatGateways"]:
        addresses = [address.get("AllocationId") for address in gateway.get("NatGatewayAddresses", ())]
        if allocation in addresses and gateway["NatGatewayId"] != but:
            return str(gateway["NatGatewayId"])
    return None


KINDS = (
    InternetGateway(
        token="aws:ec2/internetGateway:InternetGateway",
        noun="EC2 Internet Gateway",
        service="ec2",
        schema="AWS::EC2::InternetGateway",
        identifier="InternetGateway.InternetGatewayId",
        creating=Call(method="create_internet_gateway"),
        reading=Call(method="describe_internet_gateways", subject="InternetGatewayIds[]", result="InternetGateways[0]"),
        deleting=Call(method="delete_internet_gateway", subject="InternetGatewayId"),
        tagging=ec2("internet-gateway"),
        unchecked={"vpcId": "AWS's schema attaches by a type of its own, AWS::EC2::VPCGatewayAttachment"},
        computed=frozenset({"vpcId"}),
    ),
    Address(
        token="aws:ec2/eip:Eip",
        noun="EC2 Elastic IP",
        service="ec2",
        schema="AWS::EC2::EIP",
        identifier="AllocationId",
        creating=Call(method="allocate_address"),
        reading=Call(method="describe_addresses", subject="AllocationIds[]", result="Addresses[0]"),
        deleting=Call(method="release_address", subject="AllocationId"),
        tagging=ec2("elastic-ip"),
        names={"instance": "InstanceId", "networkInterface": "NetworkInterfaceId", "privateIp": "PrivateIpAddress"},
        schema_names={"instance": "InstanceId"},
        unchecked={
            "networkInterface": "AWS's schema associates by a type of its own, AWS::EC2::EIPAssociation",
            "associateWithPrivateIp": "the same",
            "customerOwnedIpv4Pool": "only on Outposts, which AWS's schema leaves out",
        },
        replace=frozenset({"domain", "publicIpv4Pool", "customerOwnedIpv4Pool"}),
        computed=frozenset({"domain", "instance", "networkInterface", "networkBorderGroup", "publicIpv4Pool"}),
    ),
    NatGateway(
        token="aws:ec2/natGateway:NatGateway",
        noun="EC2 NAT Gateway",
        service="ec2",
        schema="AWS::EC2::NatGateway",
        identifier="NatGateway.NatGatewayId",
        creating=Call(method="create_nat_gateway"),
        reading=Call(method="describe_nat_gateways", subject="NatGatewayIds[]", result="NatGateways[0]"),
        deleting=Call(method="delete_nat_gateway", subject="NatGatewayId"),
        tagging=ec2("natgateway"),
        names={"privateIp": "PrivateIp", "privateIpAddress": "PrivateIpAddress"},
        schema_names={"privateIp": "PrivateIpAddress"},
        defaults={"connectivityType": "public"},
        computed=frozenset(
            {
                "availabilityMode",
                "availabilityZoneAddresses",
                "privateIp",
                "secondaryAllocationIds",
                "secondaryPrivateIpAddressCount",
                "secondaryPrivateIpAddresses",
                "vpcId",
            }
        ),
    ),
)
