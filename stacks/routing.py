"""Which host leads where in an environment: settings -> the gateway, its routes, and what answers for what is closed.

Owns which tenant goes which way: closed, to a copy of its own, pinned to a slot, early or late at a canary, or with
everybody else by weight. Leaves records of hosts to external-dns. Custom domains of tenants are in the registry alone.

Tenants share one wildcard host, so that a tenant costs no resource and its host answers at once; only those that do
not go with everybody else have their own, which Gateway API prefers to the wildcard. Those of the rings `early` and
`late` have it also while there is no canary: its start and end then change weights, and no gateway has to learn of a
host, or to forget one, while it takes requests. The service behind the wildcard tells who is no tenant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.cluster_certificate import ClusterCertificate
from components.gateway import Gateway, GatewayArgs
from components.maintenance import PORT, Maintenance, MaintenanceArgs
from components.own_service import OwnService
from components.pods import DRAIN_SECONDS
from components.routes import Affinity, Backend, Direction, RoutedService, Routes, RoutesArgs
from components.service import Service
from components.slot import Slot
from infra.settings.dns import DnsSettings, GatewayClass
from infra.settings.gateway import GatewaySettings
from infra.settings.models import StackSettings
from infra.settings.own_services import served_alone
from infra.settings.services import ServiceSettings
from infra.settings.tenants import TenantSettings
from stacks.foundation import Foundation

_NAME = "gateway"

_CLASSES: Mapping[GatewayClass, str] = {
    "istio": "istio",  # made by istiod itself
    "envoy": "eg",  # Envoy Gateway's quickstart
    "aws": "aws-alb-gateway-class",  # AWS Load Balancer Controller, "Gateway API for Layer 7"
}

# AWS's load balancer hears of a pod's end from its controller, and each of its nodes by and by; the number is ours.
_AWS_DRAIN_SECONDS = 60


@dataclass(frozen=True)
class _Answer:
    """What answers in place of a service's slots.

    Args:
        backend: the Service.
        after: what must be ready before a request comes.
    """

    backend: Backend
    after: Sequence[pulumi.Resource] = ()


def behind_aws(settings: StackSettings) -> bool:
    """Return whether AWS's load balancer sends requests to pods.

    Args:
        settings: the stack's.
    """
    return settings.dns is not None and settings.dns.gateway_class == "aws"


def drain_seconds(settings: StackSettings) -> Mapping[str, int]:
    """Return service -> how long its pods answer on after they are told to stop.

    Args:
        settings: the stack's.
    """
    slow = behind_aws(settings)
    return {
        name: _AWS_DRAIN_SECONDS if slow and (service.hosts or service.tenant_hosts) else DRAIN_SECONDS
        for name, service in settings.services.items()
    }


def pinned(settings: StackSettings) -> Mapping[str, Sequence[Slot]]:
    """Return service -> the slots that tenants are pinned to, which must be ready as those that everybody meets.

    Args:
        settings: the stack's.
    """
    met = [tenant for tenant in settings.served_tenants if not tenant.is_closed]
    pins = [tenant.release.pin for tenant in met if tenant.release.pin is not None]
    return {name: list(dict.fromkeys(pins)) for name, service in settings.services.items() if service.tenant_hosts}


def declare(
    settings: StackSettings,
    *,
    foundation: Foundation,
    namespace: pulumi.Input[str],
    services: Mapping[str, Service],
    own: Mapping[str, Mapping[str, OwnService]],
    opts: pulumi.ResourceOptions,
) -> Mapping[str, Sequence[pulumi.Resource]]:
    """Declare gateway and routes, where any service has hosts.

    Args:
        settings: the stack's.
        foundation: what the environment stands on.
        namespace: where the services run.
        services: service name -> what it is.
        own: slug -> service name -> the copy of it that the tenant has of its own.
        opts: with the cluster's provider.

    Returns:
        Service name -> its routes.
    """
    routed = {name: service for name, service in settings.services.items() if service.hosts or service.tenant_hosts}
    if settings.dns is None or not routed:
        return {}
    gateway = settings.gateway or GatewaySettings()
    tenants = settings.served_tenants if any(service.tenant_hosts for service in routed.values()) else ()
    closed = _closed(gateway, tenants, namespace, opts)
    answers = {name: {**closed, **_copies(service, name, own)} for name, service in routed.items()}
    ways = {
        name: RoutedService(
            port=_port(service),
            backends=services[name].slot_services,
            directions=_directions(settings, settings.dns, service, services[name], answers[name]),
            paths=service.paths,
            affinity=_affinity(service),
        )
        for name, service in routed.items()
    }
    entry = Gateway(_NAME, _gateway_args(settings.dns, gateway, foundation, namespace), opts)
    args = RoutesArgs(namespace=namespace, gateway=entry, services=ways)
    return Routes("routes", args, opts).routes


def _gateway_args(
    dns: DnsSettings, gateway: GatewaySettings, foundation: Foundation, namespace: pulumi.Input[str]
) -> GatewayArgs:
    assert foundation.parts is not None  # the model refuses a zone where nothing is declared in AWS
    assert foundation.parts.names is not None
    certificate = foundation.parts.names.certificate
    assert certificate is not None  # `serve_cluster` has made it
    return GatewayArgs(
        namespace=namespace,
        class_name=gateway.class_name or _CLASSES[dns.gateway_class],
        zone=dns.zone,
        # ACM's is found by the hosts of the listeners, once it is issued.
        certificate=certificate.secret if isinstance(certificate, ClusterCertificate) else None,
        after=() if isinstance(certificate, ClusterCertificate) else (certificate,),
    )


def _closed(
    gateway: GatewaySettings,
    tenants: Sequence[TenantSettings],
    namespace: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> Mapping[str, _Answer]:
    """Declare what answers for what is closed, while anything is: role of a direction -> what."""
    wanted = gateway.maintenance
    if wanted is None:
        return {}
    answers: dict[str, tuple[str, str, int | None]] = {}
    if wanted.everywhere or any(_role(tenant) == "closed" for tenant in tenants):
        answers["closed"] = (f"{_NAME}-maintenance", wanted.message, wanted.retry_after_seconds)
    if any(tenant.is_closed for tenant in tenants):
        answers["notice"] = (f"{_NAME}-notice", wanted.notice, None)
    found: dict[str, _Answer] = {}
    for role, (name, message, seconds) in answers.items():
        args = MaintenanceArgs(namespace=namespace, image=wanted.image, message=message, retry_after_seconds=seconds)
        found[role] = _Answer(Backend(service=Maintenance(name, args, opts).service, port=PORT))
    return found


def _copies(service: ServiceSettings, name: str, own: Mapping[str, Mapping[str, OwnService]]) -> Mapping[str, _Answer]:
    """Return what answers for tenants that have copies of a service: role of a direction -> what."""
    copies = {slug: made[name] for slug, made in own.items() if name in made}
    return {
        _alone(slug): _Answer(Backend(service=copy.service, port=_port(service), namespace=copy.namespace), copy.ready)
        for slug, copy in copies.items()
    }


def _directions(
    settings: StackSettings,
    dns: DnsSettings,
    service: ServiceSettings,
    declared: Service,
    answers: Mapping[str, _Answer],
) -> list[Direction]:
    """Return where requests to a service's hosts go: each host is in one direction."""
    maintenance = settings.gateway.maintenance if settings.gateway is not None else None
    everywhere = maintenance is not None and maintenance.everywhere
    # The stable Service too: it refuses to move to fewer pods, and then nothing else may.
    after = [*declared.ready, declared.after_switch]
    shared = [*service.hosts, *([f"*.{dns.zone}"] if service.tenant_hosts else [])]
    hosts: dict[str, list[str]] = {"hosts": shared}
    # By name, so that another order in the settings changes nothing.
    for tenant in sorted(settings.served_tenants, key=lambda one: one.slug) if service.tenant_hosts else ():
        role = _role(tenant)
        if role is not None:
            hosts.setdefault(role, []).append(f"{tenant.slug}.{dns.zone}")
    ways = {role: answers.get("closed" if everywhere and role != "notice" else role) for role in hosts}
    return [
        Direction(role=role, hosts=hosts[role], weights=_weights(role, service), after=after)
        if way is None
        else Direction(role=role, hosts=hosts[role], weights=way.backend, after=way.after)
        for role, way in ways.items()
    ]


