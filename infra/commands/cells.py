"""`tenantry cells`: which cells of an environment have room, what a new one costs, and applying them all."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, get_args

import typer

from infra.children import Children
from infra.commands.console import AsJson, out, print_table
from infra.commands.course import course
from infra.commands.tenants import invalid_input
from infra.errors import TenantryError
from infra.gate.previews import STREAMING
from infra.paths import PROJECT_ROOT
from infra.settings import costs
from infra.settings.kinds import Plan
from infra.settings.tenants import ISOLATION_OF_PLAN
from infra.tenancy import new_cell, waves
from infra.tenancy.cell_stacks import CellStacks
from infra.tenancy.new_cell import NewCell
from infra.tenancy.placement import Cell, Fleet, fleet_of
from infra.tenancy.waves import Outcome

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
    fleet = _fleet(stack)
    new = new_cell.next_cell(fleet, budget)
    changed = new_cell.write(fleet, new) if write else None
    if as_json:
        sys.stdout.write(json.dumps({**_document(fleet, new), "written": write}) + "\n")
        return
    _print_cells(fleet)
    out.print(f"\na new cell costs {fleet.overhead} resources before its first tenant", markup=False)
    if fleet.in_aws:
        out.print(
            f"a database of its own, `database` in its file, costs {costs.OWN_DATABASE} more at most", markup=False
        )
    if changed is None:
        _print_new(fleet, new)
        return
    out.print(f"Pulumi.{new.stack}.yaml: written\n{changed}", markup=False)
    again = f"tenantry cells up --stack {fleet.environment}"
    out.print(f"\nnext: `pulumi up --stack {fleet.environment}`, then `{again}`", markup=False)


@cells.command()
def up(
    stack: Stack = None,
    parallel: Annotated[int, typer.Option("--parallel", min=1, max=64, help="How many cells at once.")] = 4,
    only: Annotated[list[str] | None, typer.Option("--only", help="A cell, as cell-02; by default all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Preview, judge and apply the cells: the first one, then a tenth of them, then the rest.

    The environment's own stack is applied before, by `pulumi up`. After a failure no other cell begins; run again, it
    goes on where it was.
    """
    fleet = _fleet(stack)
    environment, chosen = fleet.environment, _chosen(fleet, only or ())
    children = Children({**os.environ, **STREAMING}, PROJECT_ROOT)
    names = [cell.stack for cell in chosen]
    with invalid_input():
        stacks = CellStacks(children, environment, names)
    with course(len(chosen)) as told:
        for made in stacks.make_missing():
            told.say(f"{made}: made, empty")
        outcomes = waves.run(names, stacks.update, parallel=parallel, report=told.report, end=children.end)
    if as_json:
        found = [asdict(outcome) for outcome in outcomes]
        sys.stdout.write(json.dumps({"environment": environment, "cells": found}) + "\n")
    _judge(environment, outcomes)


def _fleet(stack: str | None) -> Fleet:
    """Return the environment that was named, with its cells.

    Raises:
        TenantryError: none was, or its files are not right; exit code 2.
    """
    with invalid_input():
        return fleet_of(named(stack))


def _chosen(fleet: Fleet, only: Sequence[str]) -> list[Cell]:
    """Return the cells that have stacks of their own, or those of them that are named."""
    own = {cell.name: cell for cell in fleet.cells if cell.stack != fleet.environment}
    unknown = [name for name in only if name not in own]
    if unknown or not own:
        where = f"Pulumi.{fleet.environment}.yaml: cells"
        known = ", ".join(own) or "none has a stack of its own; `tenantry cells plan --write` makes one"
        raise TenantryError(f"no such cell ({', '.join(unknown) or 'any'})", where, f"use one of: {known}", exit_code=2)
    return [cell for name, cell in own.items() if not only or name in only]


def _judge(environment: str, outcomes: Sequence[Outcome]) -> None:
    """End with an error unless every cell is as its file says.

    Raises:
        TenantryError: one is not.
    """
    by_state = {state: [one.stack for one in outcomes if one.state == state] for state in ("failed", "not begun")}
    done = sum(outcome.is_done for outcome in outcomes)
    if done == len(outcomes):
        return
    what = [f"{done} of {len(outcomes)} cells are done", f"failed: {', '.join(by_state['failed'])}"]
    if by_state["not begun"]:
        what.append(f"not begun: {', '.join(by_state['not begun'])}")
    raise TenantryError("; ".join(what), environment, "mend what is told above and run it again: it goes on from there")


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
            "most_tenants": cell.most,
            "used": cell.used,
            "free": cell.free,
            "own_database": cell.own_database,
            "tenants": dict(cell.counts),
        }
        for cell in fleet.cells
    ]
    told = {
        "name": new.name,
        "stack": new.stack,
        "overhead": fleet.overhead,
        "own_database": costs.OWN_DATABASE,
        "file": f"Pulumi.{new.stack}.yaml",
        "text": new.text,
        "cells": new.entries,
    }
    return {"environment": fleet.environment, "cells": found, "next": _next(fleet), "new_cell": told}


def _print_cells(fleet: Fleet) -> None:
    heading = ("cell", "stack", "budget", "used", "free", "tenants at most", "pool", "schema", "database")
    print_table([heading, *map(_row, fleet.cells)])
    out.print("")
    for name, cell in _next(fleet).items():
        out.print(f"the next tenant of plan {name} goes to {cell or 'no cell: all are full'}", markup=False)


def _row(cell: Cell) -> tuple[str, ...]:
    limits = (cell.budget, cell.free, cell.most)
    budget, free, most = ("any" if number is None else str(number) for number in limits)
    return (cell.name, cell.stack, budget, str(cell.used), free, most, *map(str, cell.counts.values()))


def _print_new(fleet: Fleet, new: NewCell) -> None:
    out.print(f"`--write` lists {new.name} in Pulumi.{fleet.environment}.yaml, and writes", markup=False)
    out.print(f"Pulumi.{new.stack}.yaml:\n\n{new.text}", end="", markup=False)
