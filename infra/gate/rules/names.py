"""Names by which the platform is found, and the certificates for them.

Owns DNS, certificates and hosts that something answers for. Leaves what answers to `releases`.
"""

from collections.abc import Iterator, Mapping

from infra.gate.change import Properties
from infra.gate.rules.properties import at, differs, is_hidden, listed, objects, text, texts, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View

_RECORD = "aws:route53/record:Record"
_GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
_ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"

_CERTIFICATES: Mapping[str, str] = {
    "aws:acm/certificate:Certificate": "whatever has the old one must get the new one first",
    "kubernetes:cert-manager.io/v1:Certificate": "the authority has to issue it again",
    "kubernetes:cert-manager.io/v1:ClusterIssuer": "certificates of it are no longer renewed",
    "kubernetes:cert-manager.io/v1:Issuer": "certificates of it are no longer renewed",
}
_ENTRANCES: Mapping[str, str] = {
    "aws:cloudfront/distribution:Distribution": "its domain name is another one",
    "aws:lb/loadBalancer:LoadBalancer": "its address is another one",
    "aws:ec2/eip:Eip": "the address is gone for good, and whoever lets it in lets in another",
    _GATEWAY: "hosts are not reached until another one is there",
}


@rule("dangerous")
def dns_replaced(view: View) -> Iterator[Found]:
    """A zone or a record of it is deleted or replaced: names are not found, and resolvers remember that.

    What proves to AWS that a domain is ours is left to `dns-changed`.

    Source: REQUIREMENTS, Tenants (routing)
    """
    for change in view.changes("aws:route53/zone:Zone", "delete", "replace"):
        yield Found(change.urn, "its name servers are others, and who delegates to them has to know")
    for change in view.changes(_RECORD, "delete", "replace"):
        if not _is_proof(change.before):
            kind, name = text(change.before.get("type")), told(change.before.get("name"))
            yield Found(change.urn, f"{kind} {name} is {change.kind}d")


@rule("notable")
def dns_changed(view: View) -> Iterator[Found]:
    """A record leads elsewhere; or what proves that a domain is ours changes.

    Source: REQUIREMENTS, Tenants (routing)
    """
    for change in view.changes(_RECORD, "update"):
        for key in ("records", "aliases", "type"):
            before, after = change.before.get(key), change.after.get(key)
            if before != after or (is_hidden(after) and differs(change, key)):
                yield Found(change.urn, f"{told(change.after.get('name'))}: {told(before)} -> {told(after)}", key)
    for change in view.changes(_RECORD, "delete", "replace"):
        if _is_proof(change.before):
            yield Found(change.urn, f"proof that {told(change.before.get('name'))} is ours is {change.kind}d")


@rule("dangerous")
def certificate_replaced(view: View) -> Iterator[Found]:
    """A certificate, or who issues it, is deleted or replaced.

    Source: REQUIREMENTS, Security and compliance (TLS), Alerts (certificate expiry)
    """
    for token, reason in _CERTIFICATES.items():
        for change in view.changes(token, "delete", "replace"):
            yield Found(change.urn, f"{change.kind}d: {reason}")


@rule("dangerous")
def entrance_replaced(view: View) -> Iterator[Found]:
    """What requests come in by is deleted or replaced, so that its address is another one.

    Source: REQUIREMENTS, Alerts (99.9 % uptime)
    """
    for token, reason in _ENTRANCES.items():
        for change in view.changes(token, "delete", "replace"):
            yield Found(change.urn, f"{change.kind}d: {reason}")


@rule("dangerous")
def host_unanswered(view: View) -> Iterator[Found]:
    """No route is for a host any more that one was for.

    The host of a tenant that the settings say is deleted may go.

    Source: REQUIREMENTS, Tenants (routing)
    """
    still = {host for route in view.resources(_ROUTE) for host in _hosts(route.inputs)}
    hidden = [route for route in view.resources(_ROUTE) if is_hidden(at(route.inputs, "spec", "hostnames"))]
    for change in view.changes(_ROUTE, "update", "replace", "delete"):
        gone = sorted(host for host in _hosts(change.before) - still if not _leaves(view, host))
        if gone and not hidden:
            yield Found(change.urn, f"nothing answers any more for {listed(gone)}", "spec.hostnames")
    for route in hidden:
        changed = view.change(route.urn)
        if changed is not None and changed.kind != "create":
            yield Found(route.urn, "which hosts it answers for cannot be seen in this preview", "spec.hostnames")
    yield from _domains(view)


def _domains(view: View) -> Iterator[Found]:
    """Return names that a distribution or a listener no longer answers for."""
    for change in view.changes("aws:cloudfront/distribution:Distribution", "update"):
        gone = sorted(set(texts(change.before.get("aliases"))) - set(texts(change.after.get("aliases"))))
        if gone:
            yield Found(change.urn, f"nothing answers any more for {listed(gone)}", "aliases")
    for change in view.changes(_GATEWAY, "update"):
        before, after = (_listeners(inputs) for inputs in (change.before, change.after))
        gone = sorted(before - after)
        if gone and not is_hidden(at(change.after, "spec", "listeners")):
            yield Found(change.urn, f"no listener any more for {listed(gone)}", "spec.listeners")


def _is_proof(inputs: Properties) -> bool:
    name = text(inputs.get("name"))
    return inputs.get("type") == "CNAME" and (name.startswith("_") or "acm-validations" in told(inputs.get("records")))


def _hosts(inputs: Properties) -> set[str]:
    return set(texts(at(inputs, "spec", "hostnames")))


def _listeners(inputs: Properties) -> set[str]:
    return {text(one.get("hostname")) for one in objects(at(inputs, "spec", "listeners"))} - {""}


def _leaves(view: View, host: str) -> bool:
    return view.tenant_state(host.partition(".")[0]) == "deleted"


RULES = (dns_replaced, dns_changed, certificate_replaced, entrance_replaced, host_unanswered)
