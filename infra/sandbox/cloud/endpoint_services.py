"""The services that a VPC endpoint can lead to, without importing what moto has of each.

To list them, moto imports eleven services, SageMaker and CloudFormation among them: 35 MiB and a second for the first
endpoint of a process. Their entries differ in little, which is here as moto says it. SageMaker's notebook and studio
are left out.
"""

from typing import Any, NamedTuple

from moto.core.base_backend import BaseBackend
from moto.ec2.models import vpcs
from moto.ec2.models.vpcs import VPCBackend


class _Entry(NamedTuple):
    """What differs: the host's name, that in the service's name, and what an endpoint of it can do."""

    host: str
    name: str
    policy: bool = True
    private_names: bool = True
    any_host: bool = False


_ENTRIES = (
    _Entry("cloudformation", "cloudformation", policy=False),
    _Entry("codepipeline", "codepipeline", policy=False),
    _Entry("api.ecr", "ecr.api"),
    _Entry("dkr.ecr", "ecr.dkr", any_host=True),
    _Entry("firehose", "kinesis-firehose"),
    _Entry("iot", "iot"),
    _Entry("data.iot", "iot.data", policy=False, private_names=False),
    _Entry("kinesis", "kinesis-streams"),
    _Entry("redshift-data", "redshift-data", policy=False),
    _Entry("route53resolver", "route53resolver"),
    _Entry("api.sagemaker", "sagemaker.api"),
)
_plain = VPCBackend._collect_default_endpoint_services


def install() -> None:
    """Let EC2 list them so; before the first request. Doing it again changes nothing."""
    vpcs.IMPLEMENTED_ENDPOINT_SERVICES[:] = ["s3"]  # its own entries are three, and it is in use anyway
    VPCBackend._collect_default_endpoint_services = staticmethod(_collect)  # type: ignore[method-assign]


def _collect(account_id: str, region: str) -> list[dict[str, Any]]:
    is_new = region not in vpcs.DEFAULT_VPC_ENDPOINT_SERVICES
    found: list[dict[str, Any]] = _plain(account_id, region)
    if is_new:
        zones = list(found[0]["AvailabilityZones"])
        found += [_told(entry, region, zones) for entry in _ENTRIES]
        gateway = [f"dynamodb.{region}.amazonaws.com"]
        found += BaseBackend.default_vpc_endpoint_service_factory(
            region, zones, "dynamodb", "Gateway", private_dns_names=False, base_endpoint_dns_names=gateway
        )
    return found


def _told(entry: _Entry, region: str, zones: list[str]) -> dict[str, Any]:
    (told,) = BaseBackend.default_vpc_endpoint_service_factory(
        region,
        zones,
        entry.host,
        private_dns_names=entry.private_names,
        special_service_name=entry.name,
        policy_supported=entry.policy,
    )
    if entry.any_host:
        told["PrivateDnsName"] = f"*.{told['PrivateDnsName']}"
        told["PrivateDnsNames"] = [{"PrivateDnsName": told["PrivateDnsName"]}]
    return told
