"""Two hundred tenants that one update onboards, which is killed half-way: the fleet that tenants attack each other in.

Owns which tenants there are and how they came. Leaves what must hold of them to `test_fleet`.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from infra.naming import owner_role, reader_role, tenant_schema, tenants_role
from infra.sandbox.servers.postgresql import PostgreSQL
from tests.engine.interruption import update
from tests.engine.stack import Result, Settings, Stack, connection_url
from tests.isolation.fleet import Fleet
from tests.isolation.model import DATABASE, POOL, SCHEMA, Tenant

TENANTS = {POOL: 166, SCHEMA: 17, DATABASE: 17}
"""How many there are of each isolation: 200. The engine's time is that of the last two."""

ATTACKERS = {POOL: 17, SCHEMA: 17, DATABASE: 17}
"""How many of them attack and are attacked: 51."""

_PLANS = {POOL: "free", SCHEMA: "pro", DATABASE: "enterprise"}
_KILLED = 450
"""Operations that have begun or ended when the update is killed; there are about 1,150 in all."""

_LONGEST = 400.0  # seconds; the update has so long to get there


@dataclass(frozen=True)
class Onboarded:
    """The stack with all of them.

    Args:
        stack: applied.
        left: resources that the killed update had recorded.
        result: what the update said that completed it.
    """

    stack: Stack
    left: int
    result: Result

    def fleet(self) -> Fleet:
        """Return those who attack, as they are reached without TLS: its time is no part of it."""
        outputs = self.stack.outputs()
        server = PostgreSQL(self.stack.workspace.instance).cluster
        shared = outputs["tenants"][slug_of(POOL, 0)]["database"]
        tenants = []
        for isolation, count in ATTACKERS.items():
            for number in range(count):
                slug = slug_of(isolation, number)
                place = outputs["tenants"][slug]
                prefix = f"{shared}_pool" if isolation == POOL else tenant_schema(slug)
                tenants.append(
                    Tenant(
                        slug=slug,
                        isolation=isolation,
                        database=place["database"],
                        schema=place["schema"],
                        owner=owner_role(prefix),
                        reader=reader_role(prefix),
                        role=place["role"],
                        password=urlsplit(connection_url(outputs, slug)).password or "",
                    )
                )
        return Fleet(server.socket.parent, server.password(), shared, tenants_role(shared), tuple(tenants))


def slug_of(isolation: str, number: int) -> str:
    """Return the slug of a tenant of the fleet."""
    return f"{isolation}-{number:03}"


def two_hundred(settings: Settings) -> None:
    """Name the tenants, and nothing that does something for each of them but to hold its data."""
    settings["jobs"] = {}
    settings["tenants"] = [
        {"slug": slug_of(isolation, number), "plan": _PLANS[isolation]}
        for isolation, count in TENANTS.items()
        for number in range(count)
    ]


def onboard(stack: Stack) -> Onboarded:
    """Apply the stack for the first time, kill the engine half-way, and let the next update complete it."""
    with update(stack) as killed:
        killed.reach(_KILLED, seconds=_LONGEST).kill()
    stack.pulumi("cancel", "--yes")
    left = len(stack.resources())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_SKIP_CHECKPOINTS", "true")  # nobody kills this one
        return Onboarded(stack, left, stack.up())
