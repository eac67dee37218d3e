"""Private ways to AWS's services, and the records of what flows in a network."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.sandbox.plugins.aws import documents
from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.kinds.network_arns import ec2_arn
from infra.sandbox.plugins.aws.kinds.network_checks import insist_on
from infra.sandbox.plugins.aws.tagging import ec2
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_LISTS = {"routeTableIds": "RouteTableIds", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}
_WITHIN = {"routeTableIds": "route table", "subnetIds": "subnet", "securityGroupIds": "security group"}
_PLAIN = frozenset({"privateDnsEnabled", "ipAddressType", "dnsOptions"})

_WATCHED = {
    "vpcId": "VPC",
    "subnetId": "Subnet",
    "eniId": "NetworkInterface",
    "transitGatewayId": "TransitGateway",
    "transitGatewayAttachmentId": "TransitGatewayAttachment",
    "regionalNatGatewayId": "RegionalNatGateway",
}
"""What a flow log may watch -> AWS's name of its kind."""


class VpcEndpoint(Kind):
    """A gateway endpoint or an interface endpoint.

    moto keeps neither `dnsOptions`, `ipAddressType` nor `subnetConfigurations`, and `privateDnsEnabled` only as it was
    created: what is said of them is checked and sent, and a refresh does not find them changed.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it; what it refers to must exist, which moto does not ask."""
        client = cloud.client("ec2", region)
        for name, what in _WITHIN.items():
            insist_on(client, what, inputs.get(name) or [])
        if inputs.get("serviceName"):
            _insist_on_service(client, inputs["serviceName"], inputs["vpcEndpointType"])
        return super().create(cloud, region, inputs, tags)

    def settle(self, cloud: Cloud, region: str, id: str, inputs: Properties) -> None:
        """Nothing is left to be said."""

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties, its prefix list and the addresses in it among them."""
        told = super().told(cloud, region, id, {name: value for name, value in answer.items() if value != ""})
        told["securityGroupIds"] = [group["GroupId"] for group in answer.get("Groups", ())]
        told["arn"] = ec2_arn(cloud, region, f"vpc-endpoint/{id}")
        told.pop("privateDnsEnabled", None)
        if answer.get("VpcEndpointType") == "Gateway":
            wanted = [{"Name": "prefix-list-name", "Values": [answer["ServiceName"]]}]
            client = cloud.client("ec2", region)
            for found in client.describe_managed_prefix_lists(Filters=wanted)["PrefixLists"]:
                entries = client.get_managed_prefix_list_entries(PrefixListId=found["PrefixListId"])["Entries"]
                told["prefixListId"] = found["PrefixListId"]
                told["cidrBlocks"] = [entry["Cidr"] for entry in entries]
        return told

    def is_gone(self, answer: Answer) -> bool:
        """Whether it is still listed."""
        return answer.get("State") in ("deleting", "deleted")

    def update(self, cloud: Cloud, region: str, id: str, old: Properties, new: Properties) -> None:
        """Add and remove what it is tied to, and give it another policy."""
        client = cloud.client("ec2", region)
        parameters: dict[str, Any] = {}
        for name, called in _LISTS.items():
            if new.get(name) is not None and old.get(name) != new[name]:
                before, after = set(old.get(name) or []), set(new[name])
                insist_on(client, _WITHIN[name], after - before)
                changes = {f"Add{called}": sorted(after - before), f"Remove{called}": sorted(before - after)}
                parameters.update({parameter: ids for parameter, ids in changes.items() if ids})
        if new.get("policy") and not documents.same(old.get("policy"), new["policy"]):
            parameters["PolicyDocument"] = new["policy"]
        super().update(cloud, region, id, old, {name: value for name, value in new.items() if name in _PLAIN})
        if parameters:
            client.modify_vpc_endpoint(VpcEndpointId=id, **parameters)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Delete it; AWS tells of a failure in the answer."""
        if self.read(cloud, region, id, known) is None:
            return
        answer = cloud.client("ec2", region).delete_vpc_endpoints(VpcEndpointIds=[id])
        _raise_unsuccessful(answer)

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what its type does not have."""
        kind = inputs.get("vpcEndpointType") or "Gateway"
        foreign = {"Gateway": ("subnetIds", "securityGroupIds", "privateDnsEnabled"), "Interface": ("routeTableIds",)}
        return [
            (name, f"is not allowed for an endpoint of type {kind}")
            for name in foreign.get(kind, ())
            if inputs.get(name)
        ]


class FlowLog(Kind):
    """A flow log; nothing of it but its tags can be changed.

    moto keeps no `destinationOptions`, and takes a bucket without a folder only.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Make it for what it watches; AWS tells of a failure in the answer."""
        client = cloud.client("ec2", region)
        if inputs.get("logDestinationType") == "s3":
            _insist_on_bucket(cloud, region, inputs["logDestination"])
        watched = next((name for name in _WATCHED if inputs.get(name)), "")
        said = {called: inputs[name] for name, called in _flow_log_names().items() if inputs.get(name)}
        if isinstance(said.get("DestinationOptions"), Mapping):
            said["DestinationOptions"] = {
                name[0].upper() + name[1:]: value for name, value in said["DestinationOptions"].items()
            }
        answer = client.create_flow_logs(
            ResourceIds=[inputs[watched]],
            ResourceType=_WATCHED[watched],
            **said,
            **(self.tagging.creation(tags) if self.tagging is not None else {}),
        )
        _raise_unsuccessful(answer)
        return str(answer["FlowLogIds"][0])

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties; what it watches is told by the kind of id."""
        kinds = {"vpc-": "vpcId", "subnet-": "subnetId", "eni-": "eniId", "tgw-attach-": "transitGatewayAttachmentId"}
        prefixes = {**kinds, "tgw-": "transitGatewayId", "nat-": "regionalNatGatewayId"}
        watched = str(answer["ResourceId"])
        name = next(name for prefix, name in prefixes.items() if watched.startswith(prefix))
        told = super().told(cloud, region, id, answer)
        return {**told, name: watched, "arn": ec2_arn(cloud, region, f"vpc-flow-log/{id}")}

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return whether it watches one thing, and has what its destination needs."""
        found = []
        watched = [name for name in _WATCHED if inputs.get(name)]
        if len(watched) != 1:
            found.append((watched[0] if watched else "vpcId", f"needs exactly one of {', '.join(_WATCHED)}"))
        if "logDestination" not in inputs:
            found.append(("logDestination", "is required"))
        if inputs.get("logDestinationType") == "cloud-watch-logs" and "iamRoleArn" not in inputs:
            found.append(("iamRoleArn", "is required for logDestinationType cloud-watch-logs"))
        if watched and not watched[0].startswith("transit") and "trafficType" not in inputs:
            found.append(("trafficType", f"is required with {watched[0]}"))
        return found


def _insist_on_service(client: Any, name: str, kind: str) -> None:
    """Ask for a service, so that AWS's own error tells when there is none; moto knows those of every region.

    Raises:
        botocore.exceptions.ClientError: there is none of that name in the region.
        ProviderError: it has no endpoints of that type.
    """
    details = client.describe_vpc_endpoint_services(ServiceNames=[name])["ServiceDetails"]
    offered = sorted({item["ServiceType"] for detail in details for item in detail.get("ServiceType", ())})
    if offered and kind not in offered:
        raise ProviderError(
            f"InvalidParameter: Endpoint type ({kind}) does not match available service types ({', '.join(offered)})"
        )


def _insist_on_bucket(cloud: Cloud, region: str, arn: str) -> None:
    """Raise ProviderError as AWS says it when a bucket is missing; asked before, so that a failure is no creation."""
    bucket = arn.rpartition(":")[2].partition("/")[0]
    try:
        cloud.client("s3", region).head_bucket(Bucket=bucket)
    except ClientError as error:
        raise ProviderError(f"400: LogDestination: {bucket} does not exist.") from error


def _flow_log_names() -> dict[str, str]:
    same = (
        "deliverCrossAccountRole",
        "destinationOptions",
        "logDestination",
        "logDestinationType",
        "logFormat",
        "maxAggregationInterval",
        "trafficType",
    )
    return {**{name: name[0].upper() + name[1:] for name in same}, "iamRoleArn": "DeliverLogsPermissionArn"}


def _raise_unsuccessful(answer: Answer) -> None:
    """Raise ProviderError with AWS's code for the first failure that an answer tells of."""
    for failure in answer.get("Unsuccessful") or ():
        error = failure.get("Error", {})
        raise ProviderError(f"{error.get('Code', 'Unknown')}: {error.get('Message', '')}")


