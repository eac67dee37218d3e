"""Settings of cells: stacks that hold tenants of an environment whose own stack would grow too large.

Owns what an environment says of its cells, and what a cell's own stack file holds. Leaves rules between the files of
one environment to `fleet`, and what a resource count is made of to `costs`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from infra.settings import costs
from infra.settings.kinds import StackName
from infra.settings.section import Contradiction, Section
from infra.settings.tenant_kinds import CellName, CellStackName, TenantFilePath
from infra.settings.tenants import TenantSettings, indistinct

HOME = "home"
"""The name of the cell that is the environment's own stack."""

MOST_TENANTS = 1000
"""Of a cell, unless it says otherwise."""


class CellBudgetSettings(Section):
    """What one cell may hold."""

    budget: Annotated[int, Field(ge=20, le=20_000)]
    """Resources at most: in `home` those that tenants have of their own, in another cell all of its stack."""

    tenants: Annotated[int, Field(ge=1, le=100_000)] = MOST_TENANTS
    """Tenants at most. One of isolation `pool` has no resource, but an entry in the cell's registry, of which one
    ConfigMap holds 1,000 at least."""


class CellPlaceSettings(Section):
    """Which cell a stack is."""

    of: StackName
    """The stack of its environment, whose cluster and database it uses."""

    name: CellStackName
    """Its name among that environment's `cells`."""


class CellStackSettings(Section):
    """Everything that the stack of a cell decides; the rest is its environment's."""

    cell: CellPlaceSettings
    """Which cell it is."""

    tenant_file: TenantFilePath | None = None
    """Where the stack's tenants are listed, from the project's folder; by default `stacks/tenants/STACK.yaml`."""

    tenants: tuple[TenantSettings, ...] = ()
    """Every tenant of the stack; a stack file has none, they are read from `tenant_file`."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return tenants that are not distinct; what else is wrong with them, their environment tells."""
        yield from indistinct(self.tenants)


def stack_of(environment: str, cell: str) -> str:
    """Return the stack that a cell is.

    Args:
        environment: the stack of its environment.
        cell: its name.
    """
    return environment if cell == HOME else f"{environment}-{cell}"


def overdrawn(
    cells: Mapping[CellName, CellBudgetSettings], tenants: Sequence[TenantSettings], *, in_aws: bool
) -> Iterator[Contradiction]:
    """Return, below an environment's root, what its own tenants exceed of the budget of its home cell.

    Args:
        cells: the environment's.
        tenants: those of its own stack.
        in_aws: whether it declares anything in AWS.
    """
    if HOME in cells:
        count = sum(tenant.is_declared for tenant in tenants)
        if count > cells[HOME].tenants:
            yield ("cells", HOME, "tenants"), f"it has {count} tenants; raise it to that or more"
        used = costs.of_tenants((tenant.effective_isolation for tenant in tenants if tenant.is_declared), in_aws=in_aws)
        if used > cells[HOME].budget:
            yield ("cells", HOME, "budget"), f"its tenants have {used} resources; raise it to that or more"
