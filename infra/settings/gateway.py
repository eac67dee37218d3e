"""Settings of the gateway, and the rules between it, the hosts of services and the tenants behind them.

No I/O, no secrets.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from infra.settings.dns import DnsSettings, EdgeSettings
from infra.settings.kinds import ImageDigest
from infra.settings.route_kinds import ObjectName, Sentence
from infra.settings.section import Contradiction, Section, repeated

if TYPE_CHECKING:
    # The model of a whole stack imports this module.
    from infra.settings.services import ServiceSettings
    from infra.settings.tenants import TenantSettings


_NO_HOST = "of no effect without a host; add hosts, or remove it"
_NOBODY_ANSWERS = "no service has tenant_hosts; give them to one, or remove it"
_INSIDE = "in dns.zone, where its slug is its host; name one of another zone, or remove it"
_NOTHING_SAYS_SO = "nothing answers for what is closed; add gateway.maintenance with its image"


class MaintenanceSettings(Section):
    """What answers for hosts that are closed: for a while with 503 and when to come back, of tenants whose state closes
    them with 403."""

    image: ImageDigest
    """nginx, which must be there before it is needed; ours is the configuration alone."""

    everywhere: bool = False
    """Whether every host of the environment is closed; single tenants are by their own `maintenance`."""

    message: Sentence = "Closed for maintenance. Please try again in half an hour."
    """What people read."""

    notice: Sentence = "This shop is closed."
    """What people read at the hosts of tenants that are suspended or offboarding."""

    retry_after_seconds: Annotated[int, Field(ge=60, le=86_400)] = 1800
    """When clients may come back; the default is that of REQUIREMENTS, Recovery."""


class GatewaySettings(Section):
    """What stands before the services, where they have hosts."""

    class_name: ObjectName | None = None
    """The cluster's GatewayClass; by default `istio`, `eg` or `aws-alb-gateway-class`, as its own documentation calls
    that of `dns.gateway_class`."""

    maintenance: MaintenanceSettings | None = None
    """What answers for hosts that are closed; none: nothing can be closed."""


class Hosts:
    """The hosts of a stack's services, and what is wrong with them."""

    def __init__(
        self,
        dns: DnsSettings | None,
        edge: EdgeSettings | None,
        gateway: GatewaySettings | None,
        services: Mapping[str, "ServiceSettings"],
        tenants: Sequence["TenantSettings"],
    ) -> None:
        """Take what the stack says.

        Args:
            dns: the stack's.
            edge: the stack's.
            gateway: the stack's.
            services: service name -> its settings.
            tenants: all of them.
        """
        self._dns = dns
        self._edge = edge
        self._gateway = gateway
        self._services = services
        self._tenants = tenants
        self._slugs = {tenant.slug for tenant in tenants if tenant.is_declared}
        self._routed = [name for name, service in services.items() if service.hosts or service.tenant_hosts]
        self._of_tenants = [name for name, service in services.items() if service.tenant_hosts]

    def misrouted(self) -> Iterator[Contradiction]:
        """Return what is said without effect, and hosts, slots and tenants that do not go together."""
        yield from self._unreachable()
        yield from self._without_hosts()
        yield from self._canaries()
        yield from self._shared()
        yield from self._mixed_up()
        yield from self._closed()
        for position, tenant in enumerate(self._tenants):
            for number, domain in enumerate(tenant.domains):
                if self._dns is not None and self._dns.holds(domain):
                    yield ("tenants", position, "domains", number), _INSIDE
            if tenant.is_declared and tenant.release.pin is not None:
                yield from self._pinned(position, tenant.release.pin)
        if self._dns is not None:
            for name in self._routed:
                yield from self._misplaced(self._dns, name)

    def _unreachable(self) -> Iterator[Contradiction]:
        if self._dns is None and self._gateway is not None:
            yield ("gateway",), "stands before hosts of a zone; add dns.zone, or remove it"
        for name in self._routed:
            service = self._services[name]
            place = ("services", name, "hosts" if service.hosts else "tenant_hosts")
            if service.port is None:
                yield place, "nobody calls a worker; remove it, or give it a port"
            elif self._dns is None:
                yield place, "needs a zone; add dns.zone, or remove it"

    def _without_hosts(self) -> Iterator[Contradiction]:
        for name, service in self._services.items():
            if name in self._routed:
                continue
            for field in ("paths", "affinity"):
                if field in service.model_fields_set and getattr(service, field) is not None:
                    yield ("services", name, field), _NO_HOST

    def _canaries(self) -> Iterator[Contradiction]:
        for name, service in self._services.items():
            if service.canary is None:
                continue
            if self._dns is not None and name not in self._routed:
                yield ("services", name, "canary"), _NO_HOST
            elif service.canary.weight == 0 and not service.tenant_hosts:
                wrong = "nobody meets it, as only tenant_hosts have early tenants; make it 1 at least, or remove canary"
                yield ("services", name, "canary", "weight"), wrong

    def _shared(self) -> Iterator[Contradiction]:
        for name in self._of_tenants[1:]:
            wrong = f"services.{self._of_tenants[0]} has them already; one service answers for tenants"
            yield ("services", name, "tenant_hosts"), wrong
        first: dict[tuple[str, str], str] = {}
        for name in self._routed:
            service = self._services[name]
            for position, host in enumerate(service.hosts):
                taken = {first.setdefault((host, path), name) for path in service.paths} - {name}
                if taken:
                    wrong = f"services.{min(taken)} has it already on the same path; name another, or other paths"
                    yield ("services", name, "hosts", position), wrong

    def _mixed_up(self) -> Iterator[Contradiction]:
        first: dict[tuple[str, str], str] = {}
        for name in self._routed:
            service = self._services[name]
            if service.affinity is not None:
                met = {first.setdefault((host, service.affinity.cookie), name) for host in service.hosts} - {name}
                if met:
                    wrong = f"services.{min(met)} has it on the same host; name another"
                    yield ("services", name, "affinity", "cookie"), wrong

    def _closed(self) -> Iterator[Contradiction]:
        maintenance = self._gateway.maintenance if self._gateway is not None else None
        if maintenance is not None and maintenance.everywhere and not self._routed:
            yield ("gateway", "maintenance", "everywhere"), "no service has hosts that could be closed; set it to false"
        for position, tenant in enumerate(self._tenants):
            if tenant.maintenance and not self._of_tenants:
                yield ("tenants", position, "maintenance"), _NOBODY_ANSWERS
            elif tenant.maintenance and maintenance is None:
                yield ("tenants", position, "maintenance"), _NOTHING_SAYS_SO
            if tenant.is_closed and self._of_tenants and maintenance is None:
                yield ("tenants", position, "lifecycle", "state"), _NOTHING_SAYS_SO

    def _pinned(self, position: int, slot: str) -> Iterator[Contradiction]:
        place = ("tenants", position, "release", "pin")
        if not self._of_tenants:
            yield place, _NOBODY_ANSWERS
        elif slot not in self._services[self._of_tenants[0]].slots:
            yield place, f"a slot that services.{self._of_tenants[0]} does not have; name one of its slots"

    def _misplaced(self, dns: DnsSettings, name: str) -> Iterator[Contradiction]:
        service = self._services[name]
        if service.affinity is not None and dns.gateway_class == "aws":
            wrong = "gateway_class aws sets no cookies; remove it, or take another class"
            yield ("services", name, "affinity"), wrong
        for (field, *place), wrong in repeated("hosts", service.hosts):
            yield ("services", name, field, *place), wrong
        for (field, *place), wrong in repeated("paths", service.paths):
            yield ("services", name, field, *place), wrong
        for position, host in enumerate(service.hosts):
            fault = self._fault(dns, host)
            if fault is not None:
                yield ("services", name, "hosts", position), fault

    def _fault(self, dns: DnsSettings, host: str) -> str | None:
        """Return what is wrong with a service's host by itself."""
        label, _, rest = host.partition(".")
        if not dns.holds(host):
            return "outside dns.zone; name the zone, or a host below it"
        if dns.zone not in (host, rest):
            return "more than one label below dns.zone, whose certificate does not hold it; name one nearer"
        if self._edge is not None and self._edge.cdn is not None and host == self._edge.cdn.host:
            return "the host of edge.cdn; choose another"
        if self._of_tenants and host != dns.zone and label in self._slugs:
            return "the host of the tenant with that slug; choose another"
        return None
