"""Composition of one cell: tenants of an environment that are not in its own stack.

Owns which tenants it takes. Leaves what they stand on to the environment, which tells it by `ground`, and what each of
them has to `tenants`.
"""

import pulumi

from infra.naming import tenants_role
from infra.settings import costs
from infra.settings.cells import CellStackSettings
from stacks import policies
from stacks.access import DatabaseAccess, cluster_provider
from stacks.ground import Ground
from stacks.tenants import SecretPlace, SharedDatabase, Tenants, TenantsPlace, registry_of


def deploy(settings: CellStackSettings, ground: Ground) -> dict[str, pulumi.Input[object]]:
    """Declare the cell.

    Its tenants reach the server itself, not the environment's pooler, which knows no role of theirs.

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
    access = _access(ground)
    cluster = cluster_provider(context=ground.context, kubeconfig=_secret(ground.kubeconfig))
    name = environment.database.name
    place = TenantsPlace(
        server=access.server(),
        shared=SharedDatabase(name=name, database=name, tenants_role=tenants_role(name)),
        namespace=environment.namespace,
        platform=environment.namespace,
        egress=policies.tenants_egress(environment),
        secrets=_secrets(ground),
        opts=pulumi.ResourceOptions(providers=[cluster, access.provider()]),
        registry=registry_of(settings.cell.name),
        configurations=ground.configurations,
        configuration=environment.tenancy.configuration,
    )
    tenants = Tenants(settings.tenants, environment.plans, place)
    pool_connection: pulumi.Output[str] = pulumi.Output.secret(ground.pool_connection)
    return {
        "environment": settings.cell.of,
        "cell": settings.cell.name,
        "namespace": environment.namespace,
        "database": name,
        "pool_connection": pool_connection,
        **tenants.outputs(),
    }


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
    used = costs.of_cell([tenant.effective_isolation for tenant in tenants], in_aws=environment.declares_aws)
    budget = environment.cells[cell.name].budget
    if used > budget:
        raise pulumi.RunError(
            f"the cell has {used} resources and a budget of {budget}, cells.{cell.name}.budget of the stack {cell.of}, "
            f"put tenants in another cell, or raise it; {apply}"
        )


def _access(ground: Ground) -> DatabaseAccess:
    told = ground.database
    return DatabaseAccess(
        host=told["host"],
        port=int(told["port"]),
        username=told["username"],
        ssl_mode=told["ssl_mode"],
        superuser=told["superuser"],
        password=_secret(told.get("password")),
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
