"""`tenantry tenants export` and `import`: a tenant's rows as a checked archive, and back; and `connection` to them."""

import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.commands.console import AsJson, err, out, print_table, progress
from infra.commands.tenants import HOME, Slug, Stack, invalid_input
from infra.errors import TenantryError
from infra.settings import stack_file
from infra.tenant_guard import TENANT_SETTING

if TYPE_CHECKING:  # what they import would slow every command down
    from infra.tenancy.archives.exporting import Exported
    from infra.tenancy.archives.manifest import Table


def connection_of(slug: Slug, stack: Stack = HOME) -> None:
    """Print the URL that an applied tenant is served by, with its password, and nothing else on stdout."""
    from infra.tenancy.outputs import access_to  # noqa: PLC0415 - psycopg would slow every command down

    _known(stack)
    access = access_to(stack, slug)
    if access.isolation == "pool":
        shown = f"BEGIN; SET LOCAL {TENANT_SETTING} = '{slug}'"
        err.print(f"the services' own, as {slug} is in the pool: its rows are there after {shown}", markup=False)
    sys.stdout.write(f"{access.url}\n")


def export_tenant(
    slug: Slug,
    stack: Stack = HOME,
    *,
    only: Annotated[str | None, typer.Option("--only", help="Some tables, as in products,customers,orders.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="The archive; by default STACK-SLUG-MOMENT.tenant.zip, here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a tenant's rows into a new archive, all at one moment, and print its checksum.

    It holds what the tenant's own role sees; of a `pool` tenant, what row-level security shows of the shared tables.
    """
    from infra.tenancy.archives.exporting import export  # noqa: PLC0415 - psycopg would slow every command down
    from infra.tenancy.archives.writing import refuse_existing  # noqa: PLC0415 - the same
    from infra.tenancy.outputs import access_to  # noqa: PLC0415 - the same

    moment = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    target = (output or Path(f"{stack}-{slug}-{moment}.tenant.zip")).absolute()
    refuse_existing(target)
    wanted = _named(only)
    _known(stack)
    with progress(f"exporting {slug}") as report:
        report(f"asking pulumi for the outputs of {stack}")
        done = export(access_to(stack, slug), target, wanted, report)
    if as_json:
        _print_json(stack, slug, done.sha256, done.tables, file=str(target), size=done.size, left_out=[*done.left_out])
        return
    print_table([("table", "rows"), *((table.name, str(table.rows)) for table in done.tables)])
    out.print(f"\n{target}: {done.size} bytes\nSHA-256 {done.sha256}", markup=False)
    out.print(_use_of(done), markup=False)


def import_tenant(
    slug: Slug,
    file: Annotated[Path, typer.Argument(help="The archive, as `tenantry tenants export` wrote it.")],
    stack: Stack = HOME,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put an archive's rows back into the same tenant's tables, which must be empty: all of them, or none."""
    from infra.tenancy.archives.importing import import_archive  # noqa: PLC0415 - psycopg would slow every command down
    from infra.tenancy.outputs import access_to  # noqa: PLC0415 - the same

    _known(stack)
    with progress(f"importing {slug}") as report:
        report(f"asking pulumi for the outputs of {stack}")
        done = import_archive(access_to(stack, slug), file, dry_run=dry_run, report=report)
    if as_json:
        _print_json(stack, slug, done.sha256, done.tables, dry_run=dry_run)
        return
    print_table([("table", "rows"), *((table.name, str(table.rows)) for table in done.tables)])
    said = "nothing was written: it would be accepted" if dry_run else "imported, and read back with the same checksums"
    out.print(f"\n{said}", markup=False)


def _known(stack: str) -> None:
    """Refuse a stack that there is no file of, before pulumi says that it has no such stack."""
    with invalid_input():
        stack_file.source_of(stack)


def _named(only: str | None) -> list[str] | None:
    if only is None:
        return None
    names = [name.strip() for name in only.split(",") if name.strip()]
    if not names:
        raise TenantryError("names no table", "--only", "leave it out for all tables", 2)
    return names


def _use_of(done: "Exported") -> str:
    if done.left_out:
        return f"not all of the tenant: without {', '.join(done.left_out)}"
    return f"all of the tenant: before it is deleted, its tenant file needs\n  lifecycle: {{export: {done.sha256}}}"


def _print_json(stack: str, slug: str, sha256: str, tables: "Sequence[Table]", **more: object) -> None:
    told = [{"name": table.name, "rows": table.rows, "sha256": table.sha256} for table in tables]
    content = {"stack": stack, "tenant": slug, "sha256": sha256, **more, "tables": told}
    sys.stdout.write(json.dumps(content) + "\n")
