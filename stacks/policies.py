"""Who opens connections to whom in an environment: settings -> the connections of each service and of the pooler.

Owns what is where: pods by their labels, stores by the subnets that they are in, the gateway by its class. Leaves how
that is written to `components.network_policies`, closing the namespaces to `WorkloadNamespace`, and what answers for
closed hosts, which is open to everybody, to `Maintenance`.

Who calls a service is said in one place, the policy of that service: every service may open connections to services,
and none takes one of whom it does not name. So a change of one service changes its policy and no other.
"""

import ipaddress
from collections.abc import Mapping, Sequence

import pulumi

from components.namespace import TENANT_OF_LABEL
from components.network_policies import (
    DNS,
    NAMESPACE_LABEL,
    POD_IDENTITY,
    Connections,
    NetworkPolicies,
    NetworkPoliciesArgs,
    Peers,
    Rule,
)
from components.pooler_settings import PORT as POOLER_PORT
from components.tenant_lifecycle import LIFECYCLE
from infra.cidr import ZoneBlocks, divide
from infra.naming import MANAGED_BY
from infra.settings.database import BroughtDatabase
from infra.settings.foundation import DeclaredCluster
from infra.settings.models import StackSettings
from infra.settings.own_services import served_alone
from infra.settings.services import ServiceSettings
from stacks import pooling

_NAME_LABEL = "app.kubernetes.io/name"
_COMPONENT_LABEL = "app.kubernetes.io/component"
_OURS = {"app.kubernetes.io/part-of": MANAGED_BY}
_SERVICES = Peers(pods={_COMPONENT_LABEL: "service"})
_MAINTENANCE = Peers(pods={_COMPONENT_LABEL: "maintenance"})
_POOLER = {_COMPONENT_LABEL: "pooler"}

# Those of the components on AWS, whose modules are imported only where something is declared there.
_POSTGRESQL_PORT = 5432
_REDIS_PORT = 6379
_HTTPS_PORT = 443

_GATEWAY = "gateway"
_ISTIO_GATEWAY = {"gateway.networking.k8s.io/gateway-name": _GATEWAY}  # GEP 1762
_ISTIO_PORTS = (80, 443, 15021)  # the listeners', and the one for the load balancer's checks
_ISTIOD_PORT = 15012

# RFC 1918, and RFC 6598, which is used within networks as well.
_ANYWHERE_PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")


def declare(
    settings: StackSettings,
    namespace: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    storage_blocks: pulumi.Output[Sequence[str]] | None = None,
) -> NetworkPolicies:
    """Declare the policies of the platform's own pods, whom its namespace is closed to.

    Args:
        settings: the stack's.
        namespace: of the platform's services.
        opts: with the cluster's provider.
        storage_blocks: where buckets are, in CIDR notation; None where the stack declares nothing in AWS.
    """
    connections = {
        f"service-{name}": _service(name, service, settings, storage_blocks)
        for name, service in settings.services.items()
    }
    connections.update(_gateway(settings))
    if pooling.settings_of(settings) is not None:
        connections["pooler"] = _pooler(settings)
    if settings.tenancy.lifecycle is not None:
        connections[LIFECYCLE] = Connections(pods={_NAME_LABEL: LIFECYCLE, **_OURS}, egress=[DNS, _server(settings)])
    return NetworkPolicies("policies", NetworkPoliciesArgs(namespace=namespace, connections=connections), opts)


def tenants_egress(settings: StackSettings) -> Sequence[Rule]:
    """Return whom the pods of a tenant's own namespace may call: the database, and names.

    Args:
        settings: the stack's.
    """
    return [DNS, *_database(settings, {NAMESPACE_LABEL: settings.namespace})]


def tenants_callers(settings: StackSettings, port: int) -> Rule:
    """Return who calls a tenant's own copy of a service: the gateway.

    Args:
        settings: the stack's, with a zone.
        port: of the service.
    """
    return _from_gateway(settings, port, {NAMESPACE_LABEL: settings.namespace})


def _service(
    name: str,
    service: ServiceSettings,
    settings: StackSettings,
    storage_blocks: pulumi.Output[Sequence[str]] | None,
) -> Connections:
    """Return the connections of a service's pods, and of its jobs' pods, which carry its name as well."""
    outside = [Rule(blocks=called.blocks, ports=called.ports) for called in service.egress]
    stored = (
        [Rule(blocks=storage_blocks, ports=[_HTTPS_PORT])] if service.buckets and storage_blocks is not None else []
    )
    return Connections(
        pods={_NAME_LABEL: name, **_OURS},
        ingress=_callers(name, service, settings),
        egress=[DNS, Rule(peers=[_SERVICES]), *_stores(name, service, settings), *_aws(settings), *stored, *outside],
        named=[called.name for called in service.egress],
    )


def _callers(name: str, service: ServiceSettings, settings: StackSettings) -> list[Rule]:
    """Return who calls a service: those that it names, its own jobs, and the gateway, where it has hosts."""
    if service.port is None:
        return []
    peers = [Peers(pods={_NAME_LABEL: caller, **_OURS}) for caller in dict.fromkeys((name, *service.callers))]
    inside = Rule(peers=peers, ports=[service.port])
    return [inside, _from_gateway(settings, service.port)] if _routed(service) else [inside]


def _routed(service: ServiceSettings) -> bool:
    return bool(service.hosts) or service.tenant_hosts


