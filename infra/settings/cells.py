"""Settings of cells: stacks that hold tenants of an environment whose own stack would grow too large.

Owns what an environment says of its cells, and what a cell's own stack file holds. Leaves rules between the files of
one environment to `fleet`, and what a resource count is made of to `costs`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from infra.connections import PER_PROCESS, RESERVED, available
from infra.settings import costs
from infra.settings.capacity import shortages
from infra.settings.database import DeclaredDatabase
from infra.settings.kinds import StackName
from infra.settings.section import Contradiction, Section
from infra.settings.tenant_kinds import CellName, CellStackName, TenantFilePath
from infra.settings.tenants import TenantSettings, indistinct

HOME = "home"
"""The name of the cell that is the environment's own stack."""

MOST_TENANTS = 1000
"""Of a cell, unless it says otherwise."""


_REFUSED = {
    "name": "it is called after the cell, so that no two databases of an environment have one name; remove it",
    "pooler": "a cell has none: services and tenants connect to its server itself; remove it",
    "read_replica": "a cell's server has none; remove it, or take a larger instance_class",
    "restore": "a cell's database begins empty; remove it, and bring tenants by `tenantry tenants import`",
}
"""Settings of an environment's database that a cell's own has not."""


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
    """The stack of its environment, whose cluster it uses, and whose database unless it has its own."""

    name: CellStackName
    """Its name among that environment's `cells`."""


class CellStackSettings(Section):
    """Everything that the stack of a cell decides; the rest is its environment's."""

    cell: CellPlaceSettings
    """Which cell it is."""

    database: DeclaredDatabase | None = None
    """A PostgreSQL server of its own in its environment's network; none: its tenants are in its environment's."""

    tenant_file: TenantFilePath | None = None
    """Where the stack's tenants are listed, from the project's folder; by default `stacks/tenants/STACK.yaml`."""

    tenants: tuple[TenantSettings, ...] = ()
    """Every tenant of the stack; a stack file has none, they are read from `tenant_file`."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return tenants that are not distinct, and an unfit server; what else is wrong, their environment tells."""
        yield from indistinct(self.tenants)
        if self.database is not None:
            yield from _unfit(self.database)


def _unfit(database: DeclaredDatabase) -> Iterator[Contradiction]:
    """Return, below a cell's root, what its own server cannot have, and what there is too little of."""
    for field in sorted(database.model_fields_set & _REFUSED.keys()):
        yield ("database", field), _REFUSED[field]
    if available(database.max_connections) < PER_PROCESS:
        least = RESERVED + PER_PROCESS
        yield ("database", "max_connections"), f"too few for one process of a service; {least} at least"
    yield from shortages(None, None, database, {})


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
        declared = [tenant for tenant in tenants if tenant.is_declared]
        copies = sum(len(tenant.services) for tenant in declared)
        isolations = [tenant.effective_isolation for tenant in declared]
        used = costs.of_tenants(isolations, in_aws=in_aws, services=copies)
        if used > cells[HOME].budget:
            yield ("cells", HOME, "budget"), f"its tenants have {used} resources; raise it to that or more"
