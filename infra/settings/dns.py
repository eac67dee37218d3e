"""Settings of names and of the edge: zone, certificate, health checks, web firewall and content delivery.

Defaults are production-safe. No I/O, no secrets.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from infra.settings.kinds import AcmeServer, Cidr, Email, Fqdn, HttpPath, LogRetentionDays
from infra.settings.section import Contradiction, Section, repeated

RESERVED_HOSTS = ("admin", "api", "app", "www")
"""The platform's own hosts below the zone, which no tenant has (REQUIREMENTS, Tenants)."""

GatewayClass = Literal["aws", "istio", "envoy"]

_AMAZON = "amazon.com"
"""Who issues ACM's certificates, in CAA records (ACM's user guide, "Configure a CAA record")."""

_CERT_MANAGER_RENEWS_DAYS = 30
"""How long before the end `ClusterCertificate` has them renewed: what Let's Encrypt recommends."""

CertifiedHost = Annotated[Fqdn, Field(max_length=64)]
"""The first name of a certificate, whose length ACM limits (its API reference, RequestCertificate)."""

_LONGEST_CHECK = 234
"""An alarm's name has 255 characters at most (API reference of PutMetricAlarm), of which `health-HOST/PATH-alarm-` and
the provider's seven take 21."""

_OUTSIDE = "outside dns.zone; name a host below it"


class AcmeSettings(Section):
    """Who issues certificates that cert-manager asks for."""

    email: Email
    """Told by the issuer of trouble with the account."""

    server: AcmeServer = "https://acme-v02.api.letsencrypt.org/directory"
    """The issuer's ACME directory; Let's Encrypt's own, unless given."""

    authority: Fqdn = "letsencrypt.org"
    """The issuer's name in CAA records."""


class HealthCheckSettings(Section):
    """A host and path that is asked from outside over HTTPS, from three continents."""

    host: Fqdn
    """The zone itself or a host in it."""

    path: HttpPath = "/"
    """Must answer with 2xx or 3xx."""

    seconds: Literal[10, 30] = 30
    """How often each place asks; Route 53 offers these two (REQUIREMENTS, Alerts, asks for 5 minutes at most)."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return that no alarm can be called after it."""
        if len(self.host + self.path) > _LONGEST_CHECK:
            yield ("path",), f"too long: {_LONGEST_CHECK} characters at most with its host; ask for a shorter one"


class DnsSettings(Section):
    """The zone that all hosts of the environment are in, and their certificate."""

    zone: CertifiedHost
    """Its name; the registrar, or the zone above it, must delegate it to the stack's output `name_servers`."""

    gateway_class: GatewayClass = "aws"
    """What answers for the hosts: `aws` takes its certificate from ACM, the others from cert-manager."""

    acme: AcmeSettings | None = None
    """Who issues certificates for the gateway classes `istio` and `envoy`, which cannot use ACM's."""

    health_checks: Annotated[tuple[HealthCheckSettings, ...], Field(max_length=50)] = ()
    """What is asked from outside, each with an alarm."""

    expiry_warning_days: Annotated[int, Field(ge=1, le=40)] = 30
    """An alarm when a certificate ends sooner; ACM renews 45 days or more before the end, cert-manager 30."""

    protect: bool = True
    """The engine refuses to delete the zone: another one would have other name servers."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return an issuer too many or too few, alarms before any renewal, and hosts of another zone."""
        if self.gateway_class == "aws" and self.acme is not None:
            yield ("acme",), "not used by gateway_class aws, whose certificate is ACM's; remove it"
        if self.gateway_class != "aws" and self.acme is None:
            yield ("acme",), "missing, but this gateway_class has no certificate from ACM; add its email"
        if self.acme is not None and self.expiry_warning_days > _CERT_MANAGER_RENEWS_DAYS:
            wrong = f"{_CERT_MANAGER_RENEWS_DAYS} at most with acme: cert-manager renews no sooner; lower it"
            yield ("expiry_warning_days",), wrong
        for position, check in enumerate(self.health_checks):
            if not self.holds(check.host):
                yield ("health_checks", position, "host"), _OUTSIDE
        yield from repeated("health_checks", [f"{check.host}{check.path}" for check in self.health_checks])

    def holds(self, host: str) -> bool:
        """Whether a host is the zone itself or in it.

        Args:
            host: a whole name.
        """
        return host == self.zone or host.endswith(f".{self.zone}")

    @property
    def authorities(self) -> tuple[str, ...]:
        """Who may issue certificates for the zone, as CAA records say it."""
        return (_AMAZON,) if self.acme is None else (_AMAZON, self.acme.authority)


class RateLimitSettings(Section):
    """How much one client may ask for. The defaults are those of REQUIREMENTS, Workloads: 100 in 60 s."""

    requests: Annotated[int, Field(ge=10, le=2_000_000_000)] = 100
    """Requests of one address in the time; WAF's least is 10."""

    seconds: Literal[60, 120, 300, 600] = 60
    """The time; WAF counts over one of these."""


class CdnSettings(Section):
    """A content delivery network before the bucket of static assets."""

    host: CertifiedHost
    """Its host, one label below the zone."""

    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = "PriceClass_100"
    """Where it answers from: North America and Europe; with most of Asia and Africa too; everywhere."""

    rate_limit: RateLimitSettings = RateLimitSettings(requests=2000)
    """As for the gateway, for assets. The default is ours: one page may have a hundred of them."""


class EdgeSettings(Section):
    """What stands between the internet and the gateway."""

    rate_limit: RateLimitSettings = RateLimitSettings()
    """A client that asks for more is refused until it slows down."""

    allow: Annotated[tuple[Cidr, ...], Field(max_length=1000)] = ()
    """Networks that are let in; none: everybody is."""

    log_retention_days: LogRetentionDays = 90
    """How long the record of requests is kept."""

    cdn: CdnSettings | None = None
    """Where static assets are served from; none: nowhere."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return networks that are named twice, and those that WAF does not take."""
        yield from repeated("allow", self.allow)
        for position, network in enumerate(self.allow):
            if network.endswith("/0"):
                yield ("allow", position), "everybody; leave the list empty for that"


def misfits(
    dns: DnsSettings | None, edge: EdgeSettings | None, slugs: Sequence[str], *, in_aws: bool
) -> Iterator[Contradiction]:
    """Return what does not go together between sections of a stack.

    Args:
        dns: the stack's.
        edge: the stack's.
        slugs: of its tenants, whose hosts they begin.
        in_aws: whether the stack declares anything in AWS.
    """
    if dns is not None and not in_aws:
        yield ("dns",), "made in AWS, where this stack declares nothing; remove it"
    taken = dict.fromkeys(RESERVED_HOSTS, "a host of the platform's own; choose another")
    if edge is not None and edge.cdn is not None:
        label = edge.cdn.host.partition(".")[0]
        if dns is None:
            yield ("edge", "cdn"), "needs a zone for its host; add dns.zone, or remove it"
        elif edge.cdn.host.partition(".")[2] != dns.zone:
            yield ("edge", "cdn", "host"), "not one label below dns.zone, as its certificate and record are"
        elif label in RESERVED_HOSTS:
            yield ("edge", "cdn", "host"), "a host of the platform's own; choose another"
        else:
            taken[label] = "the host of edge.cdn; choose another"
    if edge is not None and edge.allow and dns is not None and dns.health_checks:
        yield ("dns", "health_checks"), "asked from outside of edge.allow, and never answered; remove one of the two"
    for position, slug in enumerate(slugs):
        if slug in taken:
            yield ("tenants", position, "slug"), taken[slug]
