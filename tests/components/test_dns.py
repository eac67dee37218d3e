"""Names: who may issue certificates, who may change records, and who is told when a host does not answer."""

import json
from typing import Any

import pytest

from components.dns import Dns, DnsArgs
from components.health_check import HealthCheck, HealthCheckArgs
from tests.harness import Graph, graph_of

ZONE = "arn:aws:route53:::hostedzone/id-of-dns-zone"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"


def names(args: DnsArgs | None = None) -> Graph:
    def declare() -> dict[str, Any]:
        dns = Dns("dns", args or DnsArgs(zone="shop.example.com", authorities=["amazon.com", "letsencrypt.org"]))
        dns.grant_records("cert-manager", "role-of-cert-manager")
        dns.grant_discovery("external-dns", "role-of-external-dns")
        check = HealthCheckArgs(host="api.shop.example.com", path="/api/health", alarm_topic_arn=TOPIC)
        HealthCheck("health-api", check)
        return {"name_servers": dns.name_servers, "zone_id": dns.zone_id}

    return graph_of(declare)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return names()


def rights(graph: Graph, grant: str) -> list[tuple[list[str], list[str]]]:
    statements = json.loads(graph.named(f"dns-{grant}-policy").plain("policy"))["Statement"]
    assert {part["Effect"] for part in statements} == {"Allow"}
    return [(part["Action"], part["Resource"]) for part in statements]


def test_nobody_else_issues_certificates_for_the_zone(graph: Graph) -> None:
    record = graph.named("dns-authorities")
    assert (record.plain("type"), record.plain("name")) == ("CAA", "shop.example.com")
    assert record.plain("records") == [
        '0 issue "amazon.com"',
        '0 issuewild "amazon.com"',
        '0 issue "letsencrypt.org"',
        '0 issuewild "letsencrypt.org"',
    ]


def test_the_zone_is_protected_unless_told_otherwise(graph: Graph) -> None:
    assert graph.named("dns-zone").protect
    assert graph.named("dns-zone").plain("forceDestroy") is False
    loose = names(DnsArgs(zone="shop.example.com", authorities=["amazon.com"], protect=False))
    assert not loose.named("dns-zone").protect
    assert loose.named("dns-zone").plain("forceDestroy") is True


def test_a_writer_changes_records_of_this_zone_alone(graph: Graph) -> None:
    records = (["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"], [ZONE])
    change = (["route53:GetChange"], ["arn:aws:route53:::change/*"])
    assert rights(graph, "cert-manager-writes") == [records, change]
    assert rights(graph, "external-dns-finds")[:2] == [records, change]


def test_who_finds_the_zone_reads_all_zones_and_changes_no_other(graph: Graph) -> None:
    reading = ["route53:ListResourceRecordSets", "route53:ListTagsForResource", "route53:ListTagsForResources"]
    assert rights(graph, "external-dns-finds")[2:] == [
        (reading, ["arn:aws:route53:::hostedzone/*"]),
        (["route53:ListHostedZones", "route53:ListHostedZonesByName"], ["*"]),
    ]


def test_what_the_zone_above_must_delegate_to_is_told(graph: Graph) -> None:
    assert graph.exports["zone_id"] == "id-of-dns-zone"
    assert graph.exports["name_servers"] == ["ns-1.awsdns-01.org", "ns-2.awsdns-02.com"]


def test_a_host_is_asked_from_outside_over_https(graph: Graph) -> None:
    check = graph.named("health-api-check")
    assert (check.plain("type"), check.plain("fqdn"), check.plain("port")) == ("HTTPS", "api.shop.example.com", 443)
    assert (check.plain("resourcePath"), check.plain("requestInterval")) == ("/api/health", 30)
    assert (check.plain("failureThreshold"), check.plain("enableSni")) == (3, True)


def test_its_alarm_is_where_its_metric_is_and_tells_of_the_end_too(graph: Graph) -> None:
    alarm = graph.named("health-api-alarm")
    assert alarm.plain("region") == "us-east-1"
    assert (alarm.plain("namespace"), alarm.plain("metricName")) == ("AWS/Route53", "HealthCheckStatus")
    assert alarm.plain("dimensions") == {"HealthCheckId": "id-of-health-api-check"}
    assert (alarm.plain("statistic"), alarm.plain("comparisonOperator"), alarm.plain("threshold")) == (
        "Minimum",
        "LessThanThreshold",
        1,
    )
    assert alarm.plain("alarmActions") == alarm.plain("okActions") == [TOPIC]
    assert alarm.plain("treatMissingData") == "breaching"
