"""`tenantry config`: what is wrong with the stack files, and what may be in them."""

import itertools
import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from infra.commands.console import AsJson, out
from infra.errors import TenantryError
from infra.settings import checking
from infra.settings import schema as stack_schema

config = typer.Typer(no_args_is_help=True, help="Check the stack files.")


@config.command()
def check(
    stacks: Annotated[list[str] | None, typer.Argument(help="The stacks; by default all that have a file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with stack files, all at once, by file, line and path."""
    try:
        found = checking.check(stacks or ())
    except TenantryError as error:
        raise TenantryError(error.what, error.where, error.remedy, exit_code=2) from error
    count = sum(map(len, found.values()))
    if as_json:
        files = [{"file": file, "problems": [asdict(fault) for fault in faults]} for file, faults in found.items()]
        sys.stdout.write(json.dumps({"valid": not count, "files": files}) + "\n")
        raise typer.Exit(2 if count else 0)
    for file, faults in found.items():
        for line in map(str, faults) if faults else [f"{file}: ok"]:
            out.print(line, markup=False)
    if count:
        wrong = checking.WrongStackFiles(itertools.chain(*found.values()))
        raise TenantryError(wrong.what, wrong.where, wrong.remedy, exit_code=2)


@config.command()
def schema(
    tenants: Annotated[bool, typer.Option("--tenants", help="That of tenant files instead.")] = False,
) -> None:
    """Print the JSON Schema of stack files, by which editors complete and check them."""
    document = stack_schema.document_of_tenants() if tenants else stack_schema.document()
    sys.stdout.write(stack_schema.text(document))
