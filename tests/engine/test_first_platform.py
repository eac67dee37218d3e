"""The stack `local`, applied by the real engine to real servers: what users are promised of `make up`."""

import base64
import json
from itertools import permutations

import psycopg
import pytest
from psycopg import errors, sql

from tests.engine.stack import Stack

TENANTS = ("corner-shop", "book-store", "department-store")


def test_the_service_is_ready(stack: Stack) -> None:
    deployments = stack.kubectl("get", "deployments", "--all-namespaces")["items"]
    assert [(item["metadata"]["name"], item["status"]["readyReplicas"]) for item in deployments] == [
        ("storefront-blue", 2)
    ]


def test_the_stable_service_has_ready_endpoints_in_two_zones(stack: Stack) -> None:
    slices = stack.kubectl("get", "endpointslices", "-n", "tenantry", "-l", "kubernetes.io/service-name=storefront")
    endpoints = [endpoint for item in slices["items"] for endpoint in item["endpoints"]]
    assert [endpoint["conditions"]["ready"] for endpoint in endpoints] == [True, True]
    assert len({endpoint["zone"] for endpoint in endpoints}) == 2


def test_a_second_preview_shows_no_changes(stack: Stack) -> None:
    assert stack.changes() == {}


def test_a_refresh_shows_no_changes(stack: Stack) -> None:
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert stack.changes("--refresh") == {}


@pytest.mark.parametrize("slug", TENANTS)
def test_each_tenants_printed_connection_works(stack: Stack, slug: str) -> None:
    with stack.tenant(slug) as connection:
        row = connection.execute(
            "SELECT current_user, (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)"
        ).fetchone()
    assert row == (stack.outputs()["tenants"][slug]["role"], False)


def make_orders(stack: Stack, slug: str) -> sql.Identifier:
    """Make the table `orders` with one row, as the tenant's migrations would, and return its name."""
    place = stack.outputs()["tenants"][slug]
    table = sql.Identifier(place["schema"], "orders")
    owner = sql.Identifier(place["role"].removesuffix("_app") + "_owner")
    with stack.administrator(place["database"]) as administrator, administrator.transaction():
        administrator.execute(sql.SQL("SET LOCAL ROLE {}").format(owner))
        administrator.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
        administrator.execute(sql.SQL("CREATE TABLE {} (tenant_id text, note text)").format(table))
        administrator.execute(sql.SQL("INSERT INTO {} VALUES ({}, 'own')").format(table, slug))
        if place["isolation"] == "pool":
            administrator.execute("SELECT pool.isolate_tenants('pool.orders')")
    return table


@pytest.mark.parametrize("slug", TENANTS)
def test_a_tenant_reads_a_table_that_was_made_after_it(stack: Stack, slug: str) -> None:
    table = make_orders(stack, slug)
    with stack.tenant(slug) as connection, connection.transaction():
        connection.execute("SELECT set_config('app.current_tenant_id', %s, true)", [slug])
        assert connection.execute(sql.SQL("SELECT note FROM {}").format(table)).fetchall() == [("own",)]


@pytest.mark.parametrize(("slug", "neighbour"), list(permutations(TENANTS, 2)))
def test_a_tenant_cannot_read_its_neighbour(stack: Stack, slug: str, neighbour: str) -> None:
    table = make_orders(stack, neighbour)
    database = stack.outputs()["tenants"][neighbour]["database"]

    def read() -> None:
        with stack.tenant(slug, dbname=database) as connection:
            connection.execute(sql.SQL("SELECT * FROM {}").format(table))

    with pytest.raises((errors.InsufficientPrivilege, psycopg.OperationalError), match="permission denied"):
        read()


def test_a_pool_session_sees_its_tenants_rows_only_and_none_without_a_tenant(stack: Stack) -> None:
    with stack.administrator("tenantry") as administrator, administrator.transaction():
        administrator.execute("SET LOCAL ROLE tenantry_pool_owner")
        administrator.execute("DROP TABLE IF EXISTS pool.carts")
        administrator.execute("CREATE TABLE pool.carts (tenant_id text, note text)")
        administrator.execute("INSERT INTO pool.carts VALUES ('corner-shop', 'mine'), ('other-shop', 'theirs')")
        administrator.execute("SELECT pool.isolate_tenants('pool.carts')")
    with stack.tenant("corner-shop") as connection:
        assert connection.execute("SELECT note FROM pool.carts").fetchall() == []
        with connection.transaction():
            connection.execute("SET LOCAL app.current_tenant_id = 'corner-shop'")
            assert connection.execute("SELECT note FROM pool.carts").fetchall() == [("mine",)]
            assert connection.execute("DELETE FROM pool.carts WHERE tenant_id = 'other-shop'").rowcount == 0
        assert connection.execute("SELECT note FROM pool.carts").fetchall() == []
        connection.execute("SET app.current_tenant_id = 'corner-shop'")
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            connection.execute("INSERT INTO pool.carts VALUES ('other-shop', 'forged')")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("ALTER TABLE pool.carts DISABLE ROW LEVEL SECURITY")


def test_the_secret_in_the_cluster_is_the_connection_that_works(stack: Stack) -> None:
    registry = stack.kubectl("get", "configmap", "tenants", "-n", "tenantry")["data"]
    name = json.loads(registry["book-store"])["credentials"]
    secret = stack.kubectl("get", "secret", name, "-n", "tenantry")
    url = base64.b64decode(secret["data"]["DATABASE_URL"]).decode()
    assert url == stack.outputs()["connections"]["book-store"]


def test_the_vector_extension_is_there_for_services_and_the_enterprise_tenant(stack: Stack) -> None:
    for slug in ("corner-shop", "department-store"):
        with stack.tenant(slug) as connection:
            assert connection.execute("SELECT '[1,2]'::vector <-> '[1,3]'::vector").fetchone() == (1.0,)


def test_the_enterprise_tenants_namespace_refuses_what_exceeds_its_quota_and_standard(stack: Stack) -> None:
    namespace = stack.kubectl("get", "namespace", "tenant-department-store")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    quota = stack.kubectl("get", "resourcequota", "quota", "-n", "tenant-department-store")
    assert quota["spec"]["hard"] == {"pods": "20", "requests.cpu": "4", "requests.memory": "8Gi"}
