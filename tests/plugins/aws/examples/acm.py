"""Examples of certificates."""

from typing import Any

from tests.plugins.aws.examples.route53 import zone_id
from tests.plugins.aws.world import Example, World


def issued(world: World) -> str:
    """Return the ARN of a new certificate whose records are in a zone."""
    zone = zone_id(world)
    name = str(world.client("route53").get_hosted_zone(Id=zone)["HostedZone"]["Name"]).removesuffix(".")
    acm = world.client("acm")
    arn = str(acm.request_certificate(DomainName=name, ValidationMethod="DNS")["CertificateArn"])
    option = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]
    record = option["ResourceRecord"]
    change = {
        "Name": record["Name"],
        "Type": record["Type"],
        "TTL": 60,
        "ResourceRecords": [{"Value": record["Value"]}],
    }
    world.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": change}]}
    )
    return arn


def _certificate(world: World) -> dict[str, Any]:
    name = f"{world.name('shop')}.example.com"
    return {
        "domainName": name,
        "subjectAlternativeNames": [f"*.{name}"],
        "validationMethod": "DNS",
        "options": {"certificateTransparencyLoggingPreference": "ENABLED"},
        "tags": {"owner": "shop"},
    }


def _stop_logging(world: World, it: str) -> None:
    options = {"CertificateTransparencyLoggingPreference": "DISABLED"}
    world.client("acm").update_certificate_options(CertificateArn=it, Options=options)


EXAMPLES: tuple[Example, ...] = (
    Example(
        token="aws:acm/certificate:Certificate",
        inputs=_certificate,
        change={"tags": {"owner": "platform"}},
        replacement={"domainName": "other.example.com"},
        drift=_stop_logging,
        drifted=frozenset({"options"}),
    ),
    Example(
        token="aws:acm/certificateValidation:CertificateValidation",
        inputs=lambda world: {"certificateArn": issued(world)},
        replacement={"certificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/other"},
        import_id=lambda thing: str(thing.outputs["certificateArn"]),
        stays=True,
    ),
)
