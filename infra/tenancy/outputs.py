"""What a stack has told of its tenants: its last outputs, read by the caller's own `pulumi`.

Owns the way to a tenant's rows. Leaves what is to be declared to the settings: these are what has been applied.
"""

import difflib
import json
import subprocess
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, ValidationError

from infra.errors import TenantryError
from infra.paths import PROJECT_ROOT
from infra.tenancy.archives.manifest import Isolation
from infra.tenancy.archives.session import Access


class _Tenant(BaseModel):
    isolation: Isolation
    state: str = "active"
    schema_: Annotated[str | None, Field(alias="schema")] = None  # the deleted have none


class _Outputs(BaseModel):
    tenants: dict[str, _Tenant]
    connections: dict[str, SecretStr]
    pool_connection: SecretStr | None = None


def access_to(stack: str, slug: str) -> Access:
    """Return the way to a tenant's rows.

    Args:
        stack: the stack that declares it.
        slug: the tenant.

    Raises:
        TenantryError: there is no pulumi, the stack is not applied or has no such tenant, or its logins are closed.
    """
    outputs = _parsed(stack, _told(stack))
    tenant = outputs.tenants.get(slug)
    if tenant is None:
        near = difflib.get_close_matches(slug, outputs.tenants, n=1)
        remedy = f"did you mean {near[0]}?" if near else "add it to the stack's tenants and apply them"
        raise TenantryError(f"no such tenant: {slug}", f"the outputs of stack {stack}", remedy, 2)
    if tenant.state == "deleted":
        remedy = "remove its line and apply that; added and applied again, it takes its archive"
        raise TenantryError("it is deleted", f"tenant {slug}", remedy)
    if tenant.state not in {"trial", "active", "offboarding"}:
        remedy = "set lifecycle.state: offboarding, which opens its logins, and apply it"
        raise TenantryError(f"it is {tenant.state}: its logins are closed", f"tenant {slug}", remedy)
    url = outputs.pool_connection if tenant.isolation == "pool" else outputs.connections.get(slug)
    if url is None or tenant.schema_ is None:
        raise TenantryError("no connection among the outputs", f"tenant {slug}", f"run `pulumi up --stack {stack}`")
    return Access(tenant=slug, isolation=tenant.isolation, schema=tenant.schema_, url=url.get_secret_value())


def _told(stack: str) -> str:
    """Return the outputs as pulumi prints them."""
    command = ["pulumi", "stack", "output", "--json", "--show-secrets", f"--stack={stack}", "--non-interactive"]
    try:
        done = subprocess.run(
            command, cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        remedy = f"run it as `tenantry sandbox run {stack} -- tenantry tenants ...`, or install the Pulumi CLI"
        raise TenantryError("no pulumi on the PATH", f"the outputs of stack {stack}", remedy) from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        told = lines[-1].removeprefix("error: ") if lines else f"exit {done.returncode}"
        remedy = f"name a stack that has been applied, or run `pulumi up --stack {stack}`"
        raise TenantryError(f"pulumi: {told}", f"stack {stack}", remedy)
    return done.stdout


def _parsed(stack: str, told: str) -> _Outputs:
    try:
        known = json.loads(told)
        if known == {}:
            raise TenantryError("it has no outputs", f"stack {stack}", f"run `pulumi up --stack {stack}`")
        return _Outputs.model_validate(known)
    except (ValidationError, json.JSONDecodeError) as error:  # never shown: they quote secrets
        remedy = f"run `pulumi up --stack {stack}` with this version of the program"
        raise TenantryError("its outputs tell nothing of tenants' connections", f"stack {stack}", remedy) from error
