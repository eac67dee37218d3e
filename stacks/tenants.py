"""The tenants of an environment or of a cell: settings -> what each has of its own, and what services know of it.

Owns which isolation is which component, and what the registry and the outputs say. Leaves the shared database to
`TenantPool`, and which tenants there are to the settings. All names are functions of the slug, so that the registry is
known in a preview, and a pool tenant is an entry of it and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components.database_tenant import OWN_SCHEMA, DatabaseTenant, DatabaseTenantArgs
from components.isolated_schema import Login, Server, TenantAccess
from components.namespace import Quota
from components.network_policies import Rule
from components.pods import EnvironmentConfig
from components.schema_tenant import SchemaTenant, SchemaTenantArgs
from components.tenant_pool import TenantPool
from components.tenant_registry import RegistryEntry, TenantRegistry, TenantRegistryArgs, mountable
from components.tenant_secret import TenantSecret
from infra.naming import application_role, credentials_secret, tenant_database, tenant_schema, tenant_secret
from infra.settings.cells import HOME
from infra.settings.kinds import Plan
from infra.settings.tenants import PlanLimits, TenantSettings
from infra.tenant_guard import POOL_SCHEMA

_FOLDER = "tenants"

_SHARDS_OF_CELL = 4
"""How many ConfigMaps of a cell's registry pods mount: 2 MiB, about 5,000 tenants, where a cell has hundreds."""


@dataclass(frozen=True, kw_only=True)
class SecretPlace:
    """Where tenants' credentials are kept in AWS.

    Args:
        environment: what the stack's names in AWS begin with.
        key_arn: the KMS key that they are encrypted with.
        provider: of the region.
    """

    environment: str
    key_arn: pulumi.Input[str]
    provider: pulumi.ProviderResource


@dataclass(frozen=True, kw_only=True)
class SharedDatabase:
    """The database that pool tenants and schema tenants share, as this stack declares it or another one has.

    Args:
        name: the PostgreSQL name.
        database: the same, known once it is closed to PUBLIC.
        tenants_role: the role whose members may connect, known once they may.
        last: what must be there before a tenant of it is served.
    """

    name: str
    database: pulumi.Input[str]
    tenants_role: pulumi.Input[str]
    last: Sequence[pulumi.Resource] = ()

    @property
    def role_prefix(self) -> str:
        """What the names of the pool's roles begin with."""
        return f"{self.name}_{POOL_SCHEMA}"


def shared_database(name: str, pool: TenantPool) -> SharedDatabase:
    """Return the database of a pool that this stack declares.

    Args:
        name: its PostgreSQL name.
        pool: the component.
    """
    return SharedDatabase(name=name, database=pool.database, tenants_role=pool.tenants_role, last=pool.last)


@dataclass(frozen=True, kw_only=True)
class TenantsPlace:
    """Where tenants are.

    Args:
        server: where their data is, as workloads reach it.
        shared: the database in it that they share.
        namespace: the Kubernetes namespace of the services that serve them, known once it is there.
        platform: its name.
        egress: whom the pods in tenants' own namespaces may call.
        secrets: where their credentials are kept in AWS; None where the stack declares nothing there.
        opts: with the providers of the cluster and the database.
        registry: the name of the registry's first ConfigMap.
        others: the ConfigMaps of cells' registries, there or not.
        after: what else must be there before a tenant is served.
        configurations: version -> its file, of those that tenants have.
        configuration: the version of tenants that name none.
        behind_aws: whether AWS's load balancer sends requests to pods.
    """

    server: Server
    shared: SharedDatabase
    namespace: pulumi.Input[str]
    platform: str
    egress: Sequence[Rule]
    secrets: SecretPlace | None
    opts: pulumi.ResourceOptions
    registry: str = "tenants"
    others: Sequence[str] = ()
    after: Sequence[pulumi.Resource] = ()
    configurations: Mapping[str, str] = field(default_factory=dict)
    configuration: str | None = None
    behind_aws: bool = False


