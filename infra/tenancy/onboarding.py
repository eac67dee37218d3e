"""A tenant to be: what its entry in the file says, and why it could not have one.

Leaves what is wrong with its values to the settings, which judge the whole file with it.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from infra.errors import TenantryError
from infra.settings.dns import RESERVED_HOSTS
from infra.settings.kinds import Isolation, Plan
from infra.settings.models import StackSettings
from infra.settings.secrets import MOMENT_FORMAT
from infra.tenancy import placement, slugs
from infra.tenancy.mapping_edit import Value
from infra.tenancy.proposals import Opened


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """What is known of a tenant to be.

    Args:
        slug: its slug, as a user gives it.
        plan: what it pays for.
        name: what people call it.
        isolation: how its data is kept apart; None for its plan's.
        domains: hosts of its own.
        ring: when it meets a candidate.
        trial_ends: when its trial is over, in RFC 3339 and UTC; None for no trial.
        contacts: who is told of what concerns it.
    """

    slug: str
    plan: Plan
    name: str | None = None
    isolation: Isolation | None = None
    domains: tuple[str, ...] = ()
    ring: str | None = None
    trial_ends: str | None = None
    contacts: tuple[str, ...] = ()


def fields(newcomer: Newcomer, files: Sequence[Opened], now: datetime.datetime) -> dict[str, Value]:
    """Return what the entry of a tenant says, in the order of the settings; only what is not the default.

    Args:
        newcomer: who it is.
        files: the tenants of the environment, in one of which its entry is going to be.
        now: with its zone.

    Raises:
        TenantryError: its slug is none, or taken, or its trial is over before it begins.
    """
    slug = slugs.checked(newcomer.slug)
    for file in files:
        state = next((tenant.lifecycle.state for tenant in file.tenants if tenant.slug == slug), None)
        if state is not None:
            raise TenantryError(f"there is such a tenant ({state})", f"{file.name}: {slug}", "choose another slug")
    owner = _owner_of_host(files[0].environment, slug)
    if owner is not None:
        raise TenantryError(f"reserved: {owner}", slug, "choose another slug, as its host is there already")
    lifecycle = {} if newcomer.trial_ends is None else {"state": "trial", "ends": _later(newcomer.trial_ends, now)}
    made: dict[str, Value | None] = {
        "slug": slug,
        "name": newcomer.name,
        "plan": newcomer.plan,
        "isolation": newcomer.isolation,
        "domains": newcomer.domains,
        "ring": newcomer.ring,
        "lifecycle": lifecycle,
        "contacts": newcomer.contacts,
    }
    return {key: value for key, value in made.items() if value}


def place(newcomer: Newcomer, files: Sequence[Opened]) -> Opened:
    """Return the file that a new tenant's entry goes into: of an environment, that of the first cell with room.

    Args:
        newcomer: who it is.
        files: as `opened` gives them.

    Raises:
        TenantryError: no cell has room.
    """
    if not files[0].environment.cells or files[0].stack != files[0].environments_stack:
        return files[0]
    stack = placement.place(files[0].stack, newcomer.plan, newcomer.isolation, files[0].root)
    return next(file for file in files if file.stack == stack)


def _owner_of_host(settings: StackSettings, label: str) -> str | None:
    """Return whose host a tenant of that slug would have; None where it is nobody's."""
    if label in RESERVED_HOSTS:
        return f"hosts of the platform's own are {', '.join(RESERVED_HOSTS)}"
    if settings.dns is None:
        return None
    host = f"{label}.{settings.dns.zone}"
    for name, service in settings.services.items():
        if host in service.hosts:
            return f"a host of services.{name}"
    if settings.edge is not None and settings.edge.cdn is not None and settings.edge.cdn.host == host:
        return "the host of edge.cdn"
    return None


def _later(moment: str, now: datetime.datetime) -> str:
    """Return a moment that is still to come.

    Raises:
        TenantryError: it has passed. What is no moment is left to the settings.
    """
    try:
        ends = datetime.datetime.strptime(moment, MOMENT_FORMAT).replace(tzinfo=datetime.UTC)
    except ValueError:
        return moment
    if ends <= now:
        raise TenantryError("over before it begins", "--trial-ends", "give a moment that is still to come")
    return moment
