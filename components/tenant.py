"""A tenant with resources of its own: `SchemaTenant` and `DatabaseTenant`.

A tenant of isolation `pool` has none: it is a key in the cell's `TenantRegistry`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.closed_database import ClosedDatabase, ClosedDatabaseArgs
from components.isolated_schema import IsolatedSchema, IsolatedSchemaArgs, Login, Server
from components.namespace import Quota, WorkloadNamespace, WorkloadNamespaceArgs
from components.network_policies import Rule
from infra.naming import tenant_database, tenant_namespace, tenant_schema

_OWN_SCHEMA = "shop"
"""The schema inside a tenant's own database; `public` keeps the extensions."""


@dataclass(frozen=True, kw_only=True)
class SchemaTenantArgs:
    """Arguments of `SchemaTenant`.

    Args:
        slug: the tenant.
        server: where the shared database is.
        database: the shared database.
        connection_limit: connections of the tenant's application role at most.
        credentials_namespace: the Kubernetes namespace that the credentials are delivered to.
    """

    slug: str
    server: Server
    database: pulumi.Input[str]
    connection_limit: int
    credentials_namespace: pulumi.Input[str]


class SchemaTenant(pulumi.ComponentResource):
    """No other tenant's role can use this tenant's schema; its roles can use no other."""

    database: pulumi.Output[str]
    """The shared database."""

    schema: pulumi.Output[str]
    """The tenant's schema."""

    role: pulumi.Output[str]
    """The role that the tenant's workload logs in as."""

    login: Login
    """The same role with its password, a secret."""

    credentials: pulumi.Output[str]
    """The Kubernetes Secret with the tenant's URLs, `DATABASE_URL` first of them."""

    url: pulumi.Output[str]
    """The tenant's URL to the server itself, a secret."""

    def __init__(self, name: str, args: SchemaTenantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:tenant:SchemaTenant", name, None, opts)
        data = IsolatedSchema(
            f"{name}-data",
            IsolatedSchemaArgs(
                server=args.server,
                database=args.database,
                schema=tenant_schema(args.slug),
                role_prefix=tenant_schema(args.slug),
                connection_limit=args.connection_limit,
                credentials_namespace=args.credentials_namespace,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.database = pulumi.Output.from_input(args.database)
        self.schema = data.schema
        self.role = data.role
        self.login = data.login
        self.credentials = data.credentials
        self.url = data.url
        self.register_outputs({"schema": self.schema, "role": self.role, "credentials": self.credentials})


@dataclass(frozen=True, kw_only=True)
class DatabaseTenantArgs:
    """Arguments of `DatabaseTenant`.

    Args:
        slug: the tenant.
        server: where its database is made.
        connection_limit: connections of the tenant's application role at most.
        quota: what its namespace may use.
        platform: the Kubernetes namespace of the platform that serves it.
        egress: whom the pods of its namespace may call.
    """

    slug: str
    server: Server
    connection_limit: int
    quota: Quota
    platform: str
    egress: Sequence[Rule] = ()


class DatabaseTenant(pulumi.ComponentResource):
    """No other tenant's role can connect to this tenant's database, and its namespace is its own.

    Nobody reaches the pods of that namespace, and they call nobody but whom the arguments name.
    """

    database: pulumi.Output[str]
    """The tenant's database, known once PUBLIC has lost the right to connect."""

    schema: pulumi.Output[str]
    """The schema inside it."""

    role: pulumi.Output[str]
    """The role that the tenant's workload logs in as."""

    login: Login
    """The same role with its password, a secret."""

    namespace: pulumi.Output[str]
    """The tenant's Kubernetes namespace."""

    credentials: pulumi.Output[str]
    """The Kubernetes Secret, in that namespace, with the tenant's URLs, `DATABASE_URL` first of them."""

    url: pulumi.Output[str]
    """The tenant's URL to the server itself, a secret."""

    def __init__(self, name: str, args: DatabaseTenantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:tenant:DatabaseTenant", name, None, opts)
        self._name = name
        self._args = args
        self.namespace = self._namespace().namespace
        self.database = ClosedDatabase(
            f"{name}-own",
            ClosedDatabaseArgs(database=tenant_database(args.slug), restored=args.server.restored is not None),
            pulumi.ResourceOptions(parent=self),
        ).database
        data = self._data()
        self.schema = data.schema
        self.role = data.role
        self.login = data.login
        self.credentials = data.credentials
        self.url = data.url
        self.register_outputs(
            {
                "database": self.database,
                "schema": self.schema,
                "role": self.role,
                "namespace": self.namespace,
                "credentials": self.credentials,
            }
        )

    def _namespace(self) -> WorkloadNamespace:
        return WorkloadNamespace(
            f"{self._name}-space",
            WorkloadNamespaceArgs(
                namespace=tenant_namespace(self._args.slug),
                quota=self._args.quota,
                egress=self._args.egress,
                tenant_of=self._args.platform,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _data(self) -> IsolatedSchema:
        return IsolatedSchema(
            f"{self._name}-data",
            IsolatedSchemaArgs(
                server=self._args.server,
                database=self.database,
                schema=_OWN_SCHEMA,
                role_prefix=tenant_schema(self._args.slug),
                connection_limit=self._args.connection_limit,
                credentials_namespace=self.namespace,
            ),
            pulumi.ResourceOptions(parent=self),
        )
