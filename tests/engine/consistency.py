"""What must hold after any interruption: the state, the cluster and the server tell the same story.

Owns the comparison of the state with what the API server and PostgreSQL really have. Leaves interrupting to
`interruption`.
"""

import re
from collections.abc import Iterator
from typing import Any

import psycopg

from tests.engine.stack import Stack, connection_url

_KINDS = (
    "namespaces",
    "deployments",
    "jobs",
    "cronjobs",
    "poddisruptionbudgets",
    "priorityclasses",
    "services",
    "serviceaccounts",
    "secrets",
    "secretproviderclasses",
    "configmaps",
    "networkpolicies",
    "resourcequotas",
    "limitranges",
)
_SYSTEM = re.compile(r"default|kube-.*")
# The controller manager puts one of each into every namespace, the API server these classes into every cluster.
_CONTROLLERS_OWN = {
    ("ConfigMap", "kube-root-ca.crt"),
    ("ServiceAccount", "default"),
    ("PriorityClass", "system-cluster-critical"),
    ("PriorityClass", "system-node-critical"),
}

_SCHEMAS = """
    SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
"""
_EXTENSIONS = "SELECT extname::text FROM pg_extension WHERE extname <> 'plpgsql'"
_DATABASES = "SELECT datname::text FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"
_ROLES = "SELECT rolname::text FROM pg_roles WHERE rolname !~ '^(pg_|rds)' AND rolname <> current_user"

Object = tuple[str, ...]


def assert_consistent(stack: Stack) -> None:
    """Fail unless the last update is complete, with nothing lost, nothing twice and nothing under way.

    Everything must be in order before the refresh, which mends nothing, but forgets interrupted creates: Pulumi notes
    them as pending operations until somebody says that they were looked at.
    """
    assert_as_recorded(stack)
    stack.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--expect-no-changes")
    assert stack.differences() == []
    assert not stack.state().get("pending_operations")


def assert_as_recorded(stack: Stack) -> None:
    """Fail unless cluster and PostgreSQL have exactly what the state names, and the tenants' credentials work."""
    resources = stack.resources()
    urns = [resource["urn"] for resource in resources]
    assert sorted(set(urns)) == sorted(urns)
    assert [resource["urn"] for resource in resources if resource.get("delete") or resource.get("initErrors")] == []
    assert _in_cluster(stack) == sorted(_recorded_objects(resources))
    assert _on_server(stack) == sorted(_recorded_on_server(resources))
    _assert_credentials_work(stack)


def _recorded_objects(resources: list[dict[str, Any]]) -> Iterator[Object]:
    for resource in resources:
        if resource["type"].startswith("kubernetes:"):
            outputs = resource["outputs"]
            metadata = outputs["metadata"]
            yield outputs["kind"], metadata.get("namespace", ""), metadata["name"]


def _in_cluster(stack: Stack) -> list[Object]:
    listed = stack.kubectl("get", ",".join(_KINDS), "--all-namespaces")["items"]
    found = []
    for item in listed:
        kind, metadata = item["kind"], item["metadata"]
        namespace = metadata.get("namespace", "")
        system = _SYSTEM.fullmatch(metadata["name"] if kind == "Namespace" else namespace)
        run = kind == "Job" and "ownerReferences" in metadata  # a CronJob's
        if not system and not run and (kind, metadata["name"]) not in _CONTROLLERS_OWN:
            found.append((kind, namespace, metadata["name"]))
    return sorted(found)


def _recorded_on_server(resources: list[dict[str, Any]]) -> Iterator[Object]:
    for resource in resources:
        outputs = resource.get("outputs", {})
        match resource["type"].rpartition(":")[2] if resource["type"].startswith("postgresql:") else "":
            case "Role":
                yield "role", outputs["name"]
            case "Database":
                yield "database", outputs["name"]
            case "Schema" | "Extension" as kind:
                yield kind.lower(), outputs["database"], outputs["name"]


def _on_server(stack: Stack) -> list[Object]:
    with stack.administrator() as connection:
        roles = [row[0] for row in connection.execute(_ROLES)]
        databases = [row[0] for row in connection.execute(_DATABASES)]
    found: list[Object] = [*(("role", name) for name in roles), *(("database", name) for name in databases)]
    for database in databases:
        with stack.administrator(database) as connection:
            found += [("schema", database, row[0]) for row in connection.execute(_SCHEMAS)]
            found += [("extension", database, row[0]) for row in connection.execute(_EXTENSIONS)]
    return sorted(found)


def _assert_credentials_work(stack: Stack) -> None:
    outputs, authority = stack.outputs(), str(stack.workspace.instance.authority.certificate)
    for slug, place in outputs["tenants"].items():
        if place["state"] == "deleted":
            assert slug not in outputs["connections"]
            continue
        with psycopg.connect(connection_url(outputs, slug), sslrootcert=authority) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (place["role"],)
