"""Proof that a preview wrote nothing: everything that its sandbox's servers hold is compared before and after it."""

import contextlib
from collections.abc import Iterator, Mapping

import httpx
import psycopg

from infra.commands.console import err
from infra.errors import TenantryError
from infra.gate.change import FailedPreview
from infra.sandbox import instance as instances
from infra.sandbox import writes
from infra.sandbox.control_plane.api import ApiError
from infra.sandbox.instance import Instance

_NAMED = 10
_INVALID = 2
_FAILED = 3


@contextlib.contextmanager
def writing_nothing(stack: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Make sure that nothing is written to a stack's sandbox while the block runs, by whomever.

    Args:
        stack: its name.
        environment: of the Pulumi CLI, which leads to a sandbox.

    Raises:
        FailedPreview: something was written; the block's own says that as well.
        TenantryError: it leads elsewhere (exit code 2), or a server does not answer (exit code 3).
    """
    instance = _sandbox_of(stack, environment)
    before = _fingerprints(instance)
    try:
        yield
    except FailedPreview as error:
        if not (written := _written(instance, before)):
            raise
        raise FailedPreview(f"{error}; and {written}") from error
    if written := _written(instance, before):
        raise FailedPreview(written)
    err.print(f"nothing was written to the sandbox {instance.name}: {len(before)} things are as before", markup=False)


def _written(instance: Instance, before: writes.Fingerprints) -> str:
    """Return what was written since; empty for nothing."""
    names = writes.differing(before, _fingerprints(instance))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"something was written while it ran: {', '.join(names[:_NAMED])}{more}" if names else ""


def _sandbox_of(stack: str, environment: Mapping[str, str]) -> Instance:
    """Return the instance whose backend the environment names."""
    backend = environment.get("PULUMI_BACKEND_URL", "").partition("?")[0]
    for name in instances.names():
        instance = instances.load(name)
        if instance is not None and backend == f"file://{instance.directory / 'pulumi' / 'state'}":
            return instance
    remedy = "leave --pure out, or run `tenantry sandbox run STACK -- tenantry gate STACK --pure`"
    raise TenantryError("only a sandbox's servers tell what is written", f"stack {stack}", remedy, _INVALID)


def _fingerprints(instance: Instance) -> writes.Fingerprints:
    try:
        return writes.fingerprints(instance)
    except (ApiError, httpx.HTTPError, psycopg.Error, OSError, TenantryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        what = f"a server does not tell what is written ({reason})"
        remedy = f"run `tenantry sandbox status {instance.name}`"
        raise TenantryError(what, f"the sandbox {instance.name}", remedy, _FAILED) from error
