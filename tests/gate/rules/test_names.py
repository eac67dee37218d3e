"""Names, certificates, and hosts that something answers for."""

from typing import Any

import pytest

from infra.gate.change import Hidden, Properties
from infra.gate.rules import names
from tests.gate.rules.cases import created, deleted, found, replaced, tenants, there, updated

UNKNOWN = Hidden.UNKNOWN
RECORD = "aws:route53/record:Record"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
EDGE = "aws:cloudfront/distribution:Distribution"


def record(value: Any, kind: str = "A", name: str = "app.shop.example") -> Properties:
    return {"name": name, "type": kind, "records": [value] if isinstance(value, str) else value}


def test_zones_and_records_stay() -> None:
    zone = "aws:route53/zone:Zone"
    for change in (deleted(zone), replaced(zone, {"name": "a"}, {"name": "b"})):
        assert found(names.dns_replaced, change)
    (finding,) = found(names.dns_replaced, deleted(RECORD, record("192.0.2.1")))
    assert finding.reason == "A app.shop.example is deleted"
    assert found(names.dns_replaced, replaced(RECORD, record("192.0.2.1"), record("a.example", "CNAME")))
    assert not found(names.dns_replaced, updated(RECORD, record("192.0.2.1"), record("192.0.2.2")))
    assert not found(names.dns_replaced, created(RECORD, record("192.0.2.1")))


def test_a_proof_may_be_replaced_with_its_certificate() -> None:
    proof = record("_value.acm-validations.aws.", "CNAME", "_proof.shop.example")
    change = replaced(RECORD, proof, {**proof, "name": "_other.shop.example"})
    assert not found(names.dns_replaced, change)
    assert [finding.level for finding in found(names.dns_changed, change)] == ["notable"]


def test_where_a_record_leads_is_told() -> None:
    (finding,) = found(names.dns_changed, updated(RECORD, record("192.0.2.1"), record("192.0.2.2")))
    assert finding.reason == "app.shop.example: 192.0.2.1 -> 192.0.2.2"
    assert found(names.dns_changed, updated(RECORD, record("192.0.2.1"), record(UNKNOWN)))
    slower = {**record("192.0.2.1"), "ttl": 300}
    assert not found(names.dns_changed, updated(RECORD, record("192.0.2.1"), slower))


@pytest.mark.parametrize("token", [*names._CERTIFICATES])
def test_certificates_stay(token: str) -> None:
    assert found(names.certificate_replaced, deleted(token), replaced(token, {"a": 1}, {"a": 2}, name="two"))
    assert not found(names.certificate_replaced, updated(token, {"a": 1}, {"a": 2}), created(token, {}, name="two"))


@pytest.mark.parametrize("token", [*names._ENTRANCES])
def test_entrances_stay(token: str) -> None:
    assert found(names.entrance_replaced, replaced(token, {"a": 1}, {"a": 2}))
    assert not found(names.entrance_replaced, updated(token, {"a": 1}, {"a": 2}))


def route(*hosts: Any) -> Properties:
    return {"spec": {"hostnames": list(hosts)}}


def test_something_answers_for_every_host() -> None:
    change = updated(ROUTE, route("a.shop.example", "b.shop.example"), route("a.shop.example"))
    (finding,) = found(names.host_unanswered, change)
    assert finding.reason == "nothing answers any more for b.shop.example"
    assert found(names.host_unanswered, deleted(ROUTE, route("a.shop.example")))
    assert not found(names.host_unanswered, change, there(ROUTE, route("b.shop.example"), name="two")), "another does"
    moved = created(ROUTE, route("a.shop.example"), name="two")
    assert not found(names.host_unanswered, deleted(ROUTE, route("a.shop.example")), moved)


def test_hosts_that_cannot_be_seen_are_told() -> None:
    hidden = updated(ROUTE, route("a.shop.example"), {"spec": {"hostnames": UNKNOWN}})
    (finding,) = found(names.host_unanswered, hidden)
    assert "cannot be seen" in finding.reason


def test_the_host_of_a_tenant_that_is_deleted_may_go() -> None:
    life = {"state": "deleted", "export": "0" * 64}
    change = updated(ROUTE, route("book-store.shop.example"), route())
    left = tenants({"slug": "book-store", "plan": "pro", "lifecycle": life})
    assert not found(names.host_unanswered, change, settings=left)
    assert found(names.host_unanswered, change, settings=tenants({"slug": "book-store", "plan": "pro"}))


def test_distributions_and_listeners_keep_their_names() -> None:
    assert found(names.host_unanswered, updated(EDGE, {"aliases": ["a", "b"]}, {"aliases": ["a"]}))
    assert not found(names.host_unanswered, updated(EDGE, {"aliases": ["a"]}, {"aliases": ["a", "b"]}))

    def listening(*hosts: str) -> Properties:
        return {"spec": {"listeners": [{"name": host, "hostname": host} for host in hosts]}}

    assert found(names.host_unanswered, updated(GATEWAY, listening("a", "b"), listening("b")))
    assert not found(names.host_unanswered, updated(GATEWAY, listening("b"), listening("a", "b")))
