"""The cell's shared database: pool tenants' tables, and the home of schema tenants' schemas.

Owns the database, the pool's schema and roles, the login of migrations where there are any, and the guard that they put
on every table. Leaves the tables to the product's migrations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_postgresql import Function, Grant, GrantRole, Role

from components.closed_database import ClosedDatabase, ClosedDatabaseArgs
from components.isolated_schema import IsolatedSchema, IsolatedSchemaArgs, Login, Server, TenantAccess
from components.migration_login import MigrationLogin, MigrationLoginArgs
from infra.naming import tenants_role
from infra.tenant_guard import CURRENT_TENANT, ISOLATE_TENANTS, POOL_SCHEMA


@dataclass(frozen=True, kw_only=True)
class TenantPoolArgs:
    """Arguments of `TenantPool`.

    Args:
        server: where the database is.
        database: the name of the shared database.
        connection_limit: connections of the pool's application role at most.
        credentials_namespace: the Kubernetes namespace that the credentials are delivered to.
        expendable: whether the pool may be removed with the tables in it; else its removal fails while it has some.
    """

    server: Server
    database: str
    connection_limit: int
    credentials_namespace: pulumi.Input[str]
    expendable: bool = False


class TenantPool(pulumi.ComponentResource):
    """Only roles that were granted it connect to the shared database, and a guarded table shows one tenant's rows.

    A migration calls `SELECT pool.isolate_tenants('pool.orders')` for each table with a `tenant_id text`; from then
    on a session sees and writes the rows of `app.current_tenant_id` only, the owner's sessions included, and none
    when it is unset. The application sets it with `SET LOCAL` in each transaction: for the session it would be the next
    tenant's too, to whom a pooler gives the connection. An index that begins with `tenant_id` is used: the function is
    called once a statement, not once a row.

    What row-level security does not cover is kept out otherwise. `TRUNCATE` is the owner's. Foreign keys and unique
    constraints look past it, so that they must have `tenant_id` in them: a foreign key without it is refused when the
    table is guarded, a unique index without it is warned of. A materialised view holds whatever its owner saw, and a
    sequence that tenants share tells how busy the others are. A partition made later is to be guarded, too.
    """

    database: pulumi.Output[str]
    """The shared database, known once PUBLIC has lost the right to connect."""

    role: pulumi.Output[str]
    """The role that services log in as; no superuser, no BYPASSRLS."""

    login: Login
    """The same role with its password, a secret."""

    credentials: pulumi.Output[str]
    """The Kubernetes Secret with the services' URLs, `DATABASE_URL` first of them."""

    checksum: pulumi.Output[str]
    """Changes with the content of that Secret."""

    url: pulumi.Output[str]
    """The services' URL to the server itself, a secret."""

    tenants_role: pulumi.Output[str]
    """The role whose members may connect, known once they may; those with a schema of their own in the database."""

    last: Sequence[pulumi.Resource]
    """What is made last: who waits for all of these waits for the whole."""

    def __init__(self, name: str, args: TenantPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:database:TenantPool", name, None, opts)
        self._name = name
        self._args = args
        restored = args.server.restored is not None
        closed = ClosedDatabaseArgs(database=args.database, restored=restored)
        self.database = ClosedDatabase(f"{name}-shared", closed, pulumi.ResourceOptions(parent=self)).database
        self._isolated = pool = self._pool()
        self._guards = [] if restored else self._guard(pool, self._administration(pool))
        self.tenants_role = pulumi.Output.from_input(tenants_role(args.database)) if restored else self._tenants_role()
        self.last = [*pool.last, *self._guards]
        self.role = pool.role
        self.login = pool.login
        self.credentials = pool.credentials
        self.checksum = pool.checksum
        self.url = pool.url
        self.register_outputs({"database": self.database, "role": self.role, "credentials": self.credentials})

    def migration_login(self, *, ends_sessions: bool = False) -> MigrationLogin:
        """Declare who migrates the pool's tables; once, where anything is to be migrated.

        Args:
            ends_sessions: whether it may end those of other roles, as the lifecycle job does.
        """
        args = MigrationLoginArgs(
            server=self._args.server,
            database=self.database,
            schema=self._isolated.schema,
            owner=self._isolated.owner,
            role_prefix=self._role_prefix,
            credentials_namespace=self._args.credentials_namespace,
            after=self._guards,  # tables are guarded as they are made
            ends_sessions=ends_sessions,
        )
        return MigrationLogin(f"{self._name}-migrations", args, pulumi.ResourceOptions(parent=self))

    @property
    def _role_prefix(self) -> str:
        return f"{self._args.database}_{POOL_SCHEMA}"

    def _pool(self) -> IsolatedSchema:
        return IsolatedSchema(
            f"{self._name}-pool",
            IsolatedSchemaArgs(
                server=self._args.server,
                database=self.database,
                schema=POOL_SCHEMA,
                role_prefix=self._role_prefix,
                access=TenantAccess(connection_limit=self._args.connection_limit, droppable=self._args.expendable),
                credentials_namespace=self._args.credentials_namespace,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _tenants_role(self) -> pulumi.Output[str]:
        """Make the one role that is granted the database: a grant for each tenant would change one row of it."""
        child = pulumi.ResourceOptions(parent=self)
        role = Role(f"{self._name}-members", name=tenants_role(self._args.database), login=False, opts=child)
        connect = Grant(
            f"{self._name}-members-connect",
            database=self.database,
            role=role.name,
            object_type="database",
            privileges=["CONNECT"],
            opts=child,
        )
        return pulumi.Output.all(role.name, connect.id).apply(lambda parts: str(parts[0]))

    def _administration(self, pool: IsolatedSchema) -> list[pulumi.Resource]:
        """Let an administrator that is no superuser create functions in the pool's schema."""
        administrator = self._args.server.administrator
        if administrator is None:
            return []
        # After the whole pool: to make what the owner owns, the provider grants itself the owner's role for a moment,
        # and the revoke that ends the moment would take this grant away with it.
        after = pulumi.ResourceOptions(parent=self, depends_on=[pool])
        return [GrantRole(f"{self._name}-administration", role=administrator, grant_role=pool.owner, opts=after)]

    def _guard(self, pool: IsolatedSchema, after: Sequence[pulumi.Resource]) -> list[Function]:
        tenant = Function(
            f"{self._name}-current-tenant",
            name="current_tenant",
            database=self.database,
            schema=pool.schema,
            returns="text",
            language="plpgsql",
            volatility="STABLE",
            parallel="SAFE",
            body=CURRENT_TENANT,
            drop_cascade=self._args.expendable,  # the tables' policies need it
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )
        guard = Function(
            f"{self._name}-guard",
            name="isolate_tenants",
            database=self.database,
            schema=pool.schema,
            args=[{"name": "target", "type": "regclass"}],
            returns="void",
            language="plpgsql",
            body=ISOLATE_TENANTS,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*after, tenant]),
        )
        return [tenant, guard]
