"""`tenantry sandbox`: start, stop, show and use the sandbox of a stack."""

import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from infra import foreground
from infra.commands.console import AsJson, err, out, own_command, progress
from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.sandbox import engine, lifecycle, next_steps, pulumi, stack_file, turns
from infra.sandbox import instance as instances
from infra.sandbox.cloud import account
from infra.sandbox.environment import Workspace, export_lines
from infra.sandbox.instance import Instance, Status

sandbox = typer.Typer(no_args_is_help=True, help="Run stacks for real on this machine.")

Stack = Annotated[str, typer.Argument(help="The stack; its file is Pulumi.STACK.yaml.")]
InstanceName = Annotated[
    str | None, typer.Option("--instance", help="The sandbox instance; by default named after the stack.")
]


@sandbox.command()
def build() -> None:
    """Build the engine, the control plane and its tools, unless they are built."""
    engine.ensure_built(err)


@sandbox.command()
def up(
    stack: Stack = "local",
    instance: InstanceName = None,
    apply: Annotated[bool, typer.Option("--apply", help="Run `pulumi up` of the stack as well.")] = False,
) -> None:
    """Start a stack's sandbox: the simulated AWS, the servers behind it, and those that the stack brings."""
    instances.check_name(instance or stack)
    source = stack_file.source_of(stack)
    asked, identity = stack_file.services(source), account.of_stack(stack_file.sections(source))
    engine.ensure_built(err)
    with contextlib.ExitStack() as held:
        with progress() as report:
            running = lifecycle.up(instance or stack, report, asked, identity)
            workspace = Workspace(running, stack)
            held.enter_context(turns.turn(workspace, report))
            workspace.prepare()
            pulumi.ensure_stack(workspace)
            if apply:
                turns.settle(workspace, report)
        if apply:
            pulumi.up(workspace)
    rows = lifecycle.status(running)
    _print_status(running, rows)
    argument = stack if instance is None else f"{stack} --instance {instance}"
    commands = next_steps.text(source, rows, f"{own_command()} sandbox env {argument}")
    out.print(f"\n{commands}", markup=False)


@sandbox.command()
def down(
    names: Annotated[list[str] | None, typer.Argument(help="The instances; by default all.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete their data as well.")] = False,
) -> None:
    """Stop sandbox instances; their data stays unless --delete is given."""
    chosen = names or instances.names()
    if not chosen:
        out.print("nothing to stop")
    for name in chosen:
        lifecycle.down(name, out.print, delete=delete, missing_ok=not names)


@sandbox.command()
def status(as_json: AsJson = False) -> None:
    """Show what runs where, the servers behind the simulated AWS too."""
    found = [existing for name in instances.names() if (existing := instances.load(name))]
    rows = {existing.name: lifecycle.status(existing) for existing in found}
    if as_json:
        sys.stdout.write(json.dumps({name: [asdict(row) for row in part] for name, part in rows.items()}) + "\n")
        return
    for existing in found:
        _print_status(existing, rows[existing.name])
    if not found:
        out.print("no sandbox instance exists; `make up` makes one")


@sandbox.command()
def env(
    stack: Stack = "local",
    instance: InstanceName = None,
    plugins: Annotated[
        Path | None, typer.Option("--plugins", help="A folder of official plugins to use instead of the offline ones.")
    ] = None,
) -> None:
    """Print `export` lines, so that plain pulumi, aws, kubectl and psql use the sandbox."""
    workspace = _workspace(stack, instance)
    workspace.prepare(plugins)
    sys.stdout.write(export_lines(workspace.variables()) + "\n")


@sandbox.command(context_settings={"ignore_unknown_options": True})
def run(
    stack: Stack,
    command: Annotated[list[str], typer.Argument(help="The command, after `--`.")],
    instance: InstanceName = None,
) -> None:
    """Run one command in the environment that `env` prints."""
    workspace = _workspace(stack, instance)
    workspace.prepare()
    environment = workspace.process_environment()
    try:
        code, _ = foreground.run(command, env=environment, cwd=PROJECT_ROOT)
    except FileNotFoundError as error:
        raise TenantryError("no such command", command[0], "name one that is on the sandbox's PATH") from error
    raise typer.Exit(code)


def _workspace(stack: str, name: str | None) -> Workspace:
    instance = instances.load(name or stack)
    if instance is None or not lifecycle.any_running(instance):
        command = f"{own_command()} sandbox up {stack}" + (f" --instance {name}" if name else "")
        raise TenantryError("no sandbox runs for this stack", stack, f"run `{command}`")
    return Workspace(instance, stack)


def _print_status(instance: Instance, rows: list[Status]) -> None:
    """Print a table; not rich's own, which cuts columns off when a detail is longer than the line."""
    table = [("what", "where", "state", ""), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    colours = {"healthy": "green", "not healthy": "yellow", "stopped": "red"}
    out.print(f"sandbox {instance.name}", style="italic", markup=False)
    for cells in table:
        what, where, state, detail = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        out.print(f"{what}  {where}  ", end="", markup=False)
        out.print(state, end="", style=colours.get(state.strip(), "bold"))
        out.print(f"  {detail}".rstrip(), markup=False)


def _cells(row: Status) -> tuple[str, str, str, str]:
    state = "stopped" if not row.running else "healthy" if row.healthy else "not healthy"
    return row.name, row.endpoint, state, "" if row.detail == state else row.detail
