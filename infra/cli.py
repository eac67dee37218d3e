"""The `tenantry` command: its groups, and how every error becomes one line; the contract is DESIGN section 5."""

import errno
import os
import signal
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from infra.commands.cells import cells
from infra.commands.config import config
from infra.commands.console import err
from infra.commands.doctor import doctor
from infra.commands.flags import flags
from infra.commands.gate import apply, gate
from infra.commands.parity import parity
from infra.commands.pipeline import pipeline
from infra.commands.rehearse import rehearse
from infra.commands.sandbox import sandbox
from infra.commands.secrets import secrets
from infra.commands.tenant_archives import connection_of, export_tenant, import_tenant
from infra.commands.tenants import tenants
from infra.errors import Interrupted, TenantryError
from infra.paths import SANDBOX_ROOT
from infra.settings.checking import WrongStackFiles

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(sandbox, name="sandbox")
app.add_typer(config, name="config")
app.add_typer(secrets, name="secrets")
app.add_typer(flags, name="flags")
app.add_typer(tenants, name="tenants")
tenants.command(name="connection")(connection_of)
tenants.command(name="export")(export_tenant)
tenants.command(name="import")(import_tenant)
app.add_typer(cells, name="cells")
app.add_typer(pipeline, name="pipeline")
app.command()(doctor)
app.command()(parity)
app.command()(rehearse)
app.command()(gate)
app.command()(apply)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """One Pulumi program for a whole multi-tenant platform, rehearsed for real on one machine."""
    os.environ["TENANTRY_DEBUG"] = "1" if debug else ""


def main() -> None:
    """Run the command line; the console script's entry."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        if not error.format_message():
            sys.exit(error.exit_code)  # no command was given, and the help has been shown
        told = " ".join(error.format_message().split()).rstrip(".")  # some list in lines what may be chosen
        _fail(f"{told}, the command line, see `tenantry --help`", 2)
    except (typer.Abort, Interrupted):
        _fail("interrupted, the command, run it again", 130)
    except WrongStackFiles as error:
        for fault in error.faults:
            err.print(str(fault), markup=False)
        _fail(str(error), error.exit_code)
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
        err.print(traceback.format_exc(), markup=False)
    err.print(f"error: {line}", markup=False)
    sys.exit(code)
