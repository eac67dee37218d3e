"""Which slot of which service answers requests from outside, by host and path (north-south traffic).

Owns the HTTPRoutes. Leaves traffic inside the cluster (east-west) to each service's stable Service, what a slot runs to
`Service`, and which hosts go which way to the composition.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components.gateway import API, Gateway
from components.slot import SLOTS, Slot
from infra.naming import labels

MOST_HOSTS = 16
"""Host names that one HTTPRoute may have (Gateway API reference, HTTPRouteSpec)."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A Service that answers.

    Args:
        service: its name.
        port: its TCP port.
        namespace: its Kubernetes namespace, which must grant that to routes of theirs; None for the routes' own.
    """

    service: pulumi.Input[str]
    port: int
    namespace: pulumi.Input[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Direction:
    """Hosts whose requests go the same way.

    Args:
        role: one word, for names.
        hosts: whole names, or a wildcard; any number.
        weights: slot -> its share of the requests; or what answers in place of the slots.
        after: what must be ready before a request goes this way.
    """

    role: str
    hosts: Sequence[str]
    weights: Mapping[Slot, int] | Backend
    after: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True, kw_only=True)
class Affinity:
    """Who has met one of two slots stays with it.

    Args:
        cookie: names the slot.
        seconds: how long a browser keeps it.
    """

    cookie: str
    seconds: int


@dataclass(frozen=True, kw_only=True)
class RoutedService:
    """A service that is reached from outside.

    Args:
        port: of its slots' Services.
        backends: slot -> its Service.
        directions: where requests to its hosts go.
        paths: prefixes that are its own on these hosts, 16 at most.
        affinity: while two slots take requests of one host; None for none.
    """

    port: int
    backends: Mapping[Slot, pulumi.Input[str]]
    directions: Sequence[Direction]
    paths: Sequence[str] = ("/",)
    affinity: Affinity | None = None


@dataclass(frozen=True, kw_only=True)
class RoutesArgs:
    """Arguments of `Routes`.

    Args:
        namespace: the Kubernetes namespace of gateway and services.
        gateway: where requests come in.
        services: service -> how it is reached.
    """

    namespace: pulumi.Input[str]
    gateway: Gateway
    services: Mapping[str, RoutedService]


class Routes(pulumi.ComponentResource):
    """A slot gets a request only after everything was ready that its direction waits for.

    Every rule has all slots of its service as backends, also those of weight 0: a switch or a canary changes weights,
    and never backends, which a gateway would answer with 503 until it knows them. No object passes the limits of
    Gateway API, however many hosts there are.
    """

    routes: Mapping[str, Sequence[pulumi.Resource]]
    """Service -> its routes: what its slots without traffic come after."""

    def __init__(self, name: str, args: RoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:gateway:Routes", name, None, opts)
        self._name = name
        self._args = args
        self.routes = {service: list(self._routes(service)) for service in args.services}
        self.register_outputs({"routes": {service: len(routes) for service, routes in self.routes.items()}})

    def _routes(self, service: str) -> Iterator[pulumi.Resource]:
        for direction in self._args.services[service].directions:
            for start in range(0, len(direction.hosts), MOST_HOSTS):
                number = f"-{start // MOST_HOSTS + 1}" if start else ""
                route = f"{service}-{direction.role}{number}"
                yield self._route(route, service, direction, direction.hosts[start : start + MOST_HOSTS])

    def _route(self, route: str, service: str, direction: Direction, hosts: Sequence[str]) -> pulumi.Resource:
        gateway = self._args.gateway
        spec = {
            "parentRefs": gateway.parents(hosts),
            "hostnames": list(hosts),
            "rules": self._rules(self._args.services[service], direction.weights),
        }
        metadata = {"name": route, "namespace": self._args.namespace, "labels": labels(service, "route")}
        return kubernetes.apiextensions.CustomResource(
            f"{self._name}-{route}",
            api_version=API,
            kind="HTTPRoute",
            metadata=metadata,
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[gateway.listening, *direction.after]),
        )

    def _rules(self, service: RoutedService, weights: Mapping[Slot, int] | Backend) -> list[Mapping[str, object]]:
        matches = [{"path": {"type": "PathPrefix", "value": path}} for path in service.paths]
        if isinstance(weights, Backend):
            alone: dict[str, object] = {"name": weights.service, "port": weights.port}
            if weights.namespace is not None:
                alone["namespace"] = weights.namespace
            return [{"matches": matches, "backendRefs": [alone]}]
        live = [slot for slot in SLOTS if weights.get(slot)]
        if service.affinity is None or len(live) < 2:
            return [{"matches": matches, "backendRefs": _backends(service, weights)}]
        kept = [self._kept(service, service.affinity, matches, slot) for slot in live]
        return [*kept, {"matches": matches, "backendRefs": _backends(service, weights, service.affinity)}]

    def _kept(
        self, service: RoutedService, affinity: Affinity, matches: Sequence[Mapping[str, object]], slot: Slot
    ) -> Mapping[str, object]:
        """Return the rule for requests that say that they have met a slot."""
        cookie = {
            "type": "RegularExpression",  # proxies take it for the whole header, which lists all cookies
            "name": "Cookie",
            "value": f"(.*; ?)?{affinity.cookie}={slot}(;.*)?",
        }
        met = [{**match, "headers": [cookie]} for match in matches]
        return {"matches": met, "backendRefs": _backends(service, {slot: 100})}


def _backends(
    service: RoutedService, weights: Mapping[Slot, int], affinity: Affinity | None = None
) -> list[Mapping[str, object]]:
    """Return all slots of a service with their weights, and with what marks who meets them, if that is asked for."""
    found: list[Mapping[str, object]] = []
    for slot in (slot for slot in SLOTS if slot in service.backends):
        backend = {"name": service.backends[slot], "port": service.port, "weight": weights.get(slot, 0)}
        found.append(backend if affinity is None else {**backend, "filters": [_mark(affinity, slot)]})
    return found


def _mark(affinity: Affinity, slot: Slot) -> Mapping[str, object]:
    kept = f"{affinity.cookie}={slot}; Path=/; Max-Age={affinity.seconds}; Secure; HttpOnly; SameSite=Lax"
    return {
        "type": "ResponseHeaderModifier",
        "responseHeaderModifier": {"add": [{"name": "Set-Cookie", "value": kept}]},
    }
