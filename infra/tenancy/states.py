"""Which state of a tenant may follow which, and what each of them means.

Pure. Leaves what the program declares in a state to the components.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from infra.errors import TenantryError
from infra.settings.tenants import LifecycleSettings, State, TenantSettings

MEANINGS: Mapping[State, str] = {
    "trial": "open until it ends",
    "active": "open",
    "suspended": "closed: its host leads to a notice and its logins fail; its data stays",
    "offboarding": "closed but for an export; its data may be deleted next",
    "deleted": "gone; the line says that this was meant",
}
"""State -> what it means to who asks."""


@dataclass(frozen=True)
class Step:
    """A way from one state to another.

    Args:
        before: the states that it begins in.
        after: the state that it ends in.
    """

    before: tuple[State, ...]
    after: State


STEPS: Mapping[str, Step] = {
    "suspend": Step(("trial", "active"), "suspended"),
    "resume": Step(("trial", "suspended", "offboarding"), "active"),
    "offboard": Step(("trial", "active", "suspended"), "offboarding"),
    "delete": Step(("offboarding",), "deleted"),
}
"""Command -> the step that it takes."""


def change(command: str, tenant: TenantSettings, export: str | None = None) -> dict[str, str | None]:
    """Return what a command sets of a tenant's lifecycle; None takes a key away.

    Args:
        command: one of `STEPS`.
        tenant: as it is.
        export: the SHA-256 of its archive, which `delete` puts on record.

    Raises:
        TenantryError: its state does not allow it.
    """
    step, lifecycle = STEPS[command], tenant.lifecycle
    if lifecycle.state not in step.before:
        possible = [name for name, other in STEPS.items() if lifecycle.state in other.before]
        remedy = f"possible: {', '.join(possible)}" if possible else "nothing follows that; add another tenant"
        raise TenantryError(f"cannot {command} a tenant that is {lifecycle.state}", tenant.slug, remedy)
    return {"state": step.after, **dict(_without(lifecycle)), **({} if export is None else {"export": export})}


def ended(tenants: Sequence[TenantSettings], now: datetime.datetime) -> list[TenantSettings]:
    """Return the trials that are over.

    Args:
        tenants: all of a stack.
        now: with its zone.
    """
    return [tenant for tenant in tenants if tenant.lifecycle.ends is not None and tenant.lifecycle.ends <= now]


def _without(lifecycle: LifecycleSettings) -> Iterator[tuple[str, None]]:
    if lifecycle.ends is not None:
        yield "ends", None
    if lifecycle.export is not None:
        yield "export", None
