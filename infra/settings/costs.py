"""What tenants and cells cost: how many resources Pulumi keeps of them.

The engine works through every resource at each run, and writes the whole state at each change: what a stack costs in
time is the number of its resources. A budget is a number of them. Tests declare tenants and cells and count.
"""

from collections.abc import Iterable

from infra.settings.kinds import Isolation

OF_TENANT: dict[Isolation, int] = {"pool": 0, "schema": 11, "database": 20}
"""Resources of a tenant, its component included (components/schema_tenant.py and database_tenant.py name them)."""

_KEPT_IN_AWS: dict[Isolation, int] = {"pool": 0, "schema": 2, "database": 2}
"""What is added where credentials are kept in AWS Secrets Manager as well: the secret, and its content."""

OF_OWN_SERVICE = 7
"""Resources of a copy of a service that a tenant has of its own, at most: its Deployment, disruption budget, Service
and plain environment; who may call it, who may lead to it, and the route that does (components/own_service.py)."""

_OVERHEAD = 7
"""Of a cell without tenants: the stack; the reference to its environment, with its provider; the providers of cluster,
database and random values; the registry's component."""

_AWS_OVERHEAD = 1
"""Its provider of AWS."""

OWN_DATABASE = 53
"""Of a database of a cell's own, at most: 18 of the server (components/database.py), 5 of the copy of its backups
(backup_copy.py), 22 of what tenants share in it (tenant_pool.py), 5 of the login of migrations (migration_login.py)
and 3 of the job that looks after tenants (tenant_lifecycle.py)."""

_ENTRY_BYTES = 512
"""What a tenant's entry in the registry takes at most; an ordinary one takes half of it."""

_SHARD_BYTES = 512 * 1024
"""What one ConfigMap of the registry holds (components/tenant_registry.py)."""


def of_tenants(isolations: Iterable[Isolation], *, in_aws: bool, services: int = 0) -> int:
    """Return how many resources tenants have of their own.

    Args:
        isolations: of each.
        in_aws: whether their credentials are kept in AWS as well.
        services: copies of services that they have in all.
    """
    return OF_OWN_SERVICE * services + sum(
        OF_TENANT[isolation] + (_KEPT_IN_AWS[isolation] if in_aws else 0) for isolation in isolations
    )


def of_cell(isolations: Iterable[Isolation], *, in_aws: bool, own_database: bool = False) -> int:
    """Return how many resources a cell's stack has at most, its tenants' included.

    Args:
        isolations: of each tenant.
        in_aws: whether its environment declares anything in AWS.
        own_database: whether it has a database of its own.
    """
    tenants = list(isolations)
    overhead = _OVERHEAD + (_AWS_OVERHEAD if in_aws else 0) + (OWN_DATABASE if own_database else 0)
    return overhead + _shards(len(tenants)) + of_tenants(tenants, in_aws=in_aws)


def _shards(tenants: int) -> int:
    """Return how many ConfigMaps the registry of so many tenants has at most: the next power of two."""
    needed = max(1, -(-tenants * _ENTRY_BYTES // _SHARD_BYTES))
    return 1 << (needed - 1).bit_length()
