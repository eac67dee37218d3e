"""The job that looks after tenants' lifecycle: settings -> component.

Owns whether there is one. Leaves what it does to `infra.tenancy.lifecycle`.
"""

from collections.abc import Sequence

import pulumi

from components.migration_login import MigrationLogin
from components.tenant_lifecycle import LIFECYCLE, TenantLifecycle, TenantLifecycleArgs
from infra.settings.models import StackSettings
from infra.settings.tenants import TenantSettings

_CLOSED = ("suspended", "deleted")  # as `infra.tenancy.registry` has it: who leaves is let in for an export


def declare(
    settings: StackSettings,
    *,
    tenants: Sequence[TenantSettings],
    namespace: pulumi.Input[str],
    registry: Sequence[pulumi.Input[str]],
    others: Sequence[str],
    login: MigrationLogin | None,
    after: Sequence[pulumi.Resource],
    opts: pulumi.ResourceOptions,
    cell: str | None = None,
) -> None:
    """Declare the job, if it is asked for.

    Args:
        settings: the environment's.
        tenants: those of the stack.
        namespace: of the platform's services.
        registry: the ConfigMaps of the registry.
        others: those of cells' registries, there or not.
        login: of the pool's migrations; there is one wherever there is a job.
        after: the registry's resources.
        opts: with the cluster's provider, and what pods need before they run.
        cell: whose own database it looks after; None for the environment's.
    """
    wanted = settings.tenancy.lifecycle
    if wanted is None:
        return
    assert login is not None
    args = TenantLifecycleArgs(
        namespace=namespace,
        image=wanted.image,
        schedule=wanted.schedule,
        registry=registry,
        others=others,
        login=login.credentials,
        closed={tenant.slug: tenant.lifecycle.state for tenant in tenants if tenant.lifecycle.state in _CLOSED},
        after=after,
        job_name=LIFECYCLE if cell is None else f"{LIFECYCLE}-{cell}",
    )
    TenantLifecycle("tenants-lifecycle", args, opts)
