"""Settings of feature flags: whom they are on for, who reads them, and whose pods roll by them.

Leaves the order in which they are decided, and the document that services read, to `infra.flags`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from infra.flags import MOST_BYTES, Tenant, resolve, size
from infra.settings.kinds import Plan, ServiceName
from infra.settings.section import Contradiction, Section, repeated

_UNKNOWN_SERVICE = "no such service; add it to services, or remove it here"


class FlagSettings(Section):
    """Something that services do for some tenants and not for others, decided without a release.

    Off unless `on`; then as the tenant's `features` say, then as its plan does (REQUIREMENTS, Tenants).
    """

    on: bool = False
    """Whether anybody has it; false turns it off for everybody at once, whatever plans and tenants say."""

    plans: tuple[Plan, ...] = ()
    """The plans that have it; a tenant's `features` count before."""

    services: Annotated[tuple[ServiceName, ...], Field(min_length=1)] | None = None
    """Who reads it; all services unless given."""

    rolls: tuple[ServiceName, ...] = ()
    """Services whose pods restart when it changes, for it to count at once; others find it in their file soon after."""

    def read_by(self, service: str) -> bool:
        """Return whether a service reads it."""
        return self.services is None or service in self.services

    def contradictions(self) -> Iterator[Contradiction]:
        """Return what is named twice, and services whose pods would roll by what they do not read."""
        for field in ("plans", "services", "rolls"):
            yield from repeated(field, getattr(self, field) or ())
        for position, service in enumerate(self.rolls):
            if not self.read_by(service):
                yield ("rolls", position), "does not read it; add it to services of the flag, or remove it here"


def misread(
    flags: Mapping[str, FlagSettings], services: Collection[str], tenants: Sequence[Tenant]
) -> Iterator[Contradiction]:
    """Return, below the settings' root, services and flags that are not there, and what is too much to read.

    Args:
        flags: name -> the environment's.
        services: the environment's.
        tenants: the environment's.
    """
    for name, flag in flags.items():
        for field, named in (("services", flag.services or ()), ("rolls", flag.rolls)):
            for position, service in enumerate(named):
                if service not in services:
                    yield ("flags", name, field, position), _UNKNOWN_SERVICE
    unknown = [
        (("tenants", position, "features", name), "no such flag; add it to flags, or remove it here")
        for position, tenant in enumerate(tenants)
        for name in tenant.features
        if name not in flags
    ]
    yield from unknown or _oversized(flags, services, tenants)


def _oversized(
    flags: Mapping[str, FlagSettings], services: Collection[str], tenants: Sequence[Tenant]
) -> Iterator[Contradiction]:
    sizes = {name: size(flag) for name, flag in resolve(flags, tenants).items()}
    for service in services:
        read = [name for name, flag in flags.items() if flag.read_by(service)]
        total = sum(len(name) + sizes[name] for name in read)
        if total > MOST_BYTES:
            largest = max(read, key=lambda name: sizes[name])
            yield (
                ("flags", largest),
                f"so many tenants differ from their plan that a service reads {total // 1024} KiB of flags, "
                f"{MOST_BYTES // 1024} at most; give it to plans, or name fewer services",
            )
            return  # the same flags are most likely too much for the others as well
