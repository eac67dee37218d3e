"""A project with a list of tenants, and how its commands are run: what they say, and that bad input writes nothing."""

import datetime
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner, Result

from infra.cli import app
from infra.errors import TenantryError
from tests.examples import BLUE_IMAGE, TOOLS_IMAGE, raw_declared_settings
from tests.stack_files import write_stack

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
FILE = "stacks/tenants/example.yaml"
EXPORT = "e" * 64
LISTED = f"""# Ours, by hand.
- {{ slug: book-store, plan: pro }} # the first
- {{ slug: gone-shop, plan: free, lifecycle: {{ state: deleted, export: {EXPORT} }} }}
- {{ slug: old-trial, plan: free, lifecycle: {{ state: trial, ends: 2026-11-21T00:00:00Z }} }}
- slug: resting
  name: "Resting"
  plan: enterprise
  isolation: schema
  domains: [www.resting.example.org]
  lifecycle: {{ state: suspended }} # until spring
  quota: {{ connection_limit: 7 }}
  contacts: [ops@example.com]
- {{ slug: trial, plan: free, ring: early, lifecycle: {{ state: trial, ends: 2027-01-01T00:00:00Z }} }}
"""


def settings() -> dict[str, Any]:
    """Return settings with hosts, and a list of tenants that is replaced."""

    def route(raw: dict[str, Any]) -> None:
        raw["dns"] = {"zone": "shop.example.com", "gateway_class": "istio", "acme": {"email": "ops@example.com"}}
        raw["services"]["storefront"] |= {"hosts": ["blog.shop.example.com"], "tenant_hosts": True}
        raw["gateway"] = {"maintenance": {"image": BLUE_IMAGE}}
        raw["tenancy"] = {"lifecycle": {"image": TOOLS_IMAGE}}

    return raw_declared_settings(route)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["tenants", *arguments])


def done(*arguments: str) -> str:
    """Return what a command says that ends well."""
    result = run(*arguments)
    assert result.exit_code == 0, (result.output, result.exception, getattr(result.exception, "faults", ()))
    return result.output


def refused(root: Path, *arguments: str) -> TenantryError:
    """Return the error of a command that writes nothing."""
    path = root / FILE
    before = path.read_bytes() if path.exists() else None
    result = run(*arguments)
    assert isinstance(result.exception, TenantryError), (result.output, result.exception)
    assert (path.read_bytes() if path.exists() else None) == before
    assert result.exception.exit_code == 2
    return result.exception


def text(root: Path) -> str:
    return (root / FILE).read_text()


def entry(root: Path, slug: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in yaml.safe_load(text(root)) if one["slug"] == slug)
    return found


def cell(root: Path) -> Path:
    """Give the environment a second cell, and no room in its own; return the cell's tenant file."""
    raw = settings()
    del raw["tenants"]
    write_stack(root, "example", raw | {"cells": {"home": {"budget": 30}, "cell-02": {"budget": 45}}})
    listed = [{"slug": "far", "plan": "pro"}]
    write_stack(root, "example-cell-02", {"cell": {"of": "example", "name": "cell-02"}, "tenants": listed})
    return root / "stacks/tenants/example-cell-02.yaml"
