"""Whether everything that a stack has made answers: its cluster, its pods, its database, its tenants' roles, its Redis.

Each is reached by the stack's own outputs, over verified TLS, as its users reach it.
"""

from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from infra.errors import TenantryError
from infra.sandbox.rehearsal.applied import Applied
from infra.sandbox.rehearsal.checking import Check, Unkept, counted
from infra.sandbox.servers import probe
from infra.sandbox.waiting import wait_until

_POD_SECONDS = 60.0  # for pods that no update waits for, such as an add-on's
_SHOWN = 5  # names in a complaint


def _cluster(applied: Applied) -> str:
    if "kubeconfig" not in applied.outputs:
        return ""
    nodes = applied.kubectl("get", "nodes")["items"]
    unready = [_name(node) for node in nodes if not _has(node, "Ready")]
    if unready or not nodes:
        raise Unkept("nodes are not ready" if unready else "there are no nodes", _shown(unready) or "the cluster")
    return counted(len(nodes), "node")


def _pods(applied: Applied) -> str:
    if "kubeconfig" not in applied.outputs:
        return ""
    found: list[Any] = []

    def ready() -> bool:
        found[:] = applied.kubectl("get", "pods", "--all-namespaces")["items"]
        return all(_is_well(pod) for pod in found)

    try:
        wait_until(ready, seconds=_POD_SECONDS, what="not ready", where="", remedy="", every=1.0)
    except TenantryError:
        unready = [_name(pod) for pod in found if not _is_well(pod)]
        if not unready:  # kubectl itself has failed
            raise
        raise Unkept(f"pods are not ready after {_POD_SECONDS:g} s", _shown(unready)) from None
    return counted(len(found), "pod")


def _database(applied: Applied) -> str:
    if "database_url" not in applied.outputs:
        return ""
    with applied.database(applied.outputs["database_url"]) as connection:
        row = connection.execute(
            "SELECT current_setting('server_version'), ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone()
    if row is None:
        raise Unkept("the server does not tell of the connection", "the database")
    return f"PostgreSQL {row[0]}"


def _other_certificates(applied: Applied) -> str:
    if "database_url" not in applied.outputs:
        return ""
    try:
        psycopg.connect(applied.outputs["database_url"], sslmode="verify-full", sslrootcert="system").close()
    except psycopg.OperationalError as error:
        if "certificate" in str(error):
            return "refused"
        raise
    raise Unkept("a client takes the server without knowing its authority", "the database")


def _tenants(applied: Applied) -> str:
    tenants, own = applied.outputs.get("tenants") or {}, applied.outputs.get("connections") or {}
    if not tenants or "database_url" not in applied.outputs:
        return ""
    with applied.database(applied.outputs["database_url"]) as connection:
        roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin")}
    for slug, place in tenants.items():
        if place["role"] not in roles:
            raise Unkept("the role is missing", f"tenant {slug}")
        # A tenant of the pool is served by the services' role.
        with applied.database(own.get(slug) or applied.outputs["pool_connection"]) as connection:
            row = connection.execute("SELECT current_user, current_database()").fetchone()
        if row != (place["role"], place["database"]):
            raise Unkept("its connection leads elsewhere", f"tenant {slug}")
    return counted(len(tenants), "tenant")


def _redis(applied: Applied) -> str:
    stores = applied.outputs.get("redis_urls") or {}
    for name, url in stores.items():
        parts = urlsplit(url)
        complaint = probe.valkey(
            str(parts.hostname), parts.port or 6379, applied.authority, unquote(parts.password or "")
        )
        if complaint:
            raise Unkept(f"it does not answer ({complaint})", f"Redis {name}")
    return ", ".join(sorted(stores))


ANSWERS = (
    Check("the cluster answers and its nodes are ready", _cluster),
    Check("all pods are ready", _pods),
    Check("the database answers over verified TLS", _database),
    Check("the database is not trusted by other authorities", _other_certificates),
    Check("every tenant's role is there and lets its tenant in", _tenants),
    Check("every Redis store answers over verified TLS", _redis),
)
"""In the order in which they are printed."""


def _name(thing: Any) -> str:
    return str(thing["metadata"]["name"])


def _has(thing: Any, condition: str) -> bool:
    found = thing.get("status", {}).get("conditions") or []
    return any(one["type"] == condition and one["status"] == "True" for one in found)


def _is_well(pod: Any) -> bool:
    return pod["status"].get("phase") == "Succeeded" or _has(pod, "Ready")


def _shown(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
