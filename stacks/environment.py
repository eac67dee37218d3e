"""Composition of one environment: settings -> component arguments.

Owns which component stands on which. Leaves what a component is to `components`, and what may be set to `settings`.
"""

from collections.abc import Mapping, Sequence

import pulumi

from components.configurations import Configurations, ConfigurationsArgs
from components.migration_login import MigrationLogin
from components.namespace import WorkloadNamespace, WorkloadNamespaceArgs
from components.pods import EnvironmentConfig, EnvironmentSecret
from components.pooler import Pooler
from components.redis_credentials import RedisCredentials, RedisCredentialsArgs
from components.tenant_pool import TenantPool, TenantPoolArgs
from infra.settings.models import StackSettings
from stacks import flags, ground, lifecycle, own_services, policies, pooling, routing
from stacks.access import passwords
from stacks.foundation import lay
from stacks.jobs import Jobs
from stacks.services import Services
from stacks.tenants import Tenants, TenantsPlace, registries_of, shared_database

_REDIS_VARIABLES = {"cache": "REDIS_URL", "sessions": "SESSIONS_REDIS_URL"}

_CONFIGURATIONS = "configurations"
"""The ConfigMap, and the folder that services have it as."""


def deploy(settings: StackSettings) -> dict[str, pulumi.Input[object]]:
    """Declare the environment.

    Args:
        settings: the stack's settings; a brought database is complete (the loader fills it).

    Returns:
        The stack's outputs by name.
    """
    return _Environment(settings).outputs()


class _Environment:
    def __init__(self, settings: StackSettings) -> None:
        self._settings = settings
        self._foundation = lay(settings)
        self._server = pooling.through(self._foundation.server, settings)
        self._opts = pulumi.ResourceOptions(providers=[self._foundation.cluster, self._foundation.database])
        space = WorkloadNamespaceArgs(namespace=settings.namespace, behind_aws=routing.behind_aws(settings))
        self._namespace = WorkloadNamespace("platform", space, self._opts).namespace
        parts = self._foundation.parts
        storage_blocks = parts.storage_blocks if parts else None
        ways = policies.declare(settings, self._namespace, self._opts, storage_blocks)
        # Pods find their ways open when they start.
        self._pods_opts = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[ways]))
        self._serve_names()
        self._pool = self._tenant_pool()
        self._configurations = self._declare_configurations()
        self._tenants = self._declare_tenants()
        self._pooler = self._declare_pooler()
        credentials = [self._pool_credentials(), *self._redis_credentials()]
        self._migrations = self._migration_login()
        self._services = Services(
            settings.services,
            namespace=self._namespace,
            kubernetes_namespace=settings.namespace,
            foundation=self._foundation,
            credentials=credentials,
            drain_seconds=routing.drain_seconds(settings),
            pinned=routing.pinned(settings),
            opts=self._pods_opts,
            jobs=Jobs(settings.jobs, login=self._migrations, opts=self._pods_opts),
            config_maps=self._config_maps(),
        )
        routes = routing.declare(
            settings,
            foundation=self._foundation,
            namespace=self._namespace,
            services=self._services.by_name,
            own=own_services.declare(settings, self._tenants, self._services),
            opts=self._opts,
        )
        self._services.settle(routes)
        lifecycle.declare(
            settings,
            tenants=settings.tenants,
            namespace=self._namespace,
            registry=self._tenants.config_maps,
            others=registries_of(settings.cells),
            login=self._migrations,
            after=self._tenants.registry,
            opts=self._pods_opts,
        )

    def outputs(self) -> dict[str, pulumi.Input[object]]:
        pool_connection: pulumi.Output[str] = pulumi.Output.secret(self._pool.url)
        return {
            "namespace": self._namespace,
            "database": self._pool.database,
            "services": self._services.outputs(),
            **self._tenants.outputs(),
            "pool_connection": pool_connection,
            "database_logins": self._logins(),  # what a stack needs that restores this one's backups
            **self._foundation.outputs,
            **ground.exported(self._settings, self._foundation, self._configurations),
        }

    def _logins(self) -> pulumi.Output[dict[str, str]]:
        logins = [self._pool.login, *self._tenants.logins.values()]
        return passwords([*logins, *([self._migrations.login] if self._migrations else [])])

    def _serve_names(self) -> None:
        parts = self._foundation.parts
        if parts is not None and parts.names is not None:
            parts.names.serve_cluster(self._foundation.eks, self._namespace, self._opts)

    def _tenant_pool(self) -> TenantPool:
        args = TenantPoolArgs(
            server=self._server,
            database=self._settings.database.name,
            connection_limit=pooling.services_limit(self._settings),
            credentials_namespace=self._namespace,
            expendable=pooling.is_expendable(self._settings),
        )
        return TenantPool("tenants", args, self._opts)

    def _config_maps(self) -> Mapping[str, Sequence[EnvironmentConfig]]:
        """Return what the pods of each service have as files: its flags, the tenants, and their configurations."""
        flagged = flags.declare(self._settings, self._namespace, self._opts)
        shops = self._configurations
        shared = [EnvironmentConfig(name=shops.config_map, files=_CONFIGURATIONS)] if shops else []
        return {name: [*flagged.get(name, ()), self._tenants.files, *shared] for name in self._settings.services}

    def _declare_tenants(self) -> Tenants:
        settings, parts = self._settings, self._foundation.parts
        place = TenantsPlace(
            server=self._server,
            shared=shared_database(settings.database.name, self._pool),
            after=[self._configurations.made] if self._configurations else (),
            namespace=self._namespace,
            platform=settings.namespace,
            egress=policies.tenants_egress(settings),
            secrets=parts.tenant_secrets if parts else None,
            opts=self._opts,
            others=registries_of(settings.cells),
            configurations=self._configurations.files if self._configurations else {},
            configuration=settings.tenancy.configuration,
            behind_aws=routing.behind_aws(settings),
        )
        return Tenants(settings.tenants, settings.plans, place)

    def _declare_configurations(self) -> Configurations | None:
        """Declare the versions that tenants have, and no other."""
        settings = self._settings
        default = settings.tenancy.configuration
        used = {tenant.configuration or default for tenant in settings.served_tenants}
        versions = {name: one.model_dump() for name, one in settings.configurations.items() if name in used}
        if not versions:
            return None
        args = ConfigurationsArgs(namespace=self._namespace, versions=versions)
        return Configurations(_CONFIGURATIONS, args, self._opts)

    def _migration_login(self) -> MigrationLogin | None:
        settings = self._settings
        looked_after = settings.tenancy.lifecycle is not None
        used = any(one.migration for one in settings.services.values()) or any(
            job.as_owner for job in settings.jobs.values()
        )
        return self._pool.migration_login(ends_sessions=looked_after) if used or looked_after else None

    def _declare_pooler(self) -> Pooler | None:
        return pooling.declare(
            self._settings,
            server=self._foundation.server,
            namespace=self._namespace,
            services=self._pool.login,
            tenants=self._tenants.logins,
            opts=self._pods_opts,
        )

    def _pool_credentials(self) -> EnvironmentSecret:
        name = self._pool.credentials
        if self._pooler is not None:
            # What the URL in it leads to must be there before the pods that read it.
            name = pulumi.Output.all(name, self._pooler.service).apply(lambda known: str(known[0]))
        return EnvironmentSecret(name=name, checksum=self._pool.checksum)

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
