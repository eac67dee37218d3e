"""The stack `local` on what it declares: reached by its own outputs, changed, repaired, destroyed without a trace."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from psycopg import errors, sql

from infra.sandbox.waiting import wait_until
from tests.engine.declared import DeclaredStack, Resource, assert_account_equals_state, running
from tests.engine.events import operations
from tests.engine.stack import Settings, connection_url

_INSTANCE = "aws:rds/instance:Instance"


def test_its_cluster_answers_with_the_printed_kubeconfig(declared_applied: DeclaredStack) -> None:
    nodes = declared_applied.kubectl("get", "nodes")["items"]
    assert sorted(node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes) == [
        "eu-central-1a",
        "eu-central-1b",
    ]
    assert all(_is_ready(node) for node in nodes)
    deployments = declared_applied.kubectl("get", "deployments", "--all-namespaces")["items"]
    ready = {one["metadata"]["name"]: (one["spec"]["replicas"], one["status"]["readyReplicas"]) for one in deployments}
    assert ready == {"storefront-blue": (2, 2), "neighbour-blue": (1, 1), "database-pooler": (2, 2)}


def test_its_database_answers_with_the_printed_url_and_a_verified_certificate(declared_applied: DeclaredStack) -> None:
    url = declared_applied.outputs()["database_url"]
    assert url.endswith("?sslmode=verify-full")
    with declared_applied.administrator() as connection:
        row = connection.execute("SELECT current_user, current_setting('max_connections')").fetchone()
    assert row == ("tenantry", "200")
    with pytest.raises(psycopg.OperationalError, match="certificate"):
        psycopg.connect(url, sslrootcert="system")


def test_its_redis_answers_with_the_printed_url_and_refuses_others(declared_applied: DeclaredStack) -> None:
    assert declared_applied.redis("cache").ping()
    assert declared_applied.redis("cache").config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
    authority = declared_applied.workspace.variables()["REDIS_CA_FILE"]
    place = declared_applied.outputs()["redis_urls"]["cache"].rpartition("@")[2]
    for stranger in (f"rediss://{place}", f"rediss://:wrong@{place}"):
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(stranger, ssl_ca_certs=authority).ping()


def test_each_tenant_reads_its_own_table_and_no_other_tenants(declared_applied: DeclaredStack) -> None:
    outputs = declared_applied.outputs()
    places = outputs["tenants"]
    authority = declared_applied.workspace.variables()["PGSSLROOTCERT"]
    tables = {slug: _make_orders(declared_applied, slug, place) for slug, place in places.items()}

    def read(slug: str, owner: str) -> list[str]:
        database = places[owner]["database"]
        with psycopg.connect(connection_url(outputs, slug), dbname=database, sslrootcert=authority) as connection:
            connection.execute("SELECT set_config('app.current_tenant_id', %s, true)", [slug])
            return [row[0] for row in connection.execute(sql.SQL("SELECT tenant_id FROM {}").format(tables[owner]))]

    assert [read(slug, slug) for slug in tables] == [[slug] for slug in tables]
    for slug, neighbour in permutations(tables, 2):
        with pytest.raises((errors.InsufficientPrivilege, psycopg.OperationalError), match="permission denied"):
            read(slug, neighbour)
    _look_after(declared_applied)
    # The pool's goes with `destroy`, as the database is not protected; no other schema with tables in it is dropped.
    isolated = {slug: table for slug, table in tables.items() if places[slug]["isolation"] != "pool"}
    for slug, table in isolated.items():
        with _owner(declared_applied, places[slug]) as owner:
            owner.execute(sql.SQL("DROP TABLE {}").format(table))


def test_what_was_changed_behind_its_back_is_found_and_mended_while_settings_change_in_place(
    declared_applied: DeclaredStack,
) -> None:
    stack = declared_applied
    rds = stack.client("rds")
    (instance,) = stack.of_type(_INSTANCE)
    name = instance["outputs"]["identifier"]
    _drift(stack, name)
    refreshed = stack.pulumi("refresh", "--yes", "--skip-preview", "--diff").output
    assert "backupRetentionPeriod: 7 => 1" in refreshed
    assert "database-port-from-cluster" in refreshed
    before = _ids(stack)
    stack.configure(_grow)
    stack.up()
    (mended,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    assert mended["BackupRetentionPeriod"] == 7
    assert mended["DbiResourceId"] == instance["id"]
    assert before.items() <= _ids(stack).items(), "something was replaced"
    assert_account_equals_state(stack)
    types = [node["metadata"]["labels"]["node.kubernetes.io/instance-type"] for node in _ready_nodes(stack)]
    assert Counter(types) == {"m7i.large": 2, "c7i.large": 2}
    assert stack.redis("sessions").config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert _max_connections(stack) == "200", "the parameter waits for a restart of the server"
    rds.reboot_db_instance(DBInstanceIdentifier=name)
    wait_until(
        lambda: _max_connections(stack) == "150", seconds=60, what="no restart", where="RDS", remedy="", every=0.2
    )


def test_destroy_leaves_no_server_running_and_the_account_empty(
    declared_applied: DeclaredStack, tmp_path: Path
) -> None:
    log = tmp_path / "events"
    declared_applied.pulumi("destroy", "--yes", "--skip-preview", "--event-log", str(log))
    gone = [step.name for step in operations(log) if step.operation == "delete" and step.finished]
    nodes = [gone.index(f"cluster-general-{zone}") for zone in ("eu-central-1a", "eu-central-1b")]
    assert gone.index("storefront-blue") < gone.index("cluster-controllers-coredns") < min(nodes)
    assert max(nodes) < gone.index("cluster-vpc-cni") < gone.index("cluster-cni-policy")
    assert gone.index("cluster-vpc-cni") < gone.index("cluster-cluster") < gone.index("cluster-log")
    assert declared_applied.resources() == []
    assert running(declared_applied) == {"cloud.server": 1}
    assert declared_applied.cloud.contents() == []


def _drift(stack: DeclaredStack, instance: str) -> None:
    """Change a database and revoke a rule, as somebody would in the console."""
    rule = _named(stack, "database-port-from-cluster")["outputs"]
    stack.client("ec2").revoke_security_group_ingress(
        GroupId=rule["securityGroupId"], SecurityGroupRuleIds=[rule["securityGroupRuleId"]]
    )
    stack.client("rds").modify_db_instance(
        DBInstanceIdentifier=instance, BackupRetentionPeriod=1, ApplyImmediately=True
    )


def _grow(settings: Settings) -> None:
    settings["database"]["max_connections"] = 150
    settings["cluster"]["node_pools"]["batch"] = {"instance_types": ["c7i.large"], "minimum": 1, "maximum": 2}
    settings["redis"]["sessions"] = dict(settings["redis"]["cache"])


def _is_ready(node: dict[str, Any]) -> bool:
    return {"Ready": "True"}.items() <= {one["type"]: one["status"] for one in node["status"]["conditions"]}.items()


def _ready_nodes(stack: DeclaredStack) -> list[dict[str, Any]]:
    return [node for node in stack.kubectl("get", "nodes")["items"] if _is_ready(node)]


def _make_orders(stack: DeclaredStack, slug: str, place: dict[str, str]) -> sql.Identifier:
    """Make the table `orders` with a row that tells whose it is, as the tenant's migrations would; return its name."""
    table = sql.Identifier(place["schema"], "orders")
    with _owner(stack, place) as owner:
        owner.execute(sql.SQL("CREATE TABLE {} (tenant_id text)").format(table))
        owner.execute(sql.SQL("INSERT INTO {} VALUES ({})").format(table, slug))
        if place["isolation"] == "pool":
            owner.execute("SELECT pool.isolate_tenants('pool.orders')")
    return table