def registry_of(cell: str) -> str:
    """Return the name of the first ConfigMap of a cell's registry.

    Args:
        cell: one with a stack of its own.
    """
    return f"tenants-{cell}"


def registries_of(cells: Iterable[str]) -> Sequence[str]:
    """Return the ConfigMaps of cells' registries that pods of their environment mount, there or not.

    Args:
        cells: the environment's.
    """
    own = [cell for cell in cells if cell != HOME]
    return [name for cell in own for name in mountable(registry_of(cell), least=_SHARDS_OF_CELL)]


class Tenants:
    """Every tenant of one stack, of whichever isolation."""

    def __init__(
        self, tenants: Sequence[TenantSettings], plans: Mapping[Plan, PlanLimits], place: TenantsPlace
    ) -> None:
        """Declare them, and the registry.

        Args:
            tenants: the stack's.
            plans: plan -> limits.
            place: where they are.
        """
        self._plans = plans
        self._place = place
        self._opts = _with_aws(place)
        # Nothing is declared of a deleted one; its slug stays in the file, so that nobody takes it by mistake.
        self._settings = {tenant.slug: tenant for tenant in tenants if tenant.is_declared}
        self._isolated = {
            slug: declared for slug, tenant in self._settings.items() if (declared := self._declare(tenant)) is not None
        }
        self._entries = {slug: self._entry(tenant) for slug, tenant in self._settings.items()}
        # The lifecycle job purges a deleted tenant's rows from the tables that it shared.
        self._deleted = [tenant for tenant in tenants if not tenant.is_declared]
        purged = [tenant for tenant in self._deleted if tenant.effective_isolation == "pool"]
        registry = TenantRegistryArgs(
            namespace=place.namespace,
            tenants={**self._entries, **{tenant.slug: self._entry(tenant) for tenant in purged}},
            after={slug: declared.last for slug, declared in self._isolated.items()},
            shared=[*place.shared.last, *place.after],
            config_map=place.registry,
        )
        made = TenantRegistry("registry", registry, place.opts)
        self.config_maps = made.config_maps
        """Those of the registry."""
        self.registry = made.resources
        """Their resources."""
        # By names and not by outputs: pods wait for the first by themselves, and roll for none.
        first, *more = made.mountable
        self.files = EnvironmentConfig(name=first, files=_FOLDER, more=[*more, *place.others])
        """The registry as services have it: one folder with a file for each tenant."""

    @property
    def logins(self) -> Mapping[str, Login]:
        """Slug -> the role that it logs in as, of tenants with one of their own."""
        return {slug: declared.login for slug, declared in self._isolated.items()}

    @property
    def with_database(self) -> Mapping[str, DatabaseTenant]:
        """Slug -> what it has, of tenants with a database and a namespace of their own."""
        return {slug: tenant for slug, tenant in self._isolated.items() if isinstance(tenant, DatabaseTenant)}

    def outputs(self) -> Mapping[str, pulumi.Input[object]]:
        """Return the stack's outputs about them.

        Where each one's data is, and the URLs of those that have one of their own. Of the deleted, that they were: the
        next update must know (`applied`). Nothing of the first is secret, but it is marked so: where one entry of a
        plain output changes, the engine prints all of them, which of 600 tenants makes 144 KB of each preview.
        """
        urls = {slug: declared.url for slug, declared in self._isolated.items()}
        known = {
            **{slug: self._summary(slug) for slug in self._settings},
            **{tenant.slug: _known(tenant) for tenant in self._deleted},
        }
        return {
            # Of each part of a dict that it is given an Output makes one more: seconds, with thousands of tenants.
            "tenants": pulumi.Output.secret("").apply(lambda _: known),
            "connections": pulumi.Output.secret(urls),
        }

    def _declare(self, tenant: TenantSettings) -> SchemaTenant | DatabaseTenant | None:
        match tenant.effective_isolation:
            case "pool":
                return None
            case "schema":
                return self._schema_tenant(tenant)
            case "database":
                return self._database_tenant(tenant)

    def _schema_tenant(self, tenant: TenantSettings) -> SchemaTenant:
        args = SchemaTenantArgs(
            slug=tenant.slug,
            server=self._place.server,
            database=self._place.shared.database,
            tenants_role=self._place.shared.tenants_role,
            access=self._access(tenant),
            credentials_namespace=self._place.namespace,
            secret=self._secret(tenant),
        )
        return SchemaTenant(f"tenant-{tenant.slug}", args, self._opts)

    def _database_tenant(self, tenant: TenantSettings) -> DatabaseTenant:
        limits = tenant.limits(self._plans)
        args = DatabaseTenantArgs(
            slug=tenant.slug,
            server=self._place.server,
            access=self._access(tenant),
            quota=Quota(cpu=limits.cpu, memory=limits.memory, pods=limits.pods),
            platform=self._place.platform,
            egress=self._place.egress,
            secret=self._secret(tenant),
            behind_aws=self._place.behind_aws and bool(tenant.services),
        )
        return DatabaseTenant(f"tenant-{tenant.slug}", args, self._opts)

    def _access(self, tenant: TenantSettings) -> TenantAccess:
        limits, life = tenant.limits(self._plans), tenant.lifecycle
        return TenantAccess(
            connection_limit=limits.connection_limit,
            statement_timeout_seconds=limits.statement_timeout_seconds,
            login=life.state != "suspended",
            valid_until=None if life.ends is None else f"{life.ends:%Y-%m-%d %H:%M:%S}+00",
            droppable=life.state == "offboarding",
        )

    def _secret(self, tenant: TenantSettings) -> TenantSecret | None:
        place = self._place.secrets
        if place is None:
            return None
        return TenantSecret(name=tenant_secret(place.environment, tenant.slug), key_arn=place.key_arn)

    def _entry(self, tenant: TenantSettings) -> RegistryEntry:
        database, schema, role_prefix = self._names(tenant)
        return RegistryEntry(
            plan=tenant.plan,
            isolation=tenant.effective_isolation,
            database=database,
            schema=schema,
            credentials=credentials_secret(role_prefix),
            state=tenant.lifecycle.state,
            ends=None if tenant.lifecycle.ends is None else f"{tenant.lifecycle.ends:%Y-%m-%dT%H:%M:%SZ}",
            configuration=self._configuration(tenant),
            domains=tenant.domains,
            maintenance_window=tenant.maintenance_window,
        )

    def _configuration(self, tenant: TenantSettings) -> str | None:
        version = tenant.configuration or self._place.configuration
        return self._place.configurations.get(version) if version is not None and tenant.is_declared else None

    def _names(self, tenant: TenantSettings) -> tuple[str, str, str]:
        """Return a tenant's database, its schema, and what the names of its roles begin with."""
        own, shared = tenant_schema(tenant.slug), self._place.shared
        match tenant.effective_isolation:
            case "pool":
                return shared.name, POOL_SCHEMA, shared.role_prefix
            case "schema":
                return shared.name, own, own
            case "database":
                return tenant_database(tenant.slug), OWN_SCHEMA, own

    def _summary(self, slug: str) -> Mapping[str, str]:
        tenant = self._settings[slug]
        database, schema, role_prefix = self._names(tenant)
        role = application_role(role_prefix)
        return {**_known(tenant), "database": database, "schema": schema, "role": role}


def _known(tenant: TenantSettings) -> Mapping[str, str]:
    return {"isolation": tenant.effective_isolation, "state": tenant.lifecycle.state, "plan": tenant.plan}


def _with_aws(place: TenantsPlace) -> pulumi.ResourceOptions:
    if place.secrets is None:
        return place.opts
    return pulumi.ResourceOptions.merge(place.opts, pulumi.ResourceOptions(providers=[place.secrets.provider]))
