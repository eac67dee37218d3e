"""A tenant of isolation `schema`: a schema in the cell's shared database, and roles that can use no other.

A tenant of isolation `pool` has no resource: it is a key in the cell's `TenantRegistry`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.isolated_schema import IsolatedObjects, IsolatedSchemaArgs, Login, Server, TenantAccess
from components.tenant_secret import TenantSecret, kept_urls, once_within
from infra.naming import tenant_schema


@dataclass(frozen=True, kw_only=True)
class SchemaTenantArgs:
    """Arguments of `SchemaTenant`.

    Args:
        slug: the tenant.
        server: where the shared database is.
        database: the shared database.
        tenants_role: the role whose members may connect to it.
        access: what the tenant's application role may do.
        credentials_namespace: the Kubernetes namespace that the credentials are delivered to.
        secret: where its URLs are kept in AWS besides; None for nowhere.
    """

    slug: str
    server: Server
    database: pulumi.Input[str]
    tenants_role: pulumi.Input[str]
    access: TenantAccess
    credentials_namespace: pulumi.Input[str]
    secret: TenantSecret | None = None


class SchemaTenant(pulumi.ComponentResource):
    """No other tenant's role can use this tenant's schema; its roles can use no other.

    It is 13 resources in AWS and 11 elsewhere, each of which buys something that the others do not:

    1. this component: the tenant is one thing in a preview, and its children inherit providers;
    2. a password, which no settings hold;
    3. the owner, whom migrations act as: what runs in production cannot change tables;
    4. the reader, whom whoever helps a customer acts as: reads, and breaks nothing;
    5. the application role: its limit of connections, time-out, login and end of trial;
    6. the schema;
    7. its use, granted to the reader and by it to the application: one grant for both;
    8. to 10. what the reader and the application may do with tables made later, and with sequences;
    11. the Kubernetes Secret, which the workload reads;
    12. and 13. the secret in AWS and its content: it outlives the cluster, and its readers are on record.

    Connecting to the shared database costs none: the application role joins one that may.
    """

    login: Login
    """The role that the tenant's workload logs in as, with its password, a secret."""

    url: pulumi.Output[str]
    """The tenant's URL to the server itself, a secret."""

    last: Sequence[pulumi.Resource]
    """What is made last: who waits for all of these waits for the whole."""

    def __init__(self, name: str, args: SchemaTenantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:tenant:SchemaTenant", name, None, opts)
        data = IsolatedObjects(
            f"{name}-data",
            IsolatedSchemaArgs(
                server=args.server,
                database=args.database,
                schema=tenant_schema(args.slug),
                role_prefix=tenant_schema(args.slug),
                access=args.access,
                credentials_namespace=args.credentials_namespace,
                connects_as=args.tenants_role,
            ),
            once_within(self, "tenantry:database:IsolatedSchema", f"{name}-data"),
        )
        kept = kept_urls(name, args.secret, data.urls, pulumi.ResourceOptions(parent=self))
        self.login = data.login
        self.url = data.urls["DIRECT_DATABASE_URL"]
        self.last = [*data.last, *kept]
        self.register_outputs({"schema": data.schema, "role": data.login.role})
