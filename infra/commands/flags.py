"""`tenantry flags`: whom each feature flag is on for, and what decided that; from the files alone."""

import difflib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from infra.commands.console import AsJson, out, print_table
from infra.errors import TenantryError
from infra.flags import Decision, decide
from infra.settings import checking, stack_file
from infra.settings.flags import FlagSettings
from infra.settings.models import StackSettings
from infra.settings.tenants import TenantSettings

flags = typer.Typer(no_args_is_help=True, help="Show whom feature flags are on for, and why.")

Stack = Annotated[str, typer.Argument(help="The stack; its file is Pulumi.STACK.yaml.")]

_REASONS = {
    "global": "off for everybody (on: false)",
    "tenant": "the tenant's features",
    "plan": "the plan",
    "default": "neither tenant nor plan turns it on",
}


@flags.command()
def show(
    stack: Stack,
    tenant: Annotated[str | None, typer.Option("--tenant", help="What one tenant has, by its slug.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the flags of each plan and of the tenants that differ, or of one tenant, and which rule decided."""
    settings = checking.settings_of(stack_file.source_of(stack))
    chosen = None if tenant is None else _tenant(stack, settings, tenant)
    if as_json:
        told = _of_all(settings) if chosen is None else {**_identity(chosen), **_of_one(settings, chosen)}
        sys.stdout.write(json.dumps({"stack": stack, **told}) + "\n")
    elif not settings.flags:
        out.print(f"{stack} declares no flags")
    elif chosen is None:
        print_table([("flag", "for", "is", "decided by", "read by"), *_rows_of_all(settings)])
    else:
        print_table([("flag", "is", "decided by", "read by"), *_rows_of_one(settings, chosen)])


def _tenant(stack: str, settings: StackSettings, slug: str) -> TenantSettings:
    for tenant in settings.served_tenants:
        if tenant.slug == slug:
            return tenant
    near = difflib.get_close_matches(slug, [tenant.slug for tenant in settings.served_tenants], n=1)
    remedy = f"did you mean {near[0]}?" if near else "use a slug of tenants there"
    raise TenantryError("no such tenant", f"Pulumi.{stack}.yaml", remedy)


def _decided(flag: FlagSettings, name: str, tenant: TenantSettings) -> Decision:
    return decide(flag, tenant.plan, tenant.features.get(name))


def _differing(settings: StackSettings, name: str) -> Iterator[TenantSettings]:
    """Return the tenants that say something of a flag themselves."""
    return (tenant for tenant in settings.served_tenants if name in tenant.features)


def _identity(tenant: TenantSettings) -> dict[str, object]:
    return {"tenant": tenant.slug, "plan": tenant.plan}


def _declared(settings: StackSettings, flag: FlagSettings) -> dict[str, object]:
    return {"services": [name for name in settings.services if flag.read_by(name)], "rolls": list(flag.rolls)}


def _of_all(settings: StackSettings) -> dict[str, object]:
    told = [
        {
            "name": name,
            "on": flag.on,
            "plans": {plan: asdict(decide(flag, plan)) for plan in settings.plans},
            "tenants": {tenant.slug: asdict(_decided(flag, name, tenant)) for tenant in _differing(settings, name)},
            **_declared(settings, flag),
        }
        for name, flag in settings.flags.items()
    ]
    return {"flags": told}


def _of_one(settings: StackSettings, tenant: TenantSettings) -> dict[str, object]:
    told = [
        {"name": name, **asdict(_decided(flag, name, tenant)), **_declared(settings, flag)}
        for name, flag in settings.flags.items()
    ]
    return {"flags": told}


def _rows_of_all(settings: StackSettings) -> Iterator[tuple[str, ...]]:
    for name, flag in settings.flags.items():
        decisions = [(f"plan {plan}", decide(flag, plan)) for plan in settings.plans]
        decisions += [(tenant.slug, _decided(flag, name, tenant)) for tenant in _differing(settings, name)]
        for whom, decision in decisions:
            yield name, whom, *_cells(flag, decision)


def _rows_of_one(settings: StackSettings, tenant: TenantSettings) -> Iterator[tuple[str, ...]]:
    for name, flag in settings.flags.items():
        yield name, *_cells(flag, _decided(flag, name, tenant))


def _cells(flag: FlagSettings, decision: Decision) -> tuple[str, str, str]:
    readers = "all" if flag.services is None else ", ".join(flag.services)
    return "on" if decision.on else "off", _REASONS[decision.rule], readers
