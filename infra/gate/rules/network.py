"""Networks in AWS that let in more than before.

Owns security groups, public addresses and routes. Leaves pods' policies to `network_policies`, and buckets and the
firewall to `edge`.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from infra.gate.change import Change, Hidden
from infra.gate.rules.addresses import GROUPS, Opening, openings, reach
from infra.gate.rules.lowering import SWITCHED_ON, Guard, lowered
from infra.gate.rules.properties import at, differs, is_on, text, texts, told
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View

_CLUSTER = "aws:eks/cluster:Cluster"
_ROUTE = "aws:ec2/route:Route"
_NETWORK = "aws:ec2/vpc:Vpc"
_SERVICE = "kubernetes:core/v1:Service"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-"

_PUBLIC: Sequence[Guard] = (
    # EKS makes the endpoint public where nothing is said (its API reference, VpcConfigRequest).
    Guard(
        _CLUSTER, ("vpcConfig", "endpointPublicAccess"), "who reaches the cluster's API from outside", SWITCHED_ON, True
    ),
    Guard("aws:rds/instance:Instance", ("publiclyAccessible",), "a public address of the database", SWITCHED_ON),
    Guard("aws:ec2/subnet:Subnet", ("mapPublicIpOnLaunch",), "public addresses for all in the subnet", SWITCHED_ON),
)


@rule("dangerous")
def network_opened(view: View) -> Iterator[Found]:
    """A security group lets in everybody, or nobody can see whom.

    Source: CIS AWS Foundations 3.0 5.2, 5.3; AWS Security Hub EC2.18
    """
    for change, opening in _new(view, "ingress"):
        if opening.reach == "world":
            yield Found(change.urn, f"lets in everybody ({opening.source}) at {opening.ports}", "ingress")
        elif opening.reach == "hidden":
            yield Found(change.urn, f"whom it lets in at {opening.ports} cannot be seen in this preview", "ingress")


@rule("notable")
def network_source_added(view: View) -> Iterator[Found]:
    """A security group lets in addresses outside that it did not let in before.

    Source: REQUIREMENTS, Security and compliance (IP allow lists)
    """
    for change, opening in _new(view, "ingress"):
        if opening.reach == "public":
            yield Found(change.urn, f"lets in {opening.source} at {opening.ports}", "ingress")


@rule("notable")
def network_egress_opened(view: View) -> Iterator[Found]:
    """A security group lets its own call everybody.

    Source: CIS AWS Foundations 3.0 section 5
    """
    for change, opening in _new(view, "egress"):
        if opening.reach in ("world", "hidden"):
            yield Found(change.urn, f"calls {opening.source} at {opening.ports}", "egress")


@rule("forbidden")
def store_open_to_world(view: View) -> Iterator[Found]:
    """A database or a store lets in everybody, whether it did before or not.

    Source: AWS Security Hub EC2.19, RDS.2; REQUIREMENTS, Security and compliance
    """
    for token in GROUPS:
        for resource in view.resources(token):
            for opening in openings(resource.type, resource.inputs, "ingress"):
                if opening.reach == "world" and opening.store is not None:
                    reason = f"lets in everybody ({opening.source}) at {opening.ports}: {opening.store}"
                    yield Found(resource.urn, reason, "ingress")
    for resource in view.resources("aws:rds/instance:Instance"):
        if is_on(resource.inputs.get("publiclyAccessible")):
            yield Found(resource.urn, "a database has a public address", "publiclyAccessible")


@rule("dangerous")
def endpoint_public(view: View) -> Iterator[Found]:
    """Something gets an address that is reached from outside: a cluster's API, a database, a subnet, a load balancer.

    Source: CIS Amazon EKS 1.4 5.4.1, 5.4.2; AWS Security Hub RDS.2, EC2.15
    """
    yield from lowered(view, _PUBLIC)
    for change in view.changes(_CLUSTER, "update", "replace", "create"):
        yield from _api(change)
    for change in view.changes(_SERVICE, "create", "update", "replace"):
        if _is_public(change, after=True) and not _is_public(change, after=False):
            yield Found(change.urn, f"is reached from outside: {told(at(change.after, 'spec', 'type'))}", "spec.type")
    for change in view.changes(_BALANCER, "create", "update", "replace"):
        if not is_on(change.after.get("internal")) and (
            change.kind == "create" or is_on(change.before.get("internal"))
        ):
            yield Found(change.urn, "a load balancer is reached from outside", "internal")


@rule("dangerous")
def route_to_internet(view: View) -> Iterator[Found]:
    """A part of a network that is there gets a way to the internet that others can come back by.

    Source: AWS, Internet gateways; CIS AWS Foundations 3.0 section 5
    """
    new_network = any(True for _ in view.changes(_NETWORK, "create"))
    for change in view.changes(_ROUTE, "create", "update", "replace"):
        target = change.after.get("gatewayId")
        if (
            new_network
            or target is None
            or (target == change.before.get("gatewayId") and not differs(change, "gatewayId"))
        ):
            continue
        if reach(change.after.get("destinationCidrBlock")) in ("world", "hidden"):
            yield Found(change.urn, f"leads to the internet by {told(target)}", "gatewayId")


def _new(view: View, way: Literal["ingress", "egress"]) -> Iterator[tuple[Change, Opening]]:
    """Return who is let through that was not before."""
    for token in GROUPS:
        for change in view.changes(token, "create", "update", "replace"):
            before, after = (set(openings(change.type, inputs, way)) for inputs in (change.before, change.after))
            for opening in sorted(after - before, key=lambda one: (one.source, one.first, one.last)):
                if not any(_covers(other, opening) for other in before):
                    yield change, opening


def _covers(wide: Opening, narrow: Opening) -> bool:
    ports = wide.first <= narrow.first and narrow.last <= wide.last
    return ports and (wide.source == narrow.source or wide.reach == "world") and narrow.reach != "hidden"


def _api(change: Change) -> Iterator[Found]:
    """Return that everybody may call a cluster's API, where nobody or few could before."""
    place = ("vpcConfig", "publicAccessCidrs")
    switch = at(change.after, "vpcConfig", "endpointPublicAccess")
    if not (switch is None or is_on(switch)):
        return
    before, after = at(change.before, *place), at(change.after, *place)
    if isinstance(after, Hidden):
        if differs(change, *place):
            yield Found(change.urn, "who may call the cluster's API cannot be seen in this preview", ".".join(place))
        return
    old, new = texts(before) or ["0.0.0.0/0"], texts(after) or ["0.0.0.0/0"]
    was_open = change.kind != "create" and any(reach(block) == "world" for block in old)
    if any(reach(block) == "world" for block in new) and not was_open:
        yield Found(change.urn, f"everybody may call the cluster's API: {told(new)}", ".".join(place))


def _is_public(change: Change, *, after: bool) -> bool:
    inputs = change.after if after else change.before
    kind = at(inputs, "spec", "type")
    if isinstance(kind, Hidden):
        return after
    if text(kind) not in ("LoadBalancer", "NodePort"):
        return False
    notes = at(inputs, "metadata", "annotations")
    internal = at(notes, f"{_INTERNAL}scheme") == "internal" or is_on(at(notes, f"{_INTERNAL}internal"))
    return not internal


RULES = (
    network_opened,
    network_source_added,
    network_egress_opened,
    store_open_to_world,
    endpoint_public,
    route_to_internet,
)
