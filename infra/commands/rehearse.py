"""`tenantry rehearse`: apply a stack end to end in a sandbox of its own, look at it, and take it away again."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from infra.commands.console import AsJson, err, out, own_command, progress
from infra.errors import TenantryError
from infra.sandbox import engine, lifecycle, next_steps, stack_file
from infra.sandbox import instance as instances

if TYPE_CHECKING:  # what it imports would slow every command down
    from infra.sandbox.rehearsal.rehearsal import Rehearsal, Step


def rehearse(
    stack: Annotated[str, typer.Argument(help="The stack; its file is Pulumi.STACK.yaml.")],
    keep: Annotated[bool, typer.Option("--keep", help="Keep the sandbox, and print how to use it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Preview, apply and check a stack in a fresh sandbox, and make sure that nothing is left to do."""
    from infra.sandbox.rehearsal.rehearsal import Rehearsal  # noqa: PLC0415 - boto3 would slow every command down

    stack_file.source_of(stack)
    engine.ensure_built(err)
    with progress("rehearsing") as report:
        rehearsal = Rehearsal(stack, report)
        rehearsal.run(keep=keep)
    if as_json:
        sys.stdout.write(json.dumps(_document(rehearsal, kept=keep)) + "\n")
    else:
        _print(rehearsal)
        if keep:
            _print_use(rehearsal)
    if rehearsal.failure is not None:
        raise _explained(rehearsal)


def _explained(rehearsal: "Rehearsal") -> TenantryError:
    """Show the end of what the engine said, and return the one line."""
    failure = rehearsal.failure
    assert failure is not None
    if rehearsal.tail:
        err.print(rehearsal.tail, markup=False)
    what = f"the rehearsal of {rehearsal.stack} failed in: {rehearsal.steps[-1].name}: {failure.what}"
    return TenantryError(what, failure.where, failure.remedy)


def _print(rehearsal: "Rehearsal") -> None:
    """Print the checks, and a table of how long each step took."""
    for check in rehearsal.checks:
        out.print("ok   " if check.ok else "bad  ", end="", style="green" if check.ok else "red")
        out.print(f"{check.name}: {check.detail}", markup=False)
    if rehearsal.checks:
        out.print()
    rows = [(step.name, step.seconds, step.ok) for step in rehearsal.steps]
    rows.append(("in all", rehearsal.seconds, rehearsal.failure is None))
    width = max(len(name) for name, _, _ in rows)
    for name, seconds, ok in rows:
        out.print(f"{name.ljust(width)}  {seconds:7.1f} s", end="", markup=False)
        out.print("" if ok else "  failed", style="red")


def _print_use(rehearsal: "Rehearsal") -> None:
    instance = instances.load(rehearsal.instance)
    if instance is None:
        return
    shell = f"{own_command()} sandbox env {rehearsal.stack} --instance {instance.name}"
    source = stack_file.source_of(rehearsal.stack)
    out.print(f"\n{next_steps.text(source, lifecycle.status(instance), shell)}", markup=False)
    out.print("To delete it:", markup=False)
    out.print(f"  {own_command()} sandbox down {instance.name} --delete", markup=False)


def _document(rehearsal: "Rehearsal", *, kept: bool) -> dict[str, object]:
    failure = rehearsal.failure
    return {
        "stack": rehearsal.stack,
        "ok": failure is None,
        "instance": rehearsal.instance if kept else None,
        "seconds": round(rehearsal.seconds, 1),
        "steps": [_rounded(step) for step in rehearsal.steps],
        "checks": [_rounded(check) for check in rehearsal.checks],
        "failure": None if failure is None else {"step": rehearsal.steps[-1].name, "message": str(failure)},
        "log": None if failure is None else str(rehearsal.log),
    }


def _rounded(step: "Step") -> dict[str, object]:
    return {**asdict(step), "seconds": round(step.seconds, 1)}
