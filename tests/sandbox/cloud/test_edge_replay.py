"""Names and the edge come back after a crash as they were, although much of them stands on what only reads saw."""

from typing import Any

from infra.sandbox.cloud.service import Cloud
from tests.sandbox.cloud.conftest import MakeCloud
from tests.sandbox.cloud.harness import client, kill
from tests.sandbox.servers.harness import quiet

REGION = "us-east-1"
HOST = "assets.shop.example.com"


def deliver(cloud: Cloud) -> str:
    """Make a zone, a proven certificate that nobody looked at, and a distribution; return its id."""
    route53, acm = client(cloud, "route53", REGION), client(cloud, "acm", REGION)
    zone = route53.create_hosted_zone(Name="shop.example.com", CallerReference="1")["HostedZone"]["Id"]
    arn = acm.request_certificate(DomainName=HOST, ValidationMethod="DNS")["CertificateArn"]
    proof = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]["ResourceRecord"]
    said = {"Name": proof["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": proof["Value"]}]}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": said}]}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)
    cloudfront = client(cloud, "cloudfront", REGION)
    made = cloudfront.create_distribution(DistributionConfig=distribution(arn))
    return str(made["Distribution"]["Id"])


def distribution(certificate: str) -> dict[str, Any]:
    return {
        "CallerReference": "1",
        "Comment": "",
        "Enabled": True,
        "Aliases": {"Quantity": 1, "Items": [HOST]},
        "Origins": {
            "Quantity": 1,
            "Items": [{"Id": "s3", "DomainName": "a.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "s3",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
        "ViewerCertificate": {"ACMCertificateArn": certificate, "SSLSupportMethod": "sni-only"},
    }


def seen(cloud: Cloud, distribution: str) -> list[Any]:
    answers = [
        client(cloud, "cloudfront", REGION).get_distribution(Id=distribution),
        client(cloud, "acm", REGION).list_certificates(),
        client(cloud, "route53", REGION).list_hosted_zones(),
    ]
    return [{**answer, "ResponseMetadata": None} for answer in answers]


def test_a_distribution_comes_back_with_its_certificate(make_cloud: MakeCloud) -> None:
    cloud = make_cloud("test-edge-replay")
    cloud.start(quiet)
    identity = deliver(cloud)
    before, contents = seen(cloud, identity), cloud.contents()
    assert f"global cloudfront DistributionList {identity}" in contents
    kill(cloud)
    cloud.start(quiet)
    assert seen(cloud, identity) == before
    assert cloud.contents() == contents
    cloud.stop()
