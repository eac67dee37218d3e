"""Composition of one environment: settings -> component arguments.

Owns which component stands on which. Leaves what a component is to `components`, and what may be set to `settings`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.namespace import Quota, WorkloadNamespace, WorkloadNamespaceArgs
from components.redis_credentials import RedisCredentials, RedisCredentialsArgs
from components.service import EnvironmentSecret, Service, ServiceArgs, SlotArgs
from components.tenant import DatabaseTenant, DatabaseTenantArgs, SchemaTenant, SchemaTenantArgs
from components.tenant_pool import POOL_SCHEMA, TenantPool, TenantPoolArgs
from components.tenant_registry import RegistryEntry, TenantRegistry, TenantRegistryArgs
from infra.settings.models import PlanLimits, ServiceSettings, StackSettings, TenantSettings
from stacks.foundation import lay

_POOL_CONNECTIONS = 75  # a process: 50 base, 10 cart, 10 sessions, 5 analytics (REQUIREMENTS, data)

_REDIS_VARIABLES = {"cache": "REDIS_URL", "sessions": "SESSIONS_REDIS_URL"}


def deploy(settings: StackSettings) -> dict[str, pulumi.Input[object]]:
    """Declare the environment.

    Args:
        settings: the stack's settings; a brought database is complete (the loader fills it).

    Returns:
        The stack's outputs by name.
    """
    return _Environment(settings).outputs()


@dataclass(frozen=True)
class _Tenant:
    """What the rest of the stack needs of a tenant, whatever its isolation."""

    entry: RegistryEntry
    role: pulumi.Output[str]
    url: pulumi.Output[str]


class _Environment:
    def __init__(self, settings: StackSettings) -> None:
        self._settings = settings
        self._foundation = lay(settings)
        self._server = self._foundation.server
        self._opts = pulumi.ResourceOptions(providers=[self._foundation.cluster, self._foundation.database])
        self._namespace = WorkloadNamespace(
            "platform", WorkloadNamespaceArgs(namespace=settings.namespace), self._opts
        ).namespace
        self._pool = self._tenant_pool()
        self._credentials = [self._pool_credentials(), *self._redis_credentials()]
        self._services = {name: self._service(name, service) for name, service in settings.services.items()}
        self._tenants = {tenant.slug: self._tenant(tenant) for tenant in settings.tenants}
        registry = TenantRegistryArgs(
            namespace=self._namespace, tenants={slug: tenant.entry for slug, tenant in self._tenants.items()}
        )
        TenantRegistry("registry", registry, self._opts)

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        urls = {slug: tenant.url for slug, tenant in self._tenants.items()}
        return {
            "namespace": self._namespace,
            "database": self._pool.database,
            "services": {
                name: {"service": service.service_name, "active": service.active_slot}
                for name, service in self._services.items()
            },
            "tenants": {slug: _summary(tenant) for slug, tenant in self._tenants.items()},
            "connections": pulumi.Output.secret(urls),
            **self._foundation.outputs,
        }

    def _tenant_pool(self) -> TenantPool:
        args = TenantPoolArgs(
            server=self._server,
            database=self._settings.database.name,
            connection_limit=_POOL_CONNECTIONS,
            credentials_namespace=self._namespace,
        )
        return TenantPool("tenants", args, self._opts)

    def _pool_credentials(self) -> EnvironmentSecret:
        return EnvironmentSecret(name=self._pool.credentials, checksum=self._pool.checksum)

    def _redis_credentials(self) -> list[EnvironmentSecret]:
        delivered = [
            RedisCredentials(
                f"redis-{name}",
                RedisCredentialsArgs(namespace=self._namespace, variable=_REDIS_VARIABLES[name], url=store.url),
                self._opts,
            )
            for name, store in self._foundation.redis.items()
        ]
        return [EnvironmentSecret(name=one.credentials, checksum=one.checksum) for one in delivered]

    def _service(self, name: str, settings: ServiceSettings) -> Service:
        args = ServiceArgs(
            namespace=self._namespace,
            port=settings.port,
            health_path=settings.health_path,
            active=settings.active,
            ready_timeout=settings.ready_timeout,
            slots={
                slot: SlotArgs(image=content.image, replicas=content.replicas)
                for slot, content in settings.slots.items()
            },
            environment_secrets=self._credentials,
        )
        return Service(name, args, self._opts)

    def _tenant(self, tenant: TenantSettings) -> _Tenant:
        limits = self._settings.plans[tenant.plan]
        match tenant.effective_isolation:
            case "pool":
                return self._pool_tenant(tenant)
            case "schema":
                return self._schema_tenant(tenant, limits)
            case "database":
                return self._database_tenant(tenant, limits)

    def _pool_tenant(self, tenant: TenantSettings) -> _Tenant:
        pool = self._pool
        entry = _entry(tenant, pool.database, pulumi.Output.from_input(POOL_SCHEMA), pool.credentials)
        return _Tenant(entry, pool.role, pool.url)

    def _schema_tenant(self, tenant: TenantSettings, limits: PlanLimits) -> _Tenant:
        args = SchemaTenantArgs(
            slug=tenant.slug,
            server=self._server,
            database=self._pool.database,
            connection_limit=limits.connection_limit,
            credentials_namespace=self._namespace,
        )
        created = SchemaTenant(f"tenant-{tenant.slug}", args, self._opts)
        return _Tenant(_entry(tenant, created.database, created.schema, created.credentials), created.role, created.url)

    def _database_tenant(self, tenant: TenantSettings, limits: PlanLimits) -> _Tenant:
        args = DatabaseTenantArgs(
            slug=tenant.slug,
            server=self._server,
            connection_limit=limits.connection_limit,
            quota=Quota(cpu=limits.cpu, memory=limits.memory, pods=limits.pods),
        )
        created = DatabaseTenant(f"tenant-{tenant.slug}", args, self._opts)
        return _Tenant(_entry(tenant, created.database, created.schema, created.credentials), created.role, created.url)


def _entry(
    tenant: TenantSettings, database: pulumi.Output[str], schema: pulumi.Output[str], credentials: pulumi.Output[str]
) -> RegistryEntry:
    return RegistryEntry(
        plan=tenant.plan,
        isolation=tenant.effective_isolation,
        database=database,
        schema=schema,
        credentials=credentials,
    )


def _summary(tenant: _Tenant) -> Mapping[str, pulumi.Input[str]]:
    entry = tenant.entry
    return {"isolation": entry.isolation, "database": entry.database, "schema": entry.schema, "role": tenant.role}
