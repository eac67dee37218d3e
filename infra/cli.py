"""The `tenantry` command. Thin: parses, calls, prints; the contract is DESIGN section 5."""

import contextlib
import errno
import json
import os
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from infra.errors import Interrupted, TenantryError
from infra.paths import PROJECT_ROOT, SANDBOX_ROOT
from infra.sandbox import diagnosis, engine, foreground, lifecycle, next_steps, pulumi, stack_file, turns
from infra.sandbox import instance as instances
from infra.sandbox.environment import Workspace, export_lines
from infra.sandbox.instance import Instance, Report, Status

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
sandbox = typer.Typer(no_args_is_help=True, help="Run stacks for real on this machine.")
app.add_typer(sandbox, name="sandbox")

_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)

Stack = Annotated[str, typer.Argument(help="The stack; its file is Pulumi.STACK.yaml.")]
InstanceName = Annotated[
    str | None, typer.Option("--instance", help="The sandbox instance; by default named after the stack.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """One Pulumi program for a whole multi-tenant platform, rehearsed for real on one machine."""
    os.environ["TENANTRY_DEBUG"] = "1" if debug else ""


@sandbox.command()
def build() -> None:
    """Build the engine, the control plane and its tools, unless they are built."""
    engine.ensure_built(_err)


@sandbox.command()
def up(
    stack: Stack = "local",
    instance: InstanceName = None,
    apply: Annotated[bool, typer.Option("--apply", help="Run `pulumi up` of the stack as well.")] = False,
) -> None:
    """Start a stack's sandbox: the simulated AWS, the servers behind it, and those that the stack brings."""
    instances.check_name(instance or stack)
    asked = stack_file.services(stack_file.source_of(stack))
    engine.ensure_built(_err)
    with contextlib.ExitStack() as held:
        with _progress() as report:
            running = lifecycle.up(instance or stack, report, asked)
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
    commands = next_steps.text(stack_file.source_of(stack), rows, f"{_command()} sandbox env {argument}")
    _out.print(f"\n{commands}", markup=False)


@sandbox.command()
def down(
    names: Annotated[list[str] | None, typer.Argument(help="The instances; by default all.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete their data as well.")] = False,
) -> None:
    """Stop sandbox instances; their data stays unless --delete is given."""
    chosen = names or instances.names()
    if not chosen:
        _out.print("nothing to stop")
    for name in chosen:
        lifecycle.down(name, _out.print, delete=delete, missing_ok=not names)


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
        _out.print("no sandbox instance exists; `make up` makes one")


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


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is installed, running and wrong, and the command that mends it."""
    findings = diagnosis.examine()
    if as_json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings]) + "\n")
    else:
        for finding in findings:
            mark = "[green]ok[/]  " if finding.ok else "[red]bad[/] "
            _out.print(f"{mark} {finding.subject}: {finding.detail}")
            if not finding.ok:
                _out.print(f"     mend it with: {finding.remedy}", markup=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _workspace(stack: str, name: str | None) -> Workspace:
    instance = instances.load(name or stack)
    if instance is None or not lifecycle.any_running(instance):
        command = f"{_command()} sandbox up {stack}" + (f" --instance {name}" if name else "")
        raise TenantryError("no sandbox runs for this stack", stack, f"run `{command}`")
    return Workspace(instance, stack)


def _command() -> str:
    """Return how to call this program from the caller's folder, quoted for a shell."""
    program = Path(sys.argv[0])
    if program.is_absolute() and program.parent.parent.parent == Path.cwd():
        program = program.relative_to(Path.cwd())
    return shlex.quote(str(program))


@contextlib.contextmanager
def _progress() -> Iterator[Report]:
    """Show a spinner with the latest line on a terminal, and plain lines with the time passed elsewhere."""
    started = time.monotonic()
    if _err.is_terminal:
        with _err.status("starting the sandbox") as spinner:
            yield spinner.update
    else:
        yield lambda line: _err.print(f"{time.monotonic() - started:5.1f} s  {line}", markup=False)


def _print_status(instance: Instance, rows: list[Status]) -> None:
    """Print a table; not rich's own, which cuts columns off when a detail is longer than the line."""
    table = [("what", "where", "state", ""), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    colours = {"healthy": "green", "not healthy": "yellow", "stopped": "red"}
    _out.print(f"sandbox {instance.name}", style="italic", markup=False)
    for cells in table:
        what, where, state, detail = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        _out.print(f"{what}  {where}  ", end="", markup=False)
        _out.print(state, end="", style=colours.get(state.strip(), "bold"))
        _out.print(f"  {detail}".rstrip(), markup=False)


def _cells(row: Status) -> tuple[str, str, str, str]:
    state = "stopped" if not row.running else "healthy" if row.healthy else "not healthy"
    return row.name, row.endpoint, state, "" if row.detail == state else row.detail


def main() -> None:
    """Run the command line; the console script's entry."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        if not error.format_message():
            sys.exit(error.exit_code)  # no command was given, and the help has been shown
        _fail(f"{error.format_message().rstrip('.')}, the command line, see `tenantry --help`", 2)
    except (typer.Abort, Interrupted):
        _fail("interrupted, the command, run it again", 130)
    except TenantryError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        where = error.filename or (SANDBOX_ROOT if error.errno in (errno.ENOSPC, errno.EDQUOT) else "the machine")
        _fail(f"{reason}, {where}, mend that and run it again", 1)


def _interrupt(number: int, _frame: object) -> None:
    """End by an exception, so that locks, builds and temporary files are given back."""
    raise Interrupted(signal.Signals(number).name)


def _fail(line: str, code: int) -> NoReturn:
    """Print one line and end; with `--debug` the traceback of the error under way comes first."""
    if os.environ.get("TENANTRY_DEBUG"):
        _err.print(traceback.format_exc(), markup=False)
    _err.print(f"error: {line}", markup=False)
    sys.exit(code)
