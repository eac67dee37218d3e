"""A cell's own database: settings -> an RDS server in its environment's network, and what its tenants share in it.

Imported by cells that have one only, as it takes the SDK of AWS. Leaves tenants to `tenants`.
"""

import pulumi
import pulumi_kubernetes as kubernetes

from components.database import Database
from components.tenant_pool import TenantPool, TenantPoolArgs
from infra.connections import available
from infra.naming import cell_database
from infra.settings.cells import CellStackSettings
from infra.settings.database import DeclaredDatabase
from stacks.access import access_to, administrators_url
from stacks.cell_data import CellData
from stacks.ground import Ground
from stacks.region import backup_copy
from stacks.stores import database_args
from stacks.tenants import shared_database


def declare(
    cell: CellStackSettings, ground: Ground, cluster: kubernetes.Provider, account: pulumi.ProviderResource
) -> CellData:
    """Declare a cell's own database.

    Args:
        cell: its settings, with a database.
        ground: what its environment told, with its network.
        cluster: the provider of everything in Kubernetes.
        account: that of everything in AWS.
    """
    settings, environment = cell.database, ground.settings
    assert settings is not None  # its caller asked
    assert environment.aws is not None  # and checked that the environment declares its database
    opts = pulumi.ResourceOptions(providers=[account])
    database = _server(settings, f"{environment.aws.name}-{cell.cell.name}", ground, opts)
    copy = backup_copy(environment.aws, settings, database, opts)
    access, name = access_to(database), cell_database(cell.cell.name)
    provider = access.provider([database])  # after its rules too, which let the cluster in
    args = TenantPoolArgs(
        server=access.server(),
        database=name,
        connection_limit=available(settings.max_connections),
        credentials_namespace=environment.namespace,
        expendable=not settings.protect,
    )
    pool = TenantPool("tenants", args, pulumi.ResourceOptions(providers=[cluster, provider]))
    migrations = pool.migration_login(ends_sessions=environment.tenancy.lifecycle is not None)
    outputs: dict[str, pulumi.Input[object]] = {"database_url": administrators_url(database)}
    if copy is not None:
        outputs["database_backups"] = copy.arn
    return CellData(
        provider=provider,
        server=access.server(),
        shared=shared_database(name, pool),
        pool_connection=pulumi.Output.secret(pool.url),
        logins=[pool.login, migrations.login],
        migrations=migrations,
        outputs=outputs,
    )


def _server(settings: DeclaredDatabase, name: str, ground: Ground, opts: pulumi.ResourceOptions) -> Database:
    tier = ground.data_tier
    assert tier is not None  # the caller asked
    args = database_args(settings, identifier=name, vpc_id=tier["vpc_id"], subnet_ids=tier["subnet_ids"])
    database = Database("database", args, opts)
    for source, group in (("operators", tier["operators"]), ("cluster", tier["clients"])):
        database.allow_from(source, group)
    return database
