"""Settings of hosts: which of them a service answers on, and where one tenant's requests go.

They are parts of a service's and of a tenant's settings. Rules between them are in `gateway`.
"""

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.kinds import Fqdn, Slot
from infra.settings.route_kinds import CookieName, PathPrefix
from infra.settings.section import Section


class AffinitySettings(Section):
    """Who has met one of two slots stays with it while both take traffic."""

    cookie: CookieName = "tenantry-slot"
    """Names the slot to the gateway; services of one host each need their own."""

    seconds: Annotated[int, Field(ge=60, le=86_400)] = 3600
    """How long a browser keeps it; the default is ours."""


class RoutedService(Section):
    """What of a service's settings says who reaches it from outside."""

    hosts: tuple[Fqdn, ...] = ()
    """The zone itself, or hosts one label below; any number."""

    tenant_hosts: bool = False
    """Whether it answers for every tenant, on the tenant's slug below the zone; one service may."""

    paths: Annotated[tuple[PathPrefix, ...], Field(min_length=1, max_length=16)] = ("/",)
    """Which paths of these hosts are its own; the longest that fits wins."""

    affinity: AffinitySettings | None = None
    """Who has met a slot stays with it during a canary; none: each request is on its own."""


class ReleaseSettings(Section):
    """How a tenant takes part in releases."""

    pin: Slot | None = None
    """The only slot that answers the tenant, whatever takes the others' traffic; none: it goes with its ring. Pinning
    makes a route of its own, which the end of it removes."""


class RoutedTenant(Section):
    """What of a tenant's settings says where its requests go."""

    ring: Literal["early", "standard", "late"] = "standard"
    """During a canary: `early` meets the candidate with all requests, `standard` by the canary's weight, `late` only
    after the switch. Tenants of `early` and `late` have routes besides at all times, so that a canary makes none."""

    release: ReleaseSettings = ReleaseSettings()
    """How it takes part in releases."""

    maintenance: bool = False
    """Whether its host answers that it is closed for a while, as `gateway.maintenance` says it."""
