"""Composition of one cell: tenants of an environment that are not in its own stack.

Owns which tenants it takes, and whether their data is in the environment's database or in one of its own. Leaves what
they stand on to the environment, which tells it by `ground`, and what each of them has to `tenants`.
"""

import pulumi
import pulumi_kubernetes as kubernetes

from infra.settings import costs
from infra.settings.cells import CellStackSettings
from infra.settings.database import DeclaredDatabase
from infra.settings.models import StackSettings
from stacks import lifecycle, policies
from stacks.access import cluster_provider, passwords
from stacks.cell_data import CellData, environments
from stacks.ground import Ground
from stacks.tenants import SecretPlace, Tenants, TenantsPlace, registry_of


def deploy(settings: CellStackSettings, ground: Ground) -> dict[str, pulumi.Input[object]]:
    """Declare the cell.

    Args:
        settings: the cell's.
        ground: what its environment told.

    Returns:
        The stack's outputs by name.

    Raises:
        pulumi.RunError: the environment as it was applied has no such cell, or gives it less than it needs.
    """
    _check(settings, ground)
    environment = ground.settings
    cluster = cluster_provider(context=ground.context, kubeconfig=_secret(ground.kubeconfig))
    secrets = _secrets(ground)
    data = _data(settings, ground, cluster, secrets)
    opts = pulumi.ResourceOptions(providers=[cluster, data.provider])
    place = TenantsPlace(
        server=data.server,
        shared=data.shared,
        namespace=environment.namespace,
        platform=environment.namespace,
        egress=policies.tenants_egress(environment),
        secrets=secrets,
        opts=opts,
        registry=registry_of(settings.cell.name),
        configurations=ground.configurations,
        configuration=environment.tenancy.configuration,
    )
    tenants = Tenants(settings.tenants, environment.plans, place)
    if settings.database is not None:
        _look_after(settings, environment, data, tenants, opts)
    return {
        "environment": settings.cell.of,
        "cell": settings.cell.name,
        "namespace": environment.namespace,
        "database": data.shared.database,
        "pool_connection": data.pool_connection,
        **tenants.outputs(),
        **data.outputs,
        **({"database_logins": passwords([*data.logins, *tenants.logins.values()])} if data.logins else {}),
    }


def _data(
    settings: CellStackSettings, ground: Ground, cluster: kubernetes.Provider, secrets: SecretPlace | None
) -> CellData:
    if settings.database is None:
        return environments(ground)
    # A cell without one does not pay for the SDK.
    from stacks import own_database  # noqa: PLC0415

    assert secrets is not None  # the environment declares its database in AWS, which `_check` has asked
    return own_database.declare(settings, ground, cluster, secrets.provider)


def _look_after(
    settings: CellStackSettings,
    environment: StackSettings,
    data: CellData,
    tenants: Tenants,
    opts: pulumi.ResourceOptions,
) -> None:
    """Declare the job that looks after the tenants of the cell's own database; others are for its environment's job."""
    lifecycle.declare(
        environment,
        tenants=settings.tenants,
        namespace=environment.namespace,
        registry=tenants.config_maps,
        others=(),
        login=data.migrations,
        after=tenants.registry,
        opts=opts,
        cell=settings.cell.name,
    )


def _check(settings: CellStackSettings, ground: Ground) -> None:
    """Refuse what `tenantry config check` refuses by the files, by what the environment was applied with."""
    cell, environment = settings.cell, ground.settings
    apply = f"run `pulumi up --stack {cell.of}` first, if Pulumi.{cell.of}.yaml says otherwise"
    if cell.name not in environment.cells:
        raise pulumi.RunError(f"the stack {cell.of} has no such cell, cell.name, {apply}")
    tenants = [tenant for tenant in settings.tenants if tenant.is_declared]
    missing = sorted({tenant.plan for tenant in tenants} - environment.plans.keys())
    if missing:
        raise pulumi.RunError(f"the stack {cell.of} has no limits of plans, {', '.join(missing)}, {apply}")
    versions = {tenant.configuration or environment.tenancy.configuration for tenant in tenants}
    unknown = sorted(version for version in versions if version and version not in ground.configurations)
    if unknown:
        raise pulumi.RunError(f"the stack {cell.of} has no such configurations, {', '.join(unknown)}, {apply}")
    own = settings.database is not None
    if own and (ground.data_tier is None or not isinstance(environment.database, DeclaredDatabase)):
        raise pulumi.RunError(f"the stack {cell.of} has told of no network with a database, database, {apply}")
    isolations = [tenant.effective_isolation for tenant in tenants]
    used = costs.of_cell(isolations, in_aws=environment.declares_aws, own_database=own)
    budget = environment.cells[cell.name].budget
    if used > budget:
        raise pulumi.RunError(
            f"the cell has {used} resources and a budget of {budget}, cells.{cell.name}.budget of the stack {cell.of}, "
            f"put tenants in another cell, or raise it; {apply}"
        )


def _secrets(ground: Ground) -> SecretPlace | None:
    place = ground.settings.aws
    if ground.secrets_key is None or place is None:
        return None
    # A cell of an environment without AWS does not pay for its SDK.
    from stacks.region import account  # noqa: PLC0415

    return SecretPlace(environment=place.name, key_arn=ground.secrets_key, provider=account(place))


def _secret(value: str | None) -> pulumi.Output[str] | None:
    """Return a value that no state and no preview shows; None for none."""
    if value is None:
        return None
    kept: pulumi.Output[str] = pulumi.Output.secret(value)
    return kept
