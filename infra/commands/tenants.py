"""`tenantry tenants`: who the tenants of a stack are, and edits of the file that lists them; nothing is applied."""

import contextlib
import datetime
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Literal

import typer

from infra.commands.console import AsJson, out, print_table
from infra.edits import difference
from infra.errors import TenantryError
from infra.settings.kinds import Isolation, Plan
from infra.settings.tenants import State, TenantSettings
from infra.tenancy import onboarding, overview, states, tenant_edit
from infra.tenancy.onboarding import Newcomer
from infra.tenancy.proposals import Opened, holder, opened

tenants = typer.Typer(no_args_is_help=True, help="List the tenants of a stack, and edit the file that lists them.")

Ring = Literal["early", "standard", "late"]

Stack = Annotated[str, typer.Option("--stack", envvar="PULUMI_STACK", help="The stack; its file is Pulumi.STACK.yaml.")]
Slug = Annotated[str, typer.Argument(help="The tenant's slug, its name in hosts, schemas and namespaces.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the difference, and write nothing.")]

_HEADING = ("stack", "slug", "plan", "isolation", "state", "ring", "name")

HOME = "local"
"""The stack that is meant where none is named; a shell in a sandbox names its own by PULUMI_STACK."""


@tenants.command(name="list")
def show_all(
    stack: Stack = HOME,
    *,
    plan: Annotated[Plan | None, typer.Option("--plan", help="Only tenants of this plan.")] = None,
    isolation: Annotated[Isolation | None, typer.Option("--isolation", help="Only those kept apart like this.")] = None,
    state: Annotated[State | None, typer.Option("--state", help="Only those in this state.")] = None,
    ring: Annotated[Ring | None, typer.Option("--ring", help="Only those of this ring.")] = None,
    as_json: AsJson = False,
) -> None:
    """List tenants, by slug."""
    with invalid_input():
        files = opened(stack)
    wanted = {"plan": plan, "effective_isolation": isolation, "ring": ring}
    chosen = [
        (file, tenant)
        for file in files
        for tenant in file.tenants
        if state in (None, tenant.lifecycle.state)
        and all(value in (None, getattr(tenant, field)) for field, value in wanted.items())
    ]
    if as_json:
        told = [asdict(overview.effective(file.stack, file.environment, tenant)) for file, tenant in chosen]
        sys.stdout.write(json.dumps({"stack": stack, "tenants": told}) + "\n")
    elif chosen:
        columns = 7 if len(files) > 1 else 6
        rows = [_HEADING, *(_cells(file, tenant) for file, tenant in chosen)]
        print_table([row[-columns:] for row in rows])
    else:
        any_at_all = any(file.tenants for file in files)
        out.print(f"{stack} has no {'such ' if any_at_all else ''}tenants", markup=False)


@tenants.command()
def show(slug: Slug, stack: Stack = HOME, as_json: AsJson = False) -> None:
    """Show all that holds for one tenant, and what of it is its plan's."""
    with invalid_input():
        file, tenant = holder(opened(stack), slug)
        found = overview.effective(file.stack, file.environment, tenant)
    if as_json:
        sys.stdout.write(json.dumps(asdict(found)) + "\n")
    else:
        print_table([(name, text) for name, text in overview.lines(found) if text])


