"""Cases: who reaches what, by which names, and what stands before it."""

from collections.abc import Sequence
from typing import Any

from tests.gate.corpus.base_cloud import behaviour, bucket, firewall_rule
from tests.gate.corpus.base_cluster import kubernetes
from tests.gate.corpus.case import Case, Change, added, put, together, without
from tests.gate.corpus.declaring import Program

_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_CALLERS = "storefront-callers"
_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_HOST = "app.example.tenantry.example"


def _let_in(block: str, port: int, group: str = "clients") -> Change:
    rule = {"securityGroupId": f"${{{group}.id}}", "ipProtocol": "tcp", "fromPort": port, "toPort": port}
    return added(_INGRESS, "let-in", rule | {"cidrIpv4": block}, parent="network")


def _call(block: str) -> Change:
    rule = {"securityGroupId": "${clients.id}", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}
    return added(_EGRESS, "call", rule | {"cidrIpv4": block}, parent="network")


def _route(block: str, target: str) -> Change:
    key, _, name = target.partition(":")
    way = {"routeTableId": "${routes.id}", "destinationCidrBlock": block, key: f"${{{name}.id}}"}
    return added("aws:ec2/route:Route", "way", way, parent="network")


def _balanced(**annotations: str) -> Change:
    def change(program: Program) -> None:
        program.set("storefront-service", "spec", "type", to="LoadBalancer")
        program.set("storefront-service", "metadata", "annotations", to=annotations)

    return change


def _second_route(program: Program) -> None:
    backends = [{"name": "storefront-blue", "port": 3000}]
    spec: dict[str, Any] = {"parentRefs": [{"name": "gateway", "sectionName": "hosts"}], "hostnames": [_HOST]}
    spec["rules"] = [{"backendRefs": backends}]
    route = {"spec": spec, "metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}}
    kubernetes(program, "gateway.networking.k8s.io/v1:HTTPRoute", "other-route", route, parent="gateway")


def _peer(name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}}


_GROUPS: Sequence[Case] = (
    Case(name="port-open-to-all", change=_let_in("0.0.0.0/0", 443), fires=["network-opened"], saved=True),
    Case(
        name="port-open-to-the-office",
        change=_let_in("203.0.113.0/24", 443),
        fires=["network-source-added"],
        silent=["network-opened"],
    ),
    Case(
        name="port-open-inside",
        change=_let_in("10.10.0.0/16", 443),
        silent=["network-opened", "network-source-added"],
    ),
    Case(
        name="database-open-to-all",
        change=_let_in("0.0.0.0/0", 5432, "database-port"),
        fires=["network-opened", "store-open-to-world"],
        saved=True,
    ),
    Case(
        name="database-open-inside",
        change=_let_in("10.10.0.0/16", 5432, "database-port"),
        silent=["store-open-to-world"],
    ),
    Case(name="calls-all", change=_call("0.0.0.0/0"), fires=["network-egress-opened"]),
    Case(name="calls-a-partner", change=_call("203.0.113.0/26"), silent=["network-egress-opened"]),
    Case(name="subnet-public", change=put("subnet-a", "mapPublicIpOnLaunch", to=True), fires=["endpoint-public"]),
    Case(name="balancer-public", change=_balanced(), fires=["endpoint-public"]),
    Case(name="balancer-internal", change=_balanced(**{_INTERNAL: "internal"}), silent=["endpoint-public"]),
    Case(name="way-in", change=_route("0.0.0.0/0", "gatewayId:internet"), fires=["route-to-internet"]),
    Case(name="way-out-alone", change=_route("0.0.0.0/0", "natGatewayId:way-out"), silent=["route-to-internet"]),
)