def _role(tenant: TenantSettings) -> str | None:
    """Return which way of its own a tenant goes; None for that of everybody else."""
    if tenant.is_closed:
        return "notice"
    if tenant.maintenance:
        return "closed"
    if served_alone(tenant):
        return _alone(tenant.slug)
    if tenant.release.pin is not None:
        return tenant.release.pin  # also where everybody goes there: a switch must not move it for a moment
    return None if tenant.ring == "standard" else tenant.ring


def _alone(slug: str) -> str:
    """Return the role of a tenant with a copy; with the dot no other service's route is called so."""
    return f"own.{slug}"


def _weights(role: str, service: ServiceSettings) -> Mapping[Slot, int]:
    """Return how a direction's requests are shared between the slots, where slots answer them."""
    canary = service.canary
    match role:
        case "blue" | "green":
            return {role: 100}
        case "early":
            return {service.active if canary is None else canary.slot: 100}
        case "late":
            return {service.active: 100}
        case _:
            part = 0 if canary is None else canary.weight
            return {service.active: 100 - part, **({} if canary is None else {canary.slot: part})}


def _affinity(service: ServiceSettings) -> Affinity | None:
    wanted = service.affinity
    return None if wanted is None else Affinity(cookie=wanted.cookie, seconds=wanted.seconds)


def _port(service: ServiceSettings) -> int:
    assert service.port is not None  # the model refuses hosts of a service without one
    return service.port