def _look_after(stack: DeclaredStack) -> None:
    """Run the lifecycle job now; fail unless it finds the registry, and the database with the pool that is its."""
    stack.kubectl("create", "job", "look-after", "-n", "tenantry", "--from=cronjob/tenants-lifecycle")
    job = stack.kubectl("wait", "job", "look-after", "-n", "tenantry", "--for=condition=Complete", "--timeout=60s")
    assert job["status"]["succeeded"] == 1
    with stack.administrator("tenantry") as administrator:
        owner = administrator.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'closed_tenants'").fetchone()
    assert owner == ("tenantry_pool_owner",)


@contextlib.contextmanager
def _owner(stack: DeclaredStack, place: dict[str, str]) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """Let the master role act as the owner of a tenant's schema for one transaction."""
    owner = sql.Identifier(place["role"].removesuffix("_app") + "_owner")
    is_member = place["isolation"] == "pool"
    with stack.administrator(place["database"]) as administrator, administrator.transaction():
        if not is_member:
            administrator.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH SET TRUE").format(owner))
        administrator.execute(sql.SQL("SET LOCAL ROLE {}").format(owner))
        yield administrator
        administrator.execute("RESET ROLE")
        if not is_member:
            administrator.execute(sql.SQL("REVOKE {} FROM CURRENT_USER").format(owner))


def _named(stack: DeclaredStack, name: str) -> Resource:
    (found,) = [resource for resource in stack.resources() if resource["urn"].endswith(f"::{name}")]
    return found


def _ids(stack: DeclaredStack) -> dict[str, str]:
    return {resource["urn"]: resource["id"] for resource in stack.resources() if "id" in resource}


def _max_connections(stack: DeclaredStack) -> str | None:
    try:
        with stack.administrator() as connection:
            row = connection.execute("SELECT current_setting('max_connections')").fetchone()
    except psycopg.OperationalError:
        return None  # it restarts
    return None if row is None else str(row[0])