@tenants.command()
def add(
    slug: Slug,
    *,
    plan: Annotated[Plan, typer.Option("--plan", help="What it pays for.")],
    stack: Stack = HOME,
    name: Annotated[str | None, typer.Option("--name", help="What people call it; by default its slug.")] = None,
    isolation: Annotated[
        Isolation | None, typer.Option("--isolation", help="How its data is kept apart; by default its plan's.")
    ] = None,
    domain: Annotated[list[str] | None, typer.Option("--domain", help="A host of its own; once for each.")] = None,
    ring: Annotated[Ring | None, typer.Option("--ring", help="When it meets a candidate.")] = None,
    trial_ends: Annotated[
        str | None, typer.Option("--trial-ends", help="It is on trial until then, as 2026-12-01T00:00:00Z.")
    ] = None,
    contact: Annotated[
        list[str] | None, typer.Option("--contact", help="Who is told of what concerns it; once for each.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Add a tenant to the file, at its place in the order of slugs."""
    newcomer = Newcomer(
        slug=slug,
        plan=plan,
        name=name,
        isolation=isolation,
        domains=tuple(domain or ()),
        ring=ring,
        trial_ends=trial_ends,
        contacts=tuple(contact or ()),
    )
    with invalid_input():
        files = opened(stack)
        fields = onboarding.fields(newcomer, files, _now())
        file = onboarding.place(newcomer, files)
        after = tenant_edit.added(file.text, fields)
        file.check(after)
    _finish(file, after, dry_run=dry_run)


@tenants.command()
def suspend(
    slug: Annotated[str | None, typer.Argument(help="The tenant's slug.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="All trials that are over instead.")] = False,
    stack: Stack = HOME,
    dry_run: DryRun = False,
) -> None:
    """Close a tenant: its host leads to a notice, its logins fail, and its data stays."""
    with invalid_input():
        if ended == (slug is not None):
            raise TenantryError("name one tenant, or --ended", "tenantry tenants suspend", "give one of the two")
        files = opened(stack)
        if slug is None:
            chosen = [(file, states.ended(file.tenants, _now())) for file in files]
        else:
            file, tenant = holder(files, slug)
            chosen = [(file, [tenant])]
    if not any(found for _, found in chosen):
        out.print(f"no trial of {stack} is over", markup=False)
    for file, found in chosen:
        if found:
            _step("suspend", file, found, dry_run=dry_run)


@tenants.command()
def resume(slug: Slug, stack: Stack = HOME, dry_run: DryRun = False) -> None:
    """Open a tenant again that was suspended or about to leave, or keep one whose trial it was."""
    _step_of_one("resume", stack, slug, dry_run=dry_run)


@tenants.command()
def offboard(slug: Slug, stack: Stack = HOME, dry_run: DryRun = False) -> None:
    """Close a tenant that leaves, but for an export; nothing of it is deleted yet."""
    file = _step_of_one("offboard", stack, slug, dry_run=dry_run)
    if not dry_run:
        export, delete = (f"tenantry tenants {name} {slug} --stack {file.stack}" for name in ("export", "delete"))
        out.print(f"then: `{export}`, and `{delete} --export SHA256`", markup=False)


@tenants.command()
def delete(
    slug: Slug,
    export: Annotated[str, typer.Option("--export", help="The SHA-256 that `tenantry tenants export` printed.")],
    stack: Stack = HOME,
    dry_run: DryRun = False,
) -> None:
    """Say that a tenant is gone, once it was offboarded and exported; applying that deletes its data."""
    _step_of_one("delete", stack, slug, dry_run=dry_run, export=export)


@contextlib.contextmanager
def invalid_input() -> Iterator[None]:
    """End with exit code 2 where what a user gave or wrote is not right; nothing has been changed then."""
    try:
        yield
    except TenantryError as error:
        error.exit_code = 2
        raise


def _step_of_one(command: str, stack: str, slug: str, *, dry_run: bool, export: str | None = None) -> Opened:
    """Take a step with one tenant, and return the file that lists it."""
    with invalid_input():
        file, tenant = holder(opened(stack), slug)
    _step(command, file, [tenant], dry_run=dry_run, export=export)
    return file


def _step(
    command: str, file: Opened, chosen: list[TenantSettings], *, dry_run: bool, export: str | None = None
) -> None:
    """Take a step with tenants of one file, all in one edit."""
    with invalid_input():
        changes = {tenant.slug: states.change(command, tenant, export) for tenant in chosen}
        after = tenant_edit.with_lifecycles(file.text, changes)
        file.check(after)
    _finish(file, after, dry_run=dry_run)


def _finish(file: Opened, after: str, *, dry_run: bool) -> None:
    """Write what was checked, unless it is only asked for, and say what comes next."""
    if not dry_run:
        file.write(after)
    out.print(difference(file.name, file.before or "", after), markup=False)
    if dry_run:
        return
    out.print("")
    for line in _following(file):
        out.print(line, markup=False)
    for other in file.sharing:
        out.print(f"{other} has its tenants from the same file: `pulumi preview --stack {other}`", markup=False)


def _following(file: Opened) -> Iterator[str]:
    """Return what applies a change: of a cell's tenant both stacks, as each makes a part of what it is."""
    stack, environment = file.stack, file.environments_stack
    if stack == environment:
        yield f"next: `pulumi preview --stack {stack}`, then `pulumi up`; in its sandbox: `make preview STACK={stack}`"
        return
    only = stack.removeprefix(f"{environment}-")
    yield f"next, its host, routes and flags: `pulumi preview --stack {environment}`, then `pulumi up`"
    yield f"and its login and data: `tenantry cells up --stack {environment} --only {only}`"


def _cells(file: Opened, tenant: TenantSettings) -> tuple[str, ...]:
    state = tenant.lifecycle.state
    return file.stack, tenant.slug, tenant.plan, tenant.effective_isolation, state, tenant.ring, tenant.name or ""


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