KINDS: tuple[Kind, ...] = (
    VpcEndpoint(
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        noun="EC2 VPC Endpoint",
        service="ec2",
        schema="AWS::EC2::VPCEndpoint",
        identifier="VpcEndpoint.VpcEndpointId",
        creating=Call(method="create_vpc_endpoint"),
        reading=Call(method="describe_vpc_endpoints", subject="VpcEndpointIds[]", result="VpcEndpoints[0]"),
        changing=(Call(method="modify_vpc_endpoint", subject="VpcEndpointId", sends=_PLAIN),),
        deleting=Call(method="delete_vpc_endpoints", subject="VpcEndpointIds[]"),
        tagging=ec2("vpc-endpoint"),
        names={"policy": "PolicyDocument", "autoAccept": ""},
        unchecked={
            "autoAccept": "an act of the official provider's, no property of AWS's",
            "policy": "a document in AWS's schema; that it is JSON is checked",
            "subnetConfigurations": "missing in AWS's schema",
            "dnsOptions.privateDnsOnlyForInboundResolverEndpoint": "a text in AWS's schema, not a boolean",
        },
        documents=frozenset({"policy"}),
        sets=frozenset({"routeTableIds", "subnetIds", "securityGroupIds"}),
        defaults={"vpcEndpointType": "Gateway"},
        computed=frozenset(
            {
                "dnsOptions",
                "ipAddressType",
                "policy",
                "privateDnsEnabled",
                "routeTableIds",
                "securityGroupIds",
                "serviceRegion",
                "subnetConfigurations",
                "subnetIds",
            }
        ),
    ),
    FlowLog(
        token="aws:ec2/flowLog:FlowLog",
        noun="EC2 Flow Log",
        service="ec2",
        schema="AWS::EC2::FlowLog",
        identifier="FlowLogIds[0]",
        creating=Call(method="create_flow_logs"),
        reading=Call(method="describe_flow_logs", subject="FlowLogIds[]", result="FlowLogs[0]"),
        deleting=Call(method="delete_flow_logs", subject="FlowLogIds[]"),
        tagging=ec2("vpc-flow-log"),
        names={"iamRoleArn": "DeliverLogsPermissionArn"},
        schema_names={"iamRoleArn": "DeliverLogsPermissionArn", **dict.fromkeys(_WATCHED, "ResourceId")},
        replace=frozenset({"iamRoleArn", *_WATCHED}),
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
        computed=frozenset({"logFormat"}),
    ),
)