def _from_gateway(settings: StackSettings, port: int, namespaces: Mapping[str, str] | None = None) -> Rule:
    """Return the gateway as a caller: the load balancer's addresses, or the pods that its class makes for it.

    Where it is called from pods of another namespace, `namespaces` are labels of the platform's.

    AWS's load balancer sends to pods (target type `ip`), or its requests would come from nodes. Istio's pods are beside
    the Gateway, Envoy Gateway's beside its controller (their documentation, "Automated Deployment" and "Gateway
    Namespace Mode").
    """
    assert settings.dns is not None  # the model refuses hosts without a zone
    match settings.dns.gateway_class:
        case "aws":
            return Rule(blocks=[zone.public for zone in _zones(settings)], ports=[port])
        case "istio":
            return Rule(peers=[Peers(pods=_ISTIO_GATEWAY, namespaces=namespaces or {})], ports=[port])
        case "envoy":
            whose = "gateway.envoyproxy.io/owning-gateway"
            proxies = {f"{whose}-name": _GATEWAY, f"{whose}-namespace": settings.namespace}
            return Rule(peers=[Peers(pods=proxies, namespaces={NAMESPACE_LABEL: "envoy-gateway-system"})], ports=[port])


def _gateway(settings: StackSettings) -> Mapping[str, Connections]:
    """Return the connections of the gateway's pods, where they are in this namespace: nothing else opens it to them."""
    routed = any(map(_routed, settings.services.values()))
    if not routed or settings.dns is None or settings.dns.gateway_class != "istio":
        return {}
    alone = any(map(served_alone, settings.tenants))
    copies = [Peers(pods=_SERVICES.pods, namespaces={TENANT_OF_LABEL: settings.namespace})] if alone else []
    control = Peers(pods={"app": "istiod"}, namespaces={NAMESPACE_LABEL: "istio-system"})
    connections = Connections(
        pods=_ISTIO_GATEWAY,
        ingress=[Rule(blocks=["0.0.0.0/0"], ports=_ISTIO_PORTS)],
        egress=[DNS, Rule(peers=[control], ports=[_ISTIOD_PORT]), Rule(peers=[_SERVICES, _MAINTENANCE, *copies])],
    )
    return {"gateway": connections}


def _pooler(settings: StackSettings) -> Connections:
    clients = [Peers(pods=_OURS), Peers(namespaces={TENANT_OF_LABEL: settings.namespace})]
    return Connections(
        pods={**_POOLER, **_OURS},
        ingress=[Rule(peers=clients, ports=[POOLER_PORT])],
        egress=[DNS, _server(settings)],
    )


def _stores(name: str, service: ServiceSettings, settings: StackSettings) -> list[Rule]:
    """Return the stores of a service: Redis, and the database unless nothing of it connects there.

    The read replica has the server's port, and addresses in the same subnets.
    """
    owns = service.migration is not None or any(job.service == name and job.as_owner for job in settings.jobs.values())
    database = _database(settings) if owns or service.database_connections > 0 else []
    redis = settings.redis.cache or settings.redis.sessions
    return [*database, *([Rule(blocks=_data_blocks(settings), ports=[_REDIS_PORT])] if redis else [])]


def _database(settings: StackSettings, namespaces: Mapping[str, str] | None = None) -> list[Rule]:
    """Return the server and, where there is one, the pooler before it.

    Args:
        settings: the stack's.
        namespaces: labels of the pooler's namespace, for pods of another one.
    """
    server = _server(settings)
    if pooling.settings_of(settings) is None:
        return [server]
    return [server, Rule(peers=[Peers(pods={**_POOLER, **_OURS}, namespaces=namespaces or {})], ports=[POOLER_PORT])]


def _server(settings: StackSettings) -> Rule:
    match settings.database:
        case BroughtDatabase(existing=existing):
            assert existing.host is not None  # the loader fills them or refuses
            assert existing.port is not None
            return Rule(blocks=_addresses(existing.host), ports=[existing.port])
        case _:
            return Rule(blocks=_data_blocks(settings), ports=[_POSTGRESQL_PORT])


def _addresses(host: str) -> Sequence[str]:
    """Return where a host may be. A policy knows no names: one that has a name may be anywhere that is private."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _ANYWHERE_PRIVATE
    return [f"{address}/{address.max_prefixlen}"]


def _aws(settings: StackSettings) -> list[Rule]:
    """Return what a pod with an identity of AWS calls: the agent that gives it credentials, and interface endpoints.

    Queues are among those. S3 is at public addresses, those of its gateway endpoint, which are open to services that
    use a bucket; what else has no interface endpoint a service names as egress.
    """
    if not isinstance(settings.cluster, DeclaredCluster):
        return []
    assert settings.network is not None  # the model refuses a declared cluster without one
    endpoints = settings.network.interface_endpoints
    private = [zone.private for zone in _zones(settings)]
    return [POD_IDENTITY, *([] if endpoints == () else [Rule(blocks=private, ports=[_HTTPS_PORT])])]


def _data_blocks(settings: StackSettings) -> Sequence[str]:
    return [zone.data for zone in _zones(settings)]


def _zones(settings: StackSettings) -> Sequence[ZoneBlocks]:
    assert settings.network is not None  # the model refuses what is declared without one
    return list(divide(settings.network.block, settings.network.zones).values())
