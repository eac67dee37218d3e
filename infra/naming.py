"""Names of things outside the program: Kubernetes labels, PostgreSQL schemas and roles, secrets in AWS.

All are functions of a slug, and injective: two tenants never share a name.
"""

POSTGRESQL_NAME_BYTES = 63
"""NAMEDATALEN - 1: a longer identifier is silently cut (PostgreSQL documentation, "Identifiers and Key Words")."""

SLUG_LENGTH = 40
"""The longest slug: `tenant_` and `_owner` still fit into a PostgreSQL name, `tenant-` into a 63-character label."""

MANAGED_BY = "tenantry"

DAILY_BACKUPS_PREFIX = "daily/"
"""Where in the bucket for backups each day's is."""

PRE_MIGRATION_BACKUPS_PREFIX = "pre-migration/"
"""Where in the bucket for backups those are that were made before a migration."""

ARCHIVE_PREFIX = "archive/"
"""Where in the bucket for backups records are that have left the database, as old carts."""


def tenant_schema(slug: str) -> str:
    """Return the PostgreSQL schema of a tenant; a slug has no underscore, so the replacement stays injective."""
    return f"tenant_{slug.replace('-', '_')}"


def tenant_database(slug: str) -> str:
    """Return the PostgreSQL database of a tenant of isolation `database`."""
    return tenant_schema(slug)


def owner_role(schema: str) -> str:
    """Return the role that owns a schema's objects and runs its migrations; it cannot log in."""
    return f"{schema}_owner"


def application_role(schema: str) -> str:
    """Return the role that a workload logs in as."""
    return f"{schema}_app"


def reader_role(schema: str) -> str:
    """Return the role that reads everything in a schema; it cannot log in, others are made members of it."""
    return f"{schema}_reader"


def tenants_role(database: str) -> str:
    """Return the role whose members are let into a database that tenants share."""
    return f"{database}_tenants"


def credentials_secret(schema: str) -> str:
    """Return the Kubernetes Secret with the URLs of a schema's application role."""
    return f"{schema.replace('_', '-')}-database"


def cell_database(cell: str) -> str:
    """Return the database that the tenants of a cell share, where it has a server of its own.

    Its Secrets are beside those of its environment's database and of other cells: they are called after it.

    Args:
        cell: its name among its environment's cells, as `cell-02`.
    """
    return cell.replace("-", "_")


def migration_role(schema: str) -> str:
    """Return the role that migrations of a schema log in as; its sessions are the owner's."""
    return f"{schema}_migrator"


def tenant_namespace(slug: str) -> str:
    """Return the Kubernetes namespace of a tenant of isolation `database`."""
    return f"tenant-{slug}"


def stored_secret(environment: str, name: str) -> str:
    """Return the name in AWS Secrets Manager of a secret that a stack declares.

    Args:
        environment: what the stack's names in AWS begin with (`aws.name`).
        name: the secret's in the settings.
    """
    return f"{environment}/{name}"


def tenant_secret(environment: str, slug: str) -> str:
    """Return the name in AWS Secrets Manager of a tenant's connection URLs; no declared secret has a slash in it.

    Args:
        environment: what the stack's names in AWS begin with (`aws.name`).
        slug: the tenant.
    """
    return f"{environment}/tenants/{slug}"


def labels(name: str, component: str) -> dict[str, str]:
    """Return the recommended Kubernetes labels.

    Args:
        name: the workload or tenant.
        component: what it is within the platform, as `service`.
    """
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": MANAGED_BY,
    }
