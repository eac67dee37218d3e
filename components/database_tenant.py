"""A tenant of isolation `database`: a database and a Kubernetes namespace of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount

from components.closed_database import ClosedDatabaseArgs, closed_database
from components.isolated_schema import IsolatedObjects, IsolatedSchemaArgs, Login, Server, TenantAccess
from components.namespace import NamespaceObjects, Quota, WorkloadNamespaceArgs
from components.network_policies import Rule
from components.own_service import OwnService, OwnServiceArgs
from components.tenant_secret import TenantSecret, kept_urls, once_within
from infra.naming import labels, tenant_database, tenant_namespace, tenant_schema

OWN_SCHEMA = "shop"
"""The schema inside a tenant's own database; `public` keeps the extensions."""

_ACCOUNT = "workload"


@dataclass(frozen=True, kw_only=True)
class DatabaseTenantArgs:
    """Arguments of `DatabaseTenant`.

    Args:
        slug: the tenant.
        server: where its database is made.
        access: what the tenant's application role may do.
        quota: what its namespace may use.
        platform: the Kubernetes namespace of the platform that serves it.
        egress: whom the pods of its namespace may call.
        secret: where its URLs are kept in AWS besides; None for nowhere.
        behind_aws: whether AWS's load balancer sends requests to pods of its namespace.
    """

    slug: str
    server: Server
    access: TenantAccess
    quota: Quota
    platform: str
    egress: Sequence[Rule] = ()
    secret: TenantSecret | None = None
    behind_aws: bool = False


class DatabaseTenant(pulumi.ComponentResource):
    """No other tenant's role can connect to this tenant's database, and its namespace is its own.

    Nobody reaches the pods of that namespace, but the gateway those of a service that it has a copy of (`serve`); they
    call nobody but whom the arguments name.

    It is 22 resources in AWS and 20 elsewhere. To the 13 of a `SchemaTenant` come:

    - the database, that PUBLIC is shut out of it, that its own reader and by it the application may connect, and the
      vector extension, which belongs to one database (4);
    - the namespace, what it may use in all, what a container gets that asks for nothing, a policy that closes it but
      for names and the database, and a service account whose pods get no token (5).
    """

    login: Login
    """The role that the tenant's workload logs in as, with its password, a secret."""

    url: pulumi.Output[str]
    """The tenant's URL to the server itself, a secret."""

    last: Sequence[pulumi.Resource]
    """What is made last: who waits for all of these waits for the whole."""

    def __init__(self, name: str, args: DatabaseTenantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:tenant:DatabaseTenant", name, None, opts)
        self._name = name
        self._args = args
        self._space = self._namespace()
        namespace = self._space.namespace
        self._workload = account = self._account(namespace)
        self._objects = data = self._data(namespace, self._database())
        kept = kept_urls(name, args.secret, data.urls, pulumi.ResourceOptions(parent=self))
        self.login = data.login
        self.url = data.urls["DIRECT_DATABASE_URL"]
        self.last = [*data.last, account, *kept]
        self.register_outputs({"schema": data.schema, "role": data.login.role, "namespace": namespace})

    def serve(self, args: OwnServiceArgs) -> OwnService:
        """Declare a copy of a service: its pods are this tenant's, and have its database.

        Args:
            args: the service, of which nothing is the tenant's yet.
        """
        pods = replace(
            args.pods,
            environment_secrets=[self._objects.delivered()],
            service_account=self._workload.metadata.apply(lambda metadata: metadata.name or _ACCOUNT),
        )
        made = replace(args, pods=pods, after=[*args.after, *self.last, self._space.closed])
        return OwnService(self._name, self._space.namespace, made, pulumi.ResourceOptions(parent=self))

    def _namespace(self) -> NamespaceObjects:
        args = WorkloadNamespaceArgs(
            namespace=tenant_namespace(self._args.slug),
            quota=self._args.quota,
            egress=self._args.egress,
            tenant_of=self._args.platform,
            behind_aws=self._args.behind_aws,
        )
        former = once_within(self, "tenantry:namespace:WorkloadNamespace", f"{self._name}-space")
        return NamespaceObjects(f"{self._name}-space", args, former)

    def _account(self, namespace: pulumi.Input[str]) -> ServiceAccount:
        return ServiceAccount(
            f"{self._name}-account",
            metadata={"name": _ACCOUNT, "namespace": namespace, "labels": labels(self._name, "service-account")},
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _database(self) -> pulumi.Output[str]:
        args = ClosedDatabaseArgs(
            database=tenant_database(self._args.slug), restored=self._args.server.restored is not None
        )
        former = once_within(self, "tenantry:database:ClosedDatabase", f"{self._name}-own")
        return closed_database(f"{self._name}-own", args, former)

    def _data(self, namespace: pulumi.Input[str], database: pulumi.Input[str]) -> IsolatedObjects:
        args = IsolatedSchemaArgs(
            server=self._args.server,
            database=database,
            schema=OWN_SCHEMA,
            role_prefix=tenant_schema(self._args.slug),
            access=self._args.access,
            credentials_namespace=namespace,
        )
        former = once_within(self, "tenantry:database:IsolatedSchema", f"{self._name}-data")
        return IsolatedObjects(f"{self._name}-data", args, former)
