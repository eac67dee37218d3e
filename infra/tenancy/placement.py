"""Which cell of an environment a new tenant goes to.

A tenant is placed once, by the file that it is written into, and stays: what is decided here is never looked at again.
Cells fill up in the order in which the environment lists them, so that the answer is the same wherever it is asked.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.settings import checking, costs, stack_file
from infra.settings.cells import HOME, CellStackSettings, stack_of
from infra.settings.kinds import Isolation, Plan
from infra.settings.tenants import ISOLATION_OF_PLAN


@dataclass(frozen=True)
class Cell:
    """One cell and what is in it.

    Args:
        name: among the environment's cells.
        stack: its stack.
        budget: resources that it may have; None for any number.
        most: tenants that it may have; None for any number.
        isolations: of its tenants, those that are deleted left out.
        in_aws: whether its environment declares anything in AWS.
        own_database: whether it has a database of its own.
        services: copies of services that its tenants have of their own.
    """

    name: str
    stack: str
    budget: int | None
    most: int | None
    isolations: tuple[Isolation, ...]
    in_aws: bool
    own_database: bool = False
    services: int = 0

    @property
    def used(self) -> int:
        """How many resources of its budget it has."""
        return self._cost(self.isolations)

    @property
    def free(self) -> int | None:
        """How many more it may have; None for any number. Negative where somebody has written too many tenants."""
        return None if self.budget is None else self.budget - self.used

    @property
    def counts(self) -> Mapping[Isolation, int]:
        """Isolation -> how many tenants of it."""
        found = Counter(self.isolations)
        return {isolation: found[isolation] for isolation in costs.OF_TENANT}

    def has_room(self, isolation: Isolation) -> bool:
        """Whether one more tenant keeps it within its budget.

        Args:
            isolation: the tenant's.
        """
        if self.most is not None and len(self.isolations) >= self.most:
            return False
        return self.budget is None or self._cost((*self.isolations, isolation)) <= self.budget

    def _cost(self, isolations: Sequence[Isolation]) -> int:
        if self.name == HOME:
            return costs.of_tenants(isolations, in_aws=self.in_aws, services=self.services)
        return costs.of_cell(isolations, in_aws=self.in_aws, own_database=self.own_database)


@dataclass(frozen=True)
class Fleet:
    """An environment and its cells.

    Args:
        environment: its stack.
        cells: in the order in which they fill up; its own stack alone where it lists none.
        in_aws: whether it declares anything in AWS.
    """

    environment: str
    cells: tuple[Cell, ...]
    in_aws: bool

    def place(self, isolation: Isolation) -> Cell | None:
        """Return the cell for a new tenant: the first with room; None when all are full.

        Args:
            isolation: the tenant's.
        """
        return next((cell for cell in self.cells if cell.has_room(isolation)), None)

    @property
    def overhead(self) -> int:
        """How many resources a cell has before its first tenant."""
        return costs.of_cell((), in_aws=self.in_aws)


def fleet_of(environment: str, root: Path = PROJECT_ROOT) -> Fleet:
    """Return an environment with its cells, as their files say it.

    Args:
        environment: its stack.
        root: the folder of the stack files.

    Raises:
        TenantryError: a file is missing or not valid, or the stack is a cell.
    """
    settings = checking.settings_of(stack_file.source_of(environment, root))
    cells = []
    for name in settings.cells or (HOME,):
        limits = settings.cells.get(name)
        stack = stack_of(environment, name)
        own = settings if name == HOME else checking.any_settings_of(stack_file.source_of(stack, root))
        isolations = tuple(tenant.effective_isolation for tenant in own.tenants if tenant.is_declared)
        budget, most = (None, None) if limits is None else (limits.budget, limits.tenants)
        apart = isinstance(own, CellStackSettings) and own.database is not None
        services = sum(len(tenant.services) for tenant in own.tenants if tenant.is_declared)
        cells.append(Cell(name, stack, budget, most, isolations, settings.declares_aws, apart, services))
    return Fleet(environment, tuple(cells), settings.declares_aws)


def place(environment: str, plan: Plan, isolation: Isolation | None = None, root: Path = PROJECT_ROOT) -> str:
    """Return the stack whose tenant file a new tenant goes into.

    Args:
        environment: the stack of its environment.
        plan: the tenant's.
        isolation: the tenant's; its plan's unless given.
        root: the folder of the stack files.

    Raises:
        TenantryError: a file is missing or not valid, or no cell has room.
    """
    cell = fleet_of(environment, root).place(isolation or ISOLATION_OF_PLAN[plan])
    if cell is None:
        remedy = f"raise a budget, or make a cell: `tenantry cells plan --stack {environment} --write`"
        raise TenantryError("no cell has room for such a tenant", f"Pulumi.{environment}.yaml: cells", remedy)
    return cell.stack