_POLICIES: Sequence[Case] = (
    Case(name="namespace-not-closed", change=without("deny"), fires=["namespace-open", "network-policy-removed"]),
    Case(name="callers-shut-out", change=without(_CALLERS), silent=["namespace-open", "network-policy-removed"]),
    Case(
        name="pods-open-to-all",
        change=put(_CALLERS, "spec", "ingress", to=[{"ports": [{"port": 3000, "protocol": "TCP"}]}]),
        fires=["network-policy-opened"],
    ),
    Case(
        name="pods-open-to-one-more",
        change=put(_CALLERS, "spec", "ingress", 0, "from", to=[_peer("admin"), _peer("worker")]),
        fires=["network-policy-widened"],
        silent=["network-policy-opened"],
    ),
    Case(
        name="pods-open-to-nobody",
        change=put(_CALLERS, "spec", "ingress", to=[]),
        silent=["network-policy-opened", "network-policy-widened"],
    ),
)

_EDGE: Sequence[Case] = (
    Case(
        name="firewall-lets-more-through",
        change=put("firewall", "rules", to=[firewall_rule("clients", 1, 1000), firewall_rule("logins", 2, 20)]),
        fires=["firewall-lowered"],
    ),
    Case(
        name="firewall-with-a-rule-less",
        change=put("firewall", "rules", to=[firewall_rule("clients", 1, 100)]),
        fires=["firewall-lowered"],
    ),
    Case(
        name="firewall-lets-less-through",
        change=put("firewall", "rules", to=[firewall_rule("clients", 1, 50), firewall_rule("logins", 2, 20)]),
        silent=["firewall-lowered"],
    ),
    Case(
        name="bucket-not-closed",
        change=put("uploads-closed", "blockPublicPolicy", to=False),
        fires=["bucket-not-private", "bucket-public"],
    ),
    Case(
        name="bucket-comes",
        change=lambda program: bucket(program, "exports"),
        silent=["bucket-not-private", "bucket-public", "iam-resource-public", "key-of-aws", "tags-missing"],
    ),
    Case(
        name="origin-read-by-everybody",
        change=put("distribution", "origins", 0, "originAccessControlId", to=None),
        fires=["origin-opened"],
    ),
    Case(
        name="origin-of-another-name",
        change=together(
            put("distribution", "origins", 0, "originId", to="files"),
            put("distribution", "defaultCacheBehavior", to={**behaviour(), "targetOriginId": "files"}),
        ),
        silent=["origin-opened"],
    ),
)

_NAMES: Sequence[Case] = (
    Case(name="record-renamed", change=put("app-record", "name", to="www." + _HOST), fires=["dns-replaced"]),
    Case(
        name="record-leads-elsewhere", change=put("app-record", "records", to=["b.example.com"]), fires=["dns-changed"]
    ),
    Case(
        name="record-kept-shorter",
        change=put("app-record", "ttl", to=60),
        silent=["dns-replaced", "dns-changed"],
    ),
    Case(
        name="certificate-of-more-names",
        change=put("certificate", "subjectAlternativeNames", to=["*.example.tenantry.example", "shop.example.com"]),
        fires=["certificate-replaced"],
    ),
    Case(
        name="certificate-tagged",
        change=put("certificate", "tags", to={"owner": "security-team"}),
        silent=["certificate-replaced"],
    ),
    Case(
        name="address-given-up",
        change=without("way-out", "way-out-address"),
        fires=["entrance-replaced", "nodes-lowered"],
    ),
    Case(
        name="gateway-annotated",
        change=put("entry", "metadata", "annotations", "example.com/owner", to="platform-team"),
        silent=["entrance-replaced", "host-unanswered"],
    ),
    Case(
        name="host-unanswered",
        change=put("route", "spec", "hostnames", to=["www.example.tenantry.example"]),
        fires=["host-unanswered"],
    ),
    Case(
        name="host-answered-by-another",
        change=together(put("route", "spec", "hostnames", to=["www.example.tenantry.example"]), _second_route),
        silent=["host-unanswered"],
    ),
)

CASES = (*_GROUPS, *_POLICIES, *_EDGE, *_NAMES)
