"""Zones, records, health checks and certificates: what is refused, and what proves a certificate."""

from typing import Any

import pytest

from tests.plugins.aws.examples.acm import issued
from tests.plugins.aws.examples.route53 import record, zone_id
from tests.plugins.aws.world import World
from tests.plugins.client import Refused

ZONE = "aws:route53/zone:Zone"
RECORD = "aws:route53/record:Record"
CHECK = "aws:route53/healthCheck:HealthCheck"
CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
NAMED = {"zoneId": "Z1", "name": "www.example.com"}


@pytest.mark.parametrize(
    ("token", "given", "property_", "allowed"),
    [
        (RECORD, {**NAMED, "type": "CNAME"}, "records", "must be given, or else aliases"),
        (RECORD, {**NAMED, "type": "A", "records": ["192.0.2.1"]}, "ttl", "belongs to records"),
        (RECORD, {**NAMED, "type": "WWW", "records": ["a"], "ttl": 60}, "type", "CNAME"),
        (
            RECORD,
            {**NAMED, "type": "A", "records": ["192.0.2.1"], "ttl": 60, "weightedRoutingPolicies": [{"weight": 1}]},
            "setIdentifier",
            "must be given beside a routing policy",
        ),
        (CHECK, {"type": "HTTPS"}, "fqdn", "must be given, or else ipAddress"),
        (CHECK, {"type": "PING"}, "type", "HTTPS_STR_MATCH"),
        (CHECK, {"type": "HTTPS", "fqdn": "a.example.com", "requestInterval": 15}, "requestInterval", "10 or 30"),
        (CHECK, {"type": "HTTPS", "fqdn": "a.example.com", "searchString": "ok"}, "searchString", "_STR_MATCH"),
        (CHECK, {"type": "HTTPS", "fqdn": "a.example.com", "failureThreshold": 11}, "failureThreshold", "10 at most"),
        (CHECK, {"type": "HTTPS", "fqdn": "a.example.com", "regions": ["mars"]}, "regions", "eu-west-1"),
        (CERTIFICATE, {"domainName": "example.com"}, "validationMethod", "is required"),
        (CERTIFICATE, {"domainName": f"{'a' * 53}.example.com"}, "domainName", "64 characters at most"),
        (CERTIFICATE, {"domainName": "example.com", "validationMethod": "EMAIL"}, "validationMethod", "take DNS"),
        (CERTIFICATE, {"certificateBody": "-----"}, "certificateBody", "is not simulated"),
        (CERTIFICATE, {"domainName": "example.com", "keyAlgorithm": "DSA"}, "keyAlgorithm", "RSA_2048"),
        (VALIDATION, {}, "certificateArn", "is required"),
    ],
)
def test_wrong_input_fails_in_the_preview(
    world: World, token: str, given: dict[str, Any], property_: str, allowed: str
) -> None:
    _, failures = world.object(token).check(**given)
    assert any(allowed in text for path, text in failures.items() if path.startswith(property_)), failures


def test_a_record_that_is_there_is_not_made_again_unless_it_may_be_overwritten(world: World) -> None:
    inputs = record(world)
    world.object(RECORD).create(**inputs)
    with pytest.raises(Refused, match=r"InvalidChangeBatch.*already exists"):
        world.object(RECORD).create(**inputs)
    again = world.object(RECORD).create(**inputs, allowOverwrite=True)
    assert again.outputs["fqdn"] == inputs["name"]


def test_a_record_of_another_zone_is_put_below_this_one_as_the_official_plugin_does(world: World) -> None:
    zone = zone_id(world)
    made = world.object(RECORD).create(zoneId=zone, name="www", type="A", ttl=60, records=["192.0.2.1"])
    assert made.outputs["fqdn"].startswith("www.shop-")
    assert made.id == f"{zone}_www_A"


def test_a_record_in_no_zone_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="NoSuchHostedZone"):
        world.object(RECORD).create(zoneId="Z0", name="a.example.com", type="A", ttl=60, records=["192.0.2.1"])


def test_texts_are_quoted_in_route_53_and_not_in_the_program(world: World) -> None:
    zone = zone_id(world)
    made = world.object(RECORD).create(zoneId=zone, name="mark", type="TXT", ttl=60, records=["v=1 all"])
    found = world.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert ['"v=1 all"'] in [[value["Value"] for value in one.get("ResourceRecords", ())] for one in found]
    assert made.refresh() == set()


def test_a_zone_with_records_is_only_deleted_when_the_program_says_so(world: World) -> None:
    name = f"{world.name('shop')}.example.com"
    kept = world.object(ZONE).create(name=name)
    world.object(RECORD).create(zoneId=kept.id, name="www", type="A", ttl=60, records=["192.0.2.1"])
    with pytest.raises(Refused, match="HostedZoneNotEmpty"):
        kept.delete()
    kept.update(name=name, forceDestroy=True)
    kept.delete()
    assert kept.refresh() == {"gone"}


def test_a_certificate_is_issued_once_its_zone_has_the_proof(world: World) -> None:
    zone = world.object(ZONE).create(name=f"{world.name('shop')}.example.com")
    host = zone.outputs["name"]
    certificate = world.object(CERTIFICATE).create(
        domainName=host, subjectAlternativeNames=[f"*.{host}"], validationMethod="DNS"
    )
    assert certificate.outputs["status"] == "PENDING_VALIDATION"
    options = certificate.outputs["domainValidationOptions"]
    assert {option["domainName"] for option in options} == {host, f"*.{host}"}
    assert len({option["resourceRecordName"] for option in options}) == 1
    with pytest.raises(Refused, match="the certificate is PENDING_VALIDATION: no public hosted zone"):
        world.object(VALIDATION).create(certificateArn=certificate.id)
    proof = world.object(RECORD).create(
        zoneId=zone.id,
        name=options[0]["resourceRecordName"],
        type="CNAME",
        ttl=60,
        records=[options[0]["resourceRecordValue"]],
    )
    with pytest.raises(Refused, match=r"missing .* DNS validation record"):
        world.object(VALIDATION).create(certificateArn=certificate.id, validationRecordFqdns=["other.example.com"])
    issued = world.object(VALIDATION).create(
        certificateArn=certificate.id, validationRecordFqdns=[proof.outputs["fqdn"]]
    )
    assert issued.refresh() == set()


def test_a_proof_that_says_something_else_proves_nothing(world: World) -> None:
    zone = world.object(ZONE).create(name=f"{world.name('shop')}.example.com")
    certificate = world.object(CERTIFICATE).create(domainName=zone.outputs["name"], validationMethod="DNS")
    name = certificate.outputs["domainValidationOptions"][0]["resourceRecordName"]
    world.object(RECORD).create(zoneId=zone.id, name=name, type="CNAME", ttl=60, records=["elsewhere.example.com"])
    with pytest.raises(Refused, match="PENDING_VALIDATION"):
        world.object(VALIDATION).create(certificateArn=certificate.id)


def test_a_validation_whose_certificate_somebody_deleted_is_gone(world: World) -> None:
    arn = issued(world)
    validation = world.object(VALIDATION).create(certificateArn=arn)
    assert validation.refresh() == set()
    world.client("acm").delete_certificate(CertificateArn=arn)
    assert validation.refresh() == {"gone"}
