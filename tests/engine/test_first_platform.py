"""The stack `local`, applied by the real engine to real servers: what users are promised of `make up`."""

import base64
import json
from collections.abc import Callable
from itertools import permutations
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from tests.engine.stack import Stack, connection_url

Connect = Callable[..., "psycopg.Connection[tuple[Any, ...]]"]

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


def test_a_preview_that_looks_at_what_is_there_shows_no_changes(stack: Stack) -> None:
    assert stack.changes("--refresh") == {}


@pytest.fixture(scope="module")
def outputs(stack: Stack) -> dict[str, Any]:
    """What the stack prints, secrets shown: asked once, as no test of this file changes it."""
    return stack.outputs()


@pytest.fixture(scope="module")
def tenant(stack: Stack, outputs: dict[str, Any]) -> Connect:
    """What connects as a tenant, by its slug."""
    return lambda slug, **overrides: stack.connect(connection_url(outputs, slug), **overrides)


@pytest.mark.parametrize("slug", TENANTS)
def test_each_tenants_printed_connection_works(outputs: dict[str, Any], tenant: Connect, slug: str) -> None:
    with tenant(slug) as connection:
        row = connection.execute(
            "SELECT current_user, (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)"
        ).fetchone()
    assert row == (outputs["tenants"][slug]["role"], False)


@pytest.fixture(scope="module")
def orders(stack: Stack, outputs: dict[str, Any]) -> dict[str, sql.Identifier]:
    """The tenants' tables `orders`, made with one row each as their migrations would, by slug."""
    return {slug: make_orders(stack, slug, outputs["tenants"][slug]) for slug in TENANTS}


def make_orders(stack: Stack, slug: str, place: dict[str, Any]) -> sql.Identifier:
    """Make the table `orders` with one row, as the tenant's migrations would, and return its name."""
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
def test_a_tenant_reads_a_table_that_was_made_after_it(
    tenant: Connect, orders: dict[str, sql.Identifier], slug: str
) -> None:
    with tenant(slug) as connection, connection.transaction():
        connection.execute("SELECT set_config('app.current_tenant_id', %s, true)", [slug])
        assert connection.execute(sql.SQL("SELECT note FROM {}").format(orders[slug])).fetchall() == [("own",)]


@pytest.mark.parametrize("slug", ["book-store", "department-store"])
def test_a_tenant_may_act_as_its_reader_who_writes_nothing_and_as_nobody_else(
    outputs: dict[str, Any], tenant: Connect, orders: dict[str, sql.Identifier], slug: str
) -> None:
    prefix = outputs["tenants"][slug]["role"].removesuffix("_app")
    others = {f"{place['role'].removesuffix('_app')}_reader" for place in outputs["tenants"].values()}
    with tenant(slug) as connection:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(f"{prefix}_reader")))
        assert connection.execute(sql.SQL("SELECT note FROM {}").format(orders[slug])).fetchall() == [("own",)]
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(sql.SQL("INSERT INTO {} VALUES (NULL, 'forged')").format(orders[slug]))
        connection.execute("RESET ROLE")
        for role in (f"{prefix}_owner", *(others - {f"{prefix}_reader"})):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))


@pytest.mark.parametrize(("slug", "neighbour"), list(permutations(TENANTS, 2)))
def test_a_tenant_cannot_read_its_neighbour(
    outputs: dict[str, Any], tenant: Connect, orders: dict[str, sql.Identifier], slug: str, neighbour: str
) -> None:
    database = outputs["tenants"][neighbour]["database"]

    def read() -> None:
        with tenant(slug, dbname=database) as connection:
            connection.execute(sql.SQL("SELECT * FROM {}").format(orders[neighbour]))

    with pytest.raises((errors.InsufficientPrivilege, psycopg.OperationalError), match="permission denied"):
        read()


def test_a_pool_session_sees_its_tenants_rows_only_and_none_without_a_tenant(stack: Stack, tenant: Connect) -> None:
    with stack.administrator("tenantry") as administrator, administrator.transaction():
        administrator.execute("SET LOCAL ROLE tenantry_pool_owner")
        administrator.execute("DROP TABLE IF EXISTS pool.carts")
        administrator.execute("CREATE TABLE pool.carts (tenant_id text, note text)")
        administrator.execute("INSERT INTO pool.carts VALUES ('corner-shop', 'mine'), ('other-shop', 'theirs')")
        administrator.execute("SELECT pool.isolate_tenants('pool.carts')")
    with tenant("corner-shop") as connection:
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


def test_the_secret_in_the_cluster_is_the_connection_that_works(stack: Stack, outputs: dict[str, Any]) -> None:
    registry = stack.kubectl("get", "configmap", "tenants", "-n", "tenantry")["data"]
    name = json.loads(registry["book-store"])["credentials"]
    secret = stack.kubectl("get", "secret", name, "-n", "tenantry")
    url = base64.b64decode(secret["data"]["DATABASE_URL"]).decode()
    assert url == outputs["connections"]["book-store"]


def test_the_registry_names_the_file_with_a_tenants_configuration(stack: Stack) -> None:
    registry = stack.kubectl("get", "configmap", "tenants", "-n", "tenantry")["data"]
    files = stack.kubectl("get", "configmap", "configurations", "-n", "tenantry")["data"]
    configuration = json.loads(files[json.loads(registry["book-store"])["configuration"]])
    assert configuration["theme"] == {"name": "plain", "primary": "#1f4e79", "accent": "#c55a11"}


def test_the_vector_extension_is_there_for_services_and_the_enterprise_tenant(tenant: Connect) -> None:
    for slug in ("corner-shop", "department-store"):
        with tenant(slug) as connection:
            assert connection.execute("SELECT '[1,2]'::vector <-> '[1,3]'::vector").fetchone() == (1.0,)


def test_the_enterprise_tenants_namespace_refuses_what_exceeds_its_quota_and_standard(stack: Stack) -> None:
    namespace = stack.kubectl("get", "namespace", "tenant-department-store")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    quota = stack.kubectl("get", "resourcequota", "quota", "-n", "tenant-department-store")
    assert quota["spec"]["hard"] == {"pods": "20", "requests.cpu": "4", "requests.memory": "8Gi"}
    (limits,) = stack.kubectl("get", "limitrange", "limits", "-n", "tenant-department-store")["spec"]["limits"]
    assert limits["defaultRequest"] == {"cpu": "100m", "memory": "128Mi"}
    assert (limits["default"], limits["max"]) == ({"memory": "512Mi"}, {"memory": "8Gi"})
    account = stack.kubectl("get", "serviceaccount", "workload", "-n", "tenant-department-store")
    assert account["automountServiceAccountToken"] is False
