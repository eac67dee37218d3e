"""What the base has in PostgreSQL: what tenants share, and two tenants of their own."""

from tests.gate.corpus.base_cloud import RANDOM
from tests.gate.corpus.base_cluster import kubernetes
from tests.gate.corpus.declaring import Inputs, Program

_PASSWORD = "random:index/randomPassword:RandomPassword"


def add_server(program: Program) -> None:
    """Declare it."""
    program.add("pulumi:providers:postgresql", "server", {"sslmode": "verify-full", "connectTimeout": 30})
    program.add("tenantry:tenant:TenantPool", "pool")
    program.add("postgresql:index/database:Database", "shared", {"name": "example"}, parent="pool", protect=True)
    program.add("postgresql:index/role:Role", "pool-owner", {"name": "example_pool_owner"}, parent="pool")
    login = {"name": "example_pool_app", "login": True, "password": {"secret": "canary-of-the-pool"}}
    program.add("postgresql:index/role:Role", "pool-app", login | {"connectionLimit": 60}, parent="pool")
    schema = {"name": "pool", "database": "${shared.name}", "owner": "${pool-owner.name}"}
    program.add("postgresql:index/schema:Schema", "pool-schema", schema, parent="pool")
    public: Inputs = {"database": "${shared.name}", "role": "public", "objectType": "database", "privileges": []}
    program.add("postgresql:index/grant:Grant", "public-nothing", public, parent="pool")
    tenant(program, "shoe-shop", "tenantry:tenant:SchemaTenant")
    tenant(program, "book-store", "tenantry:tenant:DatabaseTenant")


def tenant(program: Program, slug: str, token: str) -> None:
    """Declare a tenant with a schema of its own; one of `DatabaseTenant` has its own database as well."""
    name, plain = f"tenant-{slug}", slug.replace("-", "_")
    program.add(token, name)
    options: Inputs = {"parent": name, "version": RANDOM, "additional_secret_outputs": ["result", "bcryptHash"]}
    program.add(_PASSWORD, f"{name}-password", {"length": 32, "special": False}, **options)
    program.add("postgresql:index/role:Role", f"{name}-owner", {"name": f"tenant_{plain}_owner"}, parent=name)
    login = {"name": f"tenant_{plain}_app", "login": True, "password": f"${{{name}-password.result}}"}
    program.add("postgresql:index/role:Role", f"{name}-app", login | {"connectionLimit": 20}, parent=name)
    database = "${shared.name}"
    if token.endswith("DatabaseTenant"):
        program.add("postgresql:index/database:Database", f"{name}-database", {"name": f"tenant_{plain}"}, parent=name)
        database = f"${{{name}-database.name}}"
    schema = {"name": f"tenant_{plain}", "database": database, "owner": f"${{{name}-owner.name}}"}
    program.add("postgresql:index/schema:Schema", f"{name}-schema", schema, parent=name)
    table: Inputs = {"database": database, "schema": f"${{{name}-schema.name}}", "owner": f"${{{name}-owner.name}}"}
    table |= {"role": f"${{{name}-app.name}}", "objectType": "table", "privileges": ["SELECT", "INSERT", "UPDATE"]}
    program.add("postgresql:index/defaultPrivileges:DefaultPrivileges", f"{name}-tables", table, parent=name)
    url = {"stringData": {"DATABASE_URL": f"postgresql://tenant_{plain}_app:${{{name}-password.result}}@database/x"}}
    here: Inputs = {"parent": name, "depends_on": ["namespace"]}
    kubernetes(program, "core/v1:Secret", f"{name}-credentials", url, **here)
