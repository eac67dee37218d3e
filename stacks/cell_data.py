"""Where the data of a cell's tenants is: in its environment's database.

Leaves a database of the cell's own to `own_database`, which says the same of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_postgresql as postgresql

from components.isolated_schema import Login, Server
from components.migration_login import MigrationLogin
from infra.naming import tenants_role
from stacks.access import DatabaseAccess
from stacks.ground import Ground
from stacks.tenants import SharedDatabase


@dataclass(frozen=True, kw_only=True)
class CellData:
    """A database as a cell's tenants are put into it.

    Args:
        provider: of everything in the server.
        server: where it is, as workloads reach it.
        shared: what pool tenants and schema tenants share.
        pool_connection: the URL of the services' role, a secret.
        logins: those in it that are nobody's tenant, where this stack makes it.
        migrations: the login of migrations; None where another stack has it.
        outputs: the stack's outputs about the server.
    """

    provider: postgresql.Provider
    server: Server
    shared: SharedDatabase
    pool_connection: pulumi.Output[str]
    logins: Sequence[Login] = ()
    migrations: MigrationLogin | None = None
    outputs: Mapping[str, pulumi.Input[object]] = field(default_factory=dict)


def environments(ground: Ground) -> CellData:
    """Return the database that a cell's environment has.

    Tenants reach the server itself, not the environment's pooler, which knows no role of theirs.

    Args:
        ground: what the environment told.
    """
    told, name = ground.database, ground.settings.database.name
    password: pulumi.Output[str] | None = pulumi.Output.secret(told["password"]) if told.get("password") else None
    access = DatabaseAccess(
        host=told["host"],
        port=int(told["port"]),
        username=told["username"],
        ssl_mode=told["ssl_mode"],
        superuser=told["superuser"],
        password=password,
    )
    return CellData(
        provider=access.provider(),
        server=access.server(),
        shared=SharedDatabase(name=name, database=name, tenants_role=tenants_role(name)),
        pool_connection=pulumi.Output.secret(ground.pool_connection),
    )
