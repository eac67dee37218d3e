"""`tenantry cells`: which cells of an environment have room, what a new one costs, and applying them all."""

import json
import sys
from typing import Annotated, get_args

import typer

from infra.commands.console import AsJson, out, print_table
from infra.errors import TenantryError
from infra.settings.kinds import Plan
from infra.settings.tenants import ISOLATION_OF_PLAN
from infra.tenancy import new_cell
from infra.tenancy.new_cell import NewCell
from infra.tenancy.placement import Cell, Fleet, fleet_of

cells = typer.Typer(no_args_is_help=True, help="Plan and apply the cells of an environment.")

Stack = Annotated[
    str | None, typer.Option("--stack", "-s", envvar="PULUMI_STACK", help="The environment; its stack, not a cell's.")
]


@cells.command()
def plan(
    stack: Stack = None,
    write: Annotated[bool, typer.Option("--write", help="Write the files of a new cell.")] = False,
    budget: Annotated[
        int | None, typer.Option("--budget", min=20, max=20_000, help="Of the new cell; by default the last one's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which cell has room, where the next tenant of each plan goes, and what a new cell costs; applies nothing."""
    fleet = fleet_of(named(stack))
    new = new_cell.next_cell(fleet, budget)
    changed = new_cell.write(fleet, new) if write else None
    if as_json:
        sys.stdout.write(json.dumps({**_document(fleet, new), "written": write}) + "\n")
        return
    _print_cells(fleet)
    out.print(f"\na new cell costs {fleet.overhead} resources before its first tenant", markup=False)
    if changed is None:
        _print_new(fleet, new)
        return
    out.print(f"Pulumi.{new.stack}.yaml: written\n{changed}", markup=False)
    out.print(f"\nnext: `pulumi up --stack {fleet.environment}`, then `tenantry cells up`", markup=False)


def named(stack: str | None) -> str:
    """Return the stack that was named.

    Args:
        stack: by option or variable; None for neither.

    Raises:
        TenantryError: none was.
    """
    if stack is None:
        raise TenantryError("no environment is named", "the command line", "name its stack by --stack", exit_code=2)
    return stack


def _next(fleet: Fleet) -> dict[str, str | None]:
    """Return plan -> the cell that the next tenant of it goes to; None for none."""
    plans: tuple[Plan, ...] = get_args(Plan)
    places = {plan: fleet.place(ISOLATION_OF_PLAN[plan]) for plan in plans}
    return {plan: None if cell is None else cell.name for plan, cell in places.items()}


def _document(fleet: Fleet, new: NewCell) -> dict[str, object]:
    found = [
        {
            "name": cell.name,
            "stack": cell.stack,
            "budget": cell.budget,
            "used": cell.used,
            "free": cell.free,
            "tenants": dict(cell.counts),
        }
        for cell in fleet.cells
    ]
    told = {
        "name": new.name,
        "stack": new.stack,
        "overhead": fleet.overhead,
        "file": f"Pulumi.{new.stack}.yaml",
        "text": new.text,
        "cells": new.entries,
    }
    return {"environment": fleet.environment, "cells": found, "next": _next(fleet), "new_cell": told}


def _print_cells(fleet: Fleet) -> None:
    heading = ("cell", "stack", "budget", "used", "free", "pool", "schema", "database")
    print_table([heading, *map(_row, fleet.cells)])
    out.print("")
    for name, cell in _next(fleet).items():
        out.print(f"the next tenant of plan {name} goes to {cell or 'no cell: all are full'}", markup=False)


def _row(cell: Cell) -> tuple[str, ...]:
    budget, free = ("any" if number is None else str(number) for number in (cell.budget, cell.free))
    return (cell.name, cell.stack, budget, str(cell.used), free, *map(str, cell.counts.values()))


def _print_new(fleet: Fleet, new: NewCell) -> None:
    out.print(f"`--write` lists {new.name} in Pulumi.{fleet.environment}.yaml, and writes", markup=False)
    out.print(f"Pulumi.{new.stack}.yaml:\n\n{new.text}", end="", markup=False)
